import AgonAgents
import AgonCore
import AgonStore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// Arenas whose prompts are conversations.
@Suite struct ConversationStoryTests {
    private static let arena = """
        name: talk
        prompts: p.jsonl
        agents: [HERE/agents/ada, HERE/agents/bot, ROOT/agents/perfect]
        anchors: [ROOT/agents/perfect]
        rounds: 1
        max_new_tokens: 4
        schedule: {kind: free_for_all, rooms: 8, seats_per_learner: 2}
        judge: {kind: exact}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """
    private static let template = "{% for m in messages %}{{ m.role[0] }}{{ m.content }}<eos>{% endfor %}{% if add_generation_prompt %}a{% endif %}"
    /// Writes down what it is asked and gives the answer that is always right.
    private static let bot = #"""
        read -r l; echo '{"agon":1}'
        while read -r l; do
            printf '%s\n' "$l" >> seen
            id=${l#*\"id\":\"}; id=${id%%\"*}
            echo "{\"id\":\"$id\",\"text\":\"12\"}"
        done

        """#

    private func folder(_ template: String? = template, yaml: String = "", alphabet: String = "0123456789=adeimnrstuy# \n") throws -> StoryArena {
        let arena = try StoryArena(Self.arena)
        let tokenizer = try Tokenizer.characters(alphabet, special: ["<pad>", "<bos>", "<eos>"])
        let config = try ModelConfig(
            vocabularySize: tokenizer.idLimit, hiddenSize: 16, layerCount: 2, headCount: 2, feedForwardSize: 24, maxPositionCount: 64,
            bosToken: 1, eosTokens: [2], padToken: 0, head: .language)
        try ModelFolder(parameters: Parameters.initialised(config, seed: 3), tokenizer: tokenizer).save(to: arena.folder + "/agents/ada/model")
        if let template { try arena.write(template, "agents/ada/model/chat_template.jinja") }
        try arena.write("kind: transformer\nmodel: model\n" + yaml, "agents/ada/agent.yaml")
        try arena.write("77", "agents/ada/system.md")
        try arena.write(Self.bot, "agents/bot/agent.sh")
        try arena.write("kind: process\ncommand: [sh, agent.sh]\n", "agents/bot/agent.yaml")
        let plain = (0..<40).map { #"{"prompt": "\#($0)=", "answer": "12"}"# }
        let talks = (0..<40).map { #"{"system": "\#($0)", "messages": [{"role": "user", "content": "21="}], "answer": "12"}"# }
        try arena.write((plain + talks).joined(separator: "\n"), "p.jsonl")
        return arena
    }

    @Test("a run asks models, programs and rules in their ways, and what is stored reads back", arguments: ["", "chat_template: none\n"])
    func run(yaml: String) async throws {
        let folder = try folder(yaml: yaml)
        let tournament = try folder.tournament("db")
        try await tournament.play()
        let file = try PromptFile(path: folder.folder + "/p.jsonl")
        let results = try tournament.store.roomResults(run: tournament.run.id, round: 1)
        #expect(results.count == 8 && Set(results.map(\.room.prompt)).isSubset(of: file.prompts))
        let talks = results.filter { $0.room.prompt.conversation != nil }
        #expect((1..<8).contains(talks.count))
        let tokenizer = try ModelFolder.load(folder.folder + "/agents/ada/model").tokenizer
        for result in results {
            let prompt = result.room.prompt
            let number = String(prompt.conversation?.messages[0].content ?? "")
            let expected = switch (yaml.isEmpty, prompt.conversation == nil) {
            case (true, true): "s77<eos>u\(prompt.text)<eos>a"
            case (true, false): "s\(number)<eos>u21=<eos>a"
            case (false, true): "<bos>77\(prompt.text)"
            case (false, false): "<bos>### system\n\(number)\n\n### user\n21=\n\n### assistant\n"
            }
            for (seat, rollout) in zip(result.room.seats, result.rollouts) where seat.agent == "ada" {
                let sequence = try #require(rollout.sequence)
                let context = zip(sequence.tokens, sequence.own).filter { !$0.1 }.map(\.0)
                #expect(tokenizer.decode(context[...], skipSpecial: false) == expected)
            }
            for (seat, rollout) in zip(result.room.seats, result.rollouts) where seat.agent != "ada" { #expect(rollout.gold == 1) }
        }
        let seen = try String(contentsOfFile: folder.folder + "/agents/bot/seen", encoding: .utf8).split(separator: "\n")
        #expect(seen.count == 8 && seen.count { $0.contains(#""messages":[{"content":""#) } == talks.count)
    }

    @Test("what an agent cannot be asked is named with its line before anything starts", arguments: [
        ("{{ messages[-1].content }}", "p.jsonl:41: the chat template of agent `ada` leaves a system's message out: remove it here, or set `chat_template: none` in "),
        ("{% if messages | length > 1 and messages[0].content != '77' %}{{ raise_exception('No') }}{% endif %}{{ messages[0].content }}", "p.jsonl:41: agent `ada` cannot be asked this conversation: "),
        ("{{ messages[0].content }}{% if messages | length > 1 and messages[0].content == '3' %}é{% endif %}", "p.jsonl:44: agent `ada` cannot be asked this conversation: "),
    ])
    func refused(template: String, reason: String) throws {
        let folder = try folder(template)
        let error = #expect(throws: AgentError.self) { try Arena(file: folder.file) }
        #expect(error?.message.contains(reason) == true && error?.message.contains("agents/ada/agent.yaml.") == true, "\(error?.message ?? "")")
        try folder.write("kind: transformer\nmodel: model\nchat_template: none\n", "agents/ada/agent.yaml")
        #expect(throws: Never.self) { try Arena(file: folder.file) }
    }

    @Test("a vocabulary without the marks of roles cannot read a conversation in plain text")
    func vocabulary() throws {
        let folder = try folder(nil, alphabet: "0123456789=")
        let error = #expect(throws: AgentError.self) { try Arena(file: folder.file) }
        #expect(error?.message.contains("p.jsonl:41: agent `ada` cannot be asked this conversation: ") == true, "\(error?.message ?? "")")
    }
}
