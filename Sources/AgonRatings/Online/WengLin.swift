import Foundation

/// The ratings of Weng and Lin that OpenSkill made popular: a normal belief per player, moved by whole rankings.
///
/// Plackett–Luce, with c² = Σ (σ_i² + β²), S_q = Σ_{rank_i ≥ rank_q} e^(μ_i/c), A_q the ties of q and p_iq = e^(μ_i/c)/S_q:
///
///     Ω_i = σ_i²/c · Σ_{rank_q ≤ rank_i} (1{q=i} − p_iq)/A_q,   Δ_i = (σ_i/c) · σ_i²/c² · Σ p_iq (1 − p_iq)/A_q
///
/// Bradley–Terry over all pairs, with c_iq² = σ_i² + σ_q² + 2β² and p = σ((μ_i − μ_q)/c_iq):
///
///     Ω_i = Σ_q σ_i²/c_iq · (s − p),   Δ_i = Σ_q (σ_i/c_iq)³ · p (1 − p)
///
/// then μ_i += Ω_i and σ_i *= √max(1 − Δ_i, κ). Before each room σ_i² grows by τ².
///
/// - Source: Weng and Lin 2011, JMLR 12, pp. 267–300, algorithms 1 and 4.
public struct WengLin: Sendable, Hashable {
    /// Which likelihood of a ranking.
    public enum Model: String, Sendable, Hashable, Codable {
        case plackettLuce, bradleyTerryFull
    }

    /// OpenSkill's defaults: μ 25, σ 25/3, β 25/6, τ 25/300, κ 10⁻⁴.
    public struct Options: Sendable, Hashable, Codable {
        public var model: Model
        public var mu: Double
        public var sigma: Double
        public var beta: Double
        public var tau: Double
        public var kappa: Double

        public init(
            model: Model = .plackettLuce, mu: Double = 25, sigma: Double = 25.0 / 3, beta: Double = 25.0 / 6,
            tau: Double = 25.0 / 300, kappa: Double = 1e-4
        ) {
            self.model = model
            self.mu = mu
            self.sigma = sigma
            self.beta = beta
            self.tau = tau
            self.kappa = kappa
        }
    }

    public let options: Options
    public private(set) var mu: [Double]
    public private(set) var sigma: [Double]
    /// The room at hand, so that no room allocates.
    private var scratch = Scratch()

    public init(playerCount: Int, options: Options = Options()) {
        self.options = options
        mu = [Double](repeating: options.mu, count: playerCount)
        sigma = [Double](repeating: options.sigma, count: playerCount)
    }

    /// The beliefs after a log.
    public init(_ log: BattleLog, options: Options = Options()) {
        self.init(playerCount: log.names.count, options: options)
        for index in 0..<log.roomCount {
            let room = log.room(index)
            play(log.seats[room], ranks: log.ranks[room])
        }
    }

    /// What a player is surely worth: μ − 3σ.
    public func ordinal(_ player: Int) -> Double { mu[player] - 3 * sigma[player] }

    /// Plays a room.
    ///
    /// - Parameter ranks: of each seat, lower is better, equal is a tie.
    public mutating func play(_ seats: ArraySlice<Int32>, ranks: ArraySlice<UInt8>) {
        scratch.begin(seats, ranks, mu, sigma, tau: options.tau)
        switch options.model {
        case .plackettLuce: scratch.plackettLuce(beta: options.beta)
        case .bradleyTerryFull: scratch.bradleyTerryFull(beta: options.beta)
        }
        for seat in 0..<scratch.count {
            let player = scratch.players[seat]
            mu[player] = scratch.mu[seat] + scratch.omega[seat]
            sigma[player] = (scratch.variance[seat] * max(1 - scratch.delta[seat], options.kappa)).squareRoot()
        }
    }

    private struct Scratch: Sendable, Hashable {
        var count = 0
        var players: [Int] = []
        var ranks: [UInt8] = []
        var mu: [Double] = []
        var variance: [Double] = []
        var omega: [Double] = []
        var delta: [Double] = []
        private var weight: [Double] = []

        mutating func begin(
            _ seats: ArraySlice<Int32>, _ roomRanks: ArraySlice<UInt8>, _ allMu: [Double], _ allSigma: [Double],
            tau: Double
        ) {
            count = seats.count
            while players.count < count {
                players.append(0)
                ranks.append(0)
                for path in [\Scratch.mu, \.variance, \.omega, \.delta, \.weight] { self[keyPath: path].append(0) }
            }
            for seat in 0..<count {
                let player = Int(seats[seats.startIndex + seat])
                players[seat] = player
                ranks[seat] = roomRanks[roomRanks.startIndex + seat]
                mu[seat] = allMu[player]
                variance[seat] = allSigma[player] * allSigma[player] + tau * tau
                omega[seat] = 0
                delta[seat] = 0
            }
        }

        mutating func plackettLuce(beta: Double) {
            var square = Double(count) * beta * beta
            for seat in 0..<count { square += variance[seat] }
            let c = square.squareRoot()
            for seat in 0..<count { weight[seat] = exp(mu[seat] / c) }
            for q in 0..<count {
                var sum = 0.0
                var ties = 0.0
                for seat in 0..<count {
                    if ranks[seat] >= ranks[q] { sum += weight[seat] }
                    if ranks[seat] == ranks[q] { ties += 1 }
                }
                let (share, part) = (1 / sum, 1 / ties)
                for seat in 0..<count where ranks[q] <= ranks[seat] {
                    let p = weight[seat] * share
                    omega[seat] += ((seat == q ? 1 : 0) - p) * part
                    delta[seat] += p * (1 - p) * part
                }
            }
            for seat in 0..<count {
                omega[seat] *= variance[seat] / c
                delta[seat] *= variance[seat] * variance[seat].squareRoot() / (c * c * c)
            }
        }

        mutating func bradleyTerryFull(beta: Double) {
            for i in 0..<count {
                for q in (i + 1)..<max(count, i + 1) {
                    let c = (variance[i] + variance[q] + 2 * beta * beta).squareRoot()
                    let p = logistic((mu[i] - mu[q]) / c)
                    let score = ranks[i] == ranks[q] ? 0.5 : ranks[i] < ranks[q] ? 1.0 : 0
                    omega[i] += variance[i] / c * (score - p)
                    omega[q] -= variance[q] / c * (score - p)
                    let information = p * (1 - p) / (c * c * c)
                    delta[i] += variance[i] * variance[i].squareRoot() * information
                    delta[q] += variance[q] * variance[q].squareRoot() * information
                }
            }
        }
    }
}
