public import AgonCore

/// Which adapter each sequence of a training batch belongs to.
public struct AdapterBatch: Sendable {
    /// Adapters of one base.
    public let adapters: [Adapter]
    /// For each sequence the index of its adapter.
    public let indices: [Int]
    /// For each sequence the address of its dropout, hashed from the seed, the step and the sequence's row; nil turns
    /// dropout off. A sequence that begins like the one before it has that one's dropout in the common part.
    public let dropoutKeys: [UInt64]?

    /// - Precondition: as many keys as indices, if there are any; each index is one of an adapter.
    public init(_ adapters: [Adapter], indices: [Int], dropoutKeys: [UInt64]? = nil) {
        precondition(indices.allSatisfy(adapters.indices.contains), "a sequence names one of the adapters")
        precondition(dropoutKeys.map { $0.count == indices.count } ?? true, "each sequence has a key for its dropout")
        self.adapters = adapters
        self.indices = indices
        self.dropoutKeys = dropoutKeys
    }

    /// A batch of one adapter's sequences.
    public init(_ adapter: Adapter, count: Int, dropoutKeys: [UInt64]? = nil) {
        self.init([adapter], indices: [Int](repeating: 0, count: count), dropoutKeys: dropoutKeys)
    }

    /// Sequence indices with those of each adapter next to one another, otherwise as they were.
    var order: [Int] {
        indices.indices.sorted { (indices[$0], $0) < (indices[$1], $1) }
    }
}

/// Training of adapters on a frozen base.
extension TrainingPass {
    /// A pass that trains adapters of a base. Its packed weights are the base's own, shared with every other user.
    ///
    /// - Parameter kernels: the base's path with the threads that share the pass; nil for the caller's alone.
    public convenience init(adapting base: Transformer, kernels: Kernels? = nil) {
        precondition(kernels.map { $0.name == base.kernels.name } ?? true, "a pass computes on the path of its base")
        self.init(frozen: base.frozen, kernels: kernels ?? base.kernels)
    }

    /// log p of each own token under its sequence's adapter, untempered, in nats.
    ///
    /// The sequences of each adapter pass in groups of their own, in their order. So an adapter's results and its
    /// gradient are the same bits beside other adapters as alone.
    ///
    /// - Parameter adapters: must not change until `backward` has returned.
    /// - Returns: per sequence one value for each own token, in their order.
    /// - Throws: `invalidRequest` for a sequence that does not fit the model.
    /// - Precondition: the pass was made for the adapters' base.
    public func forward(
        _ sequences: [TokenSequence], _ adapters: AdapterBatch
    ) throws(TransformerError) -> [[Float]] {
        run(try fill(sequences, adapters), statistics: false)
        return logProbs()
    }

    /// The same as `forward`, with entropy, argmax and mean logit of each own token; a little slower.
    ///
    /// - Parameter collision: whether to compute `logCollision` too, at the price of one more sum over the vocabulary.
    public func forwardWithStatistics(
        _ sequences: [TokenSequence], _ adapters: AdapterBatch, collision: Bool = false
    ) throws(TransformerError) -> (logProbs: [[Float]], statistics: TokenStatistics) {
        run(try fill(sequences, adapters), statistics: true, collision: collision)
        return (logProbs(), statistics(collision: collision))
    }

    /// Adds ∂(Σ coefficient · log p)/∂θ to the adapters' gradients; to be called once after `forward`.
    ///
    /// - Parameters:
    ///   - dLogProbs: ∂L/∂(log p) per sequence and own token, shaped like `forward`'s result.
    ///   - gradients: one for each adapter of the batch, of its layout; accumulated, so the caller zeroes them when a
    ///     step begins.
    public func backward(dLogProbs: [[Float]], into gradients: [Adapter]) {
        precondition(gradients.map(\.layout) == adapters.map(\.layout), "each adapter has a gradient of its layout")
        adapterGradients?.prepare(gradients, groupRows: batch.groupCapacity)
        runBackward(into: WeightGradients(memory: nil)) { spread(dLogProbs, into: $0) }
    }

    /// Lays out the batch and packs its adapters.
    private func fill(_ sequences: [TokenSequence], _ given: AdapterBatch) throws(TransformerError) -> Parameters {
        guard let frozen else { preconditionFailure("adapters need a pass that was made for their base") }
        precondition(given.indices.count == sequences.count, "each sequence has the index of its adapter")
        precondition(
            given.adapters.allSatisfy { $0.baseConfig == config }, "the adapters belong to a base of other sizes")
        batch.removeAll()
        batch.separatesPolicies = true
        order = given.order
        dropsOut = given.dropoutKeys != nil
        for index in order {
            try batch.append(
                sequences[index], config, policy: given.indices[index], dropoutKey: given.dropoutKeys?[index] ?? 0)
        }
        let packed = adapters
        adapters = given.adapters.enumerated().map { index, adapter in
            guard index < packed.count, packed[index].fits(adapter) else {
                return PackedAdapter(adapter, frozen, kernels: kernels, forTraining: true)
            }
            packed[index].pack(adapter)
            return packed[index]
        }
        return frozen.parameters
    }
}
