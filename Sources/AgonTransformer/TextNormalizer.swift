import Foundation

/// What is done to text before it is cut: the `normalizer` of a tokenizer.json.
struct TextNormalizer: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        /// Canonical composition (Unicode Standard Annex 15).
        case nfc
        case prepend([UInt8])
        case replace([UInt8], with: [UInt8])
    }

    let steps: [Step]

    func apply(_ text: [UInt8]) -> [UInt8] {
        steps.reduce(text) { text, step in
            switch step {
            case .nfc: Self.compose(text)
            case .prepend(let prefix): text.isEmpty ? text : prefix + text
            case .replace(let pattern, let content): Self.replace(pattern, in: text, by: content)
            }
        }
    }

    /// Composes; text below U+0300 is composed already, because the first combining mark lies there.
    private static func compose(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { $0 >= 0xCC }) else { return text }
        return Array(String(decoding: text, as: UTF8.self).precomposedStringWithCanonicalMapping.utf8)
    }

    /// Replaces every occurrence, from left to right without overlap.
    static func replace(_ pattern: [UInt8], in text: [UInt8], by content: [UInt8]) -> [UInt8] {
        guard let first = pattern.first else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == first, text[index...].starts(with: pattern) {
                result.append(contentsOf: content)
                index += pattern.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// - Throws: `unsupported`, naming the construct.
    init(_ reader: JSONReader?) throws(TransformerError) {
        var steps: [Step] = []
        if let reader { try Self.add(reader, to: &steps) }
        self.steps = steps
    }

    private static func add(_ reader: JSONReader, to steps: inout [Step]) throws(TransformerError) {
        switch try reader.required("type").text() {
        case "Sequence": for part in try reader.required("normalizers").elements() { try add(part, to: &steps) }
        case "NFC": steps.append(.nfc)
        case "Prepend": steps.append(.prepend(try reader.required("prepend").string().bytes))
        case "Replace":
            guard let pattern = try reader.required("pattern").optional("String")?.string() else {
                throw reader.unsupported("a Replace by a regular expression")
            }
            steps.append(.replace(pattern.bytes, with: try reader.required("content").string().bytes))
        case let type: throw reader.unsupported("the normalizer \"\(type)\"")
        }
    }
}
