extension Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// - Throws: `invalidFile`, `invalidTokenizer` or `unsupported`, naming the file and the place in it.
    public static func read(_ path: String) throws(TransformerError) -> Tokenizer {
        guard DurableFile.exists(path) else {
            throw TransformerError(.invalidFile, "\(path) is missing; put the model's tokenizer.json there.")
        }
        return try Tokenizer(json: DurableFile.read(path, limit: 1 << 28), file: path)
    }

    /// - Parameters:
    ///   - json: the content of a `tokenizer.json`.
    ///   - file: the name that messages give.
    init(json: [UInt8], file: String) throws(TransformerError) {
        let reader = try JSONReader(bytes: json, file: file)
        let modelReader = try reader.required("model")
        normalizer = try TextNormalizer(reader.optional("normalizer"))
        preTokenizer = try PreTokenizer(reader.optional("pre_tokenizer"))
        decoder = try TokenDecoder(reader.optional("decoder"), file: file)
        let vocabulary = try VocabularyReader(modelReader)
        model = try vocabulary.model(isByteLevel: preTokenizer.isByteLevel)
        let added = try reader.optional("added_tokens").map { (reader) throws(TransformerError) in
            try vocabulary.addedTokens(reader)
        } ?? []
        rawTokens = AddedTokenMatcher(added.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(added.filter(\.isNormalized))
        specialTokens = Set(added.filter(\.isSpecial).map(\.id))

        var idBySpelling = vocabulary.ids
        var spellings = [ByteString?](
            repeating: nil, count: Int(max(vocabulary.ids.values.max() ?? -1, added.map(\.id).max() ?? -1)) + 1)
        for (token, id) in vocabulary.ids { spellings[Int(id)] = token }
        for token in added {
            if let other = spellings[Int(token.id)], other != token.content {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(file): id \(token.id) is both \"\(other.text)\" and the added token \"\(token.content.text)\"; "
                        + "give each an id of its own.")
            }
            spellings[Int(token.id)] = token.content
            idBySpelling[token.content] = token.id
        }
        let decoder = self.decoder
        contributions = spellings.map { spelling in spelling.map { decoder.contribution(of: $0) } }
        self.spellings = spellings
        self.idBySpelling = idBySpelling
        (prefix, suffix) = try Self.template(reader.optional("post_processor"), idLimit: spellings.count)
        source = json
    }

    /// The ids around a text that a `post_processor` asks for.
    private static func template(
        _ reader: JSONReader?, idLimit: Int
    ) throws(TransformerError) -> (prefix: [Int32], suffix: [Int32]) {
        guard let reader else { return ([], []) }
        switch try reader.required("type").text() {
        case "ByteLevel": return ([], [])
        case "Sequence":
            var result: (prefix: [Int32], suffix: [Int32]) = ([], [])
            for part in try reader.required("processors").elements() {
                let inner = try template(part, idLimit: idLimit)
                result = (inner.prefix + result.prefix, result.suffix + inner.suffix)
            }
            return result
        case "TemplateProcessing":
            var (prefix, suffix, seenText): ([Int32], [Int32], Bool) = ([], [], false)
            for part in try reader.required("single").elements() {
                if let sequence = try part.optional("Sequence") {
                    guard !seenText, try sequence.required("id").text() == "A" else {
                        throw part.unsupported("a template that repeats the text")
                    }
                    seenText = true
                    continue
                }
                let name = try part.required("SpecialToken").required("id").text()
                for item in try reader.required("special_tokens").required(name).required("ids").elements() {
                    let id = try item.integer()
                    guard (0..<idLimit).contains(id) else { throw item.mismatch("an id of the vocabulary") }
                    if seenText { suffix.append(Int32(id)) } else { prefix.append(Int32(id)) }
                }
            }
            return (prefix, suffix)
        case let type: throw reader.unsupported("the post-processor \"\(type)\"")
        }
    }
}

/// The `model` part of a tokenizer.json: vocabulary and merges.
private struct VocabularyReader {
    /// As many ids as a model may have rows; keeps a hostile id from asking for the memory.
    static let idLimit = 1 << 22

    let reader: JSONReader
    /// Tokens as the file spells them.
    let ids: [ByteString: Int32]

    init(_ reader: JSONReader) throws(TransformerError) {
        self.reader = reader
        if let type = try reader.optional("type")?.text(), type != "BPE" {
            throw reader.unsupported("the model \"\(type)\"")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try reader.optional(key)?.text(), !text.isEmpty {
                throw reader.unsupported("\(key) \"\(text)\"")
            }
        }
        if let dropout = try reader.optional("dropout")?.decimal(), dropout != 0 {
            throw reader.unsupported("a dropout of \(dropout)")
        }
        let vocab = try reader.required("vocab")
        let members = try vocab.members()
        var ids = [ByteString: Int32](minimumCapacity: members.count)
        var seen = Set<Int32>(minimumCapacity: members.count)
        for member in members {
            let id = try Self.checkedId(vocab, member)
            guard seen.insert(id).inserted else {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(reader.file): id \(id) of the token \"\(member.key.text)\" is taken; give each its own id.")
            }
            ids[member.key] = id
        }
        self.ids = ids
    }

    private static func checkedId(_ vocab: JSONReader, _ member: JSONMember) throws(TransformerError) -> Int32 {
        if case .integer(let id) = member.value, (0..<idLimit).contains(id) { return Int32(id) }
        return try checkedId(vocab.at(member.key.text, member.value))
    }

    private static func checkedId(_ reader: JSONReader) throws(TransformerError) -> Int32 {
        let id = try reader.integer()
        guard (0..<idLimit).contains(id) else {
            throw TransformerError(
                .invalidTokenizer,
                "\(reader.file): \(reader.path) is \(id), outside the ids 0 to \(idLimit - 1); correct it.")
        }
        return Int32(id)
    }

    func model(isByteLevel: Bool) throws(TransformerError) -> BytePairModel {
        var vocabulary = ids
        let spelling: BytePairModel.Spelling
        if isByteLevel {
            vocabulary = [:]
            for (token, id) in ids {
                if let bytes = ByteLevelAlphabet.bytes(of: token) { vocabulary[ByteString(bytes)] = id }
            }
            spelling = .bytes((0...255).map { vocabulary[ByteString([$0])] })
        } else {
            spelling = .characters(byteFallback: try byteFallback())
        }
        var unknownToken: Int32?
        if let name = try reader.optional("unk_token")?.string() {
            guard let id = ids[name] else {
                throw TransformerError(
                    .invalidTokenizer, "\(reader.file): unk_token \"\(name.text)\" is not in the vocabulary; add it.")
            }
            unknownToken = id
        }
        return BytePairModel(
            spelling: spelling, vocabulary: vocabulary, merges: try merges(), unknownToken: unknownToken,
            fusesUnknown: try reader.optional("fuse_unk")?.bool() ?? false,
            ignoresMerges: try reader.optional("ignore_merges")?.bool() ?? false)
    }

    private func byteFallback() throws(TransformerError) -> [Int32]? {
        guard try reader.optional("byte_fallback")?.bool() ?? false else { return nil }
        var tokens: [Int32] = []
        for byte in 0..<256 {
            let digits = String(byte, radix: 16, uppercase: true)
            guard let id = ids[ByteString("<0x\(byte < 16 ? "0" : "")\(digits)>")] else {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(reader.file): byte_fallback needs the token <0x\(byte < 16 ? "0" : "")\(digits)>; add it.")
            }
            tokens.append(id)
        }
        return tokens
    }

    private func merges() throws(TransformerError) -> BytePairModel.MergeTable {
        let list = try reader.required("merges")
        guard case .array(let entries) = list.value else { throw list.mismatch("an array") }
        var table = BytePairModel.MergeTable(capacity: entries.count)
        for (rank, entry) in entries.enumerated() {
            guard let (left, right) = Self.pair(entry) else {
                throw list.at("\(rank)", entry).mismatch("a pair of tokens, \"a b\" or [\"a\", \"b\"]")
            }
            guard let leftId = ids[left], let rightId = ids[right],
                let result = ids[ByteString(left.bytes + right.bytes)]
            else {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(reader.file): merge \(rank), \"\(left.text)\" with \"\(right.text)\", "
                        + "needs tokens that the vocabulary lacks; export the tokenizer again.")
            }
            table.add(leftId, rightId, rank: rank, result: result)
        }
        return table
    }

    /// A merge in either syntax, `"a b"` or `["a", "b"]`; nil where it is neither.
    private static func pair(_ entry: JSONValue) -> (ByteString, ByteString)? {
        switch entry {
        case .string(let text):
            let parts = text.bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            return parts.count == 2 ? (ByteString(Array(parts[0])), ByteString(Array(parts[1]))) : nil
        case .array(let parts):
            guard parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] else {
                return nil
            }
            return (left, right)
        default: return nil
        }
    }

    func addedTokens(_ list: JSONReader) throws(TransformerError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for entry in try list.elements() {
            func flag(_ key: String, _ preset: Bool) throws(TransformerError) -> Bool {
                try entry.optional(key)?.bool() ?? preset
            }
            let content = try entry.required("content").string()
            let id = try Self.checkedId(entry.required("id"))
            guard !content.bytes.isEmpty else {
                throw try entry.required("content").mismatch("a text that is not empty")
            }
            if let known = ids[content], known != id {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(entry.file): the added token \"\(content.text)\" has id \(id) but \(known) in the vocabulary; "
                        + "make them equal.")
            }
            let isSpecial = try flag("special", false)
            tokens.append(
                AddedToken(
                    id: id, content: content, isSpecial: isSpecial, singleWord: try flag("single_word", false),
                    stripsLeft: try flag("lstrip", false), stripsRight: try flag("rstrip", false),
                    isNormalized: try flag("normalized", !isSpecial)))
        }
        return tokens
    }
}
