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
                pattern.split(buffer, start..<end, into: &result)
                start = end
            }
            return result
        }
    }

    /// Writes `▁` for each space, puts one before a piece that has none, and cuts before each where asked.
    mutating func mark(_ step: Metaspace, isBeginning: Bool) {
        let space = UInt8(ascii: " ")
        var (newBytes, newEnds, start): ([UInt8], [Int], Int) = ([], [], 0)
        newBytes.reserveCapacity(bytes.count + bytes.count / 2)
        for (index, end) in ends.enumerated() {
            let beginsMarked = bytes[start] == space || bytes[start..<end].starts(with: step.replacement)
            if !beginsMarked, step.prefix == .always || (step.prefix == .first && isBeginning && index == 0) {
                newBytes.append(contentsOf: step.replacement)
            }
            let pieceStart = newBytes.count
            for position in start..<end {
                let isMark =
                    bytes[position] == space
                    || (step.splits && bytes[position..<end].starts(with: step.replacement))
                if isMark, step.splits, newBytes.count > pieceStart { newEnds.append(newBytes.count) }
                if bytes[position] == space {
                    newBytes.append(contentsOf: step.replacement)
                } else {
                    newBytes.append(bytes[position])
                }
            }
            newEnds.append(newBytes.count)
            start = end
        }
        (bytes, ends) = (newBytes, newEnds)
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

/// The pre-tokenizer of newer Llama 2 and Mistral files: a space becomes `▁`, and one comes before the text.
struct Metaspace: Sendable, Equatable {
    /// Which pieces get a mark that they do not begin with.
    enum Prefix: String, Sendable {
        case always, first, never
    }

    let replacement: [UInt8]
    let prefix: Prefix
    /// Whether a piece ends before each mark.
    let splits: Bool

    init(_ reader: JSONReader) throws(TransformerError) {
        let mark = try reader.required("replacement")
        guard try mark.text().unicodeScalars.count == 1 else { throw mark.mismatch("one character") }
        replacement = try mark.string().bytes
        splits = try reader.optional("split")?.bool() ?? true
        guard let scheme = try reader.optional("prepend_scheme")?.text() else {
            prefix = try reader.optional("add_prefix_space")?.bool() ?? true ? .always : .never
            return
        }
        guard let known = Prefix(rawValue: scheme) else { throw reader.unsupported("the prepend_scheme \"\(scheme)\"") }
        prefix = known
    }
}

/// Cuts text into the pieces within which byte pairs may merge.
struct PreTokenizer: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case split(SplitPattern)
        case prefixSpaces
        case mark(Metaspace)
    }

    let steps: [Step]
    /// Whether the vocabulary spells bytes in the byte-level alphabet.
    let isByteLevel: Bool

    /// - Parameter isBeginning: whether the text is the beginning of all that is encoded.
    func pieces(of text: [UInt8], isBeginning: Bool) -> PieceBuffer {
        var buffer = PieceBuffer(text)
        for step in steps {
            switch step {
            case .split(let pattern): buffer.split(by: pattern)
            case .prefixSpaces: buffer.prefixSpaces()
            case .mark(let step): buffer.mark(step, isBeginning: isBeginning)
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
            case "Metaspace": steps.append(.mark(try Metaspace(part)))
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
