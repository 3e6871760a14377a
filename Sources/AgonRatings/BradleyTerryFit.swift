public import AgonCore

/// Fitted strengths with their covariance.
///
/// With H the negative second derivative of the log posterior and u the summed score of each cluster of matches:
///
///     model covariance    = H⁻¹
///     sandwich covariance = H⁻¹ · (Σ_clusters u·uᵀ) · H⁻¹
///
/// Intervals come from the sandwich, which stays right where the seats of a room, a game and its return game, or all
/// that was played on one prompt over the rounds share their luck. Where a provisional policy is on either side they come from whichever is wider: with few
/// clusters, or without one upset, the sandwich is far too sure of itself.
///
/// - Source: White 1982, Econometrica 50, theorem 3.2; Liang and Zeger 1986, Biometrika 73, for clusters.
public struct BradleyTerryFit: Sendable {
    /// Rated policies by falling rating, then those without one; equals by name and version.
    public let standings: [Standing]
    public let anchor: PolicyID
    public let options: BradleyTerry.Options
    let graph: MatchGraph
    let strengths: [Double]
    let covariance: StrengthCovariance
    private let rows: [PolicyID: Int]

    init(
        graph: MatchGraph, system: StrengthSystem, solution: StrengthSystem.Solution, options: BradleyTerry.Options
    ) {
        let covariance = StrengthCovariance(
            system: system, factor: solution.factor,
            scores: ClusteredScores(graph: graph, system: system, strengths: solution.strengths))
        var standings = BradleyTerryFit.tallies(graph, minimumClusterCount: options.minimumClusterCount)
        for player in standings.indices where system.isRated[player] {
            let variances = covariance.variances(of: player, over: graph.anchor)
            let strength = system.unknown[player].map { solution.strengths[$0] } ?? 0
            standings[player].rating = Interval(
                value: options.anchorRating + EloScale.pointsPerNat * strength,
                standardError: BradleyTerryFit.points(variances, isProvisional: standings[player].isProvisional),
                count: standings[player].matchCount)
        }
        self.graph = graph
        self.covariance = covariance
        self.options = options
        strengths = solution.strengths
        anchor = graph.players[graph.anchor]
        let sorted = standings.sorted { left, right in
            let (a, b) = (left.rating?.value ?? -.infinity, right.rating?.value ?? -.infinity)
            return a == b ? left.policy < right.policy : a > b
        }
        self.standings = sorted
        rows = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1.policy, $0) })
    }

    /// The standing of a policy; nil where it neither played nor is the anchor.
    public subscript(policy: PolicyID) -> Standing? { rows[policy].map { standings[$0] } }

    /// The rating of `first` less that of `second` with the interval of the difference itself, which the two
    /// ratings' own intervals cannot give: both may be uncertain against the anchor and sure against one another.
    ///
    /// - Returns: nil where either has no rating. `count` is the smaller of their match counts.
    public func difference(_ first: PolicyID, _ second: PolicyID) -> Interval? {
        guard let left = self[first], let right = self[second], let leftRating = left.rating,
            let rightRating = right.rating, let one = graph.players.firstIndex(of: first),
            let other = graph.players.firstIndex(of: second)
        else { return nil }
        let variances = covariance.variances(of: one, over: other)
        return Interval(
            value: leftRating.value - rightRating.value,
            standardError: BradleyTerryFit.points(
                variances, isProvisional: left.isProvisional || right.isProvisional),
            count: min(left.matchCount, right.matchCount))
    }

    private static func points(_ variances: (model: Double, sandwich: Double), isProvisional: Bool) -> Double {
        let variance = isProvisional ? max(variances.model, variances.sandwich) : variances.sandwich
        return EloScale.pointsPerNat * max(0, variance).squareRoot()
    }

    /// Everything of a standing but its rating, one per player.
    private static func tallies(_ graph: MatchGraph, minimumClusterCount: Int) -> [Standing] {
        var clusterCounts = [Int](repeating: 0, count: graph.players.count)
        let (order, starts) = graph.byCluster()
        // The cluster in which each player was seen last.
        var seen = [Int](repeating: -1, count: graph.players.count)
        for cluster in 0..<graph.clusterCount {
            for index in order[starts[cluster]..<starts[cluster + 1]] {
                for player in [graph.edges[index].first, graph.edges[index].second] where seen[player] != cluster {
                    seen[player] = cluster
                    clusterCounts[player] += 1
                }
            }
        }
        var points = [Double](repeating: 0, count: graph.players.count)
        var rows = graph.players.indices.map { player in
            Standing(
                policy: graph.players[player], rating: nil, wins: 0, draws: 0, losses: 0, clusterCount: 0,
                component: graph.component[player], isWinless: false, isPerfect: false,
                isSeparated: graph.isSeparated[player], isProvisional: false)
        }
        for edge in graph.edges {
            for (player, score) in [(edge.first, edge.score), (edge.second, 1 - edge.score)] {
                points[player] += score
                if score > 0.5 { rows[player].wins += 1 }
                if score == 0.5 { rows[player].draws += 1 }
                if score < 0.5 { rows[player].losses += 1 }
            }
        }
        for player in rows.indices {
            let count = rows[player].matchCount
            rows[player].clusterCount = clusterCounts[player]
            rows[player].isWinless = count > 0 && points[player] == 0
            rows[player].isPerfect = count > 0 && points[player] == Double(count)
            rows[player].isProvisional =
                player != graph.anchor
                && (graph.isSeparated[player] || clusterCounts[player] < minimumClusterCount)
        }
        return rows
    }
}
