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
        let bracket = bracket(entrants: entrants, history: history, before: round, seed: seed)
        return PairingSequence(bracket.undecided.map { Meeting(home: $0.0, away: $0.1) }, times: meetingCount(rooms: bestOf))
    }

    /// The bracket as it stands when a round begins.
    public func bracket(entrants: [Entrant], history: ScheduleHistory, before round: Int, seed: Seed) -> KnockoutBracket {
        let names = entrants.sortedByName().map(\.name)
        let known = Set(names)
        var generator = SeededGenerator(seed.child(.schedule, 0))
        let named = seeds.filter(known.contains)
        let isNamed = Set(named)
        var bracket = KnockoutBracket(named + generator.shuffled(names.filter { !isNamed.contains($0) }))
        for earlier in 1..<max(1, round) { bracket.play(history.rounds[earlier] ?? [:], extensionLimit: extensionLimit) }
        return bracket
    }

    /// How many stages a field has: the logarithm of its size, rounded up.
    static func stageCount(entrantCount: Int) -> Int {
        entrantCount < 2 ? 0 : Int.bitWidth - (entrantCount - 1).leadingZeroBitCount
    }
}
