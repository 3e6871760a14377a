public import AgonCore

/// Learners against one another's newest versions and against a pool of past ones.
///
/// Each meeting of a learner is with a newest version with probability `latestRatio`: that of another learner, drawn
/// evenly, or its own where it is alone. Otherwise it is with a version of the pool, which holds the last `window`
/// versions before the newest of every learner, drawn in proportion to
///
///     (1 − share of points won against it)^priority        no points yet: half
///
/// so with a priority above 0 those come most often that still win. An empty pool is replaced by the newest.
/// - Source: prioritised fictitious self-play as in Vinyals et al., Nature 575, 2019, methods.
public struct SelfPlay: Scheduler {
    /// Rooms of each learner in a round, rounded up to an even number.
    public var roomsPerLearner: Int
    /// The share of meetings with a newest version, 0 … 1.
    public var latestRatio: Double
    /// How many past versions of each learner are in the pool.
    public var window: Int
    /// 0: all of the pool equally likely.
    public var priority: Double

    public init(roomsPerLearner: Int, latestRatio: Double = 0.5, window: Int = 8, priority: Double = 2) {
        precondition(
            roomsPerLearner >= 0 && (0...1).contains(latestRatio) && window >= 0 && priority >= 0,
            "self-play needs a ratio in 0 … 1 and nothing negative: \(roomsPerLearner), \(latestRatio), \(window), \(priority)")
        self.roomsPerLearner = roomsPerLearner
        self.latestRatio = latestRatio
        self.window = window
        self.priority = priority
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        let learners = entrants.sortedByName().filter { $0.role == .learner }.map(\.name)
        let pool = learners.flatMap { name in
            let newest = history.newestVersions[name] ?? 0
            return (max(0, newest - window)..<newest).map { PolicyID(agent: name, version: $0) }
        }
        let weights = learners.map { name in pool.map { weight(of: $0, for: name, history) } }
        let times = meetingCount(rooms: roomsPerLearner)
        let (latestRatio, roundSeed) = (latestRatio, seed.child(.schedule, round))
        return PairingSequence(meetingCount: times * learners.count) {
            var index = 0
            return AnyIterator {
                guard index < times * learners.count else { return nil }
                defer { index += 1 }
                let (turn, learner) = index.quotientAndRemainder(dividingBy: learners.count)
                var generator = SeededGenerator(roundSeed.child(.seat, learner).child(.room, turn))
                let name = learners[learner]
                if generator.unit() >= latestRatio, let past = Self.draw(pool, weights[learner], &generator) {
                    return Meeting(home: name, away: past.agent, awayVersion: past.version)
                }
                return Meeting(home: name, away: generator.element(of: learners.filter { $0 != name }) ?? name)
            }
        }
    }

    /// How often a version of the pool comes, relative to the others.
    private func weight(of past: PolicyID, for name: String, _ history: ScheduleHistory) -> Double {
        var tally = ScheduleHistory.Tally()
        let newest = history.newestVersions[name] ?? 0
        for version in max(0, newest - window)...newest {
            let own = PolicyID(agent: name, version: version)
            guard own != past, let scored = history.versionScores[ScheduleHistory.VersionPair(own, past)] else { continue }
            tally.points += scored.points
            tally.count += scored.count
        }
        // A match of half a point for everyone, so that one loss does not count for all.
        let share = (tally.points + 0.5) / (tally.count + 1)
        return Self.power(1 - share, priority)
    }

    /// A whole or fractional power by repeated products and square roots, alike on every machine.
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        var result = 1.0
        for _ in 0..<Int(exponent) { result *= base }
        var (part, root) = (exponent - exponent.rounded(.down), base)
        for _ in 0..<20 where part > 0 {
            root = root.squareRoot()
            part *= 2
            if part >= 1 {
                result *= root
                part -= 1
            }
        }
        return result
    }

    private static func draw(_ pool: [PolicyID], _ weights: [Double], _ generator: inout SeededGenerator) -> PolicyID? {
        let total = weights.reduce(0, +)
        guard total > 0 else { return generator.element(of: pool) }
        var remainder = generator.unit() * total
        for (past, weight) in zip(pool, weights) {
            if remainder < weight { return past }
            remainder -= weight
        }
        return pool.last
    }
}
