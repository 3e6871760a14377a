import Foundation

/// A key that cannot be printed: in every description it is `[redacted]`.
struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    /// Reads the variable of that name.
    /// - Throws: `badSetting`, without the value, where it is not set or cannot be a key.
    init(variable: String, environment: [String: String]) throws(ConnectionError) {
        guard let value = environment[variable], !value.isEmpty else {
            throw ConnectionError(
                .badSetting, "the environment variable \(ChatWire.excerpt(variable)) is not set: export it with the API key.")
        }
        guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), value.utf8.count <= 4096 else {
            throw ConnectionError(
                .badSetting,
                "the environment variable \(ChatWire.excerpt(variable)) holds white space or characters that no API key has: correct it.")
        }
        self.value = value
    }

    var header: String { "Bearer \(value)" }

    /// A text in which the key is blotted out, should a server have echoed it.
    func redacted(_ text: String) -> String { text.replacingOccurrences(of: value, with: description) }

    /// A reply in which the key is blotted out, before anything of it is cut or quoted.
    func redacted(_ reply: HTTPReply) -> HTTPReply {
        var reply = reply
        reply.headers = reply.headers.mapValues(redacted)
        if reply.body.range(of: Data(value.utf8)) != nil {
            reply.body = Data(redacted(String(decoding: reply.body, as: UTF8.self)).utf8)
        }
        return reply
    }

    var description: String { "[redacted]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
