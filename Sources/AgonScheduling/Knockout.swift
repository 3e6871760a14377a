public import AgonCore

/// Who loses is out: a bracket, with byes where the field is no power of two.
///
/// The bracket keeps the best seeds apart as long as it can: the first meets the second in the final at the earliest, and
/// byes go to the best seeds. A round plays every meeting of a stage that is not decided. Level meetings are played once
/// more, up to `extensionLimit` times, while the others wait; then the better seed goes on.
public struct Knockout: Scheduler {
    /// Names in order of strength; entrants that are not named follow by lot.
    public var seeds: [String]
    /// Rooms of each meeting, rounded up to an even number: best of so many.
    public var bestOf: Int
    /// How often a level meeting is played again.
    public var extensionLimit: Int

    public init(seeds: [String] = [], bestOf: Int = 2, extensionLimit: Int = 2) {
        precondition(bestOf >= 1 && extensionLimit >= 0, "a meeting needs rooms, bestOf is \(bestOf), extensionLimit \(extensionLimit)")
        self.seeds = seeds
        self.bestOf = bestOf
        self.extensionLimit = extensionLimit
    }

    public func roundLimit(entrantCount: Int) -> Int? {
        Self.stageCount(entrantCount: entrantCount) * (1 + extensionLimit)
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        let bracket = bracket(entrants, history: history, before: round, seed: seed)
        return PairingSequence(bracket.undecided.map { Meeting(home: $0.0, away: $0.1) }, times: meetingCount(rooms: bestOf))
    }

    /// Who won; nil while the bracket is being played, or where nobody entered.
    public func champion(entrants: [Entrant], history: ScheduleHistory, before round: Int, seed: Seed) -> String? {
        bracket(entrants, history: history, before: round, seed: seed).champion
    }

    /// How many stages a field has: the logarithm of its size, rounded up.
    static func stageCount(entrantCount: Int) -> Int {
        entrantCount < 2 ? 0 : Int.bitWidth - (entrantCount - 1).leadingZeroBitCount
    }

    private func bracket(_ entrants: [Entrant], history: ScheduleHistory, before round: Int, seed: Seed) -> Bracket {
        let names = entrants.sortedByName().map(\.name)
        let known = Set(names)
        var generator = SeededGenerator(seed.child(.schedule, 0))
        let named = seeds.filter(known.contains)
        let isNamed = Set(named)
        var bracket = Bracket(named + generator.shuffled(names.filter { !isNamed.contains($0) }))
        for earlier in 1..<max(1, round) { bracket.play(history.rounds[earlier] ?? [:], extensionLimit: extensionLimit) }
        return bracket
    }
}

/// A stage of a knockout: who is in, in the bracket's order.
private struct Bracket {
    /// Place in the order of seeds, from 0.
    private let seedOf: [String: Int]
    /// Neighbours meet; nil is a bye.
    private var places: [String?]
    /// Winners of this stage's decided meetings.
    private var winners: [String?]
    private var extensionCounts: [Int]

    /// - Parameter seeds: the best first, distinct.
    init(_ seeds: [String]) {
        seedOf = Dictionary(uniqueKeysWithValues: seeds.enumerated().map { ($1, $0) })
        // Doubling the bracket puts beside each seed the one with which it sums to the new size.
        var order = [0]
        while order.count < seeds.count {
            let size = 2 * order.count
            order = order.flatMap { [$0, size - 1 - $0] }
        }
        places = seeds.isEmpty ? [] : order.map { $0 < seeds.count ? seeds[$0] : nil }
        (winners, extensionCounts) = ([], [])
        begin()
    }

    /// The meetings that are still open, better seed first.
    var undecided: [(String, String)] { winners.indices.filter { winners[$0] == nil }.compactMap(meeting) }

    var champion: String? { places.count == 1 ? places[0] : nil }

    /// One round's results, and the next stage where they decided this one.
    mutating func play(_ tallies: [ScheduleHistory.AgentPair: ScheduleHistory.Tally], extensionLimit: Int) {
        for index in winners.indices where winners[index] == nil {
            guard let (better, other) = meeting(index) else { continue }
            let tally = tallies[ScheduleHistory.AgentPair(better, other)] ?? ScheduleHistory.Tally()
            let lead = (2 * tally.points - tally.count) * (better < other ? 1 : -1)
            if lead != 0 {
                winners[index] = lead > 0 ? better : other
            } else {
                extensionCounts[index] += 1
                if extensionCounts[index] > extensionLimit { winners[index] = better }
            }
        }
        if winners.count > 0, winners.allSatisfy({ $0 != nil }) {
            places = winners
            begin()
        }
    }

    /// Byes are won before anything is played.
    private mutating func begin() {
        extensionCounts = Array(repeating: 0, count: places.count / 2)
        winners = (0..<places.count / 2).map { index in
            let (one, other) = (places[2 * index], places[2 * index + 1])
            return one == nil ? other : other == nil ? one : nil
        }
    }

    private func meeting(_ index: Int) -> (String, String)? {
        guard let one = places[2 * index], let other = places[2 * index + 1] else { return nil }
        return (seedOf[one] ?? 0) < (seedOf[other] ?? 0) ? (one, other) : (other, one)
    }
}
