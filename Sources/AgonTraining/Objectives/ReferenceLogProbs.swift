import AgonCore
public import AgonTransformer

/// Where the log-probabilities of the reference policy come from.
public enum UpdateReference: Sendable {
    /// Computed when first needed, and kept for the whole update.
    case model(Transformer)
    /// Known already: Σ log π_ref over the own tokens of each pair's sides, in the pairs' order, in nats. With `ld_alpha`
    /// they must have been summed with the same one.
    case logProbs(chosen: [Double], rejected: [Double])

    /// The same as a policy is read whose products are in a format.
    func multiplied(in products: WeightFormat) -> UpdateReference {
        guard case .model(let model) = self, model.weights == .float32 else { return self }
        return .model(model.held(in: products))
    }
}

/// log π_ref of an update's sequences, each computed once until the reference changes.
///
/// What is kept does not depend on the batches in which it was computed, so computing everything before the first step
/// or each sequence when it is met gives the same bits.
final class ReferenceLogProbs {
    /// Nil where only sums are known.
    private(set) var model: Transformer?
    /// The sums that were handed in, of chosen and rejected sides.
    let sums: (chosen: [Double], rejected: [Double])?
    private let threads: Int
    private var kept: [Int: [Float]] = [:]
    /// The adapter of a reference that follows one; nil where it follows whole weights, or stays.
    private var adapter: Adapter?
    /// What the policy began with and the mean of it since, where the reference follows by BEMA.
    private var average: (start: any TensorMemory, mean: any TensorMemory)?

    init(_ reference: UpdateReference, threads: Int) {
        self.threads = threads
        switch reference {
        case .model(let model):
            self.model = model
            sums = nil
        case .logProbs(let chosen, let rejected):
            model = nil
            sums = (chosen, rejected)
        }
    }

    /// log π_ref of each own token of the sequences at these places of the update's list.
    ///
    /// - Throws: `invalidData` where a sequence does not fit the reference model.
    func logProbs(at places: [Int], of sequences: [TokenSequence]) throws(TrainingError) -> [[Float]] {
        let missing = places.indices.filter { kept[places[$0]] == nil }
        if !missing.isEmpty {
            for (index, values) in zip(missing, try logProbs(of: missing.map { sequences[$0] })) {
                kept[places[index]] = values
            }
        }
        return places.map { kept[$0] ?? [] }
    }

    /// The same of sequences that will not be met again.
    func logProbs(of sequences: [TokenSequence]) throws(TrainingError) -> [[Float]] {
        guard let model else { preconditionFailure("a reference known by its sums has no token log-probabilities") }
        do {
            return try model.logProbs(of: sequences, threads: threads)
        } catch {
            throw TrainingError(
                .invalidData, "A sequence does not fit the reference model; a pair's count chosen and rejected in turn.",
                underlying: error)
        }
    }

    /// Gets ready to follow a policy that begins at `start`, which must not be written afterwards.
    ///
    /// A reference on the policy's base follows with an adapter of its own: it begins as the one that the reference has,
    /// or where it has none, as the policy's A with a B of zeros.
    ///
    /// - Throws: `invalidData` where only sums are known; `invalidConfiguration` where the reference's adapter is on another
    ///   base or of another shape than the policy's.
    func begin(following start: TrainedWeights, _ sync: ReferenceSync) throws(TrainingError) {
        guard let model else {
            throw TrainingError(
                .invalidData, "sync_ref_model needs a reference model, but was handed sums of log-probabilities.")
        }
        if case .adapter(let policy, let base) = start {
            let own = try Self.follower(of: policy, on: base, model)
            adapter = own
            if model.source == nil { self.model = base.adapted(by: own) }
        }
        if case .bema = sync.rule { average = (start.memory, Self.copy(start.memory)) }
    }

    private static func follower(
        of policy: Adapter, on base: Transformer, _ reference: Transformer
    ) throws(TrainingError) -> Adapter {
        let own: Adapter
        do {
            own = try reference.source ?? .unchanging(like: policy, on: base)
        } catch {
            throw TrainingError(.invalidConfiguration, "The policy's adapter does not fit its base.", underlying: error)
        }
        guard reference.sharesBase(with: base), own.layout == policy.layout else {
            throw TrainingError(
                .invalidConfiguration,
                "sync_ref_model mixes two adapters, but the reference's is on another base or has other modules or ranks than "
                    + "the policy's; remove it, or choose reference round_start.")
        }
        return own
    }

    /// Moves the reference after a step of the policy; everything kept is forgotten.
    ///
    /// - Parameter policy: what is trained: all weights, or an adapter.
    func follow(_ policy: any TensorMemory, _ sync: ReferenceSync, step: Int) {
        guard let model else { preconditionFailure("a reference known by its sums cannot follow the policy") }
        let moved = Self.copy(adapter ?? model.parameters)
        switch sync.rule {
        case .mixup(let alpha): Self.mix(moved, alpha, policy)
        case .bema(let rates):
            guard let average else { preconditionFailure("an average has no beginning") }
            Self.mix(average.mean, rates.meanRate(step: step), policy)
            let bias = Float(rates.biasRate(step: step))
            let (target, mean, start) = (moved.values, average.mean.values, average.start.values)
            policy.withValues { policy in
                for index in target.indices { target[index] = mean[index] + bias * (policy[index] - start[index]) }
            }
        }
        replace(moved)
    }

    private static func copy(_ memory: any TensorMemory) -> any TensorMemory {
        let copy = memory.zeros()
        memory.withValues { _ = copy.values.update(fromContentsOf: $0) }
        return copy
    }

    /// target ← share · policy + (1 − share) · target.
    private static func mix(_ target: any TensorMemory, _ share: Double, _ policy: any TensorMemory) {
        target.withValues { target in
            policy.withValues { policy in
                for index in target.indices {
                    target[index] = Float(share) * policy[index] + Float(1 - share) * target[index]
                }
            }
        }
    }

    /// What a checkpoint needs of a reference that moves.
    var followers: [(file: String, memory: any TensorMemory)] {
        var all: [(file: String, memory: any TensorMemory)] = []
        if let model { all.append(("reference.safetensors", adapter ?? model.parameters)) }
        if let average { all.append(("reference_mean.safetensors", average.mean)) }
        return all
    }

    /// Goes on with the followers of a checkpoint.
    func follow(_ followers: [String: any TensorMemory]) {
        if let weights = followers["reference.safetensors"] { replace(weights) }
        if let mean = followers["reference_mean.safetensors"] { average?.mean = mean }
    }

    private func replace(_ weights: any TensorMemory) {
        guard let model else { return }
        switch weights {
        case let weights as Parameters:
            self.model = Transformer(weights, kernels: model.kernels, weights: model.weights)
        case let weights as Adapter:
            adapter = weights
            self.model = model.adapted(by: weights)
        default: preconditionFailure("a reference is a model's parameters or an adapter")
        }
        kept = [:]
    }
}
