import AgonCore
public import AgonTransformer

/// What a training run changes: all weights of a model, or an adapter on a base that stays as it is.
public enum TrainedWeights: Sendable {
    case parameters(Parameters)
    /// Only the adapter's own matrices get gradients and moments; the base is shared with everyone who reads it.
    case adapter(Adapter, base: Transformer)
}

/// What a training run can start from: `Parameters` as they are, or an adapter with its base as `TrainedWeights`.
public protocol TrainablePolicy: Sendable {
    /// What is trained.
    var trained: TrainedWeights { get }
}

extension TrainedWeights: TrainablePolicy {
    public var trained: TrainedWeights { self }
}

extension Parameters: TrainablePolicy {
    public var trained: TrainedWeights { .parameters(self) }
}

extension TrainedWeights {
    /// The memory that an optimiser changes.
    var memory: any TensorMemory {
        switch self {
        case .parameters(let parameters): parameters
        case .adapter(let adapter, _): adapter
        }
    }

    /// The sizes of the model.
    var config: ModelConfig {
        switch self {
        case .parameters(let parameters): parameters.config
        case .adapter(_, let base): base.config
        }
    }

    /// The path that trains: the caller's; without one that of an adapter's base, or the process's.
    ///
    /// - Throws: `invalidConfiguration` where the caller's is not that of an adapter's base.
    func path(_ given: Kernels?) throws -> Kernels {
        guard case .adapter(_, let base) = self else { return try given ?? .current }
        guard let given, given.name != base.kernels.name else { return given ?? base.kernels }
        throw TrainingError(
            .invalidConfiguration,
            "kernels \(given.name) cannot train an adapter on a base that was packed for \(base.kernels.name); "
                + "leave them out, or pack the base for them.")
    }

    /// The same on a memory of its own.
    func copy() -> TrainedWeights {
        switch self {
        case .parameters(let parameters): .parameters(parameters.copy())
        case .adapter(let adapter, let base): .adapter(adapter.copy(), base: base)
        }
    }

    /// The same as a training pass with products in a format reads it: a base that is float32 is held in that format.
    func multiplied(in products: WeightFormat) -> TrainedWeights {
        guard case .adapter(let adapter, let base) = self, base.weights == .float32 else { return self }
        return .adapter(adapter, base: base.held(in: products))
    }

    /// The same on the base of another one, where it is an adapter.
    func onBase(of other: TrainedWeights) -> TrainedWeights {
        guard case (.adapter(let adapter, _), .adapter(_, let base)) = (self, other) else { return self }
        return .adapter(adapter, base: base)
    }

    /// The policy as a training pass reads it; it must not be trained further while this is used.
    func asTrained(kernels: Kernels) -> Transformer {
        guard case .parameters(let parameters) = self else { return transformer(kernels: kernels) }
        return Transformer(parameters, kernels: kernels, weights: kernels.products)
    }

    func makePass(kernels: Kernels) -> TrainingPass {
        switch self {
        case .parameters(let parameters): TrainingPass(parameters.config, kernels: kernels)
        case .adapter(_, let base): TrainingPass(adapting: base, kernels: kernels)
        }
    }

    /// The policy as it is now; it must not be trained further while this is used.
    public func transformer(kernels: Kernels) -> Transformer {
        switch self {
        case .parameters(let parameters): Transformer(parameters, kernels: kernels)
        case .adapter(let adapter, let base): base.adapted(by: adapter)
        }
    }

    /// - Parameter dropoutKeys: one for each sequence, read where the adapter has dropout; nil leaves it out.
    func forward(
        _ pass: TrainingPass, _ sequences: [TokenSequence], dropoutKeys: [UInt64]?, statistics: Bool,
        collision: Bool
    ) throws(TransformerError) -> GradientShards.LogProbs {
        let result: (logProbs: [[Float]], statistics: TokenStatistics)
        switch self {
        case .parameters(let parameters):
            guard statistics else {
                return GradientShards.LogProbs(values: try pass.forward(sequences, parameters))
            }
            result = try pass.forwardWithStatistics(sequences, parameters, collision: collision)
        case .adapter(let adapter, _):
            let batch = AdapterBatch(
                adapter, count: sequences.count, dropoutKeys: adapter.config.dropout > 0 ? dropoutKeys : nil)
            guard statistics else {
                return GradientShards.LogProbs(values: try pass.forward(sequences, batch))
            }
            result = try pass.forwardWithStatistics(sequences, batch, collision: collision)
        }
        return GradientShards.LogProbs(
            values: result.logProbs, entropy: result.statistics.entropy, isArgmax: result.statistics.isArgmax,
            meanLogit: result.statistics.meanLogit, logCollision: result.statistics.logCollision)
    }
}

extension TrainingPass {
    /// `backward` into memory that was made as zeros of what the pass trains.
    func backward(dLogProbs: [[Float]], into gradient: any TensorMemory) {
        switch gradient {
        case let gradient as Parameters: backward(dLogProbs: dLogProbs, into: gradient)
        case let gradient as Adapter: backward(dLogProbs: dLogProbs, into: [gradient])
        default: preconditionFailure("a gradient is of a model's parameters or of an adapter")
        }
    }
}
