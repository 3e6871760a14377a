import AgonCore
import AgonLaws
import AgonTransformer
import Testing

@testable import AgonAgents

/// What a model is asked through the chat template of its folder.
@Suite struct ChatPolicyTests {
    private static let template =
        "{{ bos_token }}{% for m in messages %}{{ 'abc'[loop.index0 % 3] ~ m.content ~ eos_token }}{% endfor %}{% if add_generation_prompt %}={% endif %}"

    /// A folder with an agent whose model has a chat template.
    private static func folder(_ template: String, yaml: String = "", system: String? = nil) throws -> AgentFolder {
        let folder = try AgentFolder()
        try AgentFolder.model().save(to: folder.path + "/agents/ada/model")
        try folder.write(#"{"bos_token": "<bos>", "eos_token": "<eos>"}"#, "agents/ada/model/tokenizer_config.json")
        try folder.write(template, "agents/ada/model/chat_template.jinja")
        try folder.write("kind: transformer\nmodel: model\n" + yaml, "agents/ada/agent.yaml")
        if let system { try folder.write(system, "agents/ada/system.md") }
        return folder
    }

    private static func policy(_ folder: AgentFolder) throws -> TransformerPolicy {
        let agent = try AgentConfiguration(folder: folder.path + "/agents/ada")
        let model = try ModelFolder.load(folder.path + "/agents/ada/model")
        return TransformerPolicy(
            id: PolicyID(agent: "ada", version: 0), transformer: Transformer(model.parameters, kernels: try .current),
            tokenizer: model.tokenizer, sampling: agent.sampling, system: agent.system,
            chatTemplate: try agent.chatTemplate(of: model), threads: 1)
    }

    private static func context(_ policy: TransformerPolicy, _ prompt: String, _ turns: [Turn] = []) async throws -> [Int32] {
        let request = PolicyRequest(prompt: prompt, turns: turns, maxNewTokens: 1, seed: Seed(run: 1))
        return try await policy.respond(to: [request])[0].context
    }

    @Test("the prompt is the user's message, system.md the system's, and a token spelled in them stays text")
    func prompt() async throws {
        let tokenizer = try AgentFolder.model().tokenizer
        let plain = try Self.policy(Self.folder(Self.template))
        #expect(try await Self.context(plain, "12") == tokenizer.encode("<bos>a12<eos>=", addSpecialTokens: false))
        let system = try Self.policy(Self.folder(Self.template, system: "33\n"))
        #expect(try await Self.context(system, "12") == tokenizer.encode("<bos>a33<eos>b12<eos>=", addSpecialTokens: false))
        let folder = try Self.folder(Self.template, system: "33")
        let agent = try AgentConfiguration(folder: folder.path + "/agents/ada")
        #expect(try agent.contextTokenCount(Prompt(id: "a", text: "12"), AgentFolder.model(), system.chatTemplate) == 10)
        #expect(try agent.contextTokenCount(Prompt(id: "a", text: "12"), AgentFolder.model(), nil) == 5)
        let none = try Self.policy(Self.folder(Self.template, yaml: "chat_template: none\n", system: "3"))
        #expect(try await Self.context(none, "12") == tokenizer.encode("<bos>312", addSpecialTokens: false))
        await #expect(throws: TransformerError.self) { _ = try await Self.context(plain, "<eos>") }
    }

    @Test("a prompt's messages are the conversation, its system's in place of system.md")
    func conversation() async throws {
        let tokenizer = try AgentFolder.model().tokenizer
        let turns = [Message(.user, "1"), Message(.assistant, "5"), Message(.user, "3")]
        for (own, expected) in [("", "<bos>a33<eos>b1<eos>c5<eos>a3<eos>="), ("4", "<bos>a4<eos>b1<eos>c5<eos>a3<eos>=")] {
            let talk = Conversation((own.isEmpty ? [] : [Message(.system, own)]) + turns)
            let request = PolicyRequest(prompt: talk.text, conversation: talk, maxNewTokens: 1, seed: Seed(run: 1))
            let context = try await Self.policy(Self.folder(Self.template, system: "33")).respond(to: [request])[0].context
            #expect(try context == tokenizer.encode(expected, addSpecialTokens: false))
        }
        #expect(try AgentConfiguration.dropsSystem(ChatTemplate(source: "{{ messages[-1].content }}")))
        #expect(try !AgentConfiguration.dropsSystem(ChatTemplate(source: Self.template)))
    }

    @Test("a game's turns are the conversation, and each context begins with the one before it")
    func turns() async throws {
        let tokenizer = try AgentFolder.model().tokenizer
        let policy = try Self.policy(Self.folder(Self.template))
        let (ended, cut) = (Turn.own(tokens: [5, 6, 2], text: "23"), Turn.own(tokens: [9], text: "6"))
        func ids(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecialTokens: false) }
        let first = try await Self.context(policy, "1", [.other(text: "2")])
        #expect(try first == ids("<bos>a12<eos>="))
        let second = try await Self.context(policy, "1", [.other(text: "2"), ended, .other(text: "7"), .other(text: "8")])
        #expect(try second == first + [5, 6, 2] + ids("c78<eos>="))
        let third = try await Self.context(policy, "1", [.other(text: "2"), ended, .other(text: "7"), .other(text: "8"), cut, cut, .other(text: "0")])
        #expect(try third == second + [9, 9] + ids("<eos>b0<eos>="))
        let open = try await Self.context(policy, "1", [.other(text: "2"), ended])
        #expect(open == first + [5, 6, 2])
    }

    @Test("a template that cannot be used is refused with the agent's file and a way out")
    func refused() throws {
        for (template, reason) in [
            ("{% include 'x' %}", "chat_template.jinja line 1: the tag {% include %} is not supported"),
            ("{{ raise_exception('no system') if messages[0].role == 'system' }}", "refuses the conversation: no system"),
            ("é{{ messages[0].content }}", "\"é\" (U+00E9) has no token"),
        ] {
            let folder = try Self.folder(template, system: "1")
            let message = sentence { _ = try Self.policy(folder) }
            #expect(message.contains(reason) && message.contains("agents/ada/agent.yaml"), "\(message)")
            #expect(message.hasSuffix("set `chat_template: none`."))
            let plain = try Self.folder(template, yaml: "chat_template: none\n", system: "1")
            #expect(throws: Never.self) { try Self.policy(plain) }
        }
        let forgetful = try Self.policy(Self.folder("{{ messages[-1].content }}="))
        #expect(
            sentence {
                let turns = [Turn.own(tokens: [5], text: "2"), .other(text: "3")]
                _ = try forgetful.chatContext(
                    PolicyRequest(prompt: "1", turns: turns, maxNewTokens: 1, seed: Seed(run: 1)), #require(forgetful.chatTemplate))
            }.contains("leaves an answer out"))
    }

    @Test("the laws of policies hold under a template")
    func laws() async throws {
        let policy = try Self.policy(Self.folder(Self.template))
        let requests = (0..<8).map { index in
            PolicyRequest(
                prompt: String("31=4".prefix(1 + index % 4)), turns: index % 2 == 0 ? [.own(tokens: [5, 2], text: "2"), .other(text: "a")] : [],
                maxNewTokens: 3, seed: Seed(run: 1).child(.room, index / 2))
        }
        #expect(try await PolicyLaws.violations(of: policy, requests: requests).isEmpty)
    }
}
