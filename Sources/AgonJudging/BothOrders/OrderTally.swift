import AgonCore

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
    /// Groups of answers that beat one another in a circle and so became ties.
    public var cycleCount = 0
    /// Decided pairs that became ties since they lay on a circle.
    public var cyclicPairCount = 0

    public init() {}

    /// Share of readable pairs with the same reply in both orders; nil before the first.
    public var positionConsistency: Double? {
        let readable = consistentCount + inconsistentCount
        return readable == 0 ? nil : Double(consistentCount) / Double(readable)
    }

    /// Share of readable pairs whose replies differed, so that they decide nothing; nil before the first.
    public var discardRate: Double? { positionConsistency.map { 1 - $0 } }

    /// Share of the decided replies that preferred what was shown first, ½ for a judge without a position bias.
    public var firstShownRate: Double? {
        let decided = firstShownCount + secondShownCount
        return decided == 0 ? nil : Double(firstShownCount) / Double(decided)
    }

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
