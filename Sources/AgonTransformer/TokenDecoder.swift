/// How tokens become bytes again: the `decoder` of a tokenizer.json.
enum TokenDecoder: Sendable, Equatable {
    /// Each token spells bytes; broken UTF-8 becomes replacement characters only once all bytes are joined.
    case byteLevel
    /// Each token is text in which strings are replaced (`▁` by a space); tokens `<0xXX>` spell bytes; up to
    /// `stripCount` times `strip` is removed from the beginning.
    case pieces(replacements: [Replacement], byteFallback: Bool, strip: [UInt8], stripCount: Int)

    struct Replacement: Sendable, Equatable {
        let pattern: [UInt8]
        let content: [UInt8]
    }

    /// - Throws: `unsupported`, naming the construct.
    init(_ reader: JSONReader?, file: String) throws(TransformerError) {
        guard let reader else {
            throw TransformerError(
                .unsupported, "\(file): decoder is missing, so tokens cannot become text; add the ByteLevel decoder.")
        }
        let type = try reader.required("type").text()
        if type == "ByteLevel" {
            self = .byteLevel
            return
        }
        guard type == "Sequence" else { throw reader.unsupported("the decoder \"\(type)\"") }
        let parts = try reader.required("decoders").elements()
        if parts.count == 1, try parts[0].required("type").text() == "ByteLevel" {
            self = .byteLevel
            return
        }
        var (replacements, byteFallback, isFused): ([Replacement], Bool, Bool) = ([], false, false)
        var (strip, stripCount): ([UInt8], Int) = ([], 0)
        for part in parts {
            switch (try part.required("type").text(), isFused) {
            case ("Replace", false):
                guard !byteFallback, let pattern = try part.required("pattern").optional("String")?.string() else {
                    throw part.unsupported("a Replace in an unusual place or by a regular expression")
                }
                let content = try part.required("content").string().bytes
                replacements.append(Replacement(pattern: pattern.bytes, content: content))
            case ("ByteFallback", false): byteFallback = true
            case ("Fuse", false): isFused = true
            case ("Strip", true):
                guard strip.isEmpty, try part.required("stop").integer() == 0 else {
                    throw part.unsupported("a Strip at the end or two of them")
                }
                strip = try part.required("content").string().bytes
                stripCount = try part.required("start").integer()
            case (let type, _): throw part.unsupported("the decoder \"\(type)\" in this place")
            }
        }
        let steps = replacements.map { TextNormalizer.Step.replace($0.pattern, with: $0.content) }
        guard TextNormalizer.growth(of: steps) <= TextNormalizer.growthLimit else {
            throw reader.unsupported("replacements that make a token more than \(TextNormalizer.growthLimit) times as long")
        }
        self = .pieces(
            replacements: replacements, byteFallback: byteFallback, strip: strip, stripCount: stripCount)
    }

    /// What one token contributes: bytes that may be a part of a character, or text.
    enum Contribution: Sendable, Equatable {
        case bytes([UInt8])
        case text([UInt8])
    }

    func contribution(of token: ByteString) -> Contribution {
        switch self {
        case .byteLevel: return .bytes(ByteLevelAlphabet.bytes(of: token) ?? token.bytes)
        case .pieces(let replacements, let byteFallback, _, _):
            if byteFallback, let byte = Self.byte(of: token) { return .bytes([byte]) }
            return .text(
                replacements.reduce(token.bytes) { TextNormalizer.replace($1.pattern, in: $0, by: $1.content) })
        }
    }

    /// The byte of a token `<0xXX>`.
    static func byte(of token: ByteString) -> UInt8? {
        let bytes = token.bytes
        guard bytes.count == 6, bytes.starts(with: Array("<0x".utf8)), bytes[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: bytes[3..<5], as: UTF8.self), radix: 16)
    }
}

/// Turns tokens into text as they arrive, holding back a character until all of its bytes are there.
///
/// The pieces joined, with that of `finish()`, are exactly what `Tokenizer.decode` gives for all tokens at once.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecial: Bool
    /// Bytes that no text has been made of yet.
    private var pending: [UInt8] = []
    private var stripLeft: Int

    init(_ tokenizer: Tokenizer, skipSpecial: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
        if case .pieces(_, _, _, let count) = tokenizer.decoder { stripLeft = count } else { stripLeft = 0 }
    }

    /// The text that this token completes; empty while a character is incomplete.
    ///
    /// Ids that the tokenizer lacks, such as padding rows of the embedding, give no text.
    public mutating func append(_ id: Int32) -> String {
        guard let contribution = tokenizer.contribution(id, skipSpecial: skipSpecial) else { return "" }
        switch (contribution, tokenizer.decoder) {
        case (.bytes(let bytes), .byteLevel):
            pending.append(contentsOf: bytes)
            return takePending(keeping: Self.incompleteCount(pending))
        case (.bytes(let bytes), .pieces):
            pending.append(contentsOf: bytes)
            return ""
        case (.text(let text), _):
            return finishBytes() + strip(text)
        }
    }

    /// The text of the bytes still held back, a replacement character for what stayed incomplete.
    public mutating func finish() -> String {
        switch tokenizer.decoder {
        case .byteLevel: return takePending(keeping: 0)
        case .pieces: return finishBytes()
        }
    }

    private mutating func takePending(keeping count: Int) -> String {
        let text = String(decoding: pending.dropLast(count), as: UTF8.self)
        pending.removeFirst(pending.count - count)
        return text
    }

    /// A run of byte tokens is text if it is UTF-8 as a whole; otherwise each byte is one replacement character.
    private mutating func finishBytes() -> String {
        guard !pending.isEmpty else { return "" }
        defer { pending.removeAll(keepingCapacity: true) }
        if String(validating: pending, as: UTF8.self) != nil { return strip(pending) }
        stripLeft = 0
        return String(repeating: "\u{FFFD}", count: pending.count)
    }

    private mutating func strip(_ text: [UInt8]) -> String {
        guard stripLeft > 0, !text.isEmpty, case .pieces(_, _, let content, _) = tokenizer.decoder else {
            return String(decoding: text, as: UTF8.self)
        }
        var rest = text[...]
        while stripLeft > 0, !content.isEmpty, rest.starts(with: content) {
            rest = rest.dropFirst(content.count)
            stripLeft -= 1
        }
        if !rest.isEmpty { stripLeft = 0 }
        return String(decoding: rest, as: UTF8.self)
    }

    /// Bytes at the end that begin a character and lack the rest of it.
    static func incompleteCount(_ bytes: [UInt8]) -> Int {
        for distance in 1...3 where distance <= bytes.count {
            let byte = bytes[bytes.count - distance]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > distance ? distance : 0
        }
        return 0
    }
}
