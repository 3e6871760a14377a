extension ModelConfig {
    /// Reads Hugging Face's `config.json`, and `generation_config.json` beside it where there is one.
    ///
    /// Both dialects are understood: transformers 4 (`rope_theta` and `rope_scaling` at the top, `torch_dtype`) and
    /// transformers 5 (`rope_parameters`, `dtype`). Absent keys take the defaults of the model's own class, which
    /// differ from class to class. Whatever would change the logits and is not implemented is refused: a model that
    /// loads computes what its config says. Keys that no class reads are passed over.
    ///
    /// - Parameter folder: the model folder.
    /// - Throws: `invalidFile`, `invalidConfig` or `unsupported`, naming the file and the key.
    public static func read(folder: String) throws(TransformerError) -> ModelConfig {
        let generationFile = "\(folder)/generation_config.json"
        var generation: JSONReader?
        if DurableFile.exists(generationFile) {
            generation = try JSONReader(bytes: DurableFile.read(generationFile, limit: 1 << 24), file: generationFile)
        }
        return try ConfigReader(reader: document(folder: folder), generation: generation).config()
    }

    /// `config.json` as it is written, for those that keep what this engine has no use for.
    static func document(folder: String) throws(TransformerError) -> JSONReader {
        let file = "\(folder)/config.json"
        guard DurableFile.exists(file) else {
            throw TransformerError(.invalidFile, "\(file) is missing; put the model's config.json there.")
        }
        return try JSONReader(bytes: DurableFile.read(file, limit: 1 << 24), file: file)
    }
}

/// The mapping from the keys of `config.json` to a `ModelConfig`.
struct ConfigReader {
    let reader: JSONReader
    let generation: JSONReader?

    func config() throws(TransformerError) -> ModelConfig {
        let (family, head) = try architecture()
        try refuseUnsupported(family)
        let preset = Preset(family)
        let vocabularySize = try reader.required("vocab_size").integer()
        let bos = try tokens("bos_token_id", default: preset.bosToken, vocabularySize)
        let pad = try tokens("pad_token_id", default: nil, vocabularySize)
        let attentionBias = try reader.optional("attention_bias")?.bool() ?? false
        let feedForwardBias = try reader.optional("mlp_bias")?.bool() ?? false
        do throws(TransformerError) {
            return try ModelConfig(
                vocabularySize: vocabularySize,
                hiddenSize: reader.required("hidden_size").integer(),
                layerCount: reader.required("num_hidden_layers").integer(),
                headCount: reader.required("num_attention_heads").integer(),
                keyValueHeadCount: keyValueHeadCount(preset),
                headSize: reader.optional("head_dim")?.integer() ?? preset.headSize,
                feedForwardSize: reader.required("intermediate_size").integer(),
                ropeTheta: ropeTheta(),
                normEpsilon: Float(reader.optional("rms_norm_eps")?.decimal() ?? 1e-6),
                tiesEmbeddings: reader.optional("tie_word_embeddings")?.bool() ?? false,
                maxPositionCount: maxPositionCount(preset),
                bosToken: bos.first, eosTokens: tokens("eos_token_id", default: preset.eosToken, vocabularySize),
                // Old Llama folders write −1 for none.
                padToken: pad.first.flatMap { $0 < 0 ? nil : $0 }, head: head, family: family,
                ropeScaling: ropeScaling(preset),
                attentionBias: attentionBias && family != .qwen2, feedForwardBias: feedForwardBias && family == .llama)
        } catch {
            guard error.code == .invalidConfig else { throw error }
            throw TransformerError(.invalidConfig, "\(reader.file): \(error.message)")
        }
    }

    /// What absent keys mean in each class of transformers; in all of them rms_norm_eps is 1e-6, the rope's base
    /// 10000, tie_word_embeddings false.
    struct Preset {
        let maxPositionCount: Int
        /// Absent `num_key_value_heads`; nil for as many as `num_attention_heads`.
        let keyValueHeadCount: Int?
        /// Absent `head_dim`; nil for hidden_size / num_attention_heads.
        let headSize: Int?
        let bosToken, eosToken: Int32?

        init(_ family: ModelConfig.Family) {
            let isLlama = family == .llama
            maxPositionCount = isLlama ? 2048 : 32768
            keyValueHeadCount = isLlama ? nil : 32
            headSize = family == .qwen3 ? 128 : nil
            bosToken = isLlama ? 1 : nil
            eosToken = isLlama ? 2 : nil
        }
    }

    func maxPositionCount(_ preset: Preset) throws(TransformerError) -> Int {
        try reader.optional("max_position_embeddings")?.integer() ?? preset.maxPositionCount
    }

    /// An absent key takes the class's default, but null means `num_attention_heads` in every class.
    private func keyValueHeadCount(_ preset: Preset) throws(TransformerError) -> Int? {
        if let count = try reader.optional("num_key_value_heads")?.integer() { return count }
        return try reader.has("num_key_value_heads") ? nil : preset.keyValueHeadCount
    }

    func unsupported(_ key: String, _ value: String, _ remedy: String) -> TransformerError {
        TransformerError(.unsupported, "\(reader.file): \(key) is \(value), which is not supported; \(remedy).")
    }

    /// A token id or a list of them; `generation_config.json` wins over `config.json`.
    private func tokens(
        _ key: String, default preset: Int32?, _ vocabularySize: Int
    ) throws(TransformerError) -> [Int32] {
        for source in [generation, reader].compactMap({ $0 }) {
            guard let entry = try source.optional(key) else { continue }
            var list = [entry]
            if case .array = entry.value { list = try entry.elements() }
            var tokens: [Int32] = []
            for item in list {
                guard let token = Int32(exactly: try item.integer()) else { throw item.mismatch("a token id") }
                tokens.append(token)
            }
            return tokens
        }
        if try reader.has(key) { return [] }
        return preset.map { Int($0) < vocabularySize ? [$0] : [] } ?? []
    }
}
