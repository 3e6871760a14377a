/// Whether a judge that says how sure it is is right as often as it says.
///
/// Of each pair with a known winner the judge's log-odds z that the winner is the better side are given; it is right
/// where z > 0, and its confidence is σ(|z|):
///
///     ECE   = Σ_bins (n_bin / n) · |share right − mean confidence|      bins of equal width over ½ … 1
///     Brier = mean (1 − σ(z))²
///     NLL   = mean −log σ(z)
///
/// A judge that knows nothing and says so (z = 0) has an ECE of 0, a Brier score of ¼ and a loss of ln 2.
///
/// - Source: Guo et al. 2017, arXiv:1706.04599, eq. 3 and §4.2.
public struct Calibration: Sendable, Hashable, Codable {
    /// The pairs whose confidence lies in one bin.
    public struct Bin: Sendable, Hashable, Codable {
        public var low: Double
        public var high: Double
        public var count: Int
        /// Mean confidence; nil where the bin is empty.
        public var confidence: Double?
        /// Share right, a pair without an opinion (z = 0) counting half; nil where the bin is empty.
        public var right: Double?
    }

    public let count: Int
    public let expectedError: Double
    public let brier: Double
    public let loss: Double
    /// The reliability table.
    public let bins: [Bin]

    /// - Parameter logOdds: z of each pair; those that are not numbers are left out.
    /// - Returns: nil where nothing was measured.
    public init?(logOdds: [Double], binCount: Int = 10) {
        precondition(binCount > 0, "a reliability table needs a bin")
        let odds = logOdds.filter { !$0.isNaN }
        guard !odds.isEmpty else { return nil }
        let width = 0.5 / Double(binCount)
        var sums = [(count: Int, confidence: Double, right: Double)](repeating: (0, 0, 0), count: binCount)
        for z in odds {
            let confidence = Elementary.sigmoid(abs(z))
            let bin = min(binCount - 1, Int((confidence - 0.5) / width))
            sums[bin].count += 1
            sums[bin].confidence += confidence
            sums[bin].right += z > 0 ? 1 : z == 0 ? 0.5 : 0
        }
        let n = Double(odds.count)
        count = odds.count
        expectedError = sums.reduce(0) { $0 + abs($1.right - $1.confidence) / n }
        brier = odds.reduce(0) { sum, z in
            let missing = Elementary.sigmoid(-z)
            return sum + missing * missing / n
        }
        loss = Calibration.loss(odds, temperature: 1)
        bins = sums.enumerated().map { index, sum in
            let share = 1 / Double(max(1, sum.count))
            return Bin(
                low: 0.5 + width * Double(index), high: 0.5 + width * Double(index + 1), count: sum.count,
                confidence: sum.count == 0 ? nil : sum.confidence * share, right: sum.count == 0 ? nil : sum.right * share)
        }
    }

    /// The temperature T that makes the mean of −log σ(z / T) least: above 1 for a judge that is surer than it should be.
    ///
    /// The mean is convex in 1/T, so that halving an interval finds it. A judge that is never wrong has no such T: the end
    /// of `range` it is then, as where it is wrong more often than right.
    ///
    /// - Parameter range: what T may be.
    /// - Returns: nil where there is no pair with an opinion.
    public static func temperature(of logOdds: [Double], in range: ClosedRange<Double> = 0.05...20) -> Double? {
        let odds = logOdds.filter { $0.isFinite && $0 != 0 }
        guard !odds.isEmpty else { return nil }
        // d/da mean −log σ(a z) = −mean z · σ(−a z), rising in a = 1/T.
        func slope(_ a: Double) -> Double { -odds.reduce(0) { $0 + $1 * Elementary.sigmoid(-a * $1) } }
        var (low, high) = (1 / range.upperBound, 1 / range.lowerBound)
        if slope(low) >= 0 { return range.upperBound }
        if slope(high) <= 0 { return range.lowerBound }
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if slope(middle) < 0 { low = middle } else { high = middle }
        }
        return 2 / (low + high)
    }

    /// Mean of −log σ(z / T).
    static func loss(_ logOdds: [Double], temperature: Double) -> Double {
        logOdds.reduce(0) { sum, z in
            let scaled = z / temperature
            return sum + (max(-scaled, 0) + Elementary.log(1 + Elementary.exp(-abs(scaled)))) / Double(logOdds.count)
        }
    }
}
