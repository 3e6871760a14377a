import Foundation

/// What each pair scored against what the ratings expect of it, and whether one number per player is enough.
///
/// For each pair with N battles, expected score s and variance v of one battle:
///
///     z = (points − N·s) / √(N·v),   v = s − P(tie)/4 − s²
///     χ² = Σ z² over the pairs with N·s ≥ 5 and N·(1 − s) ≥ 5
///
/// Under a true ladder χ² has about (pairs − players + islands) degrees of freedom. Its excess is intransitivity, or battles
/// that depend on one another.
public struct WinMatrix: Sendable, Hashable, Codable {
    /// A pair that met.
    public struct Cell: Sendable, Hashable, Codable {
        /// Indices of the table's players.
        public var first: Int
        public var second: Int
        public var battles: Double
        public var points: Double
        /// Points that the ratings expect.
        public var expected: Double
        /// How far the points are off, in standard errors.
        public var surprise: Double
        /// Whether the pair met often enough to count in χ².
        public var isTested: Bool
    }

    public let cells: [Cell]
    public let chiSquare: Double
    public let degrees: Int
    /// P of such an excess on a true ladder; 1 where nothing can be tested.
    public let pValue: Double

    public init(_ fit: BattleFit) {
        let tieShare = fit.tieFit.tieShare
        var cells: [Cell] = []
        cells.reserveCapacity(fit.table.pairs.count)
        var chiSquare = 0.0
        var tested: [BattleTable.Pair] = []
        for pair in fit.table.pairs where pair.weight > 0 {
            let (first, second) = (Int(pair.first), Int(pair.second))
            let p = fit.probabilities(first, second)
            let score = p.win + p.tie / 2
            // Half a win says nothing of how probable a tie is: the board's share then, as far as the score allows it.
            let tie = fit.tieFit.model == .half ? min(tieShare, 3 * score * (1 - score)) : p.tie
            let variance = pair.weight * (score - tie / 4 - score * score)
            let surprise = (pair.points - pair.weight * score) / variance.squareRoot()
            let isTested = pair.weight * score >= 5 && pair.weight * (1 - score) >= 5
            if isTested {
                chiSquare += surprise * surprise
                tested.append(pair)
            }
            cells.append(
                Cell(
                    first: first, second: second, battles: pair.weight, points: pair.points,
                    expected: pair.weight * score, surprise: surprise, isTested: isTested))
        }
        let players = Set(tested.flatMap { [$0.first, $0.second] })
        let islands = Set(players.map { fit.connectivity.island[Int($0)] })
        degrees = max(0, tested.count - players.count + islands.count)
        self.cells = cells
        self.chiSquare = chiSquare
        pValue = degrees > 0 ? ChiSquare.upperTail(chiSquare, degrees: degrees) : 1
    }

    /// The pairs that surprise most, of those that met often enough.
    public func surprises(_ count: Int) -> [Cell] {
        Array(cells.filter(\.isTested).sorted { abs($0.surprise) > abs($1.surprise) }.prefix(count))
    }
}
