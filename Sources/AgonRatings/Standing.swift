public import AgonCore

/// A row of the leaderboard before names are dressed up: one version, its rating and how far to trust it.
public struct Standing: Sendable, Hashable {
    public var policy: PolicyID
    /// The rating on the Elo scale; the interval is of the difference to the anchor. Nil where no chain of matches
    /// joins the policy to the anchor, or where it has no finite estimate and no prior gives it one.
    public var rating: Interval?
    /// Matches, unweighted: score above, at and below ½.
    public var wins: Int
    public var draws: Int
    public var losses: Int
    /// Clusters in which it played: independent pieces of evidence.
    public var clusterCount: Int
    /// Which island of matches it lies on: 0 is the anchor's. Policies of different islands cannot be compared.
    public var component: Int
    /// It never scored: only the prior keeps its rating finite.
    public var isWinless: Bool
    /// It never dropped a point: only the prior keeps its rating finite.
    public var isPerfect: Bool
    /// It or its group never lost a point to the anchor's group, or never took one. Winless and perfect are such cases.
    public var isSeparated: Bool
    /// Too little evidence to rank by: separated, or fewer clusters than the fit asks for. Never true of the anchor.
    public var isProvisional: Bool

    /// Matches played.
    public var matchCount: Int { wins + draws + losses }
}
