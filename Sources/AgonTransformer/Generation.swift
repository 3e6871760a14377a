public import AgonCore
/// A text to continue.
public struct GenerationRequest: Sendable, Equatable {
    /// The prompt, and in a game the transcript so far: `[T]`, at least one token.
    public var tokens: [Int32]
    /// The completion ends after this many tokens, or where the model's positions end.
    public var maxNewTokens: Int
    /// How each token is drawn.
    public var sampling: SamplingOptions
    /// The seed of this completion. Position p draws its noise from hash(key, p), p counted from the start of the
    /// completion: two completions that must differ need different keys.
    public var key: UInt64
    /// Tokens from this id on are never drawn; nil for the whole vocabulary. A model's vocabulary may have more
    /// rows than its tokenizer has tokens.
    public var allowedTokenCount: Int?
    /// Any of these ends the completion; nil for the model's own end tokens.
    public var stopTokens: [Int32]?
    /// Which of a session's policies answers; 0 where it has one.
    public var policyIndex: Int

    /// A request; the defaults sample from the model's own distribution until one of its end tokens.
    public init(
        tokens: [Int32], maxNewTokens: Int, sampling: SamplingOptions = SamplingOptions(), key: UInt64,
        allowedTokenCount: Int? = nil, stopTokens: [Int32]? = nil, policyIndex: Int = 0
    ) {
        self.tokens = tokens
        self.maxNewTokens = maxNewTokens
        self.sampling = sampling
        self.key = key
        self.allowedTokenCount = allowedTokenCount
        self.stopTokens = stopTokens
        self.policyIndex = policyIndex
    }
}

extension GenerationRequest {
    /// The most tokens that a completion can have.
    public func limit(_ config: ModelConfig) -> Int { min(maxNewTokens, config.maxPositionCount - tokens.count) }

    /// What ends a completion.
    public func endTokens(_ config: ModelConfig) -> [Int32] { stopTokens ?? config.eosTokens }
}

/// What a model said to one request.
public struct Generation: Sendable, Equatable {
    /// Why a completion ended.
    public enum Finish: String, Sendable, Equatable, Codable {
        /// With an end token.
        case stop
        /// At the limit of new tokens or of the model's positions.
        case length
    }

    /// The completion, the end token included if it came.
    public var tokens: [Int32]
    /// log p of each token in nats, under the model's whole distribution: untempered, unfiltered.
    public var logProbs: [Float]
    /// Why it ended.
    public var finish: Finish

    public init(tokens: [Int32], logProbs: [Float], finish: Finish) {
        self.tokens = tokens
        self.logProbs = logProbs
        self.finish = finish
    }
}

extension Transformer {
    /// Continues every request, many at a time with a key/value cache.
    ///
    /// Finished requests leave the batch and waiting ones enter. Prompts, or beginnings of prompts, that requests
    /// share are computed once and copied. A request's result depends on the request and the model alone: not on
    /// the others, their order, `maxBatchSize` or `threads`.
    ///
    /// - Parameters:
    ///   - maxBatchSize: sequences that decode together on one thread; each holds a cache of
    ///     2 · layers · K · D · (prompt + new tokens) floats.
    ///   - threads: how many threads share the requests, each with a batch of its own.
    /// - Returns: one generation per request, in the order of the requests.
    /// - Throws: `invalidRequest`, naming the first request that does not fit the model.
    public func generate(
        _ requests: [GenerationRequest], maxBatchSize: Int = 64, threads: Int = 1
    ) throws(TransformerError) -> [Generation] {
        try GenerationSession(self, maxBatchSize: min(maxBatchSize, max(requests.count, 1)), threads: threads)
            .generate(requests)
    }
}
