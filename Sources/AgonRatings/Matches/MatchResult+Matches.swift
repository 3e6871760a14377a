public import AgonCore

extension MatchResult {
    /// Counts units of several games that hang together by their mean score, to the nearest half point of one game.
    ///
    /// - Parameters:
    ///   - units: mean scores of the first side, 0 … 1; each unit is one observation.
    ///   - games: games of a unit; 2 where a game is played again with the seats changed.
    public init(units: [Double], games: Int = 2) {
        precondition(units.allSatisfy { (0...1).contains($0) }, "scores lie in 0 … 1")
        let steps = 2 * max(1, games)
        counts = [Double](repeating: 0, count: steps + 1)
        for unit in units { counts[Int((Double(steps) * unit).rounded())] += 1 }
    }
}

/// What two sides did against each other, game by game, with what hangs together named.
public struct DirectMatches: Sendable, Hashable {
    /// Scores of the first side.
    public private(set) var scores: [Double] = []
    /// The prompt of each.
    public private(set) var clusters: [Int] = []
    public private(set) var wins = 0
    public private(set) var draws = 0
    public private(set) var losses = 0
    /// By prompt.
    private var units: [Int: (sum: Double, count: Int)] = [:]

    /// Takes the matches in which the two sides met; a match of a side against itself counts for neither.
    public init(_ matches: some Sequence<Match>, first: (PolicyID) -> Bool, second: (PolicyID) -> Bool) {
        for match in matches {
            let score: Double
            if first(match.first), second(match.second) {
                score = match.score
            } else if first(match.second), second(match.first) {
                score = 1 - match.score
            } else {
                continue
            }
            scores.append(score)
            clusters.append(match.cluster)
            if score > 0.5 { wins += 1 } else if score < 0.5 { losses += 1 } else { draws += 1 }
            let unit = units[match.cluster] ?? (0, 0)
            units[match.cluster] = (unit.sum + score, unit.count + 1)
        }
    }

    public static func == (left: Self, right: Self) -> Bool { left.scores == right.scores && left.clusters == right.clusters }

    public func hash(into hasher: inout Hasher) { hasher.combine(scores) }

    public var gameCount: Int { scores.count }

    /// Mean score with its interval, games of one prompt hanging together over all rounds; nil before the first game.
    public var score: Interval? { Interval.mean(of: scores, clusters: clusters) }

    /// For sequential tests: all games of one prompt are one observation, as for `score`. A prompt that comes again in a later
    /// round makes its observation surer, and is none of its own.
    public var result: MatchResult {
        let most = units.values.reduce(1) { max($0, $1.count) }
        return MatchResult(units: units.values.map { $0.sum / Double($0.count) }, games: min(most, DirectMatches.unitLimit))
    }

    /// Means of more games than this are rounded to their steps.
    private static let unitLimit = 64
}
