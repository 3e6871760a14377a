/// The outcome for two seats.
public enum Verdict: String, Sendable, Codable, CaseIterable {
    case first, second, tie
    /// The judge gave no valid answer: counts for nobody.
    case void

    /// The same outcome, seen from the other seat.
    public var flipped: Verdict {
        switch self {
        case .first: .second
        case .second: .first
        case .tie, .void: self
        }
    }

    /// Points of the first seat: 1, ½ or 0; nil for void.
    public var score: Double? {
        switch self {
        case .first: 1
        case .second: 0
        case .tie: 0.5
        case .void: nil
        }
    }
}

/// The verdict on two seats of a room.
public struct PairVerdict: Sendable, Hashable, Codable {
    /// Seats, `first` < `second`.
    public var first: Int
    public var second: Int
    public var verdict: Verdict
    /// True where a rule decided (a forfeit) and no judge was asked.
    public var byRule: Bool
    /// How probable it is that `first` is the better one, 0 … 1; nil where the judge says no more than its verdict.
    public var preference: Double?

    public init(first: Int, second: Int, verdict: Verdict, byRule: Bool = false, preference: Double? = nil) {
        self.first = first
        self.second = second
        self.verdict = verdict
        self.byRule = byRule
        self.preference = preference
    }
}

/// What one judge said of two seats, before a panel joined it with others.
public struct Vote: Sendable, Hashable, Codable {
    public var judge: JudgeID
    /// Seats, `first` < `second`.
    public var first: Int
    public var second: Int
    /// What its replies came to.
    public var verdict: Verdict
    /// The reply with `first` shown first, told by seats; nil where the judge does not see order.
    public var straight: Verdict?
    /// The reply with `second` shown first, told by seats too, so that a steady judge says the same twice.
    public var swapped: Verdict?
    /// How probable it is that `first` is the better one, 0 … 1; nil where the judge says no more than its verdict.
    public var preference: Double?
    /// What it gave as its reason, or why it is void; empty where it gave none.
    public var reason: String

    public init(
        judge: JudgeID, first: Int, second: Int, verdict: Verdict, straight: Verdict? = nil, swapped: Verdict? = nil,
        preference: Double? = nil, reason: String = ""
    ) {
        self.judge = judge
        self.first = first
        self.second = second
        self.verdict = verdict
        self.straight = straight
        self.swapped = swapped
        self.preference = preference
        self.reason = reason
    }
}

/// What judging cost, or the answers of an agent from outside. Adds up; no decision reads it.
public struct JudgeUsage: Sendable, Hashable, Codable {
    /// Requests that were answered, cached ones not among them.
    public var requestCount = 0
    /// Answers that a cache had.
    public var cachedCount = 0
    /// Requests that had to be sent again.
    public var retryCount = 0
    public var promptTokenCount = 0
    public var completionTokenCount = 0
    /// In the currency of the price list.
    public var cost = 0.0
    /// Wall clock spent waiting for answers, in seconds, summed over requests.
    public var seconds = 0.0

    public init() {}

    /// Adds up both.
    public static func += (left: inout JudgeUsage, right: JudgeUsage) {
        left.requestCount += right.requestCount
        left.cachedCount += right.cachedCount
        left.retryCount += right.retryCount
        left.promptTokenCount += right.promptTokenCount
        left.completionTokenCount += right.completionTokenCount
        left.cost += right.cost
        left.seconds += right.seconds
    }

    /// Both together.
    public func adding(_ other: JudgeUsage) -> JudgeUsage {
        var sum = self
        sum += other
        return sum
    }
}

/// A room's seats ordered by their verdicts, ties allowed.
public struct Ranking: Sendable, Hashable, Codable {
    /// Per seat: 1 is best, equal ranks tie, the next rank skips the tied ones (1, 1, 3). Nil: nothing valid was said.
    public var ranks: [Int?]

    public init(ranks: [Int?]) { self.ranks = ranks }
}

/// What a judge is shown of a room: seats, never names.
public struct JudgingTask: Sendable, Hashable {
    /// Opaque: tells neither round nor agents.
    public var id: UInt64
    public var prompt: String
    /// The gold answer, only for judges that need it.
    public var reference: String?
    /// The answers to compare, in seat order, forfeits left out.
    public var answers: [String]

    public init(id: UInt64, prompt: String, reference: String? = nil, answers: [String]) {
        self.id = id
        self.prompt = prompt
        self.reference = reference
        self.answers = answers
    }
}

/// What a judge said of a task.
public struct Judgement: Sendable, Hashable {
    /// Every pair of answers once, first < second, indices into the task's answers.
    public var verdicts: [PairVerdict]
    /// One score per answer, greater is better, where the judge scores.
    public var scores: [Double]?
    /// What each judge said, indices into the task's answers; empty where the verdicts say it all.
    public var votes: [Vote]
    /// What it cost; nil where nothing was asked of anybody outside.
    public var usage: JudgeUsage?

    public init(
        verdicts: [PairVerdict], scores: [Double]? = nil, votes: [Vote] = [], usage: JudgeUsage? = nil
    ) {
        self.verdicts = verdicts
        self.scores = scores
        self.votes = votes
        self.usage = usage
    }
}

/// Who compares answers.
///
/// A judge that can see order asks in both orders itself: agreement decides, disagreement is a tie, unreadable
/// is void. Swapping two answers of a task must swap their verdicts; the law is tested on every conformer.
public protocol Judge: Sendable {
    var id: JudgeID { get }
    /// Whether tasks must carry the gold answer. Only then do they.
    var needsReference: Bool { get }
    /// One judgement per task, in order.
    /// - Throws: faults of the world only; what cannot be judged is void.
    func judge(_ tasks: [JudgingTask]) async throws -> [Judgement]
}
