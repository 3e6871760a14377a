import Foundation

/// A sequential test of two hypotheses on a rating difference: it may be looked at after every game and still errs no more
/// often than promised.
///
/// The log-likelihood ratio of the two hypotheses, each with the outcome frequencies that fit best under it, is compared
/// with two bounds:
///
///     LLR = N · Σ p̂_k ln(p₁_k / p₀_k)
///     accept elo0 below ln(β / (1 − α)),   accept elo1 above ln((1 − β) / α),   go on between
///
/// Under the *logistic* hypothesis the expected score is that of the Elo difference; under the *normalised* one the
/// expected score's distance from ½ in standard deviations is. The first says how much better, the second how soon it
/// shows. Classes that were never seen count 0.001.
///
/// - Source: Wald 1945, Annals of Mathematical Statistics 16(2); Van den Bergh 2019, A practical introduction to the GSPRT.
public struct SequentialTest: Sendable, Hashable, Codable {
    /// What a difference is measured in.
    public enum Scale: String, Sendable, Hashable, Codable {
        case logistic, normalized
    }

    /// What the test says so far.
    public enum Decision: String, Sendable, Hashable, Codable {
        case goOn = "continue"
        case acceptElo0 = "accept-elo0"
        case acceptElo1 = "accept-elo1"
    }

    public var elo0: Double
    public var elo1: Double
    /// The probability of accepting elo1 where elo0 is true.
    public var alpha: Double
    /// The probability of accepting elo0 where elo1 is true.
    public var beta: Double
    public var scale: Scale
    public var result: MatchResult

    /// - Throws: `invalidOptions` unless elo0 < elo1 and both error rates lie in 0 ..< ½.
    public init(
        elo0: Double = 0, elo1: Double = 20, alpha: Double = 0.05, beta: Double = 0.05, scale: Scale = .logistic,
        result: MatchResult = MatchResult(wins: 0, draws: 0, losses: 0)
    ) throws(RatingError) {
        guard elo0 < elo1, elo0.isFinite, elo1.isFinite else {
            throw RatingError(.invalidOptions, "A sequential test needs elo0 < elo1; they are \(elo0) and \(elo1).")
        }
        for rate in [alpha, beta] where !(rate > 0 && rate < 0.5) {
            throw RatingError(.invalidOptions, "An error rate lies between 0 and 0.5; it is \(rate).")
        }
        self.elo0 = elo0
        self.elo1 = elo1
        self.alpha = alpha
        self.beta = beta
        self.scale = scale
        self.result = result
    }

    /// The bounds that the ratio must leave.
    public var bounds: (lower: Double, upper: Double) { (log(beta / (1 - alpha)), log((1 - beta) / alpha)) }

    /// The log-likelihood ratio in nats, 0 before the first outcome.
    public var logLikelihoodRatio: Double {
        guard result.count > 0 else { return 0 }
        let counts = result.counts.map { $0 == 0 ? 1e-3 : $0 }
        let total = counts.reduce(0, +)
        let seen = counts.map { $0 / total }
        let (low, high) = (likeliest(seen, elo: elo0), likeliest(seen, elo: elo1))
        // p = p̂ / (1 + tilt): the ratio is that of the tilts.
        return total * seen.indices.reduce(0) { $0 + seen[$1] * (log1p(low[$1]) - log1p(high[$1])) }
    }

    /// What the ratio says by the bounds.
    public var decision: Decision {
        let (lower, upper) = bounds
        let ratio = logLikelihoodRatio
        return ratio <= lower ? .acceptElo0 : ratio >= upper ? .acceptElo1 : .goOn
    }

    /// Counts one more outcome by its class, from the worst for the first player to the best.
    public mutating func record(outcome: Int) {
        precondition(result.counts.indices.contains(outcome), "an outcome is one of \(result.counts.count) classes")
        result.counts[outcome] += 1
    }

    /// What the test would do at a true difference, by the diffusion that the ratio tends to.
    ///
    /// - Parameter elo: the true logistic difference.
    /// - Parameter variance: of one outcome; the one seen so far where there is one, else that of games without draws.
    /// - Returns: the probability of accepting elo1 and the expected number of games.
    /// - Source: Siegmund 1985, Sequential Analysis, chapter 3.
    public func expectation(elo: Double, variance: Double? = nil) -> (acceptElo1: Double, gameCount: Double) {
        let spread = variance ?? result.variance.flatMap { $0 > 0 ? $0 : nil } ?? 0.25 / Double(result.gamesPerOutcome)
        let score = EloScale.expectedScore(difference: elo)
        let (low, high): (Double, Double)
        switch scale {
        case .logistic:
            (low, high) = (EloScale.expectedScore(difference: elo0), EloScale.expectedScore(difference: elo1))
        case .normalized:
            let deviation = spread.squareRoot()
            (low, high) = (0.5 + deviation * distance(elo0), 0.5 + deviation * distance(elo1))
        }
        let drift = (high - low) * (2 * score - low - high) / (2 * spread)
        let noise = (high - low) * (high - low) / spread
        let (a, b) = bounds
        let h = 2 * drift / noise
        if abs(h) < 1e-9 { return (-a / (b - a), -a * b / noise * Double(result.gamesPerOutcome)) }
        let accept = (1 - exp(-h * a)) / (exp(-h * b) - exp(-h * a))
        return (accept, (accept * b + (1 - accept) * a) / drift * Double(result.gamesPerOutcome))
    }

    /// A normalised difference as the distance of an outcome's expected score from ½ in standard deviations.
    private func distance(_ elo: Double) -> Double {
        elo * log(10.0) / 800 * Double(result.gamesPerOutcome).squareRoot()
    }

    /// The tilts θ·φ_k of the likeliest frequencies p̂_k / (1 + θ·φ_k) under a hypothesis.
    private func likeliest(_ seen: [Double], elo: Double) -> [Double] {
        let values = result.values
        switch scale {
        case .logistic:
            let score = EloScale.expectedScore(difference: elo)
            return SequentialTest.tilts(seen, values.map { $0 - score })
        case .normalized:
            let target = distance(elo)
            var frequencies = seen.map { _ in 1 / Double(seen.count) }
            var tilts = seen.map { _ in 0.0 }
            // A fixed point: the constraint's slope depends on the frequencies' own mean and spread.
            for _ in 0..<100 {
                let mean = zip(values, frequencies).reduce(0) { $0 + $1.0 * $1.1 }
                let variance = zip(values, frequencies).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 }
                let deviation = variance.squareRoot()
                tilts = SequentialTest.tilts(
                    seen,
                    values.map { value in
                        let z = (value - mean) / deviation
                        return value - 0.5 - target * deviation * (1 + z * z) / 2
                    })
                let next = zip(seen, tilts).map { $0 / (1 + $1) }
                let change = zip(next, frequencies).reduce(0) { max($0, abs($1.0 - $1.1)) }
                frequencies = next
                if change < 1e-15 { break }
            }
            return tilts
        }
    }

    /// θ·φ_k with θ the root of Σ p̂_k φ_k / (1 + θ φ_k) = 0 that keeps every frequency positive.
    ///
    /// The sum falls in θ, so Newton's steps are kept within a bracket that shrinks.
    private static func tilts(_ seen: [Double], _ phi: [Double]) -> [Double] {
        let (least, most) = (phi.reduce(.infinity, min), phi.reduce(-.infinity, max))
        // All on one side: no frequencies fulfil the hypothesis; it is infinitely unlikely in the limit.
        guard least < 0, most > 0 else { return phi.map { $0 == 0 ? 0 : 1e12 } }
        var (low, high) = (-1 / most, -1 / least)
        var theta = 0.0
        for _ in 0..<200 {
            var (sum, slope) = (0.0, 0.0)
            for (p, f) in zip(seen, phi) {
                let share = f / (1 + theta * f)
                sum += p * share
                slope -= p * share * share
            }
            if sum > 0 { low = theta } else { high = theta }
            var next = theta - sum / slope
            if !(next > low && next < high) { next = (low + high) / 2 }
            if abs(next - theta) <= 1e-16 * max(1, abs(theta)) { break }
            theta = next
        }
        return phi.map { theta * $0 }
    }
}
