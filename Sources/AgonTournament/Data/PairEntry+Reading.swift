import AgonAgents
import AgonTransformer

extension PairEntry {
    /// Reads a record in any of the forms that the field writes preferences in:
    /// - `prompt`, `chosen`, `rejected`: texts, or lists of messages with `role` and `content`;
    /// - `chosen`, `rejected` alone, both beginning with the prompt: what they have in common is the prompt;
    /// - `prompt`, `completion`, `label`: an answer that was called good (true) or bad (false);
    /// - ShareGPT's messages with `from` and `value`, of which `conversations` is the prompt.
    ///
    /// - Parameter place: the file and line, to begin messages with.
    /// - Throws: `badValue`, saying what is missing.
    init(_ value: ChatValue, place: String) throws(AgentError) {
        guard case .object(let members) = value else {
            throw AgentError(.badValue, "\(place): expected an object such as {\"prompt\": \"…\", \"chosen\": \"…\", \"rejected\": \"…\"}: correct the line.")
        }
        let reader = EntryReader(value: value, members: members, place: place)
        if value["chosen"] != nil || value["rejected"] != nil {
            self = .pair(try reader.pair())
        } else if value["completion"] != nil {
            self = .labelled(try reader.labelled())
        } else {
            let names = members.prefix(12).map { DisplayText.name($0.key) }.joined(separator: ", ")
            throw AgentError(
                .badValue,
                "\(place): there is neither `chosen` with `rejected` nor `completion` with `label`, but \(names.isEmpty ? "nothing" : names): rename the columns.")
        }
    }
}

/// The columns of one record.
private struct EntryReader {
    let value: ChatValue
    let members: [ChatValue.Member]
    let place: String

    func pair() throws(AgentError) -> PairRecord {
        guard let chosen = try text("chosen"), let rejected = try text("rejected") else {
            throw fault("`chosen` and `rejected` must both be there")
        }
        guard chosen.isConversation == rejected.isConversation else {
            throw fault("`chosen` and `rejected` must both be texts or both be lists of messages")
        }
        let given: PairText?
        if let prompt = try text("prompt") { given = prompt } else { given = try text("conversations") }
        var record = PairRecord(prompt: given ?? .text(""), chosen: chosen, rejected: rejected)
        if let shared = Self.shared(chosen, rejected), given.map({ Self.isWithin($0, chosen, rejected) }) ?? true {
            record = shared
        } else if given == nil {
            throw fault("there is no `prompt`, and `chosen` and `rejected` begin with none in common")
        } else if record.prompt.isConversation != chosen.isConversation {
            record.prompt = .messages(record.prompt.messages(role: "user"))
            record.chosen = .messages(chosen.messages(role: "assistant"))
            record.rejected = .messages(rejected.messages(role: "assistant"))
        }
        record.preference = try number("preference", 0...1) ?? 1
        record.margin = try number("margin", -1e9...1e9) ?? 0
        record.columns = rest(["prompt", "conversations", "chosen", "rejected", "preference", "margin"])
        return record
    }

    func labelled() throws(AgentError) -> LabelledRecord {
        guard let prompt = try text("prompt"), let completion = try text("completion") else {
            throw fault("an answer with a `label` needs `prompt` and `completion`")
        }
        guard case .bool(let isDesirable)? = value["label"] else {
            throw fault("`label` must be true or false")
        }
        var record = LabelledRecord(
            prompt: prompt, completion: completion, isDesirable: isDesirable, columns: rest(["prompt", "completion", "label"]))
        if prompt.isConversation != completion.isConversation {
            record.prompt = .messages(prompt.messages(role: "user"))
            record.completion = .messages(completion.messages(role: "assistant"))
        }
        return record
    }

    /// What both sides begin with as their prompt, as TRL's `extract_prompt` finds it: the turns in common, or the
    /// characters in common without a space at their end. Nil where they have nothing in common, or are equal.
    private static func shared(_ chosen: PairText, _ rejected: PairText) -> PairRecord? {
        switch (chosen, rejected) {
        case (.messages(let one), .messages(let other)):
            let count = min(zip(one, other).prefix { $0 == $1 }.count, min(one.count, other.count) - 1)
            guard count > 0 else { return nil }
            return PairRecord(
                prompt: .messages(Array(one.prefix(count))), chosen: .messages(Array(one.dropFirst(count))),
                rejected: .messages(Array(other.dropFirst(count))))
        case (.text(let one), .text(let other)):
            let (left, right) = (Array(one.unicodeScalars), Array(other.unicodeScalars))
            let common = zip(left, right).prefix { $0 == $1 }.count
            guard left != right else { return nil }
            var count = min(common, min(left.count, right.count) - 1)
            if count == common, count > 0, left[count - 1] == " " { count -= 1 }
            guard count > 0 else { return nil }
            func text(_ scalars: ArraySlice<Unicode.Scalar>) -> PairText { .text(String(String.UnicodeScalarView(scalars))) }
            return PairRecord(
                prompt: text(left[..<count]), chosen: text(left[count...]), rejected: text(right[count...]))
        default: return nil
        }
    }

    /// Whether both sides, which are conversations, already hold the prompt that stands beside them.
    private static func isWithin(_ prompt: PairText, _ chosen: PairText, _ rejected: PairText) -> Bool {
        guard case (.messages(let one), .messages(let other)) = (chosen, rejected), let first = one.first, first == other.first
        else { return false }
        switch prompt {
        case .text(let text): return one.contains { $0.plain == text }
        case .messages(let messages): return one.starts(with: messages) && other.starts(with: messages)
        }
    }

    /// A text, a list of messages, or one message.
    private func text(_ name: String) throws(AgentError) -> PairText? {
        switch value[name] {
        case nil: return nil
        case .string(let text)?: return .text(text)
        case .object(let fields)?: return .messages([try message(fields, name)])
        case .array(let items)?:
            var messages: [ChatMessage] = []
            for item in items {
                guard case .object(let fields) = item else { throw fault("`\(name)` must be a text or a list of messages") }
                messages.append(try message(fields, name))
            }
            guard !messages.isEmpty else { throw fault("`\(name)` has no message") }
            return .messages(messages)
        default: throw fault("`\(name)` must be a text or a list of messages")
        }
    }

    private static let roles = ["human": "user", "gpt": "assistant", "observation": "tool", "function_call": "assistant"]

    private func message(_ fields: [ChatValue.Member], _ name: String) throws(AgentError) -> ChatMessage {
        let object = ChatValue.object(fields)
        if case .string? = object["role"] { return ChatMessage(fields: fields.filter { $0.value != .null }) }
        if case .string(let from)? = object["from"], case .string(let said)? = object["value"] {
            return ChatMessage(role: Self.roles[from] ?? from, content: said)
        }
        throw fault("a message of `\(name)` needs `role` and `content`")
    }

    private func number(_ name: String, _ range: ClosedRange<Double>) throws(AgentError) -> Double? {
        let number: Double
        switch value[name] {
        case nil: return nil
        case .integer(let whole)?: number = Double(whole)
        case .number(let decimal)?: number = decimal
        default: throw fault("`\(name)` must be a number")
        }
        guard range.contains(number) else { throw fault("`\(name)` is \(number), it must be \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private func rest(_ read: Set<String>) -> [ChatValue.Member] { members.filter { !read.contains($0.key) } }

    private func fault(_ sentence: String) -> AgentError { AgentError(.badValue, "\(place): \(sentence): correct the line.") }
}
