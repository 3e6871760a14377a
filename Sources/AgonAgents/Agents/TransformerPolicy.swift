public import AgonCore
public import AgonTransformer

/// A policy that is a native transformer.
///
/// The context is `[bos] · system · prompt · turns`; own turns enter as the ids that were generated, foreign
/// turns as their text is tokenised, so a trajectory's tokens are exactly what the policy saw.
public struct TransformerPolicy: Policy {
    public let id: PolicyID
    /// The weights, shared with every other user of the same checkpoint.
    public let transformer: Transformer
    let tokenizer: Tokenizer
    let sampling: SamplingOptions
    let system: String
    /// Threads that one call may use. The answers do not depend on it.
    let threads: Int

    public init(
        id: PolicyID, transformer: Transformer, tokenizer: Tokenizer, sampling: SamplingOptions, system: String,
        threads: Int
    ) {
        self.id = id
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.sampling = sampling
        self.system = system
        self.threads = threads
    }

    /// The same policy with other sampling, for greedy measurements.
    public func sampling(_ options: SamplingOptions) -> TransformerPolicy {
        TransformerPolicy(
            id: id, transformer: transformer, tokenizer: tokenizer, sampling: options, system: system, threads: threads)
    }

    /// - Throws: `TransformerError` where a prompt cannot be tokenised or is longer than the model's positions.
    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        let contexts = try requests.map(context)
        let generations = try transformer.generate(
            zip(requests, contexts).map { request, context in
                GenerationRequest(
                    tokens: context, maxNewTokens: request.maxNewTokens, sampling: sampling, key: request.seed.value,
                    allowedTokenCount: tokenizer.idLimit)
            }, threads: threads)
        return zip(generations, contexts).map { generation, context in
            let isEnded = generation.finish == .stop
            let visible = isEnded ? generation.tokens.dropLast() : generation.tokens[...]
            return PolicyResponse(
                text: tokenizer.decode(visible, skipSpecial: true), tokens: generation.tokens,
                context: context, logProbs: generation.logProbs, finish: isEnded ? .stop : .length)
        }
    }

    private func context(_ request: PolicyRequest) throws -> [Int32] {
        var tokens = transformer.config.bosToken.map { [$0] } ?? []
        tokens += try tokenizer.encode(system + request.prompt, addSpecialTokens: false, parseSpecial: false)
        for turn in request.turns {
            switch turn {
            case .own(let own, _): tokens += own
            case .other(let text): tokens += try tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false)
            }
        }
        return tokens
    }
}
