/// Text compared and hashed by its UTF-8 bytes.
///
/// Swift's `String` compares by canonical equivalence, so that "é" composed and decomposed are one key of a
/// `[String: Int]`. In a vocabulary they are two tokens; keys are therefore bytes.
struct ByteString: Hashable, Comparable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The text, with the replacement character where the bytes are not UTF-8.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
