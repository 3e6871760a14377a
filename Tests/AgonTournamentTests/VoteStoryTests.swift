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
}
