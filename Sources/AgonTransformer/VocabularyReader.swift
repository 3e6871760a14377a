/// The `model` part of a tokenizer.json: vocabulary and merges.
struct VocabularyReader {
    /// As many ids as a model may have rows, and no more than the file has bytes: tables have a place for each id, and
    /// a hostile id must not ask for the memory of millions.
    let idLimit: Int
    /// As many ids as a model may have rows.
    private static let rowLimit = 1 << 22

    let reader: JSONReader
    /// Tokens as the file spells them.
    let ids: [ByteString: Int32]

    /// - Parameter size: of the file, in bytes.
    init(_ reader: JSONReader, size: Int) throws(TransformerError) {
        let idLimit = min(Self.rowLimit, size)
        self.idLimit = idLimit
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
            let id = try Self.checkedId(vocab, member, idLimit)
            guard seen.insert(id).inserted else {
                throw TransformerError(
                    .invalidTokenizer,
                    "\(reader.file): id \(id) of the token \"\(member.key.text)\" is taken; give each its own id.")
            }
            ids[member.key] = id
        }
        self.ids = ids
    }

    private static func checkedId(
        _ vocab: JSONReader, _ member: JSONMember, _ idLimit: Int
    ) throws(TransformerError) -> Int32 {
        if case .integer(let id) = member.value, (0..<idLimit).contains(id) { return Int32(id) }
        return try checkedId(vocab.at(member.key.text, member.value), idLimit)
    }

    private static func checkedId(_ reader: JSONReader, _ idLimit: Int) throws(TransformerError) -> Int32 {
        let id = try reader.integer()
        guard (0..<idLimit).contains(id) else {
            throw TransformerError(
                .invalidTokenizer,
                "\(reader.file): \(reader.path) is \(id), outside the ids 0 to \(idLimit - 1), "
                    + (idLimit < rowLimit ? "no more than the file has bytes" : "all that a model can have") + "; correct it.")
        }
        return Int32(id)
    }

    func model(isByteLevel: Bool) throws(TransformerError) -> BytePairModel {
        var vocabulary = ByteTable(capacity: ids.count)
        let spelling: BytePairModel.Spelling
        var seams: PairTable?
        let merges = try merges()
        if isByteLevel {
            for (token, id) in ids {
                if let bytes = ByteLevelAlphabet.bytes(of: token) { vocabulary.add(bytes, id) }
            }
            spelling = .bytes((0...255).map { vocabulary.find([$0]) })
        } else {
            for (token, id) in ids { vocabulary.add(token.bytes, id) }
            spelling = .characters(byteFallback: try byteFallback())
            seams = Self.seams(merges.list, vocabulary)
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
            spelling: spelling, vocabulary: vocabulary, merges: merges.table, seams: seams, unknownToken: unknownToken,
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

    /// A merge as the file spells it.
    private struct Merge {
        let left: ByteString, right: ByteString
        let leftId: Int32, rightId: Int32
    }

    private func merges() throws(TransformerError) -> (table: PairTable, list: [Merge]) {
        let list = try reader.required("merges")
        guard case .array(let entries) = list.value else { throw list.mismatch("an array") }
        var table = PairTable(capacity: entries.count)
        var merges: [Merge] = []
        merges.reserveCapacity(entries.count)
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
            merges.append(Merge(left: left, right: right, leftId: leftId, rightId: rightId))
        }
        return (table, merges)
    }

    /// Pairs of spelled tokens that stand side by side within some merged token.
    ///
    /// Text is often one piece in vocabularies of characters; cutting it wherever no token could reach across keeps
    /// the merging local. A side is the character at the seam, and the operand itself, which may be a byte token.
    private static func seams(_ merges: [Merge], _ vocabulary: ByteTable) -> PairTable {
        var seams = PairTable(capacity: 4 * merges.count)
        for merge in merges {
            var (lefts, rights) = ([merge.leftId], [merge.rightId])
            var start = max(merge.left.bytes.count - 1, 0)
            while start > 0, merge.left.bytes[start] & 0xC0 == 0x80 { start -= 1 }
            if let id = vocabulary.find(Array(merge.left.bytes[start...])) { lefts.append(id) }
            var end = min(1, merge.right.bytes.count)
            while end < merge.right.bytes.count, merge.right.bytes[end] & 0xC0 == 0x80 { end += 1 }
            if let id = vocabulary.find(Array(merge.right.bytes[..<end])) { rights.append(id) }
            for left in lefts { for right in rights { seams.add(left, right, rank: 0, result: 0) } }
        }
        return seams
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
            let id = try Self.checkedId(entry.required("id"), idLimit)
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
