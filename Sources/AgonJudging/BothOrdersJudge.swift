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

/// Who compares two answers and sees their order, as a language model does.
public protocol PairComparer: Sendable {
    /// One verdict per comparison, in order: `first` is the answer shown first. `void` where the reply was unreadable.
    ///
    /// A pure function of each comparison: the same comparison gets the same verdict whatever else is in the batch.
    /// - Throws: faults of the world only.
    func compare(_ comparisons: [Comparison]) async throws -> [Verdict]
}

/// How much a comparer's replies hung on the order that it was shown.
public struct OrderTally: Sendable, Hashable {
    /// Pairs asked, each in both orders.
    public var pairCount = 0
    /// Pairs whose two replies were readable and said the same, ties included.
    public var consistentCount = 0
    /// Pairs whose two replies were readable and differed.
    public var inconsistentCount = 0
    /// Pairs with an unreadable reply.
    public var voidCount = 0
    /// Replies that preferred the answer shown first.
    public var firstShownCount = 0
    /// Replies that preferred the answer shown second.
    public var secondShownCount = 0

    public init() {}

    /// Share of readable pairs with the same reply in both orders; nil before the first.
    public var positionConsistency: Double? {
        let readable = consistentCount + inconsistentCount
        return readable == 0 ? nil : Double(consistentCount) / Double(readable)
    }

    /// Share of the decided replies that preferred what was shown first, ½ for a judge without a position bias.
    public var firstShownRate: Double? {
        let decided = firstShownCount + secondShownCount
        return decided == 0 ? nil : Double(firstShownCount) / Double(decided)
    }
}

/// A judge that asks a comparer about every pair in both orders.
///
/// Agreement decides, disagreement is a tie, and one unreadable reply makes the pair void. A preference for the
/// first place therefore turns into ties, never into wins.
public struct BothOrdersJudge: Judge {
    public let id: JudgeID
    public let needsReference: Bool
    private let comparer: any PairComparer

    public init(id: JudgeID, needsReference: Bool = false, comparer: any PairComparer) {
        self.id = id
        self.needsReference = needsReference
        self.comparer = comparer
    }

    /// One judgement per task, in order, without scores.
    /// - Throws: what the comparer throws; `countMismatch` where it returned too few or too many verdicts.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        try await judgeWithTally(tasks).judgements
    }

    /// The judgements, and how much the order mattered.
    /// - Throws: as `judge(_:)`.
    public func judgeWithTally(_ tasks: [JudgingTask]) async throws -> (judgements: [Judgement], tally: OrderTally) {
        let comparisons = tasks.flatMap { task in
            seatPairs(task.answers.count).map { pair in
                Comparison(
                    id: task.id, prompt: task.prompt, reference: task.reference, first: task.answers[pair.first],
                    second: task.answers[pair.second])
            }
        }
        let (verdicts, tally) = try await compareBothOrders(comparisons)
        var next = 0
        let judgements = tasks.map { task in
            Judgement(
                verdicts: seatPairs(task.answers.count).map { pair in
                    defer { next += 1 }
                    return PairVerdict(first: pair.first, second: pair.second, verdict: verdicts[next])
                })
        }
        return (judgements, tally)
    }

    /// One verdict per comparison, each asked as it stands and swapped, in one batch.
    /// - Throws: as `judge(_:)`.
    public func compareBothOrders(
        _ comparisons: [Comparison]
    ) async throws -> (verdicts: [Verdict], tally: OrderTally) {
        let replies = try await comparer.compare(comparisons.flatMap { [$0, $0.swapped] })
        guard replies.count == 2 * comparisons.count else {
            throw JudgingError(
                .countMismatch,
                "Judge \(id) was asked \(2 * comparisons.count) comparisons and returned \(replies.count) verdicts.")
        }
        var tally = OrderTally()
        let verdicts = comparisons.indices.map { index in
            tally.join(replies[2 * index], replies[2 * index + 1])
        }
        return (verdicts, tally)
    }
}

extension OrderTally {
    /// Counts the two replies on one pair and joins them; `swapped` is as replied, about the swapped order.
    mutating func join(_ straight: Verdict, _ swapped: Verdict) -> Verdict {
        pairCount += 1
        for reply in [straight, swapped] {
            if reply == .first { firstShownCount += 1 }
            if reply == .second { secondShownCount += 1 }
        }
        if straight == .void || swapped == .void {
            voidCount += 1
            return .void
        }
        if straight == swapped.flipped {
            consistentCount += 1
            return straight
        }
        inconsistentCount += 1
        return .tie
    }
}
