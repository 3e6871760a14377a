import AgonCore

/// Who is best, how sure that is, and what the numbers cannot say.
///
/// Ranks are ranges: a player may be anywhere between one place behind those that are surely better and those that are
/// surely worse, each pair judged by the 95 % interval of its own difference. Players of different islands are not
/// compared; each island has its own ranks and its own zero.
public struct Leaderboard: Sendable, Hashable, Codable {
    /// One player.
    public struct Row: Sendable, Hashable, Codable {
        public var name: String
        /// With its 95 % interval and the number of battles; of the difference to the anchor where there is one.
        public var rating: Interval
        /// Place by rating within the island, from 1; equal ratings share it.
        public var rank: Int
        /// The best and the worst place that the differences leave open.
        public var rankLow: Int
        public var rankHigh: Int
        /// From 1: everybody of a group is tied with the group's best player, statistically.
        public var group: Int
        /// Battles, weighted.
        public var wins: Double
        public var ties: Double
        public var losses: Double
        public var opponentCount: Int
        /// 0 is the largest island.
        public var island: Int
        public var isWinless: Bool
        public var isPerfect: Bool
        /// Points flow only one way between it and its island's main group: only the prior makes its rating finite.
        public var isSeparated: Bool
        /// Separated, or fewer battles than asked for: not to be ranked by.
        public var isProvisional: Bool
    }

    /// A covariate's effect on the log-odds of the first player, in rating points per standard deviation.
    public struct Effect: Sendable, Hashable, Codable {
        public var name: String
        public var points: Interval
    }

    public var system: RatingSystem
    /// Island after island, by falling rating, then by name.
    public var rows: [Row]
    /// Where ratings are read from: the anchor's rating, or the mean of each island.
    public var base: Double
    public var anchor: String?
    public var battleCount: Int
    public var islandCount: Int
    /// How the intervals were made, in words.
    public var intervalMethod: String
    /// The tie model and its fit, where the system has one.
    public var tieFit: BattleFit.TieFit?
    public var effects: [Effect]
    /// Sentences that must be shown beside the numbers.
    public var warnings: [String]

    /// The row of a player.
    public subscript(name: String) -> Row? { rows.first { $0.name == name } }

    /// How intervals are made.
    public enum IntervalKind: Sendable, Hashable, Codable {
        /// Robust, clustered by room; where a player is provisional, Fisher's if that is wider.
        case sandwich
        /// By the model alone.
        case fisher
        /// Battles drawn again with replacement, rooms whole.
        case bootstrap(count: Int)
        /// None: the interval is the rating alone. For speed measurements and boards of many thousands of players.
        case none
    }

    /// What a board may be told.
    public struct Options: Sendable, Hashable, Codable {
        public var system: RatingSystem
        public var base: Double
        /// The player whose rating is `base`; nil puts the mean of each island there.
        public var anchor: String?
        public var intervals: IntervalKind
        public var fit: BattleFit.Options
        /// Fewer battles make a player provisional.
        public var minimumBattleCount: Int
        public var elo: EloLadder.Options
        /// Random orders of `eloAveraged`, and of Elo's intervals.
        public var orderCount: Int
        /// Rooms of one rating period of Glicko-2.
        public var roomsPerPeriod: Int
        /// Of the squared coefficients of `contextual`, on the mean loss.
        public var covariatePenalty: Double
        public var seed: UInt64

        public init(
            system: RatingSystem = .bradleyTerry, base: Double = 1000, anchor: String? = nil,
            intervals: IntervalKind = .sandwich, fit: BattleFit.Options = .init(), minimumBattleCount: Int = 30,
            elo: EloLadder.Options = .init(), orderCount: Int = 100, roomsPerPeriod: Int = 100,
            covariatePenalty: Double = 0, seed: UInt64 = 0
        ) {
            self.system = system
            self.base = base
            self.anchor = anchor
            self.intervals = intervals
            self.fit = fit
            self.minimumBattleCount = minimumBattleCount
            self.elo = elo
            self.orderCount = orderCount
            self.roomsPerPeriod = roomsPerPeriod
            self.covariatePenalty = covariatePenalty
            self.seed = seed
        }
    }
}

extension Leaderboard.Options {
    /// The root of the board's random numbers.
    var root: Seed { Seed(run: seed) }

    /// - Throws: `invalidOptions` where the anchor has not played.
    func anchorIndex(_ names: [String]) throws(RatingError) -> Int? {
        guard let anchor else { return nil }
        guard let index = names.firstIndex(of: anchor) else {
            throw RatingError(
                .invalidOptions, "The anchor \(anchor) is not among the \(names.count) players: name one that has played.")
        }
        return index
    }
}
