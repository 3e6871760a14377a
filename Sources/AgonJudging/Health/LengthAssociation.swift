/// Whether a judge prefers the longer answer: its points for the first side against first length − second length.
public struct LengthAssociation: Sendable, Hashable {
    /// Points of the first side, 1, ½ or 0, and the difference of lengths, one pair an entry.
    private var scores: [Double] = []
    private var differences: [Double] = []

    public init() {}

    /// Counts one pair: points of its first side, 1, ½ or 0, and first length − second length.
    public mutating func count(score: Double, lengthDifference: Int) {
        scores.append(score)
        differences.append(Double(lengthDifference))
    }

    /// Pairs counted.
    public var count: Int { scores.count }

    /// Pearson's correlation; with wins and losses only this is the point-biserial one.
    ///
    /// A pair and its mirror image are the same evidence and both are counted, so that which seat was longer says nothing:
    ///
    ///     r = Σ (s − ½) · d / √(Σ (s − ½)² · Σ d²)
    ///
    /// - Returns: nil where there is no variation.
    public var pearson: Double? { LengthAssociation.correlation(scores.map { $0 - 0.5 }, differences) }

    /// Spearman's correlation: the same over signed ranks of |d|, mean ranks for equal ones, so that one endless answer
    /// counts no more than a long one.
    public var spearman: Double? {
        LengthAssociation.correlation(scores.map { $0 - 0.5 }, LengthAssociation.signedRanks(differences))
    }

    /// About zero, which mirrored pairs make the mean.
    private static func correlation(_ left: [Double], _ right: [Double]) -> Double? {
        var (both, one, other) = (0.0, 0.0, 0.0)
        for (x, y) in zip(left, right) {
            both += x * y
            one += x * x
            other += y * y
        }
        return one > 0 && other > 0 ? both / (one.squareRoot() * other.squareRoot()) : nil
    }

    /// Mid-ranks of the differences among themselves and their mirror images, centred: sign(d) times what |d| outranks.
    private static func signedRanks(_ differences: [Double]) -> [Double] {
        let sizes = differences.map(\.magnitude).sorted()
        var ranks: [Double: Double] = [:]
        var start = 0
        while start < sizes.count {
            let end = sizes[start...].firstIndex { $0 != sizes[start] } ?? sizes.count
            // Half of what lies below d less what lies above it, of n differences and their n mirror images.
            ranks[sizes[start]] = sizes[start] == 0 ? 0 : Double(start) + Double(end - start) / 2
            start = end
        }
        return differences.map { $0 < 0 ? -(ranks[-$0] ?? 0) : ranks[$0] ?? 0 }
    }
}
