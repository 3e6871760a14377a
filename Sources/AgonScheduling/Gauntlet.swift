public import AgonCore

/// A few meet everyone: each challenger plays all others, and the others do not play one another.
///
/// With S challengers among n that is S·n − S·(S+1)/2 meetings a turn, each of a prompt and its return. Turn follows turn
/// until each meeting has had its rooms; the order within a turn is shuffled by the seed.
public struct Gauntlet: Scheduler {
    /// By name; empty: all learners.
    public var challengers: [String]
    /// Rooms of each meeting, rounded up to an even number.
    public var roomsPerPairing: Int

    public init(challengers: [String] = [], roomsPerPairing: Int) {
        precondition(roomsPerPairing >= 0, "rooms per pairing are not negative, they are \(roomsPerPairing)")
        self.challengers = challengers
        self.roomsPerPairing = roomsPerPairing
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        let sorted = entrants.sortedByName()
        let named = Set(challengers)
        var generator = SeededGenerator(seed.child(.schedule, round))
        let front = generator.shuffled(
            sorted.filter { named.isEmpty ? $0.role == .learner : named.contains($0.name) }.map(\.name))
        let inFront = Set(front)
        let rest = generator.shuffled(sorted.map(\.name).filter { !inFront.contains($0) })
        let others = front + rest
        let (times, perTurn) = (meetingCount(rooms: roomsPerPairing), front.count * others.count - front.count * (front.count + 1) / 2)
        return PairingSequence(meetingCount: times * perTurn) {
            var (turn, challenger, other) = (0, 0, 1)
            return AnyIterator {
                while turn < times {
                    while challenger < front.count {
                        if other < others.count {
                            defer { other += 1 }
                            let meeting = Meeting(home: front[challenger], away: others[other])
                            return turn.isMultiple(of: 2) ? meeting : meeting.turned
                        }
                        challenger += 1
                        other = challenger + 1
                    }
                    (turn, challenger, other) = (turn + 1, 0, 1)
                }
                return nil
            }
        }
    }
}
