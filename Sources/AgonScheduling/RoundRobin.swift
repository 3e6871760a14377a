public import AgonCore

/// Everyone meets everyone, two by two, each prompt played twice with the seats changed.
///
/// Pairings follow the circle method: one entrant stays, the others move on by one place, so every entrant
/// meets every other once per turn of the circle and nobody plays all of its rooms at once. Turn follows turn
/// until each pair has had its rooms, so that ratings that are applied in room order see all pairs early and
/// late. Who stands where in the circle is shuffled by the seed, from the order of the names: the order of the
/// list of entrants never matters.
/// - Source: the circle method as in R. Schurig, Deutsche Schachzeitung 41, 1886, pp. 134–137.
public struct RoundRobin: Scheduler {
    /// Rooms between two policies with tokens of which at least one learns.
    public var roomsPerPairing: Int
    /// Rooms between any other two: one is scripted, or both are anchors. 0: they do not meet.
    public var baselineRoomsPerPairing: Int

    /// Both counts are rounded up to the next even number, because every room has its return game.
    public init(roomsPerPairing: Int, baselineRoomsPerPairing: Int) {
        precondition(
            roomsPerPairing >= 0 && baselineRoomsPerPairing >= 0,
            "rooms per pairing are not negative, they are \(roomsPerPairing) and \(baselineRoomsPerPairing)")
        self.roomsPerPairing = roomsPerPairing
        self.baselineRoomsPerPairing = baselineRoomsPerPairing
    }

    /// Groups are numbered from 0 in room order; a group is a room and the room after it.
    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        let circle = Circle(entrants.sortedByName(), seed: seed.child(.schedule, round))
        let pairCount = entrants.count * (entrants.count - 1) / 2
        let learnerCount = entrants.count { $0.role == .learner }
        let anchorCount = entrants.count { $0.role == .anchor }
        let trainingCount = learnerCount * (learnerCount - 1) / 2 + learnerCount * anchorCount
        let (training, baseline) = (meetingCount(rooms: roomsPerPairing), meetingCount(rooms: baselineRoomsPerPairing))
        let turnCount = max(trainingCount > 0 ? training : 0, trainingCount < pairCount ? baseline : 0)
        return PairingSequence(meetingCount: trainingCount * training + (pairCount - trainingCount) * baseline) {
            var (turn, index) = (0, 0)
            return AnyIterator {
                while turn < turnCount {
                    while index < circle.meetingCount {
                        defer { index += 1 }
                        guard let (home, away) = circle.meeting(index), turn < (trains(home, away) ? training : baseline)
                        else { continue }
                        // Sides change from turn to turn: nobody owns the first seat of the first game.
                        return turn.isMultiple(of: 2)
                            ? Meeting(home: home.name, away: away.name) : Meeting(home: away.name, away: home.name)
                    }
                    (turn, index) = (turn + 1, 0)
                }
                return nil
            }
        }
    }

    private func trains(_ first: Entrant, _ second: Entrant) -> Bool {
        (first.role == .learner || second.role == .learner) && first.role != .scripted && second.role != .scripted
    }
}

/// Entrants on a circle, an empty place added where their number is odd.
private struct Circle: Sendable {
    private let places: [Entrant?]

    init(_ entrants: [Entrant], seed: Seed) {
        var generator = SeededGenerator(seed)
        let places: [Entrant?] = generator.shuffled(entrants)
        self.places = places.count.isMultiple(of: 2) ? places : places + [nil]
    }

    /// Meetings of a turn of the circle, those with the empty place among them.
    var meetingCount: Int { max(0, places.count - 1) * places.count / 2 }

    /// The meetings step by step: each step pairs every place with the one across, then all but the first move on by one
    /// place. Nil where one of the two is the empty place.
    func meeting(_ index: Int) -> (Entrant, Entrant)? {
        let (step, place) = index.quotientAndRemainder(dividingBy: places.count / 2)
        guard let near = entrant(at: place, step: step), let far = entrant(at: places.count - 1 - place, step: step)
        else { return nil }
        return (near, far)
    }

    private func entrant(at place: Int, step: Int) -> Entrant? {
        guard place > 0 else { return places[0] }
        let moving = places.count - 1
        return places[1 + (place - 1 - step % moving + moving) % moving]
    }
}
