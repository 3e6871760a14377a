import Foundation

/// What the ratings of a board hide: who beats whom in circles, how much of the results no ranking explains, and what two
/// views without a ranking say.
public struct Intransitivity: Sendable, Hashable, Codable {
    /// Three players each of whom beats the next, each by evidence of its own.
    public struct Cycle: Sendable, Hashable, Codable {
        public var names: [String]
        /// The weakest of the three margins over an even score, in standard errors.
        public var evidence: Double
        /// The chance of a margin as large as the weakest without a difference, times the triples that were looked at.
        public var pValue: Double
    }

    /// Triples whose three pairs all met and were not even.
    public var strictTripleCount: Int
    public var cyclicTripleCount: Int
    /// Cycles with a p-value below 5 % after correction for all triples, the surest first; at most twenty.
    public var cycles: [Cycle]
    /// Share of the pairs' log-odds that no rating explains, less what chance alone leaves unexplained.
    public var cyclicShare: Double
    public var chiSquare: Double
    public var degrees: Int
    public var pValue: Double
    /// Of the largest island, by name: the Nash average's mixture and everybody's result against it in rating points.
    /// Empty above `gameLimit` players.
    public var nash: [Member]
    /// A sentence where one number per player misleads.
    public var warning: String?

    /// A player in the views without a ranking.
    public struct Member: Sendable, Hashable, Codable {
        public var name: String
        /// In the equilibrium mixture.
        public var nashShare: Double
        /// Against the mixture, in rating points: 0 for its members.
        public var nashSkill: Double
        /// Share of time that the population spends on it, by alpha-rank with α → ∞.
        public var alphaRank: Double
    }

    /// More players than this are not played against one another as a game.
    public static let gameLimit = 256

    /// - Parameter playsGames: whether `nash` is computed; the rest is much quicker.
    public init(_ fit: BattleFit, playsGames: Bool = true) {
        let names = fit.table.names
        let matrix = WinMatrix(fit)
        (chiSquare, degrees, pValue) = (matrix.chiSquare, matrix.degrees, matrix.pValue)
        var beats = DirectedPairs(count: names.count)
        var margins: [UInt64: Double] = [:]
        var surely = beats
        for cell in matrix.cells where cell.points != cell.battles / 2 {
            let (one, other) = cell.points > cell.battles / 2 ? (cell.first, cell.second) : (cell.second, cell.first)
            beats.insert(one, other)
            // An even score of battles without ties has variance ¼; ties only make it smaller.
            let margin = abs(cell.points - cell.battles / 2) / (cell.battles / 4).squareRoot()
            guard margin > 1.6 else { continue }
            surely.insert(one, other)
            margins[UInt64(one) << 32 | UInt64(other)] = margin
        }
        (strictTripleCount, cyclicTripleCount) = beats.triples()
        cycles = Intransitivity.cycles(surely, margins, names, tripleCount: strictTripleCount)
        cyclicShare = Intransitivity.cyclicShare(fit)
        let island = names.indices.filter { fit.connectivity.island[$0] == 0 }
        nash = playsGames && island.count <= Intransitivity.gameLimit ? Intransitivity.members(fit, island) : []
        if let cycle = cycles.first {
            warning =
                "One number misleads here: \(cycle.names[0]) beats \(cycle.names[1]), who beats \(cycle.names[2]), who beats "
                + "\(cycle.names[0]); look at the pairs, not at the ratings alone."
        } else if pValue < 0.001, cyclicShare > 0.1 {
            warning =
                "One number misleads here: \(Int((100 * cyclicShare).rounded())) % of what the pairs say is explained by no "
                + "ranking; look at the pairs, not at the ratings alone."
        }
    }

    private static func cycles(
        _ surely: DirectedPairs, _ margins: [UInt64: Double], _ names: [String], tripleCount: Int
    ) -> [Cycle] {
        var cycles: [Cycle] = []
        surely.forEachCycle { one, other, third in
            let evidence = [(one, other), (other, third), (third, one)].reduce(Double.infinity) {
                min($0, margins[UInt64($1.0) << 32 | UInt64($1.1)] ?? 0)
            }
            // Each triple has two directions.
            let p = 2 * Double(max(tripleCount, 1)) * NormalDistribution.cumulative(-evidence)
            guard p < 0.05 else { return }
            cycles.append(Cycle(names: [names[one], names[other], names[third]], evidence: evidence, pValue: p))
        }
        return Array(
            cycles.sorted { ($1.evidence, $0.names.joined()) < ($0.evidence, $1.names.joined()) }.prefix(20))
    }

    /// The weighted Hodge share: log-odds of pairs that met, weights N·s·(1 − s), the inverse of their variance.
    ///
    /// Chance leaves about one unit per degree of freedom in the residual and one per pair in the whole.
    private static func cyclicShare(_ fit: BattleFit) -> Double {
        var (residual, whole) = (0.0, 0.0)
        var pairCount = 0.0
        for pair in fit.table.pairs where pair.weight > 0 {
            let share = (pair.points + 0.5) / (pair.weight + 1)
            let weight = pair.weight * share * (1 - share)
            let odds = log(share / (1 - share))
            let expected = fit.expectedScore(Int(pair.first), Int(pair.second))
            let difference = odds - log(expected / (1 - expected))
            residual += weight * difference * difference
            whole += weight * odds * odds
            pairCount += 1
        }
        let degrees = pairCount - Double(fit.table.names.count - fit.connectivity.islandCount)
        let (excess, signal) = (residual - degrees, whole - pairCount)
        return signal > 0 && excess > 0 ? min(1, excess / signal) : 0
    }

    private static func members(_ fit: BattleFit, _ island: [Int]) -> [Member] {
        let game = PayoffGame(fit, players: island)
        guard let nash = game.nashAverage() else { return [] }
        let alpha = game.alphaRankLimit()
        return island.enumerated().map { index, player in
            Member(
                name: fit.table.names[player], nashShare: nash.mixture[index],
                nashSkill: EloScale.pointsPerNat * nash.skills[index], alphaRank: alpha[index])
        }
    }
}
