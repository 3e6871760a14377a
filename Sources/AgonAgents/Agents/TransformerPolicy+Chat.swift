public import AgonCore
public import AgonTransformer

extension TransformerPolicy {
    /// What ends an answer: the model's own end tokens and the one that the template closes a turn with.
    var stopTokens: [Int32]? {
        guard let token = chatTemplate?.endToken.flatMap({ tokenizer.id(of: $0) }) else { return nil }
        let known = transformer.config.eosTokens
        return known.contains(token) ? known : known + [token]
    }

    /// The conversation as the template writes it, up to where the next answer begins.
    ///
    /// Own turns are the ids that were generated; between two of them stands what the template puts between two answers.
    /// So each context begins with the one before it, whatever the template does to older messages.
    func chatContext(_ request: PolicyRequest, _ template: ChatTemplate) throws -> [Int32] {
        var turns = request.turns[...]
        var messages = Self.messages(request.prompt, request.conversation, system: system)
        var question = request.conversation?.messages.last?.content ?? request.prompt
        while case .other(let text)? = turns.first {
            question += text
            turns.removeFirst()
        }
        messages[messages.count - 1] = ChatMessage(role: "user", content: question)
        var tokens = try tokenizer.encode(template.render(messages: messages, addGenerationPrompt: true))
        while !turns.isEmpty {
            var (answer, reply): (String, String?) = ("", nil)
            while case .own(let own, let text)? = turns.first {
                tokens += own
                answer += text
                turns.removeFirst()
            }
            while case .other(let text)? = turns.first {
                reply = (reply ?? "") + text
                turns.removeFirst()
            }
            guard let reply else { break }
            let between = try textBetween(messages, reply, template)
            // An answer that ended by itself brought the template's end token along.
            tokens += tokens.last == between.first ? Array(between.dropFirst()) : between
            messages += [ChatMessage(role: "assistant", content: answer), ChatMessage(role: "user", content: reply)]
        }
        return tokens
    }

    /// What a model with a template is asked. The last message is the user's.
    static func messages(_ prompt: String, _ conversation: Conversation?, system: String) -> [ChatMessage] {
        guard let conversation else { return opening(system: system) + [ChatMessage(role: "user", content: prompt)] }
        let own = conversation.messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }
        return conversation.hasSystem ? own : opening(system: system) + own
    }

    /// What a model without a template is asked.
    static func plainText(_ prompt: String, _ conversation: Conversation?, system: String) -> String {
        guard let conversation else { return system + prompt }
        return (conversation.hasSystem ? "" : system) + conversation.unansweredText
    }

    static func opening(system: String) -> [ChatMessage] {
        let text = String(system.reversed().drop(while: \.isNewline).reversed())
        return text.isEmpty ? [] : [ChatMessage(role: "system", content: text)]
    }

    /// The ids that the template puts between an answer and the next one.
    private func textBetween(_ messages: [ChatMessage], _ reply: String, _ template: ChatTemplate) throws -> [Int32] {
        let texts = messages.flatMap { $0.fields.map(\.value) } + [.string(reply)]
        var (mark, number) = ("", 0)
        repeat {
            mark = "\u{F8FF}\(number)\u{F8FF}"
            number += 1
        } while texts.contains { if case .string(let text) = $0 { text.contains(mark) } else { false } }
        let conversation = messages + [ChatMessage(role: "assistant", content: mark), ChatMessage(role: "user", content: reply)]
        let rendering = try template.render(messages: conversation, addGenerationPrompt: true)
        guard let rest = rendering.following(mark) else {
            throw AgentError(.badValue, "The chat template of \(id.agent) leaves an answer out, so no conversation can go on: set `chat_template: none`.")
        }
        return try tokenizer.encode(rest)
    }
}

extension AgentConfiguration {
    /// How many tokens the agent's model sees before its answer to a prompt.
    /// - Throws: `TransformerError` where the text cannot be tokenised.
    public func contextTokenCount(_ prompt: Prompt, _ model: ModelFolder, _ template: ChatTemplate?) throws -> Int {
        guard let template else {
            let text = TransformerPolicy.plainText(prompt.text, prompt.conversation, system: system)
            return try 1 + model.tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false).count
        }
        let messages = TransformerPolicy.messages(prompt.text, prompt.conversation, system: system)
        return try model.tokenizer.encode(template.render(messages: messages, addGenerationPrompt: true)).count
    }

    /// Whether a template leaves a system's message out without a word. One that refuses it throws when it is asked.
    public static func dropsSystem(_ template: ChatTemplate) -> Bool {
        let mark = "\u{F8FF}"
        let messages = [ChatMessage(role: "system", content: mark), ChatMessage(role: "user", content: "")]
        guard let rendering = try? template.render(messages: messages, addGenerationPrompt: true) else { return false }
        return rendering.following(mark) == nil
    }

    /// The chat template that the agent's model is asked through; nil for plain text.
    ///
    /// The template is tried, so that one that refuses a system message is found before anything starts.
    /// - Throws: `AgentError`, naming the agent's file.
    public func chatTemplate(of model: ModelFolder) throws -> ChatTemplate? {
        guard usesChatTemplate else { return nil }
        do throws(TransformerError) {
            guard let template = try model.chatTemplate() else { return nil }
            let messages = TransformerPolicy.opening(system: system) + [ChatMessage(role: "user", content: "")]
            _ = try model.tokenizer.encode(template.render(messages: messages, addGenerationPrompt: true))
            return template
        } catch {
            throw AgentError(
                .badValue, "\(file): the model's chat template cannot be used: \(error.message) Or set `chat_template: none`.")
        }
    }
}
