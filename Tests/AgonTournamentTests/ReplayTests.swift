import AgonCore
import AgonStore
import Foundation
import GRDB
import Testing

@testable import AgonTournament

/// Runs that are played again from what is stored.
@Suite struct ReplayTests {
    private func replay(_ story: StoryArena) async throws -> Replay {
        try await Replay(StoredRun(arena: Arena(file: story.file), database: story.database("db"), seed: nil), threads: 2)
    }

    private func change(_ story: StoryArena, _ sql: String) throws {
        try DatabaseQueue(path: story.database("db")).write { try $0.execute(sql: sql) }
    }

    @Test("a run plays again to the same signatures", arguments: [StoryArena.prompts, StoryArena.game, AsyncStoryTests.prompts, AsyncStoryTests.selfPlay])
    func same(text: String) async throws {
        let story = try StoryArena(text)
        try await story.tournament("db").play()
        let replay = try await replay(story)
        #expect(replay.difference == nil && replay.sameCount == replay.roundCount && replay.roundCount >= 3)
        #expect(replay.sentence.contains("the same signature after each"))
    }

    @Test("the journal decides who plays, and the first difference is named")
    func otherJournal() async throws {
        let story = try StoryArena(AsyncStoryTests.prompts)
        try await story.tournament("db").play()
        try change(story, "UPDATE dispatches SET after_round = 2 WHERE round = 3")
        let found = try await replay(story)
        #expect(found.sameCount == 2 && found.difference?.hasPrefix("round 3, room 0: ") == true, "\(found)")
        #expect(found.difference?.contains("ada@v") == true)
    }

    @Test("a stored answer that was changed is found", arguments: [StoryArena.prompts, AsyncStoryTests.prompts])
    func changedAnswer(text: String) async throws {
        let story = try StoryArena(text)
        try await story.tournament("db").play()
        try change(story, "UPDATE rounds SET signature = 'other' WHERE round = 2")
        try change(story, "UPDATE rollouts SET text = 'other' WHERE seat = 1 AND room_id = (SELECT id FROM rooms WHERE round = 2 AND room = 5)")
        let found = try await replay(story)
        #expect(found.sameCount == 1 && found.difference?.hasPrefix("round 2, room 5, seat 1: ") == true, "\(found)")
    }
}
