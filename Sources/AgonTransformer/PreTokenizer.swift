/// Text cut into pieces: all bytes in a row and where each piece ends.
struct PieceBuffer {
    var bytes: [UInt8]
    /// Ascending; the last is `bytes.count`.
    var ends: [Int]

    /// One piece that is the whole text.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        ends = bytes.isEmpty ? [] : [bytes.count]
    }

    /// Cuts each piece further.
    mutating func split(by pattern: SplitPattern) {
        ends = bytes.withUnsafeBufferPointer { buffer in
            var result: [Int] = []
            result.reserveCapacity(ends.count + buffer.count / 4)
            var start = 0
            for end in ends {
                while start < end {
                    start = pattern.matchEnd(buffer, from: start, to: end)
                    result.append(start)
                }
            }
            return result
        }
    }

    /// Puts a space before each piece that does not begin with one.
    mutating func prefixSpaces() {
        var (newBytes, newEnds, start): ([UInt8], [Int], Int) = ([], [], 0)
        newBytes.reserveCapacity(bytes.count + ends.count)
        for end in ends {
            if bytes[start] != UInt8(ascii: " ") { newBytes.append(UInt8(ascii: " ")) }
            newBytes.append(contentsOf: bytes[start..<end])
            newEnds.append(newBytes.count)
            start = end
        }
        (bytes, ends) = (newBytes, newEnds)
    }
}

/// Cuts text into the pieces within which byte pairs may merge.
struct PreTokenizer: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case split(SplitPattern)
        case prefixSpaces
    }

    let steps: [Step]
    /// Whether the vocabulary spells bytes in the byte-level alphabet.
    let isByteLevel: Bool

    func pieces(of text: [UInt8]) -> PieceBuffer {
        var buffer = PieceBuffer(text)
        for step in steps {
            switch step {
            case .split(let pattern): buffer.split(by: pattern)
            case .prefixSpaces: buffer.prefixSpaces()
            }
        }
        return buffer
    }

    /// Reads the `pre_tokenizer` of a tokenizer.json; nil stands for one piece.
    ///
    /// - Throws: `unsupported`, naming the construct.
    init(_ reader: JSONReader?) throws(TransformerError) {
        var steps: [Step] = []
        var isByteLevel = false
        for part in try reader.map({ (reader) throws(TransformerError) in try Self.parts(reader) }) ?? [] {
            switch try part.required("type").text() {
            case "ByteLevel":
                isByteLevel = true
                if try part.optional("add_prefix_space")?.bool() ?? true { steps.append(.prefixSpaces) }
                if try part.optional("use_regex")?.bool() ?? true { steps.append(.split(.gpt2)) }
            case "Digits":
                steps.append(.split(.digits(individual: try part.optional("individual_digits")?.bool() ?? false)))
            case "Split": steps.append(.split(try Self.splitPattern(part)))
            case let type: throw part.unsupported("the pre-tokenizer \"\(type)\"")
            }
        }
        self.steps = steps
        self.isByteLevel = isByteLevel
    }

    private static func parts(_ reader: JSONReader) throws(TransformerError) -> [JSONReader] {
        guard try reader.required("type").text() == "Sequence" else { return [reader] }
        return try reader.required("pretokenizers").elements()
    }

    private static func splitPattern(_ part: JSONReader) throws(TransformerError) -> SplitPattern {
        let behavior = try part.required("behavior").text()
        let isInverted = try part.optional("invert")?.bool() ?? false
        guard behavior == "Isolated", !isInverted else {
            throw part.unsupported("a Split with behavior \"\(behavior)\"\(isInverted ? ", inverted" : "")")
        }
        guard let regex = try part.required("pattern").optional("Regex")?.text() else {
            throw part.unsupported("a Split by a plain string")
        }
        guard let pattern = SplitPattern(regex: regex) else {
            throw part.unsupported("the split pattern \(regex)")
        }
        return pattern
    }
}

extension JSONReader {
    /// The sentence for a construct of a tokenizer.json that is not implemented.
    func unsupported(_ what: String) -> TransformerError {
        TransformerError(
            .unsupported,
            "\(file): \(path) asks for \(what), which is not supported; "
                + "use a byte-level BPE tokenizer such as those of SmolLM, Qwen or Llama 3.")
    }
}
