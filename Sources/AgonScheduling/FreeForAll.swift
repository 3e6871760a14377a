public import AgonCore

/// Everyone in every room: all entrants answer the same prompt, learners with several seats each.
///
/// Seats are shuffled per room by the seed, from the order of the names, so neither the list of entrants nor
/// what other rooms drew matters. Every room has a prompt of its own and is its own group.
public struct FreeForAll: Scheduler {
    /// Rooms in a round.
    public var roomCount: Int
    /// Seats of each learner in each room, at least 1; everyone else holds one.
    public var seatsPerLearner: Int

    public init(roomCount: Int, seatsPerLearner: Int) {
        precondition(roomCount >= 0, "a number of rooms is not negative, roomCount is \(roomCount)")
        precondition(seatsPerLearner >= 1, "a learner needs a seat, seatsPerLearner is \(seatsPerLearner)")
        self.roomCount = roomCount
        self.seatsPerLearner = seatsPerLearner
    }

    /// Empty where fewer than two entrants are there to meet.
    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        guard entrants.count > 1 else { return PairingSequence([]) }
        let seats = entrants.sortedByName().flatMap { entrant in
            Array(repeating: entrant.name, count: entrant.role == .learner ? seatsPerLearner : 1)
        }
        let (roundSeed, roomCount) = (seed.child(.schedule, round), roomCount)
        return PairingSequence(count: roomCount) {
            var room = 0
            return AnyIterator {
                guard room < roomCount else { return nil }
                defer { room += 1 }
                var generator = SeededGenerator(roundSeed.child(.room, room))
                return Pairing(seats: generator.shuffled(seats), group: room)
            }
        }
    }
}
