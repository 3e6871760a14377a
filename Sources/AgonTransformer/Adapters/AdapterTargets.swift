/// One linear layer that an adapter changes, with the rank and scale that hold there.
struct AdapterTarget: Sendable, Equatable {
    let layer: Int
    let module: AdapterModule
    let rank: Int
    let scale: Double

    var name: String { module.name(layer: layer) }
}

extension AdapterConfig {
    /// The targeted linear layers of a model, layer by layer in the order of the forward pass.
    ///
    /// - Parameter isStrict: whether a name that fits no module is an error. PEFT passes over such names, so folders
    ///   that it wrote may hold them.
    /// - Throws: `invalidConfig` where nothing is targeted or a pattern is no regular expression; `unsupported` where
    ///   the embedding or the head is targeted.
    func resolve(_ model: ModelConfig, isStrict: Bool) throws(TransformerError) -> [AdapterTarget] {
        let wanted = try TargetMatcher(targets)
        let unwanted: TargetMatcher? = if let excluded { try TargetMatcher(excluded) } else { nil }
        let ranks = try patterns(rankPattern)
        let alphas = try patterns(alphaPattern)
        for name in ["lm_head", "model.embed_tokens", "score"] where targets != .allLinear {
            let isExcluded = try unwanted?.matches(name) ?? false
            guard !isExcluded, try wanted.matches(name) else { continue }
            throw TransformerError(
                .unsupported,
                "target_modules names \(name), and adapters of the embedding or the head are not supported; "
                    + "target the linear layers of the decoder only.")
        }
        var found: [AdapterTarget] = []
        for layer in 0..<model.layerCount {
            for module in AdapterModule.allCases {
                let name = module.name(layer: layer)
                guard try wanted.matches(name), try !(unwanted?.matches(name) ?? false), applies(to: layer) else {
                    continue
                }
                let rank = try value(for: name, in: ranks) ?? rank
                let alpha = try value(for: name, in: alphas) ?? alpha
                found.append(
                    AdapterTarget(layer: layer, module: module, rank: rank, scale: scale(rank: rank, alpha: alpha)))
            }
        }
        guard !found.isEmpty else {
            throw TransformerError(
                .invalidConfig,
                "target_modules matches no linear layer of the model; use names such as q_proj and v_proj, "
                    + "or all-linear.")
        }
        if isStrict { try checkNames(model) }
        return found
    }

    /// Checks that the targets are linear layers of a model, before an adapter is made for it.
    ///
    /// - Throws: as `Adapter.initialised`.
    public func checkTargets(of model: ModelConfig) throws(TransformerError) {
        _ = try resolve(model, isStrict: true)
    }

    /// How many floats a new adapter for a model has.
    ///
    /// - Throws: as `checkTargets`.
    public func parameterCount(for model: ModelConfig) throws(TransformerError) -> Int {
        AdapterLayout(try resolve(model, isStrict: true), usesMagnitudes: usesMagnitudes, model).count
    }

    /// `layers_to_transform` narrows names and all-linear, not regular expressions.
    private func applies(to layer: Int) -> Bool {
        if case .pattern = targets { return true }
        guard let layers, !layers.isEmpty else { return true }
        return layers.contains(layer)
    }

    private func checkNames(_ model: ModelConfig) throws(TransformerError) {
        guard case .names(let names) = targets else { return }
        let modules = (0..<model.layerCount).flatMap { layer in AdapterModule.allCases.map { $0.name(layer: layer) } }
        for name in names where !modules.contains(where: { TargetMatcher.isSuffix(name, of: $0) }) {
            let known = AdapterModule.allCases.compactMap { $0.path.split(separator: ".").last }
            throw TransformerError(
                .invalidConfig,
                "target_modules names \"\(name)\", which is no linear layer of the model; "
                    + "it has \(known.joined(separator: ", ")).")
        }
    }

    private func patterns<Value>(
        _ overrides: [Override<Value>]
    ) throws(TransformerError) -> [(NamePattern, Value)] {
        var made: [(NamePattern, Value)] = []
        for entry in overrides { made.append((try NamePattern(entry.pattern, anySuffix: true), entry.value)) }
        return made
    }

    private func value<Value>(
        for name: String, in overrides: [(NamePattern, Value)]
    ) throws(TransformerError) -> Value? {
        for (pattern, value) in overrides where try pattern.matches(name) { return value }
        return nil
    }
}

/// `target_modules` or `exclude_modules`, ready to be asked.
private enum TargetMatcher {
    case names([String])
    case pattern(NamePattern)
    case everything

    init(_ targets: AdapterConfig.Targets) throws(TransformerError) {
        switch targets {
        case .names(let names): self = .names(names)
        case .pattern(let pattern): self = .pattern(try NamePattern(pattern))
        case .allLinear: self = .everything
        }
    }

    func matches(_ name: String) throws(TransformerError) -> Bool {
        switch self {
        case .names(let names): names.contains { Self.isSuffix($0, of: name) }
        case .pattern(let pattern): try pattern.matches(name)
        case .everything: true
        }
    }

    /// Whether a target is the whole name, or what follows one of its dots.
    static func isSuffix(_ target: String, of name: String) -> Bool { name == target || name.hasSuffix("." + target) }
}
