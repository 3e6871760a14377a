public import AgonCore

/// Everyone meets everyone at tables of n seats: each choice of n entrants sits down together, and each prompt is played
/// n times with everybody moved on by one seat, so that nobody owns a seat.
///
/// Choices follow one another turn by turn until each has had its rooms. Who comes first among equals is shuffled by the
/// seed, from the order of the names.
public struct TableRotation: Scheduler {
    public var seatCount: Int
    /// Rooms of a table at which somebody learns.
    public var roomsPerTable: Int
    /// Rooms of the other tables.
    public var baselineRoomsPerTable: Int

    /// Both numbers of rooms are rounded up to a multiple of the seats, because every room has its return games.
    public init(seatCount: Int, roomsPerTable: Int, baselineRoomsPerTable: Int) {
        precondition(
            seatCount >= 2 && roomsPerTable >= 0 && baselineRoomsPerTable >= 0,
            "a table has two seats or more and no negative rooms: \(seatCount), \(roomsPerTable), \(baselineRoomsPerTable)")
        self.seatCount = seatCount
        self.roomsPerTable = roomsPerTable
        self.baselineRoomsPerTable = baselineRoomsPerTable
    }

    /// Empty where there are fewer entrants than seats.
    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        var generator = SeededGenerator(seed.child(.schedule, round))
        let order = generator.shuffled(entrants.sortedByName())
        let seatCount = seatCount
        guard order.count >= seatCount else { return PairingSequence([]) }
        let learnerCount = order.count { $0.role == .learner }
        let all = Self.choices(of: order.count, seatCount)
        let baseline = Self.choices(of: order.count - learnerCount, seatCount)
        let (training, resting) = (turns(roomsPerTable), turns(baselineRoomsPerTable))
        return PairingSequence(count: seatCount * ((all - baseline) * training + baseline * resting)) {
            var (turn, group, seating) = (0, 0, 0)
            var places = Array(0..<seatCount)
            return AnyIterator {
                while turn < max(training, resting) {
                    let table = places.map { order[$0] }
                    if turn < (table.contains { $0.role == .learner } ? training : resting) {
                        defer {
                            seating += 1
                            if seating == seatCount {
                                (seating, group) = (0, group + 1)
                                if !Self.advance(&places, below: order.count) { turn += 1 }
                            }
                        }
                        let first = (seating + turn) % seatCount
                        return Pairing(seats: (0..<seatCount).map { table[(first + $0) % seatCount].name }, group: group)
                    }
                    if !Self.advance(&places, below: order.count) { turn += 1 }
                }
                return nil
            }
        }
    }

    private func turns(_ rooms: Int) -> Int { (rooms + seatCount - 1) / seatCount }

    /// How many choices of `size` among `count` there are.
    private static func choices(of count: Int, _ size: Int) -> Int {
        guard count >= size else { return 0 }
        return (0..<size).reduce(1) { $0 * (count - $1) / ($1 + 1) }
    }

    /// The next choice in lexicographic order; after the last the first again, and false.
    private static func advance(_ places: inout [Int], below count: Int) -> Bool {
        guard let moving = places.indices.last(where: { places[$0] < count - places.count + $0 }) else {
            places = Array(places.indices)
            return false
        }
        places[moving] += 1
        for later in places.indices.dropFirst(moving + 1) { places[later] = places[later - 1] + 1 }
        return true
    }
}
