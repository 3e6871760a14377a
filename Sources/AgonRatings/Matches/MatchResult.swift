import Foundation

/// The result of two players over many games, as a rating difference with its error.
///
/// Games that were played in pairs (one opening with sides changed, one prompt in both orders) are counted as pairs: the
/// five outcomes ½ · (first game + second game) ∈ {0, ¼, ½, ¾, 1}. The opening's luck cancels within a pair, so the
/// error of a pair count is smaller than that of its games, and honest.
///
///     s = Σ a_k n_k / N,   variance = Σ (a_k − s)² n_k / N,   se = √(variance / N)
///     Elo = −400 log₁₀(1/s − 1)
///     normalised Elo = (s − ½) / √(m · variance) · 800 / ln 10          m games an outcome
///     LOS = Φ((s − ½) / se)
///
/// - Source: Van den Bergh 2020, Normalized Elo, and the fishtest mathematics; Elo 1978 for the scale.
public struct MatchResult: Sendable, Hashable, Codable {
    /// How often each outcome was seen, from the worst for the first player to the best: three classes for single games,
    /// five for pairs, two more for each further game of an outcome.
    public var counts: [Double]

    /// Games one by one.
    public init(wins: Int, draws: Int, losses: Int) { counts = [Double(losses), Double(draws), Double(wins)] }

    /// Games in pairs: of the first player two losses; a loss and a draw; two draws or one win each; a win and a draw; two
    /// wins.
    public init(pairs: [Int]) {
        precondition(pairs.count == 5, "pairs of games end in five ways")
        counts = pairs.map { Double($0) }
    }

    /// Games that an outcome stands for: 1, or 2 for pairs.
    public var gamesPerOutcome: Int { (counts.count - 1) / 2 }
    /// Outcomes seen.
    public var count: Double { counts.reduce(0, +) }
    public var gameCount: Int { gamesPerOutcome * Int(count) }

    /// The scores of the classes, 0 … 1.
    public var values: [Double] { counts.indices.map { Double($0) / Double(counts.count - 1) } }

    /// Share of the points; nil before the first outcome.
    public var score: Double? { count > 0 ? zip(values, counts).reduce(0) { $0 + $1.0 * $1.1 } / count : nil }

    /// Of one outcome.
    public var variance: Double? {
        score.map { score in zip(values, counts).reduce(0) { $0 + ($1.0 - score) * ($1.0 - score) * $1.1 } / count }
    }

    /// The score with its 95 % interval, Wilson's where all outcomes are one.
    public var scoreInterval: Interval? {
        guard let score, let variance else { return nil }
        guard variance > 0 else {
            return Interval.wilson(successes: score * count.rounded(), count: Int(count.rounded()))
        }
        return Interval(value: score, standardError: (variance / count).squareRoot(), count: Int(count))
    }

    /// The rating difference with its 95 % interval, which a clean sweep bounds from one side only.
    public var elo: Interval? { scoreInterval?.eloDifference() }

    /// The rating difference in units of the outcomes' own spread, with its 95 % interval; nil without spread.
    public var normalizedElo: Interval? {
        guard let score, let variance, variance > 0 else { return nil }
        let perGame = (Double(gamesPerOutcome) * variance).squareRoot()
        let scale = 800 / log(10.0)
        return Interval(
            value: (score - 0.5) / perGame * scale,
            standardError: scale / (Double(gamesPerOutcome) * count).squareRoot(), count: Int(count))
    }

    /// Likelihood of superiority: the probability that the first player is the better one, by the normal approximation.
    public var likelihoodOfSuperiority: Double? {
        guard let score, let variance, variance > 0 else { return nil }
        return NormalDistribution.cumulative((score - 0.5) / (variance / count).squareRoot())
    }

    /// Likelihood of superiority by decisive games alone: Φ((W − L)/√(W + L)). Of single games.
    public var decisiveSuperiority: Double? {
        guard counts.count == 3, counts[0] + counts[2] > 0 else { return nil }
        return NormalDistribution.cumulative((counts[2] - counts[0]) / (counts[2] + counts[0]).squareRoot())
    }

    /// Games until the 95 % interval of the score is no wider than ± `halfWidth`, at the spread seen so far.
    public func gamesNeeded(halfWidth: Double) -> Int? {
        precondition(halfWidth > 0, "an interval has a width")
        return variance.map { variance in
            let outcomes = variance * (Interval.z95 / halfWidth) * (Interval.z95 / halfWidth)
            return gamesPerOutcome * Int(outcomes.rounded(.up))
        }
    }
}
