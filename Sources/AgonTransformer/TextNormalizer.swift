/// What is done to text before it is cut: the `normalizer` of a tokenizer.json.
struct TextNormalizer: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        /// Canonical composition (Unicode Standard Annex 15).
        case nfc
        case prepend([UInt8])
        case replace([UInt8], with: [UInt8])
    }

    /// Bytes that one byte of text may become. Published files need 3, for a `▁` in the place of a space; replacements
    /// that feed one another could ask for any amount of memory.
    static let growthLimit = 16

    let steps: [Step]

    func apply(_ text: [UInt8]) -> [UInt8] { apply(text, outside: TextRanges()).text }

    /// The normalised text, and where its stretches from outside are now.
    func apply(_ text: [UInt8], outside: TextRanges) -> (text: [UInt8], outside: TextRanges) {
        var (text, outside) = (text, outside)
        for step in steps where !text.isEmpty {
            let edits: [Composition.Edit]
            switch step {
            case .nfc: (text, edits) = Composition.compose(text)
            case .prepend(let prefix): (text, edits) = (prefix + text, [(0..<0, 0..<prefix.count)])
            case .replace(let pattern, let content):
                (text, edits) = Self.replace(pattern, in: text, by: content, tracking: !outside.ranges.isEmpty)
            }
            outside = outside.replacing(edits)
        }
        return (text, outside)
    }

    /// Replaces every occurrence, from left to right without overlap.
    static func replace(_ pattern: [UInt8], in text: [UInt8], by content: [UInt8]) -> [UInt8] {
        replace(pattern, in: text, by: content, tracking: false).text
    }

    private static func replace(
        _ pattern: [UInt8], in text: [UInt8], by content: [UInt8], tracking: Bool
    ) -> (text: [UInt8], edits: [Composition.Edit]) {
        guard let first = pattern.first else { return (text, []) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var edits: [Composition.Edit] = []
        text.withUnsafeBufferPointer { bytes in
            var (index, copied) = (0, 0)
            while index < bytes.count {
                guard bytes[index] == first, pattern.count == 1 || bytes[index...].starts(with: pattern) else {
                    index += 1
                    continue
                }
                result.append(contentsOf: bytes[copied..<index])
                if tracking {
                    edits.append((index..<index + pattern.count, result.count..<result.count + content.count))
                }
                result.append(contentsOf: content)
                index += pattern.count
                copied = index
            }
            result.append(contentsOf: bytes[copied...])
        }
        return (result, edits)
    }

    /// - Throws: `unsupported`, naming the construct.
    init(_ reader: JSONReader?) throws(TransformerError) {
        var steps: [Step] = []
        if let reader {
            try Self.add(reader, to: &steps)
            let prefixLength = steps.reduce(0) { if case .prepend(let prefix) = $1 { $0 + prefix.count } else { $0 } }
            guard Self.growth(of: steps) <= Self.growthLimit, prefixLength <= Self.growthLimit else {
                throw reader.unsupported("steps that make a text more than \(Self.growthLimit) times as long")
            }
        }
        self.steps = steps
    }

    /// How many bytes one byte of text becomes at most, counted no further than past the limit.
    ///
    /// A replacement multiplies what an earlier one has written only where its pattern has a byte of that in it: tabs and
    /// spaces that become marks, each by a step of its own, grow as the larger of the two. Composition may turn any
    /// character into another one.
    static func growth(of steps: [Step]) -> Int {
        // What the steps from here on make of a byte at most, by its value.
        var later = [Int](repeating: 1, count: 256)
        for step in steps.reversed() {
            switch step {
            case .prepend: continue
            case .nfc: later = Array(repeating: later.max() ?? 1, count: 256)
            case .replace(let pattern, let content):
                guard !pattern.isEmpty else { continue }
                let once = max(1, (content.count + pattern.count - 1) / pattern.count)
                let growth = min(growthLimit + 1, once * content.reduce(1) { max($0, later[Int($1)]) })
                for byte in pattern { later[Int(byte)] = max(later[Int(byte)], growth) }
            }
        }
        return later.max() ?? 1
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
