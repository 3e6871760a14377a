import AgonCore
import AgonJudging
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// Runs whose canaries take their truth from somewhere else than the prompts.
@Suite struct GoldStoryTests {
    private func arena(gold: String, rounds: Int) throws -> StoryArena {
        let judge = "{kind: reward_model, folder: HERE/judges/pupil, gold: \(gold), canaries: 6, min_accuracy: 0, refresh: {steps: 2}}"
        let arena = try StoryArena(
            StoryArena.prompts.replacing(StoryArena.judge, with: judge).replacing("rounds: 3", with: "rounds: \(rounds)")
                .replacing("task: sort-digits", with: "prompts: p.jsonl")
                .replacing(", ROOT/agents/random, ROOT/agents/perfect]", with: "]"))
        // No answers: nobody but the judge of judges, or people, knows what is right.
        let lines = (0..<200).map { "{\"prompt\": \"\(12_345 + 397 * $0)=\"}" }
        try arena.write(lines.joined(separator: "\n"), "p.jsonl")
        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\n", "judges/pupil/judge.yaml")
        return arena
    }

    @Test("a judge that is trusted more gives gold to canaries alone, and the other learns from it")
    func goldJudge() async throws {
        let arena = try arena(gold: "ROOT/judges/sorter", rounds: 2)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        let rooms = try store.roomResults(run: run, round: 1)
        for room in rooms {
            #expect(room.judge == JudgeID(name: "pupil", version: room.room.isCanary ? 0 : 1))
            // In the first round the pupil is its teacher's twin, so its verdicts are its teacher's.
            let points = SeatPoints.perSeat(of: room.verdicts, seatCount: room.rollouts.count).map(\.mean)
            #expect(room.rollouts.map(\.gold) == (room.room.isCanary ? points : points.map { _ in nil }))
        }
        #expect(rooms.count { $0.room.isCanary } == 6)
        let health = try store.judgeHealth(run: run)
        #expect(health.map(\.judge.version) == [0, 1])
        #expect(health[0].accuracy == 1 && health[0].canaryPairCount > 20 && health[1].canaryPairCount > 20)
        #expect(try store.versions(run: run).filter(\.isJudge).map(\.version) == [0, 1, 2])
        for step in [RoundStep.roomsCommitted, .roundClosed] {
            let hasDied = try await arena.dies("resumed", at: step, round: 1)
            #expect(hasDied)
        }
        try await arena.tournament("resumed").play()
        #expect(try differingTables(arena.content("resumed"), arena.content("db")).isEmpty)
    }

    /// Votes of a person on all pairs of the canaries of a round: the smaller number is better.
    private func ballot(_ arena: StoryArena, round: Int, of person: String) throws -> [PersonalVote] {
        let tournament = try arena.tournament("db")
        return try tournament.store.roomResults(run: tournament.run.id, round: round).filter(\.room.isCanary).flatMap { room in
            room.verdicts.filter { !$0.byRule }.map { pair in
                let (one, other) = (room.rollouts[pair.first].text, room.rollouts[pair.second].text)
                return PersonalVote(
                    round: round, room: room.room.index,
                    vote: Vote(
                        judge: JudgeID(name: person), first: pair.first, second: pair.second,
                        verdict: one == other ? .tie : one < other ? .first : .second))
            }
        }
    }

    @Test("what people voted before a round begins is its gold, what they vote later belongs to the next")
    func votes() async throws {
        let arena = try arena(gold: "votes", rounds: 4)
        func vote(_ round: Int, _ person: String) throws {
            let tournament = try arena.tournament("db")
            try tournament.store.save(votes: ballot(arena, round: round, of: person), run: tournament.run.id)
        }
        var hasDied = try await arena.dies("db", at: .roundClosed, round: 1)
        #expect(hasDied)
        try vote(1, "ann")
        hasDied = try await arena.dies("db", at: .roomsCommitted, round: 2)
        #expect(hasDied)
        // Round 2 is begun: what is said now comes too late for it, and what it took stands.
        try vote(1, "bob")
        try vote(1, "ann")
        hasDied = try await arena.dies("db", at: .roundClosed, round: 2)
        #expect(hasDied)
        try vote(2, "ann")
        hasDied = try await arena.dies("db", at: .gateDecided, round: 3)
        #expect(hasDied)
        let tournament = try arena.tournament("db")
        let signature = try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)

        let votes = try store.personalVotes(run: run)
        #expect(!votes.isEmpty && votes.allSatisfy { vote in
            vote.usedIn == (vote.round == 1 && vote.vote.judge.name == "ann" ? 2 : 3)
        })
        let health = try store.judgeHealth(run: run)
        #expect(health.map { $0.canaryPairCount > 0 } == [false, true, true, false])
        #expect(health[0].accuracy.isNaN && health[0].isTrusted && !health[1].accuracy.isNaN)
        // By the rule that people voted by.
        let rooms = try store.roomResults(run: run, round: 1).filter(\.room.isCanary)
        let asked = rooms.flatMap { room in room.verdicts.filter { !$0.byRule }.map { (room, $0) } }
        let right = asked.compactMap { room, pair -> Double? in
            let (one, other) = (room.rollouts[pair.first].text, room.rollouts[pair.second].text)
            return one == other ? nil : pair.verdict.score.map { one < other ? $0 : 1 - $0 }
        }
        #expect(health[1].canaryPairCount == right.count)
        #expect(abs(health[1].accuracy - right.reduce(0, +) / Double(right.count)) < 1e-12)
        // A first round without gold teaches nothing; later ones replay.
        #expect(health.map(\.judge.version) == [0, 0, 1, 2])

        // The same votes at the same rounds decide the same, whenever it died.
        for round in 1...4 {
            let other = try arena.tournament("twin")
            let taken = votes.filter { $0.usedIn == round }.map { PersonalVote(round: $0.round, room: $0.room, vote: $0.vote) }
            if !taken.isEmpty { try other.store.save(votes: taken, run: other.run.id) }
            hasDied = try await arena.dies("twin", at: .roundClosed, round: round)
            #expect(hasDied)
        }
        #expect(try await arena.tournament("twin").play() == signature)
    }

    @Test("several people's majority is the truth of the two answers that they compared, and of no others")
    func majority() throws {
        let folder = try StoryArena(StoryArena.prompts)
        let seats = (0..<5).map { PolicyID(agent: "a\($0)", version: 0) }
        let pairs = (0..<5).flatMap { one in (one + 1..<5).map { (one, $0) } }
        let room = RoomResult(
            room: Room(round: 1, index: 3, group: 0, prompt: Prompt(id: "p", text: ""), seats: seats, isCanary: true),
            rollouts: seats.map { _ in Rollout(text: "x", gold: 0.25) }, judge: JudgeID(name: "j"), scores: [],
            verdicts: pairs.map { PairVerdict(first: $0.0, second: $0.1, verdict: .tie) },
            ranking: Ranking(ranks: seats.map { _ in 1 }))
        func gold(_ said: [(Int, Int, [Verdict])]) throws -> [[Double?]] {
            let votes = said.flatMap { first, second, verdicts in
                verdicts.enumerated().map { person, verdict in
                    PersonalVote(
                        round: 1, room: 3,
                        vote: Vote(judge: JudgeID(name: "p\(person)"), first: first, second: second, verdict: verdict))
                }
            }
            let arena = try Arena(file: folder.file)
            return CanaryGold(arena: arena, seed: Seed(run: 1)).voted(votes, rooms: [room]).map { $0.rollouts.map(\.gold) }
        }
        #expect(try gold([(0, 1, [.first, .first, .second])]) == [[1, 0]])
        #expect(try gold([(0, 1, [.first, .tie, .tie])]) == [[0.5, 0.5]])
        #expect(try gold([(0, 1, [.first, .void, .void])]) == [[1, 0]])
        #expect(try gold([(0, 1, [.void])]) == [])
        #expect(try gold([(0, 1, [.first]), (2, 3, [.second])]) == [[1, 0], [0, 1]])
        #expect(try gold([]) == [])
    }
}
