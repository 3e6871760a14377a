import AgonCore
import AgonLaws
import Foundation
import Testing

@testable import AgonAgents
@testable import AgonTournament
@testable import AgonTransformer

/// Conversations in prompt files.
@Suite struct PromptFileTests {
    /// JSON Lines of conversations which end alike and differ in their systems.
    private static func lines(_ count: Int) -> [String] {
        (0..<count).map { #"{"system": "Count to \#($0).", "prompt": "Go on", "answer": "\#($0)", "tags": ["t\#($0 % 2)"]}"# }
    }

    private func file(_ text: String, _ name: String = "p.jsonl", in arena: StoryArena) throws -> PromptFile {
        try arena.write(text, name)
        return try PromptFile(path: arena.folder + "/" + name)
    }

    @Test("conversations that end alike are prompts of their own, each on one side alone")
    func sides() throws {
        let file = try file(Self.lines(400).joined(separator: "\n"), in: StoryArena(StoryArena.prompts))
        #expect(PromptSourceLaws.violations(of: file, count: 50).isEmpty)
        let sides = PromptSide.allCases.map { side in file.prompts(side, count: 400, seed: Seed(run: 1)).map(\.text) }.map(Set.init)
        #expect(sides.map(\.count).reduce(0, +) == 400 && Set(sides.joined()).count == 400)
        #expect(abs(sides[2].count - 80) < 30 && abs(sides[1].count - 64) < 30)
        #expect(file.answers["### system\nCount to 7.\n\n### user\nGo on"] == "7" && file.tags["line-8"] == ["t1"])
    }

    @Test("a table and lines of JSON give the same conversations, whether `system` stands in them or beside them")
    func forms() throws {
        let arena = try StoryArena(StoryArena.prompts)
        var (json, rows) = (["", ""], ["messages,system,prompt,answer"])
        for index in 0..<60 {
            let turns = #"{"role": "user", "content": "a, \"\#(index)\"\n"}, {"role": "assistant", "content": "é"}, {"role": "user", "content": "?"}"#
            let quoted = "\"[\(turns)]\"".replacing("\"", with: "\"\"").dropFirst().dropLast()
            let system = #"{"role": "system", "content": "s"}, "#
            json.append(index % 2 == 0 ? #"{"messages": [\#(system)\#(turns)], "prompt": "?"}"# : #"{"system": "s", "messages": [\#(turns)]}"#)
            rows.append(index % 3 == 0 ? "\(quoted),s,?," : "\"[\(system.replacing("\"", with: "\"\""))\(quoted.dropFirst(2)),,,")
        }
        let (lines, table) = (try file(json.joined(separator: "\n"), in: arena), try file(rows.joined(separator: "\r\n"), "p.csv", in: arena))
        #expect(lines.prompts.count == 60 && lines.prompts.map(\.text) == table.prompts.map(\.text))
        #expect(lines.prompts.map(\.conversation) == table.prompts.map(\.conversation))
        #expect(lines.prompts[7].conversation?.messages == [Message(.system, "s"), Message(.user, "a, \"7\"\n"), Message(.assistant, "é"), Message(.user, "?")])
        for side in PromptSide.allCases {
            #expect(lines.prompts(side, count: 40, seed: Seed(run: 1)).map(\.text) == table.prompts(side, count: 40, seed: Seed(run: 1)).map(\.text))
        }
    }

    @Test("a plain prompt is itself, and so is a lone user's message")
    func plain() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let plain = try file((0..<60).map { #"{"prompt": "\#($0)="}"# }.joined(separator: "\n"), in: arena)
        let alone = try file((0..<60).map { #"{"messages": [{"role": "user", "content": "\#($0)="}]}"# }.joined(separator: "\n"), in: arena)
        #expect(plain.prompts == (0..<60).map { Prompt(id: "line-\($0 + 1)", text: "\($0)=") } && alone.prompts == plain.prompts)
        #expect(plain.prompts(.training, count: 5, seed: Seed(run: 1)).map(\.id) == ["line-46", "line-15", "line-4", "line-22", "line-24"])
    }

    private static let brokenRows: [(row: String, reason: String)] = [
        (#""messages": [{"role": "tool", "content": "x"}]"#, "message 1 of `messages` has the role `tool`: use system, user or assistant."),
        (#""messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]"#, "`messages` must end with the user's turn"),
        (#""messages": []"#, "`messages` must end with the user's turn"), (#""system": "s", "messages": []"#, "`messages` must end with the user's turn"),
        (#""messages": [{"role": "user", "content": " \n"}]"#, "message 1 of `messages` is empty"), (#""system": " ", "prompt": "x""#, "`system` is empty"),
        (#""prompt": "y", "messages": [{"role": "user", "content": "x"}]"#, "`prompt` is not what `messages` end with"),
        (#""system": "s", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "x"}]"#, "message 1 of `messages` is a second system's message: keep one."),
        (#""messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "s"}, {"role": "user", "content": "x"}]"#, "message 2 of `messages` is the system's: put it first."),
        (#""messages": [{"role": "user"}]"#, "`messages` must be a list of"), (#""messages": [{"role": "user", "content": [1]}]"#, "`messages` must be a list of"),
        (#""messages": "x""#, "`messages` must be a list of"), (#""messages": [null]"#, "`messages` must be a list of"),
        (#""system": ["s"], "prompt": "x""#, "expected an object such as"), (#""system": "s""#, "expected an object such as"),
        (#""system": "\#(String(repeating: "x", count: 1_048_560))", "prompt": "x""#, "the prompt has 1048583 bytes"),
        ("\"prompt\": \"### system\\ns\\n\\n### user\\nx\"", "line-1 has the same text, one as messages and one as plain text"),
    ]

    @Test("a row that is no conversation is named in one sentence", arguments: brokenRows.indices)
    func broken(index: Int) throws {
        let (row, reason) = Self.brokenRows[index]
        let arena = try StoryArena(StoryArena.prompts)
        let error = #expect(throws: AgentError.self) { try file(#"{"system": "s", "prompt": "x"}"# + "\n{\(row)}\n", in: arena) }
        #expect(error?.message.contains("p.jsonl:2: \(reason)") == true, "\(error?.message.prefix(300) ?? "")")
    }

    @Test("a table's cell that is no list of messages is named with its row")
    func brokenCells() throws {
        let arena = try StoryArena(StoryArena.prompts)
        for (text, reason) in [
            ("messages\nx\n", "p.csv:2: `messages` must be a list of"), ("prompt,messages\nx,{}\n", "p.csv:2: `messages` must be a list of"),
            ("prompt,system\n,s\n", "p.csv:2: the prompt is empty"), ("answer\nx\n", "p.csv:1: there is no column `prompt` or `messages`"),
        ] {
            let error = #expect(throws: AgentError.self) { try file(text, "p.csv", in: arena) }
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test("a chat template writes the rows as transformers does, in every golden case that is a prompt")
    func golden() throws {
        let folder = StoryArena.root + "/Tests/AgonTransformerTests/Fixtures/chat"
        let special = ["bos_token": "<s>", "eos_token": "</s>"]
        let arena = try StoryArena(StoryArena.prompts)
        var (writtenCount, refusedCount) = (0, 0)
        for line in try String(contentsOfFile: folder + "/conversations.jsonl", encoding: .utf8).split(separator: "\n") {
            let value = try ChatValue(json: String(line))
            guard value["add_generation_prompt"] == true, value["tools"] == nil, value["documents"] == nil, value["variables"] == .object([]),
                case .string(let name)? = value["file"], case .array(let messages)? = value["messages"],
                messages.allSatisfy({ if case .object(let fields) = $0 { Set(fields.map(\.key)) == ["role", "content"] } else { false } }),
                let row = try? PromptRow.lines(ChatValue.object([.init("messages", .array(messages))]).json, path: "x")[0],
                let conversation = try? row.conversation(place: "x")
            else { continue }
            let prompts = try file(
                (0..<40).map { #"{"prompt": "\#($0)"}"# }.joined(separator: "\n") + "\n" + ChatValue.object([.init("messages", .array(messages))]).json,
                in: arena)
            let prompt = try #require(prompts.prompts.last)
            #expect(prompt.text == conversation.text)
            let template = try ChatTemplate(source: String(contentsOfFile: folder + "/" + name, encoding: .utf8), specialTokens: special)
            let asked = TransformerPolicy.messages(prompt.text, prompt.conversation, system: "")
            let rendering = try? template.render(messages: asked, addGenerationPrompt: true, date: ChatDate(year: 2024, month: 2, day: 9, hour: 15, minute: 4, second: 5))
            #expect(rendering.map { ChatValue.string($0.text) } == value["text"], "\(line)")
            if rendering == nil { refusedCount += 1 } else { writtenCount += 1 }
        }
        #expect(writtenCount == 29 && refusedCount == 1)
    }
}
