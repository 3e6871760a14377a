import AgonCore
import Testing

@testable import AgonTournament

@Suite("Progress of a run") struct RunProgressTests {
    private let entrants = [
        Entrant(name: "ada", role: .learner), Entrant(name: "rookie", role: .anchor), Entrant(name: "perfect", role: .scripted),
    ]
    private let run = RunRecord(id: "sums-7-12ab34cd", arena: "sums", seed: 7, configuration: "", kernels: "portable")

    private func timings(tokens: Int) -> RoundTimings {
        var timings = RoundTimings()
        (timings.rollouts, timings.roomCount, timings.tokenCount) = (2, 64, tokens)
        return timings
    }

    private func closed(_ round: Int) -> TournamentEvent {
        func row(_ name: String, _ version: Int, _ rating: Double) -> RatingRecord {
            RatingRecord(
                round: round, policy: PolicyID(agent: name, version: version), elo: rating - 3, rating: rating,
                low: rating - 20, high: rating + 20, wins: 40, draws: 1, losses: 23, forfeits: 2)
        }
        let health = JudgeHealthRecord(
            round: round, judge: JudgeID(name: "j"), canaryPairCount: 10, accuracy: 0.9, low: 0.6, high: 1, tieRate: 0,
            voidRate: 0, believedScore: 0.5, goldScore: nil, windowAccuracy: 0.85, isTrusted: round != 2,
            refreshedAccuracy: nil)
        let update = UpdateRecord(
            round: round, agent: "ada", fromVersion: 0, toVersion: 1, decision: "", pairCount: 1, stepCount: 1, metrics: [:])
        return .closed(
            round: round, ratings: [row("rookie", 0, 1000), row("ada", 1, 1100), row("perfect", 0, 1200)], health: health,
            updates: [update], alarms: [], timings: timings(tokens: 10_000))
    }

    @Test("a pipe gets a line at the start and one per round")
    func lines() {
        var progress = RunProgress(entrants: entrants)
        #expect(progress.take(.started(run: run, closedRounds: 0, roundCount: 4), at: 0) == "Run sums-7-12ab34cd: 4 rounds.")
        #expect(progress.take(.wave(round: 1, rooms: 32, of: 64, timings: timings(tokens: 10_000)), at: 1) == nil)
        #expect(progress.take(.updating(round: 1), at: 2) == nil)
        #expect(progress.take(.judgeLost("Judge a left: \u{1B}[2J"), at: 2) == "Judge a left: ␛[2J")
        #expect(
            progress.take(closed(1), at: 5)
                == "round 1/4 · perfect 1200 ± 20, ada v1 1100 ± 20, rookie 1000 ± 20 · judge 90.0% right, 85.0% over its window · 1 of 1 promoted · 5.0 s")
        #expect(progress.take(closed(2), at: 8)?.contains("85.0% over its window, not trusted") == true)
        var later = RunProgress(entrants: entrants)
        #expect(later.take(.started(run: run, closedRounds: 3, roundCount: 4), at: 0)?.contains("goes on after round 3 of 4") == true)
        #expect(later.take(.started(run: run, closedRounds: 4, roundCount: 4), at: 0)?.contains("all 4 rounds are closed") == true)
    }

    @Test("a terminal is shown round, rooms, time left, speed and standings")
    func block() {
        var progress = RunProgress(entrants: entrants)
        _ = progress.take(.started(run: run, closedRounds: 0, roundCount: 4), at: 0)
        _ = progress.take(closed(1), at: 5)
        _ = progress.take(.wave(round: 2, rooms: 32, of: 64, timings: timings(tokens: 10_000)), at: 7)
        #expect(
            progress.block(width: 100, height: 24, at: 7) == [
                "sums: round 2/4 · 32/64 rooms · 13.0 s left · 5,000 tokens/s",
                "#  agent    version   rating ± 95%   Elo  games    W/D/L  forfeits",
                "1  perfect  scripted     1200 ± 20  1197     64  40/1/23         2",
                "2  ada      v1           1100 ± 20  1097     64  40/1/23         2",
                "3  rookie   anchor       1000 ± 20   997     64  40/1/23         2",
            ])
        _ = progress.take(.updating(round: 2), at: 8)
        #expect(progress.block(width: 100, height: 24, at: 8)[0].contains("training and gate"))
    }

    @Test("the block fits every terminal", arguments: [24, 40, 60, 80, 200], [4, 5, 24])
    func fits(width: Int, height: Int) {
        var progress = RunProgress(entrants: entrants)
        _ = progress.take(.started(run: run, closedRounds: 0, roundCount: 4), at: 0)
        _ = progress.take(closed(1), at: 5)
        let block = progress.block(width: width, height: height, at: 5)
        #expect(block.count <= height)
        for line in block { #expect(DisplayText.width(line) <= width, "\(line)") }
        #expect(height > 4 || block.last == "… and 2 more")
    }

    @Test("the time left counts only the rounds of this start")
    func timeLeft() {
        var progress = RunProgress(entrants: entrants)
        _ = progress.take(.started(run: run, closedRounds: 10, roundCount: 14), at: 100)
        #expect(progress.secondsLeft(101) == nil)
        _ = progress.take(closed(11), at: 104)
        _ = progress.take(closed(12), at: 110)
        #expect(progress.secondsLeft(110) == 10)
        #expect(progress.secondsLeft(112) == 8)
        #expect(progress.secondsLeft(1000) == 0)
        _ = progress.take(closed(13), at: 111)
        _ = progress.take(closed(14), at: 112)
        #expect(progress.secondsLeft(113) == nil)
    }
}
