public import AgonCore

/// Views of one base through adapters.
extension Transformer {
    /// The base with an adapter on top: results are the adapted model's, memory is the base's.
    ///
    /// A view of a view replaces its adapter. The adapter must not be written afterwards.
    ///
    /// - Precondition: the adapter was made for a model of these sizes.
    public func adapted(by adapter: Adapter) -> Transformer {
        precondition(adapter.baseConfig == config, "the adapter belongs to a base of other sizes")
        return Transformer(self, adapter: adapter)
    }

    /// The base without an adapter, the very one that a view was made from.
    public var withoutAdapter: Transformer { adapter == nil ? self : Transformer(self, adapter: nil) }

    /// Whether two models are views of one base in memory, so that they can share a batch.
    public func sharesBase(with other: Transformer) -> Bool { packed === other.packed }

    /// The same for every view of one base in memory.
    public var baseIdentity: ObjectIdentifier { ObjectIdentifier(packed) }

    /// log p of each own token of sequences that belong to several policies on one base.
    ///
    /// - Parameters:
    ///   - policyIndices: for each sequence the index of its policy.
    ///   - policies: views of one base, or the base itself.
    /// - Returns: per sequence what its policy's own `logProbs` returns, to the bit.
    /// - Throws: `invalidRequest` for a sequence that does not fit the model.
    /// - Precondition: there is at least one policy, and all share the base.
    public static func logProbs(
        of sequences: [TokenSequence], policyIndices: [Int], policies: [Transformer], threads: Int = 1
    ) throws(TransformerError) -> [[Float]] {
        guard let base = policies.first else { preconditionFailure("a batch needs at least one policy") }
        precondition(base.config.head == .language, "log-probabilities need a model with a language head")
        precondition(policies.allSatisfy(base.sharesBase), "the policies of a batch share one base")
        precondition(policyIndices.count == sequences.count, "each sequence has the index of its policy")
        precondition(policyIndices.allSatisfy(policies.indices.contains), "a sequence names one of the policies")
        return try base.logProbs(
            of: sequences, policyIndices: policyIndices, adapters: policies.map(\.adapter), threads: threads)
    }

    /// Continues requests of several policies on one base in one batch; see `GenerationSession.init(policies:)`.
    ///
    /// - Returns: one generation per request, what its policy's own `generate` returns, to the bit.
    /// - Throws: `invalidRequest`, naming the first request that does not fit the model.
    public static func generate(
        _ requests: [GenerationRequest], policies: [Transformer], maxBatchSize: Int = 64, threads: Int = 1
    ) throws(TransformerError) -> [Generation] {
        try GenerationSession(
            policies: policies, maxBatchSize: min(maxBatchSize, max(requests.count, 1)), threads: threads
        ).generate(requests)
    }
}
