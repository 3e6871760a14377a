public import AgonCore

/// What a policy saw and said, with what it takes to draw its tokens once more.
public struct ReplayRequest: Sendable, Equatable {
    /// One answer within the tokens.
    public struct Answer: Sendable, Equatable {
        /// Where its first token stands, at least 1.
        public var start: Int
        /// How many tokens it has.
        public var count: Int
        /// As in the `GenerationRequest` that asked for it.
        public var sampling: SamplingOptions
        public var key: UInt64
        public var allowedTokenCount: Int?

        public init(start: Int, count: Int, sampling: SamplingOptions, key: UInt64, allowedTokenCount: Int?) {
            self.start = start
            self.count = count
            self.sampling = sampling
            self.key = key
            self.allowedTokenCount = allowedTokenCount
        }

        /// The answer that a request got.
        public init(to request: GenerationRequest, count: Int) {
            self.init(
                start: request.tokens.count, count: count, sampling: request.sampling, key: request.key,
                allowedTokenCount: request.allowedTokenCount)
        }
    }

    /// Prompt, own and foreign turns: `[T]`.
    public var tokens: [Int32]
    /// In the order of the tokens, without overlap.
    public var answers: [Answer]
    /// Which of the policies said it; 0 where there is one.
    public var policyIndex: Int

    public init(tokens: [Int32], answers: [Answer], policyIndex: Int = 0) {
        self.tokens = tokens
        self.answers = answers
        self.policyIndex = policyIndex
    }

    /// What a request got, as one answer.
    public init(_ request: GenerationRequest, tokens: [Int32]) {
        self.init(
            tokens: request.tokens + tokens, answers: [Answer(to: request, count: tokens.count)],
            policyIndex: request.policyIndex)
    }

    fileprivate var sequence: TokenSequence {
        var own = Array(repeating: false, count: tokens.count)
        for answer in answers { for index in answer.start..<answer.start + answer.count { own[index] = true } }
        return TokenSequence(tokens: tokens, own: own)
    }
}

/// What a policy says of tokens that are there already, one value for each token of the answers.
public struct TokenReplay: Sendable, Equatable {
    /// log p in nats, untempered and unfiltered.
    public var logProbs: [Float]
    /// The token that the seed draws there after all the tokens before it; −1 where the logits are no numbers.
    public var drawn: [Int32]

    public init(logProbs: [Float], drawn: [Int32]) {
        self.logProbs = logProbs
        self.drawn = drawn
    }
}

extension Transformer {
    /// Draws the tokens of answers once more, by one forward pass over what is there instead of a step for each token.
    ///
    /// On one kernel path this pass has the bits of decoding, so that an honest answer comes out token for token and bit for
    /// bit. What another path generated differs by rounding: there `tolerance` says how far logits may be apart.
    ///
    /// - Parameters:
    ///   - policies: views of one base, or the base itself.
    ///   - tolerance: a token that would be drawn if its logit were greater by this counts as drawn, in nats; 0 for none.
    /// - Returns: one replay per request; results do not depend on the others or on `threads`.
    /// - Throws: `invalidRequest` for tokens that do not fit the model.
    /// - Precondition: there is at least one policy, all share the base, and the answers lie within their tokens.
    public static func replay(
        _ requests: [ReplayRequest], policies: [Transformer], tolerance: Float = 0, threads: Int = 1
    ) throws(TransformerError) -> [TokenReplay] {
        guard let base = policies.first else { preconditionFailure("a replay needs at least one policy") }
        precondition(base.config.head == .language, "a replay needs a model with a language head")
        precondition(policies.allSatisfy(base.sharesBase), "the policies of a replay share one base")
        var building = RaggedBatch()
        for request in requests { try building.append(request.sequence, base.config, policy: request.policyIndex) }
        let (batch, count) = (building, building.neededRows.count)
        let rows = ReplayRows(base, requests, tolerance: tolerance)
        let flat = base.gather(batch, policies.map(\.adapter), count: 2 * count, threads: threads) { pass, group, result in
            rows.replay(pass(group), group, batch, logProbs: result, drawn: result + count)
        }
        return flat.withUnsafeBufferPointer { values in
            guard let logProbs = values.baseAddress else { return requests.map { _ in TokenReplay(logProbs: [], drawn: []) } }
            return zip(batch.split(logProbs), batch.split(logProbs + count)).map { TokenReplay(logProbs: $0, drawn: $1.map { Int32($0) }) }
        }
    }
}

/// Replays the needed rows of groups. Ids travel as floats, which hold those of every vocabulary exactly.
private struct ReplayRows: Sendable {
    let model: Transformer
    let requests: [ReplayRequest]
    let tolerance: Float

    init(_ model: Transformer, _ requests: [ReplayRequest], tolerance: Float) {
        (self.model, self.requests, self.tolerance) = (model, requests, tolerance)
    }

    /// A token of an answer: whose it is, and where it stands.
    private struct Place {
        let request: Int
        let answer: Int
        let position: Int
    }

    private func places(_ group: RaggedBatch.Group) -> [Place] {
        group.sequences.flatMap { request in
            requests[request].answers.enumerated().flatMap { index, answer in
                (0..<answer.count).map { Place(request: request, answer: index, position: $0) }
            }
        }
    }

    func replay(_ rows: Floats, _ group: RaggedBatch.Group, _ batch: RaggedBatch, logProbs: Floats, drawn: Floats) {
        let places = places(group)
        var draw = TokenDraw(kernels: model.kernels)
        LanguageHead(model).forEachRow(of: rows, group) { row, logits, logSum in
            let token = batch.targets[row]
            logProbs[row] = logits[Int(token)] - logSum
            let place = places[row - group.needed.lowerBound]
            drawn[row] = Float(logSum.isFinite ? self.drawn(logits, token, place, &draw) : -1)
        }
    }

    private func drawn(_ logits: Floats, _ token: Int32, _ place: Place, _ draw: inout TokenDraw) -> Int32 {
        let request = requests[place.request]
        let answer = request.answers[place.answer]
        let count = answer.allowedTokenCount ?? model.config.vocabularySize
        func again(_ logits: UnsafePointer<Float>) -> Int32 {
            draw.token(
                of: logits, count: count, sampling: answer.sampling, key: answer.key, position: place.position,
                said: request.tokens[..<(answer.start + place.position)])
        }
        let first = again(logits)
        guard first != token, tolerance > 0, Int(token) < count else { return first }
        var lifted = Array(UnsafeBufferPointer(start: logits, count: count))
        lifted[Int(token)] += tolerance
        return again(lifted) == token ? token : first
    }
}
