/// One answer of a rollout, and how it might have ended.
public struct AuditedAnswer: Sendable, Hashable {
    /// Where its first token stands among the rollout's.
    public var start: Int
    public var count: Int
    /// The most tokens that it could have.
    public var limit: Int
    /// Any of these ends it.
    public var endTokens: [Int32]

    public init(start: Int, count: Int, limit: Int, endTokens: [Int32]) {
        self.start = start
        self.count = count
        self.limit = limit
        self.endTokens = endTokens
    }
}

/// A stored rollout beside what its version and its seed say of it.
public struct AuditedRollout: Sendable, Hashable {
    /// Everything that the seat saw and said.
    public var tokens: [Int32]
    /// Its answers, in the order of the tokens.
    public var answers: [AuditedAnswer]
    /// The stored log p of each token of the answers, in nats.
    public var logProbs: [Float]

    public init(tokens: [Int32], answers: [AuditedAnswer], logProbs: [Float]) {
        self.tokens = tokens
        self.answers = answers
        self.logProbs = logProbs
    }

    /// Whether each answer ended honestly: with an end token, or at its limit.
    ///
    /// A cut answer and one that never began are caught here. An end token that the seed does not draw is the draw's matter.
    public var endingComplaint: Complaint? {
        for (index, answer) in answers.enumerated() {
            let last = answer.count > 0 ? tokens[answer.start + answer.count - 1] : nil
            guard answer.count < answer.limit, last.map(answer.endTokens.contains) != true else { continue }
            return Complaint(
                .ending, expected: "an end token or \(answer.limit) tokens",
                seen: "answer \(index + 1) of \(answers.count) stops after \(answer.count)")
        }
        return nil
    }

    /// Whether the seed draws the stored tokens.
    ///
    /// - Parameter drawn: what it draws at each own token, after all the stored tokens before that.
    /// - Precondition: one value for each token of the answers.
    public func drawComplaint(drawn: [Int32]) -> Complaint? {
        let own = answers.flatMap { answer in (0..<answer.count).map { answer.start + $0 } }
        precondition(drawn.count == own.count, "one token is drawn for each own token")
        let wrong = own.indices.filter { tokens[own[$0]] != drawn[$0] }
        guard let first = wrong.first else { return nil }
        return Complaint(
            .draw, expected: "token \(drawn[first]) as own token \(first + 1) of \(own.count)",
            seen: "token \(tokens[own[first]]); \(wrong.count) of \(own.count) are not what the seed draws")
    }

    /// Whether the stored log-probabilities are the version's.
    ///
    /// - Parameters:
    ///   - replayed: the version's, in nats.
    ///   - bound: the greatest |Δ log p| that is honest; 0 for the same bits.
    public func logProbComplaint(replayed: [Float], bound: Double) -> Complaint? {
        guard logProbs.count == replayed.count else {
            return Complaint(.logProb, expected: "\(replayed.count) values", seen: "\(logProbs.count)")
        }
        let wrong = replayed.indices.filter { index in
            guard logProbs[index].isFinite, replayed[index].isFinite else { return true }
            return abs(Double(logProbs[index]) - Double(replayed[index])) > bound
        }
        guard let first = wrong.first else { return nil }
        return Complaint(
            .logProb, expected: "\(replayed[first]) for own token \(first + 1) of \(replayed.count)",
            seen: "\(logProbs[first]); \(wrong.count) are further off than \(bound)")
    }
}
