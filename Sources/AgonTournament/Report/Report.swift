public import AgonCore
public import AgonScheduling

/// Everything that a report shows, as plain values.
///
/// Terminal, Markdown, CSV, JSON and HTML are all rendered from this one value, so they cannot disagree.
/// Nothing here reads a clock, a file or a database.
public struct Report: Sendable, Hashable, Codable {
    /// What the rooms of the arena are.
    public enum Kind: String, Sendable, Codable {
        /// Questions with answers that a judge compares.
        case prompts
        /// Games that a referee decides.
        case game
    }

    public var arena: String
    public var kind: Kind
    /// The run's id, `ARENA-SEED-HASH`.
    public var runID: String
    public var seed: UInt64
    /// Kernel path that the run's bits belong to.
    public var kernels: String
    /// Rounds that are closed.
    public var roundCount: Int
    /// Signature of the last closed round; empty before the first.
    public var signature: String
    /// One row per agent, best rating first.
    public var standings: [Standing]
    /// Names of the agents that hold the scale in place.
    public var anchors: [String]
    /// Every agent's standing at the end of every round.
    public var ratings: [RatingRecord]
    /// One per pair of agents that met.
    public var headToHead: [HeadToHead]
    public var evaluations: [EvaluationRecord]
    /// One record per round; nil where a referee decides and there is no judge to watch.
    public var judgeHealth: [JudgeHealthRecord]?
    /// What the judge's trust is decided by; nil where no canary measures it.
    public var trustRule: TrustRule?
    /// Nil where there is no judge to watch and nobody voted.
    public var judging: JudgingRecords?
    /// Nil where no agent from outside cost anything or was disqualified.
    public var outsiders: OutsideRecords?
    /// Whose answers or verdicts updates leave out; nil where nobody's.
    public var revocations: [Revocation]?
    public var updates: [UpdateRecord]
    /// Sums over all closed rounds.
    public var timings: RoundTimings
    /// At most `sampleRoomLimit`, without token ids and log-probabilities.
    public var sampleRooms: [RoomResult]

    /// Scores by seat and by tag; nil in reports that were made without.
    public var breakdowns: [Breakdown]?
    /// Every version of the learners on the scale of the last fit; nil in reports that were made without.
    public var versionRatings: [VersionRating]?
    /// Where the learners' samples are; nil in sequential runs.
    public var samples: [SampleLedger]?
    /// The bracket of a knockout; nil under other schedules.
    public var knockout: KnockoutBracket?
    /// The table of a Swiss tournament; nil under other schedules.
    public var swiss: SwissTable?
    /// What the report before this one showed; nil where there was none.
    public var previous: Snapshot?

    /// How many rooms a report shows in full.
    public static let sampleRoomLimit = 5

    /// Orders what is order-free, so that equal runs give equal reports: standings by rating, records by round and name.
    public init(
        arena: String, kind: Kind, runID: String, seed: UInt64, kernels: String, roundCount: Int, signature: String,
        standings: [Standing], anchors: [String], ratings: [RatingRecord], headToHead: [HeadToHead],
        evaluations: [EvaluationRecord], judgeHealth: [JudgeHealthRecord]?, trustRule: TrustRule?,
        judging: JudgingRecords? = nil, outsiders: OutsideRecords? = nil, updates: [UpdateRecord], timings: RoundTimings, sampleRooms: [RoomResult]
    ) {
        self.arena = arena
        self.kind = kind
        self.runID = runID
        self.seed = seed
        self.kernels = kernels
        self.roundCount = roundCount
        self.signature = signature
        self.standings = standings.sorted { ($1.rating.value, $0.agent) < ($0.rating.value, $1.agent) }
        self.anchors = anchors.sorted()
        self.ratings = ratings.sorted { ($0.round, $0.policy) < ($1.round, $1.policy) }
        self.headToHead = Report.oncePerPair(headToHead)
        self.evaluations = evaluations.sorted { ($0.measure, $0.round, $0.policy) < ($1.measure, $1.round, $1.policy) }
        self.judgeHealth = judgeHealth?.sorted { $0.round < $1.round }
        self.trustRule = trustRule
        self.judging = judging
        self.outsiders = outsiders
        self.updates = updates.sorted { ($0.round, $0.agent) < ($1.round, $1.agent) }
        self.timings = timings
        self.sampleRooms = sampleRooms.prefix(Report.sampleRoomLimit).map(Report.withoutTokens)
    }

    /// Each pair of agents once, seen from the one that is first by name, whichever sides were given.
    private static func oncePerPair(_ records: [HeadToHead]) -> [HeadToHead] {
        var seen: [[String]: HeadToHead] = [:]
        for record in records where record.first != record.second {
            let ordered = record.first < record.second ? record : record.flipped
            let key = [ordered.first, ordered.second]
            if seen[key] == nil || record.first < record.second { seen[key] = ordered }
        }
        return seen.values.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }

    private static func withoutTokens(_ result: RoomResult) -> RoomResult {
        var result = result
        for seat in result.rollouts.indices {
            result.rollouts[seat].sequence = nil
            result.rollouts[seat].logProbs = []
        }
        return result
    }
}

/// A number that was estimated, with its 95 % interval.
public struct Estimate: Sendable, Hashable, Codable {
    public var value: Double
    public var low: Double
    public var high: Double

    public init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// Half the interval's width: what stands behind ±.
    var halfWidth: Double { (high - low) / 2 }

    init(_ record: EvaluationRecord) { self.init(value: record.value, low: record.low, high: record.high) }
}

/// The rating of one version on the scale of the last fit, whoever it met and when.
public struct VersionRating: Sendable, Hashable, Codable {
    public var policy: PolicyID
    /// The round whose end made it; 0 for what the agent came with.
    public var round: Int
    public var rating: Estimate
}

/// One row of the leaderboard.
public struct Standing: Sendable, Hashable, Codable {
    public var agent: String
    public var role: Entrant.Role
    /// The agent's kind, as `agent.yaml` names it; nil in reports that were made without.
    public var kind: String?
    /// The version that played the last round. One that was promoted at its end has no rating yet.
    public var version: Int
    /// Online Elo of the agent, in room order.
    public var elo: Double
    /// Bradley–Terry rating of that version on the anchored Elo scale.
    public var rating: Estimate
    public var wins: Int
    public var draws: Int
    public var losses: Int
    public var forfeits: Int
    /// Rating of that version minus that of version 0, with the interval of the difference. Nil where nothing
    /// was trained.
    public var changeSinceFirst: Estimate?

    public init(
        agent: String, role: Entrant.Role, version: Int, elo: Double, rating: Estimate, wins: Int, draws: Int,
        losses: Int, forfeits: Int, changeSinceFirst: Estimate? = nil
    ) {
        self.agent = agent
        self.role = role
        self.version = version
        self.elo = elo
        self.rating = rating
        self.wins = wins
        self.draws = draws
        self.losses = losses
        self.forfeits = forfeits
        self.changeSinceFirst = changeSinceFirst
    }

    /// The row of an agent that has not played: the initial rating, and no interval.
    public init(unplayed entrant: Entrant, initial: Double) {
        self.init(
            agent: entrant.name, role: entrant.role, version: 0, elo: initial,
            rating: Estimate(value: initial, low: -.infinity, high: .infinity), wins: 0, draws: 0, losses: 0,
            forfeits: 0)
    }

    /// Matches that the rating consumed.
    public var matchCount: Int { wins + draws + losses }

    var policy: PolicyID { PolicyID(agent: agent, version: version) }

    /// What part it takes, in a word: its role, and the kind of one that only answers.
    var part: String { role.part(kind: kind) }
}

extension Entrant.Role {
    /// The role in a word, or the kind of an agent that only answers.
    func part(kind: String?) -> String { self == .scripted ? kind ?? rawValue : rawValue }
}

/// What two agents did against each other, all versions together. Seen from `first`.
public struct HeadToHead: Sendable, Hashable, Codable {
    public var first: String
    public var second: String
    public var wins: Int
    public var draws: Int
    public var losses: Int
    /// Mean score of `first` that the ratings predict, 0 … 1; nil where unknown.
    public var expectedScore: Double?

    public init(first: String, second: String, wins: Int, draws: Int, losses: Int, expectedScore: Double? = nil) {
        self.first = first
        self.second = second
        self.wins = wins
        self.draws = draws
        self.losses = losses
        self.expectedScore = expectedScore
    }

    /// Matches played.
    public var matchCount: Int { wins + draws + losses }

    /// Points of `first` per match, 0 … 1; nil before the first match.
    public var score: Double? {
        matchCount == 0 ? nil : (Double(wins) + Double(draws) / 2) / Double(matchCount)
    }

    /// The same matches, seen from `second`.
    public var flipped: HeadToHead {
        HeadToHead(
            first: second, second: first, wins: losses, draws: draws, losses: wins,
            expectedScore: expectedScore.map { 1 - $0 })
    }
}
