/// Text to token ids and back, as the Hugging Face `tokenizer.json` of a model says.
///
/// Byte-level BPE with the splits of GPT-2, SmolLM, Qwen and Llama 3, and the SentencePiece-like BPE of Llama 2.
/// A construct that is not implemented is an error when the file is read: a tokenizer that loads gives the ids that
/// Hugging Face `tokenizers` gives.
public struct Tokenizer: Sendable {
    let normalizer: TextNormalizer
    let preTokenizer: PreTokenizer
    let model: BytePairModel
    let decoder: TokenDecoder
    /// Added tokens that are found in the text as it is.
    let rawTokens: AddedTokenMatcher
    /// Added tokens that are found in normalised text.
    let normalizedTokens: AddedTokenMatcher
    /// Ids that the post-processor puts before and after a text.
    package let prefix: [Int32], suffix: [Int32]
    /// The spelling of each id in the file; nil where an id is not used.
    let spellings: [ByteString?]
    let contributions: [TokenDecoder.Contribution?]
    let specialTokens: Set<Int32>
    let idBySpelling: [ByteString: Int32]
    /// The file as it was read or made.
    let source: [UInt8]

    /// One more than the greatest id; a model needs at least as many rows.
    public var idLimit: Int { spellings.count }

    /// The ids that are marked special, ascending.
    public var specialIds: [Int32] { specialTokens.sorted() }

    /// The id of a token as `tokenizer.json` spells it (a space is `Ġ` in a byte-level vocabulary), or nil.
    public func id(of token: String) -> Int32? { idBySpelling[ByteString(token)] }

    /// The spelling of an id in `tokenizer.json`, or nil where the tokenizer has no such id.
    public func token(_ id: Int32) -> String? {
        guard spellings.indices.contains(Int(id)) else { return nil }
        return spellings[Int(id)]?.text
    }

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - addSpecialTokens: puts the tokens of the post-processor around the text, such as a beginning-of-text token.
    ///   - parseSpecial: whether the spelling of a special token within the text becomes that token. Say false for
    ///     text from outside: an answer that spells `<|im_end|>` must not end anything.
    /// - Throws: `invalidTokenizer`, naming the first character that the vocabulary cannot spell.
    public func encode(
        _ text: String, addSpecialTokens: Bool = true, parseSpecial: Bool = true
    ) throws(TransformerError) -> [Int32] {
        let bytes = Array(text.utf8)
        var outside = TextRanges()
        if !parseSpecial { outside.append(0..<bytes.count) }
        let ids = try encode(bytes, outside: outside)
        return addSpecialTokens ? prefix + ids + suffix : ids
    }

    /// The ids of a text, without those of the post-processor.
    ///
    /// - Parameters:
    ///   - text: valid UTF-8.
    ///   - outside: where the spelling of a special token is plain text.
    func encode(_ text: [UInt8], outside: TextRanges) throws(TransformerError) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count / 3)
        var scratch = BytePairModel.Scratch()
        for segment in rawTokens.segments(text, outside: outside) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range):
                let plain = normalizer.apply(Array(text[range]), outside: outside.within(range))
                try encodeNormalized(
                    plain.text, plain.outside, isBeginning: range.lowerBound == 0, &scratch, into: &ids)
            }
        }
        return ids
    }

    private func encodeNormalized(
        _ text: [UInt8], _ outside: TextRanges, isBeginning: Bool, _ scratch: inout BytePairModel.Scratch,
        into ids: inout [Int32]
    ) throws(TransformerError) {
        for segment in normalizedTokens.segments(text, outside: outside) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range):
                let pieces = preTokenizer.pieces(
                    of: Array(text[range]), isBeginning: isBeginning && range.lowerBound == 0)
                try pieces.bytes.withUnsafeBufferPointer { (bytes) throws(TransformerError) in
                    var start = 0
                    for end in pieces.ends {
                        try model.encode(UnsafeBufferPointer(rebasing: bytes[start..<end]), &scratch, into: &ids)
                        start = end
                    }
                }
            }
        }
    }

    /// The text of ids. Broken UTF-8 becomes replacement characters; ids that the tokenizer lacks give nothing.
    ///
    /// - Parameter skipSpecial: leaves out tokens that are marked special.
    public func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = true) -> String {
        var stream = streamingDecoder(skipSpecial: skipSpecial)
        var text = ""
        for id in ids { text += stream.append(id) }
        return text + stream.finish()
    }

    /// A decoder for tokens that arrive one by one.
    public func streamingDecoder(skipSpecial: Bool = true) -> StreamingDecoder {
        StreamingDecoder(self, skipSpecial: skipSpecial)
    }

    /// What an id adds to a text; nil where it adds nothing.
    func contribution(_ id: Int32, skipSpecial: Bool) -> TokenDecoder.Contribution? {
        guard contributions.indices.contains(Int(id)), !(skipSpecial && specialTokens.contains(id)) else { return nil }
        return contributions[Int(id)]
    }

    /// Writes `tokenizer.json` with the bytes that were read or made.
    ///
    /// - Throws: `invalidFile` when the disk refuses.
    public func save(to path: String) throws(TransformerError) {
        try DurableFile.write(source, to: path)
    }
}
