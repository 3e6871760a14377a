public import AgonCore
import Foundation

/// Bradley–Terry: the strengths that make all results likeliest at once, whatever their order.
///
/// Each policy has a strength r in nats, the anchor's is 0; a tie is half a win:
///
///     p = σ(r_first − r_second)
///     log posterior = Σ weight · (score · ln p + (1 − score) · ln(1 − p)) − Σ r² / 2τ²
///     rating = anchorRating + 400 / ln 10 · r
///
/// Maximised by Newton steps on the counts of each pair of policies. The prior of standard deviation τ about the
/// anchor keeps policies finite that never won or never lost; at 1000 points it moves a policy with 100 even
/// results by 0.1 % of its distance. Intervals allow for matches of one cluster depending on one another, see
/// `BradleyTerryFit`.
///
/// - Source: Bradley and Terry 1952, Biometrika 39, pp. 324–345.
public enum BradleyTerry {
    /// What a fit may be told.
    public struct Options: Sendable, Hashable, Codable {
        /// Rating of the anchor, exact by definition.
        public var anchorRating: Double
        /// Standard deviation of the prior about the anchor, in rating points; nil for none.
        public var priorDeviation: Double?
        /// Fewer clusters than this make a standing provisional: below it the clustered variance is not to be trusted.
        public var minimumClusterCount: Int

        public init(anchorRating: Double = 1000, priorDeviation: Double? = 1000, minimumClusterCount: Int = 30) {
            self.anchorRating = anchorRating
            self.priorDeviation = priorDeviation
            self.minimumClusterCount = minimumClusterCount
        }
    }

    /// Ratings of everyone in the matches, and of the anchor.
    ///
    /// Policies that no chain of matches joins to the anchor get no rating, and neither do separated policies
    /// where there is no prior: their estimate is infinite.
    ///
    /// - Parameter matches: of any rounds, in any order.
    /// - Parameter anchor: the version against which ratings are read; need not have played.
    /// - Throws: `invalidMatch`; `notSolvable` where the strengths do not converge, which no valid matches do.
    public static func fit(
        _ matches: some Sequence<Match>, anchor: PolicyID, options: Options = Options()
    ) throws(RatingError) -> BradleyTerryFit {
        let matches = matches as? MatchList ?? MatchList(matches)
        try RatingError.check(list: matches)
        precondition(options.priorDeviation.map { $0 > 0 } ?? true, "a prior's deviation is positive")
        let graph = MatchGraph(matches, anchor: anchor)
        let isRated = graph.players.indices.map { player in
            graph.component[player] == 0 && (options.priorDeviation != nil || !graph.isSeparated[player])
        }
        let precision = options.priorDeviation.map { pow(EloScale.pointsPerNat / $0, 2) } ?? 0
        let system = StrengthSystem(graph: graph, isRated: isRated, priorPrecision: precision)
        let solution = try system.solve()
        return BradleyTerryFit(graph: graph, system: system, solution: solution, options: options)
    }
}
