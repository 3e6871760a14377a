import Dispatch

/// Generation that remembers: what one call has computed serves the next calls that begin alike.
///
/// In a game every turn's transcript begins with the last turn's, so that only the new moves pass through the
/// model. The results are those of `Transformer.generate`, to the bit; only the time differs.
///
/// Not Sendable: one owner, which may use several threads within a call.
public final class GenerationSession {
    private let model: Transformer
    private let policyCount: Int
    private let batches: GenerationBatches

    /// A session of one policy.
    ///
    /// - Parameters:
    ///   - maxBatchSize: sequences that decode together for each thread, and that are remembered; each holds a cache
    ///     of 2 · layers · K · D floats per token. For games, the number of rooms at once.
    ///   - threads: how many threads share a call: the requests of a small model, each step of a large one.
    public convenience init(_ model: Transformer, maxBatchSize: Int = 64, threads: Int = 1) {
        self.init(policies: [model], maxBatchSize: maxBatchSize, threads: threads)
    }

    /// A session of several policies on one base: their requests decode in one batch, where the base's products are
    /// computed for all of them together.
    ///
    /// - Parameter policies: views of one base by adapters, or the base itself; a request names one by its index.
    /// - Precondition: there is at least one, and all share the base.
    public init(policies: [Transformer], maxBatchSize: Int = 64, threads: Int = 1) {
        guard let model = policies.first else { preconditionFailure("a session needs at least one policy") }
        precondition(model.config.head == .language, "generation needs a model with a language head")
        precondition(maxBatchSize >= 1, "a batch holds at least one sequence")
        precondition(policies.allSatisfy(model.sharesBase), "the policies of a session share one base")
        self.model = model
        policyCount = policies.count
        let adapters = policies.map(\.adapter)
        let threads = max(threads, 1)
        // A model that the caches do not hold is read once a step by all threads together; a small one by each thread
        // for itself, without meetings.
        let isLarge = model.packed.byteCount > Self.privateWeightLimit
        batches = GenerationBatches(
            (0..<(isLarge ? 1 : threads)).map { _ in
                GenerationBatch(
                    model, policies: adapters, slotCount: isLarge ? maxBatchSize * threads : maxBatchSize,
                    threads: isLarge ? threads : 1)
            })
    }

    private static let privateWeightLimit = 8 << 20

    /// Continues every request; see `Transformer.generate`.
    ///
    /// - Returns: one generation per request, in the order of the requests.
    /// - Throws: `invalidRequest`, naming the first request that does not fit the model; `invalidTensor` where the
    ///   model's logits are not finite numbers.
    public func generate(_ requests: [GenerationRequest]) throws(TransformerError) -> [Generation] {
        for (index, request) in requests.enumerated() {
            try request.check(model.config, index)
            precondition((0..<policyCount).contains(request.policyIndex), "a request names a policy of the session")
        }
        guard !requests.isEmpty else { return [] }
        // What decodes together is of few policies, so that each of their low-rank products has many rows.
        let order = requests.indices.sorted { (requests[$0].policyIndex, $0) < (requests[$1].policyIndex, $1) }
        let sorted = order.map { requests[$0] }
        let width = min(batches.all.count, requests.count)
        let batches = batches
        @Sendable func work(_ thread: Int) {
            batches.all[thread].run(sorted[sorted.count * thread / width..<sorted.count * (thread + 1) / width])
        }
        if width == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: width, execute: work) }
        if let failure = batches.all[..<width].lazy.compactMap(\.failure).first { throw failure }
        let results = batches.all[..<width].flatMap { $0.takeResults() }
        var places = order
        for (place, index) in order.enumerated() { places[index] = place }
        return places.map { results[$0] }
    }
}

/// The batches of a session, one for each of its threads.
// Safety: during a call each batch is used by one thread, and the session's owner touches them only after all ended.
private final class GenerationBatches: @unchecked Sendable {
    let all: [GenerationBatch]

    init(_ all: [GenerationBatch]) { self.all = all }
}

extension GenerationRequest {
    func check(_ config: ModelConfig, _ index: Int) throws(TransformerError) {
        try RaggedBatch.check(tokens, config, index: index)
        guard !tokens.isEmpty, tokens.count < config.maxPositionCount else {
            throw TransformerError(
                .invalidRequest,
                "Request \(index) has \(tokens.count) tokens; 1 to \(config.maxPositionCount - 1) can be continued.")
        }
        guard maxNewTokens >= 0 else {
            throw TransformerError(
                .invalidRequest, "Request \(index) asks for \(maxNewTokens) new tokens, less than none.")
        }
        guard (1...config.vocabularySize).contains(allowedTokenCount ?? 1) else {
            throw TransformerError(
                .invalidRequest,
                "Request \(index) allows \(allowedTokenCount ?? 0) tokens of a vocabulary of \(config.vocabularySize).")
        }
        try sampling.check()
    }
}
