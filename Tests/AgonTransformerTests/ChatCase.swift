import Foundation

@testable import AgonTransformer

/// A conversation, the template that writes it, and the text that another program made of both.
struct ChatCase {
    let template: String
    let messages: [ChatMessage]
    let tools, documents: [ChatValue]?
    let addGenerationPrompt: Bool
    let variables: [String: ChatValue]
    /// Nil where the other program refused.
    let text: String?
    let generated: [Range<Int>]

    /// The date and the special tokens of every case.
    static let date = ChatDate(year: 2024, month: 2, day: 9, hour: 15, minute: 4, second: 5)
    static let specialTokens = ["bos_token": "<s>", "eos_token": "</s>"]

    /// - Parameter folder: where a template that is named by its file lies.
    init(_ line: ChatValue, folder: String) throws {
        let fields = Self.members(line)
        func list(_ key: String) -> [ChatValue]? { fields[key].flatMap(Self.items) }
        func string(_ key: String) -> String? {
            if case .string(let text)? = fields[key] { text } else { nil }
        }
        template =
            try string("template") ?? String(contentsOfFile: "\(folder)/\(string("file") ?? "")", encoding: .utf8)
        messages = (list("messages") ?? []).map { value in
            if case .object(let members) = value { ChatMessage(fields: members) } else { ChatMessage(fields: []) }
        }
        (tools, documents) = (list("tools"), list("documents"))
        addGenerationPrompt = fields["add_generation_prompt"] == .bool(true)
        variables = fields["variables"].map(Self.members) ?? [:]
        text = string("text")
        generated = (list("generated") ?? []).compactMap { part in
            guard case .array(let bounds) = part, case .integer(let start)? = bounds.first, case .integer(let end)? = bounds.last
            else { return nil }
            return start..<end
        }
    }

    private static func members(_ value: ChatValue) -> [String: ChatValue] {
        guard case .object(let members) = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }

    private static func items(_ value: ChatValue) -> [ChatValue]? {
        if case .array(let items) = value { items } else { nil }
    }

    static func read(_ path: String) throws -> [ChatCase] {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(separator: "\n").map { try ChatCase(ChatValue(json: String($0)), folder: folder) }
    }

    func render() throws -> ChatRendering {
        let special = Self.specialTokens
        return try ChatTemplate(source: template, specialTokens: special).render(
            messages: messages, tools: tools, documents: documents, addGenerationPrompt: addGenerationPrompt,
            variables: variables, date: Self.date)
    }

    /// Whether agon and the other program agree; the outcome, for messages.
    func compare() -> (isEqual: Bool, outcome: String) {
        do {
            let rendering = try render()
            let isEqual = text.map { ByteString($0) == ByteString(rendering.bytes) } ?? false
            return (isEqual && generated == rendering.generated, rendering.text)
        } catch {
            return (text == nil, "\(error)")
        }
    }
}
