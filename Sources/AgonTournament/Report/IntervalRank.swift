/// The ranks that intervals leave open: from 1 plus how many others lie wholly above, to the last less how many lie wholly
/// below.
///
/// Whose ranges share a rank may still have been told apart from one another by a third: ranges say where an agent may
/// stand, each by itself.
enum IntervalRank {
    /// One range per interval, in their order. An end that is no number lies above nothing and below nothing.
    static func ranges(of intervals: [Estimate]) -> [ClosedRange<Int>] {
        intervals.map { own in
            let above = intervals.count { $0.low > own.high }
            return (1 + above)...max(1 + above, intervals.count - intervals.count { $0.high < own.low })
        }
    }

    /// The best rank that each interval leaves open.
    static func ranks(of intervals: [Estimate]) -> [Int] { ranges(of: intervals).map(\.lowerBound) }

    /// As shown: `2`, or `1–3`.
    static func texts(of intervals: [Estimate]) -> [String] {
        ranges(of: intervals).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
    }
}
