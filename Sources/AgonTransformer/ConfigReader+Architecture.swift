/// Which class a folder's model is, and what of that class is not implemented.
extension ConfigReader {
    private static let names: [(family: ModelConfig.Family, prefix: String)] = [
        (.llama, "Llama"), (.qwen2, "Qwen2"), (.qwen3, "Qwen3"),
    ]

    /// The class's name without what stands on top, as in `LlamaForCausalLM`.
    static func prefix(of family: ModelConfig.Family) -> String {
        names.first { $0.family == family }?.prefix ?? "Llama"
    }

    func architecture() throws(TransformerError) -> (ModelConfig.Family, ModelConfig.Head) {
        let typed = try reader.optional("model_type")?.text()
        let family = try typed.map { (type) throws(TransformerError) in try self.family(type) }
        guard let first = try reader.optional("architectures")?.elements().first else {
            if let family { return (family, .language) }
            return (try self.family(reader.required("model_type").text()), .language)
        }
        let name = try first.text()
        for (named, prefix) in Self.names {
            let isScore = name == prefix + "ForSequenceClassification"
            guard isScore || name == prefix + "ForCausalLM" else { continue }
            guard family == nil || family == named else {
                throw TransformerError(
                    .invalidConfig,
                    "\(reader.file): architectures is \"\(name)\" but model_type is \"\(typed ?? "")\"; "
                        + "correct one of them.")
            }
            if isScore { try requireOneLabel() }
            return (named, isScore ? .score : .language)
        }
        throw unsupported(
            "architectures", "\"\(name)\"",
            "use ForCausalLM or ForSequenceClassification of Llama, Qwen2 or Qwen3")
    }

    private func family(_ type: String) throws(TransformerError) -> ModelConfig.Family {
        guard let family = ModelConfig.Family(rawValue: type) else {
            throw unsupported("model_type", "\"\(type)\"", "use a model of type llama, qwen2 or qwen3")
        }
        return family
    }

    /// A score head has one label; without either key transformers assumes two, and the head's shape decides here.
    private func requireOneLabel() throws(TransformerError) {
        if let labels = try reader.optional("id2label")?.members(), labels.count != 1 {
            throw unsupported("id2label", "a list of \(labels.count) labels", "use a score head with one label")
        }
        if let count = try reader.optional("num_labels")?.integer(), count != 1 {
            throw unsupported("num_labels", "\(count)", "use a score head with one label")
        }
    }

    func refuseUnsupported(_ family: ModelConfig.Family) throws(TransformerError) {
        if let activation = try reader.optional("hidden_act")?.text(), !["silu", "swish"].contains(activation) {
            throw unsupported("hidden_act", "\"\(activation)\"", "use a model with \"silu\"")
        }
        for key in ["quantization_config", "compression_config"] where try reader.optional(key) != nil {
            throw unsupported(key, "set", "save the model unquantised")
        }
        if let isCausal = try reader.optional("is_causal")?.bool(), !isCausal {
            throw unsupported("is_causal", "false", "use a model that reads from left to right")
        }
        if let isAdded = try reader.optional("add_cross_attention")?.bool(), isAdded {
            throw unsupported("add_cross_attention", "true", "use a model without an encoder")
        }
        if family != .llama { try refuseSlidingWindow() }
    }

    /// Qwen's layers from `max_window_layers` on see only the last `sliding_window` tokens, if `use_sliding_window`
    /// is set. A window as long as the model's positions hides nothing.
    private func refuseSlidingWindow() throws(TransformerError) {
        let isUsed = try reader.optional("use_sliding_window")?.bool() ?? false
        let layerCount = try reader.required("num_hidden_layers").integer()
        var window: Int? = 4096
        if try reader.has("sliding_window") { window = try reader.optional("sliding_window")?.integer() }
        let fullLayerCount = try reader.optional("max_window_layers")?.integer() ?? 28
        var slides = isUsed && layerCount > fullLayerCount
        if let types = try reader.optional("layer_types")?.elements() {
            slides = false
            for type in types {
                switch try type.text() {
                case "full_attention": continue
                case "sliding_attention": slides = true
                case let other: throw unsupported("layer_types", "\"\(other)\"", "use a model with full attention")
                }
            }
            guard !slides || isUsed else {
                throw TransformerError(
                    .invalidConfig,
                    "\(reader.file): layer_types has \"sliding_attention\" but use_sliding_window is false; "
                        + "correct one of them.")
            }
        }
        guard slides, let window, try window < maxPositionCount(Preset(.qwen2)) else { return }
        throw unsupported(
            "sliding_window", "\(window)",
            "lower max_position_embeddings to \(window) to use the model on texts that the window covers")
    }
}
