/// One message of a conversation.
public struct Message: Sendable, Hashable, Codable {
    /// Who speaks.
    public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
        case system, user, assistant
    }

    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// What a prompt asks where it is more than one text: a system's message at most, then turns, the last of them the user's.
///
/// Its text stands for all of it: each message is a line `### ROLE` with the content below, with an empty line between
/// two messages. A line of a content that could be taken for such a line gets a `\` before it, so that no two
/// conversations have the same text and the text can be read back.
public struct Conversation: Sendable, Hashable, Codable {
    public let messages: [Message]

    /// - Precondition: the last message is the user's, and a system's is the first.
    public init(_ messages: [Message]) {
        precondition(Conversation.isWhole(messages), "a conversation ends with the user's message, its system's comes first")
        self.messages = messages
    }

    /// - Throws: `DecodingError` for messages that are no conversation.
    public init(from decoder: any Decoder) throws {
        messages = try [Message](from: decoder)
        guard Conversation.isWhole(messages) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "these messages are no conversation"))
        }
    }

    public func encode(to encoder: any Encoder) throws { try messages.encode(to: encoder) }

    /// Reads a text back; nil where it is not exactly the text of some conversation of two messages or more.
    public init?(text: String) {
        guard text.utf8.starts(with: "### ".utf8) else { return nil }
        var messages: [Message] = []
        var lines: [Substring.UTF8View] = []
        func close() {
            guard let last = messages.indices.last else { return }
            messages[last].content = Conversation.joined(lines.map { Array(Conversation.unescaped($0)) })
        }
        for line in text.utf8.split(separator: lineFeed, omittingEmptySubsequences: false) {
            if let role = Message.Role.allCases.first(where: { line.elementsEqual(Conversation.heading($0).utf8) }) {
                if !messages.isEmpty, lines.popLast()?.isEmpty != true { return nil }
                close()
                messages.append(Message(role, ""))
                lines = []
            } else if messages.isEmpty {
                return nil
            } else {
                lines.append(line)
            }
        }
        close()
        guard messages.count > 1, Conversation.isWhole(messages) else { return nil }
        self.messages = messages
        guard self.text.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// The whole conversation. A user's message alone is its content, as a prompt without messages is.
    public var text: String {
        guard messages.count > 1 else { return messages[0].content }
        return messages.map { Conversation.heading($0.role) + "\n" + Conversation.escaped($0.content) }.joined(separator: "\n\n")
    }

    /// The text up to where the assistant's answer begins, for models that are asked in plain text.
    public var unansweredText: String { text + "\n\n" + Conversation.heading(.assistant) + "\n" }

    /// The same with more at the end of the user's last message, so that its text goes on to `text`; nil where that does not
    /// begin with its own.
    public func extended(to text: String) -> Conversation? {
        let own = self.text.utf8
        guard text.utf8.starts(with: own) else { return nil }
        var longer = messages
        longer[longer.count - 1].content += String(decoding: text.utf8.dropFirst(own.count), as: UTF8.self)
        return Conversation(longer)
    }

    /// Whether it brings a system's message, which then stands in place of an agent's own.
    public var hasSystem: Bool { messages[0].role == .system }

    private static func isWhole(_ messages: [Message]) -> Bool {
        messages.last?.role == .user && messages.dropFirst().allSatisfy { $0.role != .system }
    }

    private static func heading(_ role: Message.Role) -> String { "### " + role.rawValue }

    private static func escaped(_ content: String) -> String {
        let lines = content.utf8.split(separator: lineFeed, omittingEmptySubsequences: false)
        guard lines.contains(where: looksLikeHeading) else { return content }
        return joined(lines.map { looksLikeHeading($0) ? [backslash] + Array($0) : Array($0) })
    }

    private static func joined(_ lines: [[UInt8]]) -> String {
        String(decoding: Array(lines.joined(separator: [lineFeed])), as: UTF8.self)
    }

    private static func unescaped(_ line: Substring.UTF8View) -> Substring.UTF8View {
        looksLikeHeading(line) && line.first == backslash ? line.dropFirst() : line
    }

    /// Whether a line is a heading but for blanks around it and backslashes before it.
    private static func looksLikeHeading(_ line: Substring.UTF8View) -> Bool {
        let start = line.drop { isBlank($0) || $0 == backslash }
        guard start.first == UInt8(ascii: "#") else { return false }
        let bare = start.reversed().drop(while: isBlank).reversed()
        return Message.Role.allCases.contains { bare.elementsEqual(heading($0).utf8) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x09, 0x0D, 0x20].contains(byte) }
}

private let (lineFeed, backslash) = (UInt8(ascii: "\n"), UInt8(ascii: "\\"))
