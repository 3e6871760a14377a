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
    public func pairings(round: Int, entrants: [Entrant], seed: Seed) -> [Pairing] {
        let circle = Circle(entrants.sortedByName(), seed: seed.child(.schedule, round))
        let meetings = circle.steps.flatMap { $0 }
        let turnCount = meetings.map { groupCount($0, $1) }.max() ?? 0
        var pairings: [Pairing] = []
        var group = 0
        for turn in 0..<turnCount {
            for (home, away) in meetings where turn < groupCount(home, away) {
                // Sides change from turn to turn: nobody owns the first seat of the first game.
                let seats = turn.isMultiple(of: 2) ? [home.name, away.name] : [away.name, home.name]
                pairings.append(Pairing(seats: seats, group: group))
                pairings.append(Pairing(seats: seats.reversed(), group: group))
                group += 1
            }
        }
        return pairings
    }

    private func groupCount(_ first: Entrant, _ second: Entrant) -> Int {
        let roles = [first.role, second.role]
        let trains = roles.contains(.learner) && !roles.contains(.scripted)
        let roomCount = trains ? roomsPerPairing : baselineRoomsPerPairing
        return roomCount / 2 + roomCount % 2
    }
}

/// Entrants on a circle, an empty place added where their number is odd.
private struct Circle {
    /// `[n−1][n/2]`: each step pairs every place with the one across; pairs with the empty place are left out.
    let steps: [[(Entrant, Entrant)]]

    init(_ entrants: [Entrant], seed: Seed) {
        guard entrants.count > 1 else {
            steps = []
            return
        }
        var generator = SeededGenerator(seed)
        var places: [Entrant?] = generator.shuffled(entrants)
        if !places.count.isMultiple(of: 2) { places.append(nil) }
        var steps: [[(Entrant, Entrant)]] = []
        for _ in 1..<places.count {
            let across = zip(places.prefix(places.count / 2), places.reversed())
            steps.append(across.compactMap { near, far in near.flatMap { near in far.map { (near, $0) } } })
            places.insert(places.removeLast(), at: 1)
        }
        self.steps = steps
    }
}
