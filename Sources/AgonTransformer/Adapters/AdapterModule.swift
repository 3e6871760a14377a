/// The linear layers of a decoder layer that an adapter can change.
enum AdapterModule: Int, CaseIterable, Sendable {
    case query, key, value, output, gate, up, down

    /// The path below `model.layers.N`.
    var path: String {
        switch self {
        case .query: "self_attn.q_proj"
        case .key: "self_attn.k_proj"
        case .value: "self_attn.v_proj"
        case .output: "self_attn.o_proj"
        case .gate: "mlp.gate_proj"
        case .up: "mlp.up_proj"
        case .down: "mlp.down_proj"
        }
    }

    /// The name by which `target_modules` and tensors know it.
    func name(layer: Int) -> String { "model.layers.\(layer).\(path)" }

    func outputs(_ config: ModelConfig) -> Int {
        switch self {
        case .query: config.querySize
        case .key, .value: config.keyValueSize
        case .output, .down: config.hiddenSize
        case .gate, .up: config.feedForwardSize
        }
    }

    func inputs(_ config: ModelConfig) -> Int { site.inputs(config) }

    var site: AdapterSite {
        switch self {
        case .query, .key, .value: .attentionInput
        case .output: .attentionOutput
        case .gate, .up: .feedForwardInput
        case .down: .feedForwardOutput
        }
    }

    /// The first of its columns in the rows that its site writes; `up` has rows of its own.
    func column(_ config: ModelConfig) -> Int {
        switch self {
        case .key: config.querySize
        case .value: config.querySize + config.keyValueSize
        default: 0
        }
    }
}

/// The four places of a layer where linear layers read one common input, in the order of the forward pass.
enum AdapterSite: Int, CaseIterable, Sendable {
    case attentionInput, attentionOutput, feedForwardInput, feedForwardOutput

    var modules: [AdapterModule] { AdapterModule.allCases.filter { $0.site == self } }

    /// Columns of the common input.
    func inputs(_ config: ModelConfig) -> Int {
        switch self {
        case .attentionInput, .feedForwardInput: config.hiddenSize
        case .attentionOutput: config.querySize
        case .feedForwardOutput: config.feedForwardSize
        }
    }

    /// A number that rises along the forward pass.
    func depth(layer: Int) -> Int { layer * AdapterSite.allCases.count + rawValue }
}
