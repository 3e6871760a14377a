import AgonCore

/// A knockout as far as it is played: its stages, who met whom, and who went on.
public struct KnockoutBracket: Sendable, Hashable, Codable {
    /// Two in one stage, or one with a bye.
    public struct Meeting: Sendable, Hashable, Codable {
        /// The better seed.
        public let home: String
        /// Nil: a bye.
        public let away: String?
        /// What `home` won of the matches, those of extensions as well.
        public fileprivate(set) var points = 0.0
        /// Matches that counted.
        public fileprivate(set) var matchCount = 0.0
        /// How often the meeting was level, so that it was played again or the better seed went on.
        public fileprivate(set) var levelCount = 0
        /// Who goes on; nil while it is open.
        public fileprivate(set) var winner: String?

        /// Whether nobody won it and the better seed went on.
        public var isWonBySeed: Bool { away != nil && winner == home && 2 * points == matchCount }

        fileprivate init(_ home: String, _ away: String?) {
            (self.home, self.away) = (home, away)
            winner = away == nil ? home : nil
        }
    }

    /// Who is in, the best seed first.
    public let seeds: [String]
    /// The stages that have begun, the first first, each in the bracket's order: the winners of neighbours meet next.
    public private(set) var stages: [[Meeting]] = []

    /// - Parameter seeds: the best first, distinct.
    init(_ seeds: [String]) {
        self.seeds = seeds
        // Doubling the bracket puts beside each seed the one with which it sums to the new size.
        var order = [0]
        while order.count < seeds.count {
            let size = 2 * order.count
            order = order.flatMap { [$0, size - 1 - $0] }
        }
        if seeds.count > 1 { begin(order.map { $0 < seeds.count ? seeds[$0] : nil }) }
    }

    /// Who won; nil while the bracket is being played, or where nobody entered.
    public var champion: String? {
        guard let last = stages.last else { return seeds.first }
        return last.count == 1 ? last[0].winner : nil
    }

    /// How many stages the whole bracket has.
    public var stageCount: Int { Knockout.stageCount(entrantCount: seeds.count) }

    /// The meetings that are still open, better seed first.
    var undecided: [(String, String)] {
        (stages.last ?? []).compactMap { meeting in meeting.winner == nil ? meeting.away.map { (meeting.home, $0) } : nil }
    }

    /// One round's results, and the next stage where they decided this one.
    mutating func play(_ tallies: [ScheduleHistory.AgentPair: ScheduleHistory.Tally], extensionLimit: Int) {
        guard let stage = stages.indices.last else { return }
        for index in stages[stage].indices { stages[stage][index].play(tallies, extensionLimit: extensionLimit) }
        let winners = stages[stage].map(\.winner)
        if winners.count > 1, winners.allSatisfy({ $0 != nil }) { begin(winners) }
    }

    /// - Parameter places: neighbours meet; nil is nobody.
    private mutating func begin(_ places: [String?]) {
        let seedOf = Dictionary(uniqueKeysWithValues: seeds.enumerated().map { ($1, $0) })
        stages.append(
            stride(from: 0, to: places.count, by: 2).compactMap { index in
                let pair = places[index..<index + 2].compactMap { $0 }.sorted { (seedOf[$0] ?? 0) < (seedOf[$1] ?? 0) }
                return pair.first.map { Meeting($0, pair.count == 2 ? pair[1] : nil) }
            })
    }
}

extension KnockoutBracket.Meeting {
    fileprivate mutating func play(_ tallies: [ScheduleHistory.AgentPair: ScheduleHistory.Tally], extensionLimit: Int) {
        guard winner == nil, let away else { return }
        let tally = tallies[ScheduleHistory.AgentPair(home, away)] ?? ScheduleHistory.Tally()
        let won = home < away ? tally.points : tally.count - tally.points
        points += won
        matchCount += tally.count
        if 2 * won != tally.count {
            winner = 2 * won > tally.count ? home : away
        } else {
            levelCount += 1
            if levelCount > extensionLimit { winner = home }
        }
    }
}
