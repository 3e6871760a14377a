extension Tokenizer {
    /// A tokenizer with one token for each character of an alphabet, for small models that are trained from nothing.
    ///
    /// The file is a byte-level BPE without merges that Hugging Face `tokenizers` reads to the same ids: first the
    /// special tokens, then the alphabet, both in the given order. A character outside ASCII takes one token for each
    /// of its UTF-8 bytes. Text with any other character is an error of `encode`, which names it.
    ///
    /// - Parameters:
    ///   - alphabet: the characters; one that comes again is ignored.
    ///   - special: tokens such as `<bos>`, marked special, found in the text before it is spelled.
    /// - Throws: `invalidTokenizer` where a special token is empty, repeated or a single character of the alphabet.
    public static func characters(_ alphabet: String, special: [String]) throws(TransformerError) -> Tokenizer {
        var vocabulary: [JSONMember] = []
        var seen: Set<ByteString> = []
        func add(_ token: ByteString) -> Bool {
            guard seen.insert(token).inserted else { return false }
            vocabulary.append(JSONMember(key: token, value: .integer(vocabulary.count)))
            return true
        }
        for token in special {
            guard !token.isEmpty, add(ByteString(token)) else {
                throw TransformerError(
                    .invalidTokenizer,
                    "The special token \"\(token)\" is empty or given twice; give each its own text.")
            }
        }
        for byte in alphabet.utf8 {
            let token = ByteLevelAlphabet.token(of: byte)
            guard add(token) || !special.contains(where: { ByteString($0) == token }) else {
                throw TransformerError(
                    .invalidTokenizer,
                    "\"\(token.text)\" is both a special token and a character of the alphabet; "
                        + "rename the special token.")
            }
        }
        let json = JSONWriter.pretty(characterJSON(vocabulary, special))
        return try Tokenizer(json: json, file: "tokenizer.json")
    }

    private static func characterJSON(_ vocabulary: [JSONMember], _ special: [String]) -> JSONValue {
        func text(_ value: String) -> JSONValue { .string(ByteString(value)) }
        func byteLevel() -> JSONValue {
            .object([
                JSONMember("type", text("ByteLevel")), JSONMember("add_prefix_space", .bool(false)),
                JSONMember("trim_offsets", .bool(true)), JSONMember("use_regex", .bool(false)),
            ])
        }
        let added = special.enumerated().map { index, token in
            JSONValue.object([
                JSONMember("id", .integer(index)), JSONMember("content", text(token)),
                JSONMember("single_word", .bool(false)), JSONMember("lstrip", .bool(false)),
                JSONMember("rstrip", .bool(false)), JSONMember("normalized", .bool(false)),
                JSONMember("special", .bool(true)),
            ])
        }
        return .object([
            JSONMember("version", text("1.0")), JSONMember("truncation", .null), JSONMember("padding", .null),
            JSONMember("added_tokens", .array(added)), JSONMember("normalizer", .null),
            JSONMember("pre_tokenizer", byteLevel()), JSONMember("post_processor", .null),
            JSONMember("decoder", byteLevel()),
            JSONMember(
                "model",
                .object([
                    JSONMember("type", text("BPE")), JSONMember("dropout", .null), JSONMember("unk_token", .null),
                    JSONMember("continuing_subword_prefix", .null), JSONMember("end_of_word_suffix", .null),
                    JSONMember("fuse_unk", .bool(false)), JSONMember("byte_fallback", .bool(false)),
                    JSONMember("ignore_merges", .bool(false)), JSONMember("vocab", .object(vocabulary)),
                    JSONMember("merges", .array([])),
                ])),
        ])
    }
}
