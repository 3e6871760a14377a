/// The ranks that intervals allow: 1 plus how many others lie wholly above.
///
/// Who shares a rank has not been told apart: whatever lies wholly above one also lies wholly above what that one is
/// wholly above. The reverse does not hold. The middle of three may overlap both others while these do not overlap each
/// other; it then ranks with the better, and still has not been told apart from the worse.
enum IntervalRank {
    /// One rank per interval, in their order. An end that is no number lies above nothing and below nothing.
    static func ranks(of intervals: [Estimate]) -> [Int] {
        intervals.map { own in 1 + intervals.count { $0.low > own.high } }
    }

    /// The ranks as shown: `2=` where one is shared.
    static func texts(of intervals: [Estimate]) -> [String] {
        let ranks = ranks(of: intervals)
        return ranks.map { rank in ranks.count { $0 == rank } > 1 ? "\(rank)=" : "\(rank)" }
    }
}
