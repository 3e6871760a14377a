/// Who meets whom. A pure function of the round's number, the entrants, what was played before, and the seed.
///
/// So a schedule that was interrupted goes on where it stopped: whoever knows the round and how many of its rooms were
/// played knows what comes next. The laws are tested on every conformer.
public protocol Scheduler: Sendable {
    /// The pairings of a round in room order, made as they are pulled.
    ///
    /// - Parameters:
    ///   - round: from 1.
    ///   - history: all rounds before this one; those that need no history do not read it.
    func schedule(round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed) -> PairingSequence
    /// The most rounds that the schedule can take; nil where another round may always follow. Rounds after the last are
    /// empty.
    func roundLimit(entrantCount: Int) -> Int?
}

extension Scheduler {
    public func roundLimit(entrantCount: Int) -> Int? { nil }

    /// All pairings of a round at once.
    public func pairings(
        round: Int, entrants: [Entrant], history: ScheduleHistory = ScheduleHistory(), seed: Seed
    ) -> [Pairing] {
        Array(schedule(round: round, entrants: entrants, history: history, seed: seed))
    }
}

/// A round's pairings, of known number, made one by one as they are pulled, so that a million take no memory.
///
/// Walking it twice gives the same pairings. To go on after `n` rooms: `dropFirst(n)`.
public struct PairingSequence: Sequence, Sendable {
    /// How many there are.
    public let count: Int
    private let start: @Sendable () -> AnyIterator<Pairing>

    /// - Parameter start: begins a walk; it must be pure, and give `count` pairings.
    public init(count: Int, start: @escaping @Sendable () -> AnyIterator<Pairing>) {
        self.count = count
        self.start = start
    }

    /// Pairings that are there already.
    public init(_ pairings: [Pairing]) {
        self.init(count: pairings.count) { AnyIterator(pairings.makeIterator()) }
    }

    public var underestimatedCount: Int { count }

    public func makeIterator() -> AnyIterator<Pairing> { start() }
}

/// What was played before a round, as far as schedulers read it.
public struct ScheduleHistory: Sendable, Hashable {
    /// Two agents, whoever sat where.
    public struct AgentPair: Sendable, Hashable {
        /// By name, `first` < `second`.
        public let first: String
        public let second: String

        public init(_ one: String, _ other: String) {
            (first, second) = one < other ? (one, other) : (other, one)
        }
    }

    /// A version and the version that it met.
    public struct VersionPair: Sendable, Hashable {
        public let own: PolicyID
        public let other: PolicyID

        public init(_ own: PolicyID, _ other: PolicyID) {
            self.own = own
            self.other = other
        }
    }

    /// Points of the first side and how many matches they are of, voids left out.
    public struct Tally: Sendable, Hashable {
        public var points = 0.0
        public var count = 0.0

        public init() {}

        mutating func add(_ score: Double, weight: Double) {
            points += score * weight
            count += weight
        }
    }

    /// Elo-scale ratings by agent; an agent without one is new.
    public var ratings: [String: Double]
    /// The newest version of each agent that has several.
    public var newestVersions: [String: Int]
    /// By round, for every two agents that met in it: the points of the first by name.
    public private(set) var rounds: [Int: [AgentPair: Tally]] = [:]
    /// What each version scored against each version, both ways round.
    public private(set) var versionScores: [VersionPair: Tally] = [:]

    public init(ratings: [String: Double] = [:], newestVersions: [String: Int] = [:], matches: [Match] = []) {
        self.ratings = ratings
        self.newestVersions = newestVersions
        for match in matches { record(match) }
    }

    /// Adds a match. Order does not matter.
    public mutating func record(_ match: Match) {
        versionScores[VersionPair(match.first, match.second), default: Tally()].add(match.score, weight: match.weight)
        versionScores[VersionPair(match.second, match.first), default: Tally()].add(1 - match.score, weight: match.weight)
        let (first, second) = (match.first.agent, match.second.agent)
        guard first != second else { return }
        rounds[match.round, default: [:]][AgentPair(first, second), default: Tally()]
            .add(first < second ? match.score : 1 - match.score, weight: match.weight)
    }

    /// What was played before a round and nothing of it or after, so that a round that is planned again is planned alike.
    public func before(round: Int) -> ScheduleHistory {
        var earlier = self
        earlier.rounds = rounds.filter { $0.key < round }
        return earlier
    }
}
