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
        let vocabulary = try VocabularyReader(modelReader, size: json.count)
        model = try vocabulary.model(isByteLevel: preTokenizer.isByteLevel)
        let added = try reader.optional("added_tokens").map { (reader) throws(TransformerError) in
            try vocabulary.addedTokens(reader)
        } ?? []
        rawTokens = AddedTokenMatcher(added.filter { !$0.isNormalized })
        let normalizer = self.normalizer
        normalizedTokens = AddedTokenMatcher(added.filter(\.isNormalized)) { normalizer.apply($0.content.bytes) }
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
