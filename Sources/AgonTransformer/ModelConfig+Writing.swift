extension ModelConfig {
    /// The contents of `config.json` in a form that transformers 4 and 5 load to the same model.
    func configJSON() -> JSONValue {
        func text(_ value: String) -> JSONValue { .string(ByteString(value)) }
        func token(_ value: Int32?) -> JSONValue { value.map { .integer(Int($0)) } ?? .null }
        let isScore = head == .score
        let architecture =
            ConfigReader.prefix(of: family) + (isScore ? "ForSequenceClassification" : "ForCausalLM")
        var members = [
            JSONMember("architectures", .array([text(architecture)])),
            JSONMember("attention_dropout", .decimal(0)),
            JSONMember("bos_token_id", token(bosToken)),
            JSONMember("dtype", text("float32")),
            JSONMember("eos_token_id", eosJSON),
            JSONMember("head_dim", .integer(headSize)),
            JSONMember("hidden_act", text("silu")),
            JSONMember("hidden_size", .integer(hiddenSize)),
            JSONMember("initializer_range", .decimal(0.02)),
            JSONMember("intermediate_size", .integer(feedForwardSize)),
            JSONMember("max_position_embeddings", .integer(maxPositionCount)),
            JSONMember("model_type", text(family.rawValue)),
            JSONMember("num_attention_heads", .integer(headCount)),
            JSONMember("num_hidden_layers", .integer(layerCount)),
            JSONMember("num_key_value_heads", .integer(keyValueHeadCount)),
            JSONMember("pad_token_id", token(padToken)),
            JSONMember("rms_norm_eps", .decimal(shortest(normEpsilon))),
            JSONMember("rope_parameters", .object(ropeJSON + [JSONMember("rope_theta", .decimal(ropeTheta))])),
            JSONMember("rope_scaling", ropeScaling == nil ? .null : .object(ropeJSON)),
            JSONMember("rope_theta", .decimal(ropeTheta)),
            JSONMember("tie_word_embeddings", .bool(tiesEmbeddings)),
            JSONMember("torch_dtype", text("float32")),
            JSONMember("use_cache", .bool(true)),
            JSONMember("vocab_size", .integer(vocabularySize)),
        ]
        if family != .qwen2 { members.append(JSONMember("attention_bias", .bool(attentionBias))) }
        if family == .llama {
            members.append(JSONMember("mlp_bias", .bool(feedForwardBias)))
            members.append(JSONMember("pretraining_tp", .integer(1)))
        } else {
            members.append(JSONMember("max_window_layers", .integer(layerCount)))
            members.append(JSONMember("sliding_window", .null))
            members.append(JSONMember("use_sliding_window", .bool(false)))
        }
        if isScore {
            members.append(JSONMember("id2label", .object([JSONMember("0", text("LABEL_0"))])))
            members.append(JSONMember("label2id", .object([JSONMember("LABEL_0", .integer(0))])))
        }
        return .object(members.sorted { $0.key < $1.key })
    }

    /// The rope's type and the values of its scaling, named alike in both dialects.
    private var ropeJSON: [JSONMember] {
        func type(_ name: String) -> JSONMember { JSONMember("rope_type", .string(ByteString(name))) }
        switch ropeScaling {
        case nil: return [type("default")]
        case .linear(let factor): return [JSONMember("factor", .decimal(factor)), type("linear")]
        case .llama3(let factor, let low, let high, let positionCount):
            return [
                JSONMember("factor", .decimal(factor)), JSONMember("high_freq_factor", .decimal(high)),
                JSONMember("low_freq_factor", .decimal(low)),
                JSONMember("original_max_position_embeddings", .integer(positionCount)), type("llama3"),
            ]
        }
    }

    /// The contents of `generation_config.json`: the special tokens, nothing about sampling.
    func generationConfigJSON() -> JSONValue {
        var members: [JSONMember] = []
        if let bosToken { members.append(JSONMember("bos_token_id", .integer(Int(bosToken)))) }
        if !eosTokens.isEmpty { members.append(JSONMember("eos_token_id", eosJSON)) }
        if let padToken { members.append(JSONMember("pad_token_id", .integer(Int(padToken)))) }
        return .object(members)
    }

    private var eosJSON: JSONValue {
        switch eosTokens.count {
        case 0: .null
        case 1: .integer(Int(eosTokens[0]))
        default: .array(eosTokens.map { .integer(Int($0)) })
        }
    }

    /// The decimal that prints as the float does: 1e-05, not 9.999999747378752e-06.
    private func shortest(_ value: Float) -> Double { Double(value.description) ?? Double(value) }
}
