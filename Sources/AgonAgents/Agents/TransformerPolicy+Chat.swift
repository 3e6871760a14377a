import AgonCore
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
        var question = request.prompt
        while case .other(let text)? = turns.first {
            question += text
            turns.removeFirst()
        }
        var messages = Self.opening(system: system) + [ChatMessage(role: "user", content: question)]
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
