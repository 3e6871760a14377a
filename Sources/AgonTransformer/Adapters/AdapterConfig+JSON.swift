extension AdapterConfig {
    /// Settings of PEFT that this engine does not have, with the values that mean "not used".
    private static let unsupported: [(key: String, unused: [JSONValue])] = [
        ("modules_to_save", []), ("trainable_token_indices", []), ("target_parameters", []),
        ("alora_invocation_tokens", []), ("layer_replication", []), ("lora_bias", [.bool(false)]),
        ("use_qalora", [.bool(false)]), ("use_bdlora", [.bool(false)]), ("fan_in_fan_out", [.bool(false)]),
        ("arrow_config", []), ("velora_config", []), ("monteclora_config", []), ("kasa_config", []),
        ("bias", [.string(ByteString("none"))]),
    ]

    /// Reads `adapter_config.json`: missing keys take PEFT's defaults, unknown ones are passed over.
    ///
    /// - Throws: `invalidFile` or `invalidConfig` for what contradicts itself, `unsupported` for a kind of adapter that
    ///   this engine does not have.
    static func read(_ file: String) throws(TransformerError) -> AdapterConfig {
        let reader = try JSONReader(bytes: DurableFile.read(file, limit: 1 << 24), file: file)
        let kind = try reader.optional("peft_type")?.text() ?? "LORA"
        guard kind == "LORA" else {
            throw TransformerError(.unsupported, "\(file): peft_type is \"\(kind)\"; only LORA adapters can be read.")
        }
        for (key, unused) in unsupported {
            guard let value = try reader.optional(key)?.value, !unused.contains(value), !isEmpty(value) else {
                continue
            }
            throw TransformerError(
                .unsupported, "\(file): \"\(key)\" is used, which is not supported; train the adapter without it.")
        }
        do {
            return try AdapterConfig(
                rank: reader.optional("r")?.integer() ?? 8, alpha: reader.optional("lora_alpha")?.decimal() ?? 8,
                dropout: reader.optional("lora_dropout")?.decimal() ?? 0,
                targets: reader.optional("target_modules").map { (value) throws(TransformerError) in
                    try targets(value, allowsAllLinear: true)
                } ?? defaultTargets,
                excluded: reader.optional("exclude_modules").map { (value) throws(TransformerError) in
                    try targets(value, allowsAllLinear: false)
                }, layers: try layers(reader),
                rankPattern: overrides(reader, "rank_pattern") { (value) throws(TransformerError) in
                    try value.integer()
                },
                alphaPattern: overrides(reader, "alpha_pattern") { (value) throws(TransformerError) in
                    try value.decimal()
                },
                usesRankStabilisation: reader.optional("use_rslora")?.bool() ?? false,
                usesMagnitudes: reader.optional("use_dora")?.bool() ?? false,
                initialisation: try initialisation(reader))
        } catch where error.code == .invalidConfig {
            throw TransformerError(.invalidConfig, "\(file): \(error.message)", underlying: error.underlying)
        }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    private static func targets(_ reader: JSONReader, allowsAllLinear: Bool) throws(TransformerError) -> Targets {
        if case .string(let text) = reader.value {
            return allowsAllLinear && text.text.lowercased() == "all-linear" ? .allLinear : .pattern(text.text)
        }
        var names: [String] = []
        for element in try reader.elements() { names.append(try element.text()) }
        return .names(names)
    }

    private static func layers(_ reader: JSONReader) throws(TransformerError) -> [Int]? {
        guard let value = try reader.optional("layers_to_transform") else { return nil }
        if case .integer(let layer) = value.value { return [layer] }
        var layers: [Int] = []
        for element in try value.elements() { layers.append(try element.integer()) }
        return layers
    }

    private static func overrides<Value>(
        _ reader: JSONReader, _ key: String, _ read: (JSONReader) throws(TransformerError) -> Value
    ) throws(TransformerError) -> [Override<Value>] {
        guard let object = try reader.optional(key) else { return [] }
        var overrides: [Override<Value>] = []
        for member in try object.members() {
            overrides.append(Override(member.key.text, try read(object.at(member.key.text, member.value))))
        }
        return overrides
    }

    /// Ways of beginning that leave the base as it is all end in the same kind of file.
    private static func initialisation(_ reader: JSONReader) throws(TransformerError) -> Initialisation {
        guard let value = try reader.optional("init_lora_weights") else { return .uniform }
        guard case .string(let name) = value.value else {
            _ = try value.bool()
            return .uniform
        }
        switch name.text.lowercased() {
        case "gaussian": return .gaussian
        case "orthogonal", "eva": return .uniform
        default:
            throw TransformerError(
                .unsupported,
                "\(value.file): init_lora_weights is \"\(name.text)\", which changes the base model's weights; "
                    + "convert the adapter to plain LoRA first.")
        }
    }

    /// The content of `adapter_config.json`, with the keys in alphabetical order as PEFT writes them.
    func json(baseModel: String?) -> JSONValue {
        func text(_ text: String) -> JSONValue { .string(ByteString(text)) }
        func targets(_ targets: Targets) -> JSONValue {
            switch targets {
            case .names(let names): .array(names.map(text))
            case .pattern(let pattern): text(pattern)
            case .allLinear: text("all-linear")
            }
        }
        return .object([
            JSONMember("alpha_pattern", .object(alphaPattern.map { JSONMember($0.pattern, number($0.value)) })),
            JSONMember("base_model_name_or_path", baseModel.map(text) ?? .null),
            JSONMember("bias", text("none")),
            JSONMember("exclude_modules", excluded.map(targets) ?? .null),
            JSONMember("fan_in_fan_out", .bool(false)),
            JSONMember("inference_mode", .bool(true)),
            JSONMember("init_lora_weights", initialisation == .gaussian ? text("gaussian") : .bool(true)),
            JSONMember("layers_pattern", .null),
            JSONMember("layers_to_transform", layers.map { .array($0.map { .integer($0) }) } ?? .null),
            JSONMember("lora_alpha", number(alpha)),
            JSONMember("lora_dropout", .decimal(dropout)),
            JSONMember("modules_to_save", .null),
            JSONMember("peft_type", text("LORA")),
            JSONMember("r", .integer(rank)),
            JSONMember("rank_pattern", .object(rankPattern.map { JSONMember($0.pattern, .integer($0.value)) })),
            JSONMember("target_modules", targets(self.targets)),
            JSONMember("task_type", text("CAUSAL_LM")),
            JSONMember("use_dora", .bool(usesMagnitudes)),
            JSONMember("use_rslora", .bool(usesRankStabilisation)),
        ])
    }

    /// Whole numbers without a fraction: PEFT takes `lora_alpha` for an integer.
    private func number(_ value: Double) -> JSONValue {
        value == value.rounded() ? .integer(Int(value)) : .decimal(value)
    }
}
