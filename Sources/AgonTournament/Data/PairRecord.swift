public import AgonTransformer
import AgonAgents
import Crypto
import Foundation

/// What a record says in one place: plain text, or the messages of a conversation.
public enum PairText: Sendable, Hashable {
    case text(String)
    case messages([ChatMessage])

    /// The words alone, message after message.
    public var plain: String {
        switch self {
        case .text(let text): text
        case .messages(let messages): messages.map(\.plain).joined(separator: "\n")
        }
    }

    /// As conversations hold it, whoever says plain text.
    func messages(role: String) -> [ChatMessage] {
        switch self {
        case .text(let text): [ChatMessage(role: role, content: text)]
        case .messages(let messages): messages
        }
    }

    var json: ChatValue {
        switch self {
        case .text(let text): .string(text)
        case .messages(let messages): .array(messages.map { .object($0.fields) })
        }
    }

    var isConversation: Bool { if case .messages = self { true } else { false } }
}

extension ChatMessage {
    /// What was said, without a picture or a call of a tool.
    var plain: String {
        switch fields.first(where: { $0.key == "content" })?.value {
        case .string(let text)?: text
        case .array(let parts)?:
            parts.compactMap { part in if case .string(let text)? = part["text"] { text } else { nil } }.joined()
        default: ""
        }
    }
}

/// What was better than what, as text: one line of a preference file.
public struct PairRecord: Sendable, Hashable {
    public var prompt: PairText
    public var chosen: PairText
    public var rejected: PairText
    /// How probable it is that the chosen side is the better one: the column `preference`, 1 where there is none.
    public var preference: Double
    /// By how much a reward model should score the chosen side higher: the column `margin`, 0 where there is none.
    public var margin: Double
    /// The other columns in their order: where the pair came from, tools, arguments of the chat template.
    public var columns: [ChatValue.Member]

    public init(
        prompt: PairText, chosen: PairText, rejected: PairText, preference: Double = 1, margin: Double = 0,
        columns: [ChatValue.Member] = []
    ) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.preference = preference
        self.margin = margin
        self.columns = columns
    }

    /// The record as a line of JSON, which TRL and this project's trainers read.
    var line: String {
        var members = [
            ChatValue.Member("prompt", prompt.json), ChatValue.Member("chosen", chosen.json),
            ChatValue.Member("rejected", rejected.json),
        ]
        if preference != 1 { members.append(ChatValue.Member("preference", .number(preference))) }
        if margin != 0 { members.append(ChatValue.Member("margin", .number(margin))) }
        return JSONText.escaped(ChatValue.object(members + columns).json) + "\n"
    }

    /// A column beside prompt and answers.
    func column(_ name: String) -> ChatValue? { ChatValue.object(columns)[name] }

    /// What is the same for the same comparison, and for the same one told the other way round.
    var digests: (own: PairDigest, reversed: PairDigest) {
        (
            PairDigest([prompt.json.json, chosen.json.json, rejected.json.json]),
            PairDigest([prompt.json.json, rejected.json.json, chosen.json.json])
        )
    }
}

/// One answer that was called good or bad by itself: one line of an unpaired file.
public struct LabelledRecord: Sendable, Hashable {
    public var prompt: PairText
    public var completion: PairText
    public var isDesirable: Bool
    /// The other columns in their order.
    public var columns: [ChatValue.Member]
}

/// What a line of a file with preferences holds.
public enum PairEntry: Sendable, Hashable {
    case pair(PairRecord)
    case labelled(LabelledRecord)
}

/// Stands for some texts: equal where they are, and for all that can happen only there.
struct PairDigest: Hashable, Sendable {
    private let high, low: UInt64

    init(_ texts: [String]) {
        var hasher = SHA256()
        for text in texts {
            hasher.update(data: Data(text.utf8))
            hasher.update(data: Data([0xFF]))
        }
        let bytes = Array(hasher.finalize())
        func word(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        (high, low) = (word(0), word(8))
    }
}
