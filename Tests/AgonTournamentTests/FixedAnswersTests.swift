import AgonAgents
import AgonCore
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// Agents that say the prompt again, or what a file says.
@Suite struct FixedAnswersTests {
    private static let arena = """
        name: fixed
        task: sort-digits
        agents: [HERE/agents/mirror, HERE/agents/tape, ROOT/agents/perfect]
        rounds: 1
        max_new_tokens: 8
        schedule: {kind: free_for_all, rooms: 12}
        judge: {kind: exact}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """

    private func story(_ answers: String) throws -> StoryArena {
        let story = try StoryArena(Self.arena)
        try story.write("kind: scripted\nstrategy: echo\n", "agents/mirror/agent.yaml")
        try story.write("kind: scripted\nstrategy: fixed\nanswers: answers.jsonl\n", "agents/tape/agent.yaml")
        try story.write(answers, "agents/tape/answers.jsonl")
        return story
    }

    @Test("echo says the prompt, fixed what its file says, and a prompt that is not in the file is a forfeit")
    func played() async throws {
        let other = try story("{\"prompt\": \"x\", \"answer\": \"y\"}")
        let hash = try Arena(file: other.file).modelHashes["tape"]
        let first = try other.tournament("db")
        try await first.play()
        let rooms = try first.store.roomResults(run: first.run.id, round: 1)
        func said(_ agent: String, in result: RoomResult) throws -> Rollout {
            result.rollouts[try #require(result.room.seats.firstIndex { $0.agent == agent })]
        }
        for room in rooms {
            #expect(try said("mirror", in: room).text == room.room.prompt.text)
            #expect(try said("tape", in: room).forfeit == .empty)
        }

        let known = rooms[0].room.prompt
        let tape = try story("{\"prompt\": \"\(known.text)\", \"answer\": \"\(known.reference ?? "")\"}\n\n")
        let tournament = try tape.tournament("db")
        try await tournament.play()
        let again = try tournament.store.roomResults(run: tournament.run.id, round: 1)
        #expect(try again[0].room.prompt == known && said("tape", in: again[0]).gold == 1)
        #expect(try Arena(file: tape.file).modelHashes["tape"] != hash, "other answers are another run")
    }

    @Test(
        "files of answers that cannot be are refused in a sentence",
        arguments: [
            ("", "has no answers"), ("{\"prompt\": \"x\"}", "answers.jsonl:1: expected an object"),
            ("{\"prompt\": \"x\", \"answer\": \"y\"}\n{\"prompt\": \"x\", \"answer\": \"z\"}", "answers.jsonl:2: this prompt has an answer already"),
        ])
    func refused(text: String, sentence: String) throws {
        let story = try story(text)
        let error = #expect(throws: AgentError.self) { try Arena(file: story.file) }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
    }
}
