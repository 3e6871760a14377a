public import AgonCore

/// Two answers in the order in which they are shown.
public struct Comparison: Sendable, Hashable {
    /// The task's opaque id.
    public var id: UInt64
    public var prompt: String
    /// The gold answer, only for judges that need it.
    public var reference: String?
    /// The answer shown first.
    public var first: String
    /// The answer shown second.
    public var second: String

    public init(id: UInt64, prompt: String, reference: String? = nil, first: String, second: String) {
        self.id = id
        self.prompt = prompt
        self.reference = reference
        self.first = first
        self.second = second
    }

    /// The same question with the answers changed over.
    public var swapped: Comparison {
        Comparison(id: id, prompt: prompt, reference: reference, first: second, second: first)
    }
}

/// What a comparer says of one comparison, told by the order that it was shown.
public struct ComparisonReply: Sendable, Hashable {
    /// `first` is the answer shown first; void where the reply was unreadable.
    public var verdict: Verdict
    /// How probable it is that the answer shown first is the better one, 0 … 1; nil where only a verdict was given.
    public var preference: Double?
    /// What it gave as its reason, or why it is void; empty where it gave none.
    public var reason: String
    /// What this reply cost; nil where nothing was asked of anybody outside.
    public var usage: JudgeUsage?

    public init(_ verdict: Verdict, preference: Double? = nil, reason: String = "", usage: JudgeUsage? = nil) {
        self.verdict = verdict
        self.preference = preference
        self.reason = reason
        self.usage = usage
    }

    /// P(the answer shown first is better): as given, else 1, ½ or 0 by the verdict; nil where void.
    ///
    /// A probability that is not a number is none; one outside 0 … 1 is cut to it.
    var probability: Double? {
        guard verdict != .void else { return nil }
        guard let preference, !preference.isNaN else { return verdict.score }
        return min(max(preference, 0), 1)
    }
}

/// Who compares two answers and sees their order, as a language model does.
public protocol PairComparer: Sendable {
    /// One reply per comparison, in order.
    ///
    /// Verdict and preference are pure functions of each comparison: the same comparison gets the same whatever else is
    /// in the batch. Reason and usage may differ.
    /// - Throws: faults of the world only; what cannot be read is void.
    func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply]
}

/// What a pair's two orders become where they disagree or come with probabilities. The names are those of the configuration.
public enum PairLabels: String, Sendable, Codable, CaseIterable {
    /// Agreement is a win, disagreement a tie.
    case hard
    /// As `hard`, and each verdict carries the mean probability of both orders; disagreement without probabilities is ½.
    case soft
}
