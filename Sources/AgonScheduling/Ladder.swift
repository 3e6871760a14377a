public import AgonCore

/// Matchmaking by rating: everyone meets the nearest that is free, within a window that widens while one waits.
///
/// Who has waited longest chooses first; equal waits are ordered by lot. An opponent lies in the same fee tier, belongs to
/// another owner, and is no further away than
///
///     window · (1 + widening · rounds waited since the last game)
///
/// Who has never played has waited since the first round. Last round's opponent is taken only where nobody else is in reach. Who finds nobody waits, so not everyone plays in
/// every round, and a room's seats are always full.
public struct Ladder: Scheduler {
    /// In points of the rating's scale.
    public var window: Double
    /// How much of the window is added for each round of waiting.
    public var widening: Double
    /// Rooms of each meeting, rounded up to an even number.
    public var roomsPerPairing: Int
    /// The rating of who has none yet.
    public var initialRating: Double

    /// How many neighbours on each side are looked at.
    private static let reach = 32

    public init(window: Double = 100, widening: Double = 0.5, roomsPerPairing: Int = 2, initialRating: Double = 1000) {
        precondition(
            window >= 0 && widening >= 0 && roomsPerPairing >= 1,
            "a ladder's window and widening are not negative, and a meeting needs a room: \(window), \(widening), \(roomsPerPairing)")
        self.window = window
        self.widening = widening
        self.roomsPerPairing = roomsPerPairing
        self.initialRating = initialRating
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        let past = Past(history, before: round)
        var generator = SeededGenerator(seed.child(.schedule, round))
        let byLot = generator.shuffled(entrants.sortedByName())
        let tiers = Dictionary(grouping: byLot, by: \.tier)
        let meetings = tiers.keys.sorted().flatMap { self.meetings(tiers[$0] ?? [], history.ratings, past, round: round) }
        return PairingSequence(meetings, times: meetingCount(rooms: roomsPerPairing))
    }

    /// When everyone last played, and against whom.
    private struct Past {
        private(set) var lastRound: [String: Int] = [:]
        private(set) var lastOpponent: [String: String] = [:]

        init(_ history: ScheduleHistory, before round: Int) {
            for earlier in history.rounds.keys.sorted() where earlier < round {
                for pair in (history.rounds[earlier] ?? [:]).keys.sorted(by: { ($0.first, $0.second) < ($1.first, $1.second) }) {
                    for (one, other) in [(pair.first, pair.second), (pair.second, pair.first)] {
                        lastRound[one] = earlier
                        lastOpponent[one] = other
                    }
                }
            }
        }
    }

    /// One tier's meetings, in the order in which they were made.
    private func meetings(_ queue: [Entrant], _ ratings: [String: Double], _ past: Past, round: Int) -> [Meeting] {
        let rated = queue.enumerated().map { (entrant: $1, rating: ratings[$1.name] ?? initialRating, lot: $0) }
            .sorted { ($0.rating, $0.lot) < ($1.rating, $1.lot) }
        let waits = rated.map { round - 1 - (past.lastRound[$0.entrant.name] ?? 0) }
        var free = FreePlaces(count: rated.count)
        var meetings: [Meeting] = []
        for chooser in rated.indices.sorted(by: { (-waits[$0], rated[$0].lot) < (-waits[$1], rated[$1].lot) }) where free.contains(chooser) {
            let (own, limit) = (rated[chooser], window * (1 + widening * Double(waits[chooser])))
            let candidates = free.neighbours(of: chooser, reach: Self.reach).filter { place in
                abs(rated[place].rating - own.rating) <= limit
                    && (own.entrant.owner.isEmpty || rated[place].entrant.owner != own.entrant.owner)
            }.sorted { (abs(rated[$0].rating - own.rating), rated[$0].lot) < (abs(rated[$1].rating - own.rating), rated[$1].lot) }
            let last = past.lastRound[own.entrant.name] == round - 1 ? past.lastOpponent[own.entrant.name] : nil
            guard let chosen = candidates.first(where: { rated[$0].entrant.name != last }) ?? candidates.first else { continue }
            meetings.append(Meeting(home: own.entrant.name, away: rated[chosen].entrant.name))
            free.remove(chooser)
            free.remove(chosen)
        }
        return meetings
    }
}

/// Places on a line of which some are taken; the neighbours of a free one are found without passing the taken ones.
private struct FreePlaces {
    /// `next[i + 1]` is the free place after i, `previous[i + 1]` the one before; −1 and `count` are the ends.
    private var next: [Int]
    private var previous: [Int]
    private var isFree: [Bool]

    init(count: Int) {
        next = Array(0...count + 1)
        previous = Array(-2..<count)
        isFree = Array(repeating: true, count: count)
    }

    func contains(_ place: Int) -> Bool { isFree[place] }

    mutating func remove(_ place: Int) {
        isFree[place] = false
        next[previous[place + 1] + 1] = next[place + 1]
        previous[next[place + 1] + 1] = previous[place + 1]
    }

    /// Up to `reach` free places on each side of a free one.
    func neighbours(of place: Int, reach: Int) -> [Int] {
        var result: [Int] = []
        var below = previous[place + 1]
        while below >= 0, result.count < reach {
            result.append(below)
            below = previous[below + 1]
        }
        var above = next[place + 1]
        let belowCount = result.count
        while above < isFree.count, result.count - belowCount < reach {
            result.append(above)
            above = next[above + 1]
        }
        return result
    }
}
