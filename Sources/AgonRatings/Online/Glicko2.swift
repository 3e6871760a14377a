import Foundation

/// Glicko-2: a rating with its deviation and the volatility of the player, moved once a rating period.
///
///     μ = (r − 1500) / 173.7178,   φ = RD / 173.7178,   g(φ) = 1 / √(1 + 3φ²/π²)
///     E = σ(g(φ_j) · (μ − μ_j)),   1/v = Σ g² E (1 − E),   Δ = v · Σ g (s − E)
///     φ* = √(φ² + σ'²),   φ' = 1 / √(1/φ*² + 1/v),   μ' = μ + φ'² · Σ g (s − E)
///
/// σ' is the root of the paper's f, found to 10⁻¹² (the paper stops at 10⁻⁶, which moves a volatility by 10⁻¹⁰). All games
/// of a period are played against the ratings at its start. Who sits a period out only grows less certain.
///
/// - Source: Glickman 2013, Example of the Glicko-2 system, glicko.net/glicko/glicko2.pdf.
public struct Glicko2: Sendable, Hashable {
    /// A player's state.
    public struct Rating: Sendable, Hashable, Codable {
        public var rating: Double
        public var deviation: Double
        public var volatility: Double

        public init(rating: Double = 1500, deviation: Double = 350, volatility: Double = 0.06) {
            self.rating = rating
            self.deviation = deviation
            self.volatility = volatility
        }
    }

    /// One game of a period, by player index.
    public struct Game: Sendable, Hashable {
        public var first: Int
        public var second: Int
        /// Points of the first.
        public var score: Double

        public init(first: Int, second: Int, score: Double) {
            self.first = first
            self.second = second
            self.score = score
        }
    }

    /// How fast volatility may change, 0.3 to 1.2.
    public let tau: Double
    public private(set) var ratings: [Rating]

    static let scale = 173.7178

    public init(ratings: [Rating], tau: Double = 0.5) {
        self.ratings = ratings
        self.tau = tau
    }

    public init(playerCount: Int, start: Rating = Rating(), tau: Double = 0.5) {
        self.init(ratings: Array(repeating: start, count: playerCount), tau: tau)
    }

    /// The ratings after a log, cut into periods of so many rooms; the pairs of a room are games of its period.
    public init(_ log: BattleLog, roomsPerPeriod: Int, start: Rating = Rating(), tau: Double = 0.5) {
        precondition(roomsPerPeriod > 0, "a period has at least one room")
        self.init(playerCount: log.names.count, start: start, tau: tau)
        for first in stride(from: 0, to: log.roomCount, by: roomsPerPeriod) {
            var games: [Game] = []
            for index in first..<min(first + roomsPerPeriod, log.roomCount) {
                let room = log.room(index)
                for one in room {
                    for other in (one + 1)..<max(room.upperBound, one + 1) {
                        let outcome = BattleOutcome(Int32(log.ranks[one]), Int32(log.ranks[other]))
                        games.append(
                            Game(first: Int(log.seats[one]), second: Int(log.seats[other]), score: outcome.score))
                    }
                }
            }
            play(period: games)
        }
    }

    /// Plays a rating period.
    public mutating func play(period games: [Game]) {
        let before = ratings.map { (mu: ($0.rating - 1500) / Glicko2.scale, phi: $0.deviation / Glicko2.scale) }
        let weights = before.map { 1 / (1 + 3 * $0.phi * $0.phi / (.pi * .pi)).squareRoot() }
        var information = [Double](repeating: 0, count: ratings.count)
        var surprise = information
        for game in games where game.first != game.second {
            for (player, opponent, score) in [
                (game.first, game.second, game.score), (game.second, game.first, 1 - game.score),
            ] {
                let g = weights[opponent]
                let expected = logistic(g * (before[player].mu - before[opponent].mu))
                information[player] += g * g * expected * (1 - expected)
                surprise[player] += g * (score - expected)
            }
        }
        for player in ratings.indices {
            let phi = before[player].phi
            guard information[player] > 0 else {
                let volatility = ratings[player].volatility
                ratings[player].deviation = Glicko2.scale * (phi * phi + volatility * volatility).squareRoot()
                continue
            }
            let v = 1 / information[player]
            let volatility = newVolatility(ratings[player].volatility, phi: phi, v: v, delta: v * surprise[player])
            let prior = phi * phi + volatility * volatility
            let posterior = 1 / (1 / prior + 1 / v)
            ratings[player].volatility = volatility
            ratings[player].deviation = Glicko2.scale * posterior.squareRoot()
            ratings[player].rating = Glicko2.scale * (before[player].mu + posterior * surprise[player]) + 1500
        }
    }

    /// Step 5 of the paper: the Illinois variant of regula falsi.
    private func newVolatility(_ volatility: Double, phi: Double, v: Double, delta: Double) -> Double {
        let start = log(volatility * volatility)
        func f(_ x: Double) -> Double {
            let e = exp(x)
            let sum = phi * phi + v + e
            return e * (delta * delta - sum) / (2 * sum * sum) - (x - start) / (tau * tau)
        }
        var a = start
        var b: Double
        if delta * delta > phi * phi + v {
            b = log(delta * delta - phi * phi - v)
        } else {
            var k = 1.0
            while f(start - k * tau) < 0 { k += 1 }
            b = start - k * tau
        }
        var (fa, fb) = (f(a), f(b))
        for _ in 0..<200 where abs(b - a) > 1e-12 {
            let c = a + (a - b) * fa / (fb - fa)
            let fc = f(c)
            if fc * fb <= 0 { (a, fa) = (b, fb) } else { fa /= 2 }
            (b, fb) = (c, fc)
        }
        return exp(a / 2)
    }
}
