public import AgonCore

/// The Swiss system: each round pairs entrants with about as many points who have not met yet.
///
/// Entrants are ordered by points, then rating, then lot. From the top, each meets the one half a score group below
/// where that is possible, otherwise the nearest below it that it has not met. Where their number is odd the last that has
/// not had a bye has one, worth a full point. Points are one a round: the share won of the round's matches of the pair.
/// A meeting of which nothing counted leaves no trace: it gives no points and may come again.
/// Two meet again only where nothing else was found: with up to sixteen entrants that means that there is nothing else.
public struct Swiss: Scheduler {
    /// Rounds in all; nil: as many as a knockout of the same field would have.
    public var roundCount: Int?
    /// Rooms of each meeting, rounded up to an even number.
    public var roomsPerPairing: Int

    public init(roundCount: Int? = nil, roomsPerPairing: Int = 2) {
        precondition(roomsPerPairing >= 1, "a meeting needs a room, rooms per pairing are \(roomsPerPairing)")
        self.roundCount = roundCount
        self.roomsPerPairing = roomsPerPairing
    }

    public func roundLimit(entrantCount: Int) -> Int? { roundCount ?? Knockout.stageCount(entrantCount: entrantCount) }

    /// The table as it stands when a round begins.
    public func table(entrants: [Entrant], history: ScheduleHistory, before round: Int) -> SwissTable {
        SwissTable(
            encounters: Field(entrants, history: history, before: round).encounters,
            roundLimit: roundLimit(entrantCount: entrants.count) ?? 0)
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        guard entrants.count > 1, round <= roundLimit(entrantCount: entrants.count) ?? round else { return PairingSequence([]) }
        let field = Field(entrants, history: history, before: round)
        // One lot for the whole tournament, so that equal entrants keep their order from round to round.
        var generator = SeededGenerator(seed.child(.schedule, 0))
        let lots = generator.shuffled(entrants.sortedByName().map(\.name))
        let (ranks, byes) = (field.ranks, field.byes)
        var order = lots.enumerated().sorted { left, right in
            guard let one = ranks[left.element], let other = ranks[right.element], one != other else { return left.offset < right.offset }
            return one > other
        }.map(\.element)
        if !order.count.isMultiple(of: 2), let last = order.lastIndex(where: { !byes.contains($0) }) ?? order.indices.last {
            order.remove(at: last)
        }
        let meetings = SwissPairing(order: order, points: field.points, opponents: field.opponents).meetings()
        return PairingSequence(meetings, times: meetingCount(rooms: roomsPerPairing))
    }

    /// What the rounds before have made of the entrants.
    private struct Field {
        /// By name, in the order of rounds.
        private(set) var encounters: [String: [SwissTable.Encounter]] = [:]
        private let ratings: [String: Double]

        init(_ entrants: [Entrant], history: ScheduleHistory, before round: Int) {
            ratings = history.ratings
            for entrant in entrants { encounters[entrant.name] = [] }
            for earlier in history.rounds.keys.sorted() where earlier < round {
                var played: Set<String> = []
                for (pair, tally) in history.rounds[earlier] ?? [:] {
                    played.formUnion([pair.first, pair.second])
                    let share = tally.count > 0 ? tally.points / tally.count : 0.5
                    encounters[pair.first]?.append(.init(round: earlier, opponent: pair.second, points: share))
                    encounters[pair.second]?.append(.init(round: earlier, opponent: pair.first, points: 1 - share))
                }
                // Who did not play in a round with an odd field sat it out.
                let absent = entrants.filter { !played.contains($0.name) }
                if absent.count == 1 { encounters[absent[0].name]?.append(.init(round: earlier, opponent: nil, points: 1)) }
            }
        }

        var points: [String: Double] { encounters.mapValues { $0.reduce(0) { $0 + $1.points } } }
        var opponents: [String: Set<String>] { encounters.mapValues { Set($0.compactMap(\.opponent)) } }
        var byes: Set<String> { Set(encounters.filter { $0.value.contains { $0.opponent == nil } }.keys) }

        /// Points first, then rating.
        var ranks: [String: Rank] {
            Dictionary(uniqueKeysWithValues: points.map { ($0, Rank(points: $1, rating: ratings[$0] ?? 0)) })
        }
    }

    private struct Rank: Comparable {
        var points: Double
        var rating: Double
        static func < (left: Rank, right: Rank) -> Bool {
            left.points == right.points ? left.rating < right.rating : left.points < right.points
        }
    }
}

/// The pairing of one round of an even number of entrants, the best first.
struct SwissPairing {
    private let order: [String]
    /// By place in the order.
    private let points: [Double]
    private let opponents: [String: Set<String>]

    /// Fields up to this size are searched to the end.
    private static let exhaustiveLimit = 16

    init(order: [String], points: [String: Double], opponents: [String: Set<String>]) {
        self.order = order
        self.points = order.map { points[$0] ?? 0 }
        self.opponents = opponents
    }

    func meetings() -> [Meeting] {
        let pairs = order.count <= Self.exhaustiveLimit ? searched(Array(order.indices)) ?? greedy() : greedy()
        return pairs.sorted { $0.0 < $1.0 }.map { Meeting(home: order[$0.0], away: order[$0.1]) }
    }

    private func haveMet(_ one: Int, _ other: Int) -> Bool { opponents[order[one]]?.contains(order[other]) ?? false }

    /// How far down the first of the rest finds the lower half of its score group, at least one place.
    private func halfCount(_ rest: [Int]) -> Int { max(1, rest.prefix { points[$0] == points[rest[0]] }.count / 2) }

    /// Whom the first of the rest would like to meet, the best choice first: half its score group below, then further
    /// down, then those between.
    private func wishes(_ rest: [Int]) -> [Int] {
        guard !rest.isEmpty else { return [] }
        let half = halfCount(rest)
        return Array(rest[half...]) + rest[1..<half].reversed()
    }

    /// Pairs without a rematch; nil where there are none.
    private func searched(_ rest: [Int]) -> [(Int, Int)]? {
        guard let first = rest.first else { return [] }
        for other in wishes(rest) where !haveMet(first, other) {
            if let later = searched(rest.filter { $0 != first && $0 != other }) { return [(first, other)] + later }
        }
        return nil
    }

    /// From the top without looking back; then pairs that would be rematches change partners with others, from the
    /// bottom up, where that leaves no rematch.
    private func greedy() -> [(Int, Int)] {
        var rest = order.indices.map { $0 }
        var pairs: [(Int, Int)] = []
        while !rest.isEmpty {
            let (first, half) = (rest[0], halfCount(rest))
            let below = rest[half...].firstIndex { !haveMet(first, $0) }
            let between = below == nil ? rest[1..<half].lastIndex { !haveMet(first, $0) } : nil
            let place = below ?? between ?? half
            pairs.append((first, rest[place]))
            rest.remove(at: place)
            rest.removeFirst()
        }
        for stuck in pairs.indices.reversed() where haveMet(pairs[stuck].0, pairs[stuck].1) {
            let (one, other) = pairs[stuck]
            for candidate in pairs.indices.reversed() where candidate != stuck {
                let (left, right) = pairs[candidate]
                if !haveMet(one, left), !haveMet(other, right) {
                    (pairs[stuck], pairs[candidate]) = ((min(one, left), max(one, left)), (min(other, right), max(other, right)))
                    break
                }
                if !haveMet(one, right), !haveMet(other, left) {
                    (pairs[stuck], pairs[candidate]) = ((min(one, right), max(one, right)), (min(other, left), max(other, left)))
                    break
                }
            }
        }
        return pairs
    }
}
