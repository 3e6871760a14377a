import AgonCore
import AgonStore
import Testing

@testable import AgonTournament

@Suite("Votes as gold") struct VoteStoryTests {
    @Test("what people vote between two rounds, the next round's judge is measured by")
    func gold() async throws {
        let text = StoryArena.prompts.replacing("refresh: {steps: 2}", with: "gold: votes, refresh: {steps: 2}")
        let arena = try StoryArena(text.replacing("rounds: 3", with: "rounds: 1"))
        try await arena.tournament("a").play()
        let store = try ArenaStore(path: arena.database("a"))
        let run = try VotableRun.find("story", in: store)
        #expect(run.takesVotes)
        var session = try VotingSession(store: store, run: run, options: VotingOptions(person: "eve", count: 60))
        while try session.question() != nil { _ = try session.take(.first) }
        let canaries = try store.roomResults(run: run.id, round: 1).filter(\.room.isCanary).map(\.room.index)
        let onCanaries = try store.personalVotes(run: run.id).filter { canaries.contains($0.room) }
        #expect(session.keptCount > onCanaries.count && !onCanaries.isEmpty)
        try arena.write(text.replacing("rounds: 3", with: "rounds: 2"), "arena.yaml")
        try await arena.tournament("a").play()
        let used = try store.personalVotes(run: run.id).filter { $0.usedIn == 2 }
        #expect(used.map(\.vote) == onCanaries.map(\.vote))
        let health = try store.judgeHealth(run: run.id)
        #expect(health.map(\.round) == [1, 2] && health[0].canaryPairCount == 0)
        // Each vote is on one pair of the canaries, and none of them was a tie.
        #expect(health[1].canaryPairCount == used.count && health[1].refreshedAccuracy != nil)
        #expect(try VoteAgreement.of(store, run: run.id).people.map(\.usedCount) == [used.count])
    }

    @Test("gold of votes is about the answers that were compared, by the majority of those who said something")
    func majority() throws {
        let arena = try StoryArena(StoryArena.scripted)
        let gold = CanaryGold(arena: try Arena(file: arena.file), seed: Seed(run: 1))
        var room = VoteStore.rooms(1) { _ in ["a", "b"] }[0]
        room.room.seats = ["p", "q", "r", "s"].map { PolicyID(agent: $0, version: 0) }
        room.rollouts = ["a", "b", "c", "d"].map { Rollout(text: $0) }
        room.scores = [4, 3, 2, 1]
        room.ranking = Ranking(ranks: [1, 2, 3, 4])
        room.verdicts = (0..<4).flatMap { first in
            (0..<4).filter { $0 > first }.map { PairVerdict(first: first, second: $0, verdict: .first) }
        }
        room.votes = room.verdicts.map { Vote(judge: JudgeID(name: "brutus"), first: $0.first, second: $0.second, verdict: .tie) }
        let said: [(String, Int, Int, Verdict)] = [
            ("eve", 0, 1, .first), ("bob", 0, 1, .second), ("kim", 0, 1, .first), ("eve", 2, 3, .second), ("eve", 0, 2, .void),
            ("eve", 1, 3, .second), ("bob", 1, 3, .first),
        ]
        let votes = said.map { name, first, second, verdict in
            PersonalVote(round: 1, room: 0, vote: Vote(judge: JudgeID(name: name), first: first, second: second, verdict: verdict))
        }
        let rooms = gold.voted(votes, rooms: [room])
        #expect(rooms.map { $0.room.seats.map(\.agent) } == [["p", "q"], ["q", "s"], ["r", "s"]])
        #expect(rooms.map { $0.rollouts.map(\.gold) } == [[1, 0], [0.5, 0.5], [0, 1]])
        #expect(rooms.map { $0.rollouts.map(\.text) } == [["a", "b"], ["b", "d"], ["c", "d"]] && rooms[2].scores == [2, 1])
        for room in rooms {
            #expect(room.verdicts == [PairVerdict(first: 0, second: 1, verdict: .first)])
            #expect(room.votes == [Vote(judge: JudgeID(name: "brutus"), first: 0, second: 1, verdict: .tie)])
        }
        room.room.isCanary = false
        #expect(gold.voted(votes, rooms: [room]).isEmpty)
    }
}
