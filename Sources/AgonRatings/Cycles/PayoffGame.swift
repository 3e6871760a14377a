import Foundation

/// What everybody gets against everybody: an antisymmetric matrix, as log-odds or as score less ½.
///
/// A single rating per player explains only matrices of the form r_i − r_j. What is left over is cyclic: rock, paper and
/// scissors are of equal rating and yet not equal.
public struct PayoffGame: Sendable, Hashable {
    public let size: Int
    /// `[size, size]`, row-major: what the row gets against the column.
    public let payoff: [Double]

    /// - Parameter payoff: `[size, size]`, row-major; its antisymmetric part is taken.
    public init(size: Int, payoff: [Double]) {
        precondition(payoff.count == size * size, "a game of \(size) players has \(size * size) payoffs")
        self.size = size
        self.payoff = (0..<(size * size)).map { index in
            (payoff[index] - payoff[index % size * size + index / size]) / 2
        }
    }

    /// Log-odds of each pair: what was seen, with one battle of what the fit expects added, so that pairs that never met
    /// have the fit's own difference and no clean sweep is infinite.
    ///
    /// - Parameter players: those of one island, by index.
    public init(_ fit: BattleFit, players: [Int]) {
        let count = players.count
        var place = [Int](repeating: -1, count: fit.table.names.count)
        for (index, player) in players.enumerated() { place[player] = index }
        var payoff = [Double](repeating: 0, count: count * count)
        for (i, one) in players.enumerated() {
            for (j, other) in players.enumerated() where i != j {
                let expected = fit.expectedScore(one, other)
                payoff[i * count + j] = log(expected / (1 - expected))
            }
        }
        for pair in fit.table.pairs {
            let (i, j) = (place[Int(pair.first)], place[Int(pair.second)])
            guard i >= 0, j >= 0 else { continue }
            let expected = fit.expectedScore(Int(pair.first), Int(pair.second))
            let share = (pair.points + expected) / (pair.weight + 1)
            payoff[i * count + j] = log(share / (1 - share))
            payoff[j * count + i] = -payoff[i * count + j]
        }
        self.init(size: count, payoff: payoff)
    }

    subscript(row: Int, column: Int) -> Double { payoff[row * size + column] }

    /// The rating part of the matrix and its share of the whole, Σ (r_i − r_j)² / Σ M²: 1 for a pure ladder, 0 for rock,
    /// paper and scissors.
    ///
    /// - Source: Jiang, Lim, Yao and Ye 2011, Mathematical Programming 127; Balduzzi et al. 2018, arXiv:1806.02643, §2.
    public func hodge() -> (ratings: [Double], transitiveShare: Double) {
        let ratings = (0..<size).map { row in
            payoff[(row * size)..<((row + 1) * size)].reduce(0, +) / Double(size)
        }
        var (explained, whole) = (0.0, 0.0)
        for row in 0..<size {
            for column in 0..<size {
                let difference = ratings[row] - ratings[column]
                explained += difference * difference
                whole += self[row, column] * self[row, column]
            }
        }
        return (ratings, whole > 0 ? explained / whole : 1)
    }

    /// Three players of whom each two have a better one, and those among them where each beats the next.
    public func triples() -> (strict: Int, cyclic: Int) {
        var beats = DirectedPairs(count: size)
        for row in 0..<size {
            for column in 0..<size where self[row, column] > 0 { beats.insert(row, column) }
        }
        return beats.triples()
    }

    /// Alpha-rank: the share of time that a population spends on each player when better ones take over.
    ///
    /// A mutant r among m residents s fixates with probability ρ = (1 − e^−u)/(1 − e^−mu), u = α (M_rs − M_sr).
    ///
    /// - Source: Omidshafiei et al. 2019, Scientific Reports 9:9937, eq. 3 to 5.
    public func alphaRank(alpha: Double, populationSize m: Int = 50) -> [Double] {
        stationary { mutant, resident in
            let u = alpha * (self[mutant, resident] - self[resident, mutant])
            if abs(u) < 1e-12 { return 1 / Double(m) }
            let rho = expm1(-u) / expm1(-Double(m) * u)
            return rho.isNaN ? 0 : rho
        }
    }

    /// Alpha-rank with α → ∞: a better mutant takes over with probability 1 − ε, a worse one with ε, an equal one with ½.
    public func alphaRankLimit(epsilon: Double = 0.01) -> [Double] {
        stationary { mutant, resident in
            let gain = self[mutant, resident]
            return gain > 0 ? 1 - epsilon : gain < 0 ? epsilon : 0.5
        }
    }

    /// The stationary distribution of a chain that goes from any player to any other with `rate` / (size − 1).
    ///
    /// Elimination without a subtraction, so that no share loses its digits.
    ///
    /// - Source: Grassmann, Taksar and Heyman 1985, Operations Research 33(5).
    private func stationary(_ rate: (Int, Int) -> Double) -> [Double] {
        guard size > 1 else { return size == 1 ? [1] : [] }
        var chain = [Double](repeating: 0, count: size * size)
        for from in 0..<size {
            for to in 0..<size where to != from {
                // A floor far below any rate that matters: no player is left for ever.
                chain[from * size + to] = max(rate(to, from), 1e-100) / Double(size - 1)
            }
        }
        for last in stride(from: size - 1, to: 0, by: -1) {
            let out = chain[(last * size)..<(last * size + last)].reduce(0, +)
            for from in 0..<last { chain[from * size + last] /= out }
            for from in 0..<last {
                for to in 0..<last where to != from {
                    chain[from * size + to] += chain[from * size + last] * chain[last * size + to]
                }
            }
        }
        var share = [1.0]
        for player in 1..<size { share.append((0..<player).reduce(0) { $0 + share[$1] * chain[$1 * size + player] }) }
        let total = share.reduce(0, +)
        return share.map { $0 / total }
    }
}

/// Who goes before whom, a bit per ordered pair.
struct DirectedPairs: Sendable {
    let count: Int
    private let wordCount: Int
    private var after: [UInt64]
    private var before: [UInt64]

    init(count: Int) {
        self.count = count
        wordCount = (count + 63) / 64
        after = [UInt64](repeating: 0, count: count * wordCount)
        before = after
    }

    mutating func insert(_ one: Int, _ other: Int) {
        after[one * wordCount + other / 64] |= 1 << UInt64(other % 64)
        before[other * wordCount + one / 64] |= 1 << UInt64(one % 64)
    }

    func contains(_ one: Int, _ other: Int) -> Bool { after[one * wordCount + other / 64] >> UInt64(other % 64) & 1 == 1 }

    /// Triples of which all three pairs are ordered, and those of them that go round.
    func triples() -> (strict: Int, cyclic: Int) {
        var (strict, cyclic) = (0, 0)
        for one in 0..<count {
            for other in 0..<count where contains(one, other) {
                for word in 0..<wordCount {
                    let (a, b) = (one * wordCount + word, other * wordCount + word)
                    strict += ((after[a] | before[a]) & (after[b] | before[b])).nonzeroBitCount
                    cyclic += (after[b] & before[a]).nonzeroBitCount
                }
            }
        }
        return (strict / 3, cyclic / 3)
    }

    /// Every cycle one → other → third → one, begun at its lowest number.
    func forEachCycle(_ body: (Int, Int, Int) -> Void) {
        for one in 0..<count {
            for other in (one + 1)..<max(count, one + 1) where contains(one, other) {
                for word in 0..<wordCount {
                    var bits = after[other * wordCount + word] & before[one * wordCount + word]
                    while bits != 0 {
                        let third = 64 * word + bits.trailingZeroBitCount
                        bits &= bits - 1
                        if third > one { body(one, other, third) }
                    }
                }
            }
        }
    }
}
