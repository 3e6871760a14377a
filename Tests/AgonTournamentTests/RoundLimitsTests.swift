import AgonCore
import Testing

@testable import AgonTournament

@Suite("Limits on what a round may lose") struct RoundLimitsTests {
    /// Rooms of two: a verdict and which seats forfeited.
    private func rooms(_ outcomes: [(Verdict, Bool, Bool)]) -> [RoomResult] {
        outcomes.enumerated().map { index, outcome in
            let seats = ["ada", "basho"].map { PolicyID(agent: $0, version: 0) }
            let rollouts = [outcome.1, outcome.2].map { Rollout(text: "x", forfeit: $0 ? .illegal : nil) }
            return RoomResult(
                room: Room(round: 3, index: index, group: index, prompt: Prompt(id: "p", text: "p"), seats: seats),
                rollouts: rollouts, judge: JudgeID(name: "j"), scores: [nil, nil],
                verdicts: [PairVerdict(first: 0, second: 1, verdict: outcome.0, byRule: outcome.1 || outcome.2)],
                ranking: Ranking(ranks: [1, 1]))
        }
    }

    @Test("more voids than the limit end the run, as many as the limit do not")
    func voids() throws {
        let half = rooms([(.void, false, false), (.first, false, false)])
        try RoundLimits().check(half, round: 3, isGame: false)
        let error = #expect(throws: TournamentError.self) {
            try RoundLimits().check(half + rooms([(.void, false, false)]), round: 3, isGame: false)
        }
        #expect(error?.code == .tooManyVoids)
        #expect(error?.message.contains("2 of 3 verdicts of the judge were void, more than the 50.0 % that `limits.voids` allows") == true)
    }

    @Test("a verdict by rule is no verdict of the judge")
    func byRule() throws {
        let lost = rooms([(.void, true, true), (.void, true, true), (.first, false, false)])
        try RoundLimits(maxVoidShare: 0, maxForfeitShare: 1).check(lost, round: 1, isGame: false)
    }

    @Test("forfeits are counted by rollout, in games by game")
    func forfeits() throws {
        let each = rooms(Array(repeating: (.second, true, false), count: 4))
        try RoundLimits(maxForfeitShare: 0.5).check(each, round: 1, isGame: false)
        let error = #expect(throws: TournamentError.self) {
            try RoundLimits(maxForfeitShare: 0.9).check(each, round: 1, isGame: true)
        }
        #expect(error?.message.contains("4 of 4 games ended by a forfeit, more than the 90.0 % that `limits.forfeits` allows") == true)
        try RoundLimits(maxForfeitShare: 1).check(each, round: 1, isGame: true)
        try RoundLimits().check([], round: 1, isGame: true)
    }
}
