extension ModelConfig {
    /// Reads Hugging Face's `config.json`, and `generation_config.json` beside it where there is one.
    ///
    /// Both dialects are understood: `rope_theta` at the top (transformers 4) or in `rope_parameters`
    /// (transformers 5). Absent keys take the defaults of transformers' `LlamaConfig`. Whatever would change the
    /// logits and is not implemented is refused: a model that loads computes what its config says.
    ///
    /// - Parameter folder: the model folder.
    /// - Throws: `invalidFile`, `invalidConfig` or `unsupported`, naming the file and the key.
    public static func read(folder: String) throws(TransformerError) -> ModelConfig {
        let file = "\(folder)/config.json"
        guard DurableFile.exists(file) else {
            throw TransformerError(.invalidFile, "\(file) is missing; put the model's config.json there.")
        }
        let reader = try JSONReader(bytes: DurableFile.read(file, limit: 1 << 24), file: file)
        var generation: JSONReader?
        let generationFile = "\(folder)/generation_config.json"
        if DurableFile.exists(generationFile) {
            generation = try JSONReader(bytes: DurableFile.read(generationFile, limit: 1 << 24), file: generationFile)
        }
        return try ConfigReader(reader: reader, generation: generation).config()
    }
}

/// The mapping from the keys of `config.json` to a `ModelConfig`.
private struct ConfigReader {
    let reader: JSONReader
    let generation: JSONReader?

    func config() throws(TransformerError) -> ModelConfig {
        let head = try head()
        try refuseUnsupported()
        let heads = try reader.required("num_attention_heads").integer()
        let vocabularySize = try reader.required("vocab_size").integer()
        let bos = try tokens("bos_token_id", default: 1, vocabularySize)
        let pad = try tokens("pad_token_id", default: nil, vocabularySize)
        do throws(TransformerError) {
            return try ModelConfig(
                vocabularySize: vocabularySize,
                hiddenSize: reader.required("hidden_size").integer(),
                layerCount: reader.required("num_hidden_layers").integer(),
                headCount: heads,
                keyValueHeadCount: reader.optional("num_key_value_heads")?.integer() ?? heads,
                headSize: reader.optional("head_dim")?.integer(),
                feedForwardSize: reader.required("intermediate_size").integer(),
                ropeTheta: ropeTheta(),
                normEpsilon: Float(reader.optional("rms_norm_eps")?.decimal() ?? 1e-6),
                tiesEmbeddings: reader.optional("tie_word_embeddings")?.bool() ?? false,
                maxPositionCount: reader.optional("max_position_embeddings")?.integer() ?? 2048,
                bosToken: bos.first, eosTokens: tokens("eos_token_id", default: 2, vocabularySize),
                padToken: pad.first, head: head)
        } catch {
            guard error.code == .invalidConfig else { throw error }
            throw TransformerError(.invalidConfig, "\(reader.file): \(error.message)")
        }
    }

    private func unsupported(_ key: String, _ value: String, _ remedy: String) -> TransformerError {
        TransformerError(.unsupported, "\(reader.file): \(key) is \(value), which is not supported; \(remedy).")
    }

    private func head() throws(TransformerError) -> ModelConfig.Head {
        if let type = try reader.optional("model_type")?.text(), type != "llama" {
            throw unsupported("model_type", "\"\(type)\"", "use a model of type \"llama\"")
        }
        guard let list = try reader.optional("architectures")?.elements(), let first = list.first else {
            _ = try reader.required("model_type")
            return .language
        }
        switch try first.text() {
        case "LlamaForCausalLM": return .language
        case "LlamaForSequenceClassification":
            if let labels = try reader.optional("id2label")?.members(), labels.count != 1 {
                throw unsupported("id2label", "a list of \(labels.count) labels", "use a score head with one label")
            }
            return .score
        case let name:
            throw unsupported(
                "architectures", "\"\(name)\"", "use LlamaForCausalLM or LlamaForSequenceClassification")
        }
    }

    private func refuseUnsupported() throws(TransformerError) {
        for key in ["attention_bias", "mlp_bias"] where try reader.optional(key)?.bool() ?? false {
            throw unsupported(key, "true", "use a model without biases")
        }
        if let activation = try reader.optional("hidden_act")?.text(), activation != "silu" {
            throw unsupported("hidden_act", "\"\(activation)\"", "use a model with \"silu\"")
        }
        if try reader.optional("quantization_config") != nil {
            throw unsupported("quantization_config", "set", "save the model unquantised")
        }
        if let factor = try reader.optional("partial_rotary_factor")?.decimal(), factor != 1 {
            throw unsupported("partial_rotary_factor", "\(factor)", "use a model that rotates whole heads")
        }
    }

    /// `rope_theta` of either dialect; two places that disagree are an error.
    private func ropeTheta() throws(TransformerError) -> Double {
        let top = try reader.optional("rope_theta")?.decimal()
        var nested: Double?
        for key in ["rope_scaling", "rope_parameters"] {
            guard let rope = try reader.optional(key) else { continue }
            for member in try rope.members() {
                guard case .object = member.value else { continue }
                throw unsupported("\(key).\(member.key.text)", "an object", "use one rope for all layers")
            }
            for name in ["rope_type", "type"] {
                if let type = try rope.optional(name)?.text(), type != "default" {
                    throw unsupported("\(key).\(name)", "\"\(type)\"", "use a model with the default rope")
                }
            }
            if try rope.optional("rope_type") == nil, try rope.optional("type") == nil,
                try rope.optional("factor") != nil
            {
                throw unsupported(key, "a scaling without a type", "use a model with the default rope")
            }
            nested = try rope.optional("rope_theta")?.decimal() ?? nested
        }
        if let top, let nested, top != nested {
            throw TransformerError(
                .invalidConfig,
                "\(reader.file): rope_theta is \(top) at the top but \(nested) in rope_parameters; keep one of them.")
        }
        return nested ?? top ?? 10_000
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
