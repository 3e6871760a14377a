/// A chat template: how a model wants a conversation written, in the part of Jinja that published templates use.
///
/// The text equals that of `transformers`' `apply_chat_template`, with `trim_blocks` and `lstrip_blocks` on. What this
/// part of Jinja lacks is an error that names the line. A template is untrusted: its work, its depth and its texts have
/// limits, and it sees nothing but the values that `render` gives it.
///
/// Understood are `if`, `for` with `else`, `if`, `break` and `continue`, `set` in both forms, `macro`, `generation` and
/// `raw`; all operators but string formatting; slices; `namespace`, `range`, `dict`, `raise_exception`, `strftime_now`;
/// and the filters, tests and methods that `TemplateInterpreter` lists.
public struct ChatTemplate: Sendable {
    /// The longest template that is read, in bytes.
    static let sizeLimit = 1 << 20

    /// The template's text.
    public let source: String
    private let statements: [TemplateStatement.Line]
    private let name: String
    /// Steps that one rendering may take.
    var workLimit = TemplateInterpreter.workLimit
    /// Spellings such as `bos_token`, which templates write themselves.
    let specialTokens: [String: String]

    /// The spelling of the token that ends an answer, where the tokenizer's configuration names one.
    public var endToken: String? { specialTokens["eos_token"] }

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - source: the template's text.
    ///   - name: what messages call it.
    ///   - specialTokens: the variables `bos_token`, `eos_token` and so on, as `tokenizer_config.json` names them.
    /// - Throws: `invalidTemplate` or `unsupported`, naming the line.
    public init(
        source: String, name: String = "The chat template", specialTokens: [String: String] = [:]
    ) throws(TransformerError) {
        guard source.utf8.count <= Self.sizeLimit else {
            throw TransformerError(
                .invalidTemplate,
                "\(name) has \(source.utf8.count) bytes, more than the \(Self.sizeLimit) that a template may have; shorten it.")
        }
        self.source = source
        statements = try TemplateParser.statements(source, name: name)
        self.name = name
        self.specialTokens = specialTokens
    }

    /// Writes a conversation as the model wants it.
    ///
    /// - Parameters:
    ///   - messages: the conversation. Fields that are null are left out; a message's reasoning is given under the names
    ///     that templates read, `reasoning_content` and `thinking`.
    ///   - tools: schemas of the tools that the model may call; nil for none.
    ///   - documents: what the model may quote, each with a title and a text; nil for none.
    ///   - addGenerationPrompt: ends the text where the model's answer begins.
    ///   - variables: what else the template reads, such as `enable_thinking`.
    ///   - date: what `strftime_now` tells. The clock is never asked: without a date the function is undefined.
    /// - Throws: `invalidTemplate`, `unsupported`, or `invalidRequest` where the template refuses the conversation.
    public func render(
        messages: [ChatMessage], tools: [ChatValue]? = nil, documents: [ChatValue]? = nil,
        addGenerationPrompt: Bool = false, variables: [String: ChatValue] = [:], date: ChatDate? = nil
    ) throws(TransformerError) -> ChatRendering {
        let interpreter = TemplateInterpreter(name: name, date: date, workLimit: workLimit)
        func given(_ values: [ChatValue]?) -> TemplateValue {
            values.map { TemplateValue(.array($0), isOutside: true) } ?? .none
        }
        var all = specialTokens.mapValues { TemplateValue.text($0) }
        for (key, value) in variables { all[key] = TemplateValue(value, isOutside: true) }
        all["messages"] = .list(TemplateSequence(messages.map(Self.value)))
        all["tools"] = given(tools)
        all["documents"] = given(documents)
        all["add_generation_prompt"] = .bool(addGenerationPrompt)
        for value in all.values { try interpreter.check(value) }
        let text = try interpreter.render(statements, variables: all)
        let generated = interpreter.generated
        let (bytes, outside, offsets) = text.encoded(at: generated.flatMap { [$0.lowerBound, $0.upperBound] })
        return ChatRendering(
            bytes: bytes, outside: outside,
            generated: generated.indices.map { offsets[2 * $0]..<offsets[2 * $0 + 1] })
    }

    /// Roles that are the program's own words, so that a template may build a special token around them.
    private static let roles: Set<String> = [
        "system", "user", "assistant", "tool", "developer", "function", "ipython", "model",
    ]

    private static func value(_ message: ChatMessage) -> TemplateValue {
        var fields = message.fields.filter { $0.value != .null }
        let names = ["reasoning_content", "thinking", "reasoning"]
        if let reasoning = names.lazy.compactMap({ name in fields.last { $0.key == name } }).first?.value {
            if !fields.contains(where: { $0.key == "thinking" }) { fields.insert(ChatValue.Member("thinking", reasoning), at: 0) }
            fields.append(ChatValue.Member("reasoning_content", reasoning))
        }
        var members = TemplateDictionary()
        for field in fields {
            let isRole = if case .string(let role) = field.value { field.key == "role" && roles.contains(role) } else { false }
            members[.text(field.key)] = TemplateValue(field.value, isOutside: !isRole)
        }
        return .dictionary(members)
    }
}

/// A conversation as a chat template wrote it.
public struct ChatRendering: Sendable, Equatable {
    let bytes: [UInt8]
    /// What came from messages, tools and variables. The spelling of a special token there stays text.
    let outside: TextRanges
    /// What `{% generation %}` marks as the model's own, by positions in the text's UTF-8.
    public let generated: [Range<Int>]

    /// The whole text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// What follows the last occurrence of some text, such as all that a template puts after an answer; nil where the
    /// text does not occur.
    public func following(_ text: String) -> ChatRendering? {
        let wanted = Array(text.utf8)
        guard wanted.count <= bytes.count else { return nil }
        let starts = (0...bytes.count - wanted.count).reversed()
        guard let start = starts.first(where: { bytes[$0...].starts(with: wanted) }) else { return nil }
        let end = start + wanted.count
        return ChatRendering(
            bytes: Array(bytes[end...]), outside: outside.within(end..<bytes.count),
            generated: generated.filter { $0.lowerBound >= end }.map { $0.lowerBound - end..<$0.upperBound - end })
    }
}

extension Tokenizer {
    /// The ids of a conversation. The template's special tokens become tokens, those that a message spells stay text.
    ///
    /// No tokens are put around it: a chat template writes its own beginning-of-text token.
    public func encode(_ chat: ChatRendering) throws(TransformerError) -> [Int32] {
        try encode(chat.bytes, outside: chat.outside)
    }
}

extension TemplateValue {
    /// - Parameter isOutside: whether the texts in the value come from outside.
    init(_ value: ChatValue, isOutside: Bool) {
        switch value {
        case .null: self = .none
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .decimal(number)
        case .string(let text): self = .string(TemplateText(text, isOutside: isOutside))
        case .array(let values):
            self = .list(TemplateSequence(values.map { TemplateValue($0, isOutside: isOutside) }))
        case .object(let members):
            self = .dictionary(
                TemplateDictionary(
                    members.map { (.string(TemplateText($0.key, isOutside: isOutside)), TemplateValue($0.value, isOutside: isOutside)) }))
        }
    }
}
