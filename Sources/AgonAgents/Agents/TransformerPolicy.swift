public import AgonCore
public import AgonTransformer

/// A policy that is a native transformer.
///
/// The context is `[bos] · system · prompt · turns`, or where there is a chat template the conversation that it writes. A
/// prompt of several messages is asked as it is, and a system's message among them stands in place of the agent's own.
/// Own turns enter as the ids that were generated, foreign turns as their text is tokenised, so a trajectory's tokens
/// are exactly what the policy saw.
public struct TransformerPolicy: Policy {
    public let id: PolicyID
    /// The weights, shared with every other user of the same checkpoint.
    public let transformer: Transformer
    let tokenizer: Tokenizer
    let sampling: SamplingOptions
    let system: String
    /// How the model wants a conversation written; nil for plain text.
    let chatTemplate: ChatTemplate?
    /// Threads that one call may use. The answers do not depend on it.
    let threads: Int

    public init(
        id: PolicyID, transformer: Transformer, tokenizer: Tokenizer, sampling: SamplingOptions, system: String,
        chatTemplate: ChatTemplate? = nil, threads: Int
    ) {
        self.id = id
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.sampling = sampling
        self.system = system
        self.chatTemplate = chatTemplate
        self.threads = threads
    }

    /// The same policy taking its likeliest token always, for measurements. What makes a token likelier than another
    /// stays, which is the penalty of repetitions.
    public var greedy: TransformerPolicy {
        var sampling = sampling
        sampling.temperature = 0
        return TransformerPolicy(
            id: id, transformer: transformer, tokenizer: tokenizer, sampling: sampling, system: system,
            chatTemplate: chatTemplate, threads: threads)
    }

    /// - Throws: `TransformerError` where a prompt cannot be tokenised or is longer than the model's positions.
    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        try TransformerPolicy.respond(to: requests.map { (self, $0) })
    }

    /// Answers of several policies whose models are views of one base, decoded in one batch.
    ///
    /// - Returns: responses in the order of the questions, each what its policy alone would have given.
    /// - Throws: as `respond(to:)`.
    /// - Precondition: all models share their base.
    public static func respond(
        to questions: [(policy: TransformerPolicy, request: PolicyRequest)]
    ) throws -> [PolicyResponse] {
        guard let threads = questions.map(\.policy.threads).max() else { return [] }
        var models: [Transformer] = []
        var indices: [PolicyID: Int] = [:]
        for (policy, _) in questions where indices[policy.id] == nil {
            indices[policy.id] = models.count
            models.append(policy.transformer)
        }
        let requests = try questions.map { policy, request in
            var asked = try policy.generationRequest(request)
            asked.policyIndex = indices[policy.id] ?? 0
            return asked
        }
        let generations = try Transformer.generate(requests, policies: models, threads: threads)
        return zip(zip(questions, requests), generations).map { asked, generation in
            asked.0.policy.response(to: asked.1, generation)
        }
    }

    /// An answer that somebody else gave, as if this policy had: in its own tokens, ended where it was ended.
    ///
    /// - Throws: `TransformerError` where its tokenizer cannot spell the text.
    public func sequence(of answer: String, finish: FinishReason, to request: PolicyRequest) throws -> TokenSequence {
        var own = try tokenizer.encode(answer, addSpecialTokens: false, parseSpecial: false)
        if finish == .stop, let end = stopTokens?.last ?? transformer.config.eosTokens.first { own.append(end) }
        return TokenSequence(prompt: try context(request), completion: own)
    }

    /// What a question asks of the model.
    /// - Throws: `TransformerError` where a text cannot be tokenised.
    public func generationRequest(_ request: PolicyRequest) throws -> GenerationRequest {
        GenerationRequest(
            tokens: try context(request), maxNewTokens: request.maxNewTokens, sampling: sampling, key: request.seed.value,
            allowedTokenCount: tokenizer.idLimit, stopTokens: stopTokens)
    }

    /// What the model's tokens answer.
    public func response(to request: GenerationRequest, _ generation: Generation) -> PolicyResponse {
        let isEnded = generation.finish == .stop
        let visible = isEnded ? generation.tokens.dropLast() : generation.tokens[...]
        return PolicyResponse(
            text: tokenizer.decode(visible, skipSpecial: true), tokens: generation.tokens, context: request.tokens,
            logProbs: generation.logProbs, finish: isEnded ? .stop : .length)
    }

    private func context(_ request: PolicyRequest) throws -> [Int32] {
        if let chatTemplate { return try chatContext(request, chatTemplate) }
        var tokens = transformer.config.bosToken.map { [$0] } ?? []
        let text = Self.plainText(request.prompt, request.conversation, system: system)
        tokens += try tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false)
        for turn in request.turns {
            switch turn {
            case .own(let own, _): tokens += own
            case .other(let text): tokens += try tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false)
            }
        }
        return tokens
    }
}
