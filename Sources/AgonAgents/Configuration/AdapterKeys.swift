public import AgonTransformer

/// The keys of an arena's `training:` section that make learners train an adapter instead of all weights.
public enum AdapterKeys {
    static let keys = [
        Key("lora_r", .integer(0...65_536, default: 0), unit: "rank", "Above 0, learners train a LoRA adapter of this rank on their frozen model, and their versions are PEFT folders; 0 trains all weights. An agent with an `adapter` of its own always trains that one."),
        Key("lora_alpha", .number(0.000_001...1_000_000, default: 16), "lora_r: the adapter's change is multiplied with `lora_alpha` / `lora_r`."),
        Key("lora_dropout", .number(0...0.99, default: 0), unit: "probability", "lora_r: how often an input of the adapter is dropped in training."),
        Key("target_modules", .list(default: ["all-linear"]), "lora_r: the linear layers that are adapted: names such as [q_proj, v_proj], `all-linear`, or one regular expression that matches whole names."),
        Key("use_rslora", .boolean(default: false), "lora_r: divides by √`lora_r` instead, so that high ranks learn as well."),
        Key("use_dora", .boolean(default: false), "lora_r: each output gets a magnitude of its own beside its direction (DoRA)."),
    ]

    /// The adapter that new learners get; nil where all weights are trained.
    /// - Throws: `AgentError` naming file and line, also for a key that would be ignored.
    public static func read(_ reader: ConfigurationReader) throws -> AdapterConfig? {
        let rank = try reader.integer("lora_r")
        guard rank > 0 else {
            if let idle = keys.map(\.name).first(where: { $0 != "lora_r" && reader.has($0) }) {
                throw reader.error(idle, "`\(idle)` belongs to an adapter: set `lora_r` above 0 or remove it.")
            }
            return nil
        }
        do {
            return try AdapterConfig(
                rank: rank, alpha: reader.number("lora_alpha"), dropout: reader.number("lora_dropout"),
                targets: targets(reader.list("target_modules")), usesRankStabilisation: reader.boolean("use_rslora"),
                usesMagnitudes: reader.boolean("use_dora"))
        } catch let error as TransformerError {
            throw AgentError(.badValue, "\(reader.place("lora_r")): \(error.message)", underlying: error)
        }
    }

    /// One text with a character that no name has is a regular expression.
    private static func targets(_ names: [String]) -> AdapterConfig.Targets {
        guard names.count == 1, let only = names.first else { return .names(names) }
        if only.lowercased() == "all-linear" { return .allLinear }
        return only.contains(where: { "*+?()[]{}|\\^$".contains($0) }) ? .pattern(only) : .names(names)
    }
}
