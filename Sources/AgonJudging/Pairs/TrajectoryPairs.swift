public import AgonCore

extension PreferencePair {
    /// The preference pairs of games that began alike: a game and its return game.
    ///
    /// Two trajectories make a pair where they began from the same opening, sat on the same side (seat), belong to
    /// different agents and ended differently: the better outcome is chosen. The outcome is the seat's points, so a
    /// forfeit is 0 and the side that profits from it 1. Equal outcomes, voids, identical transcripts and
    /// trajectories without a token of their own make no pair. Training reads each side's own tokens only.
    ///
    /// - Parameter results: the rooms of one group; pairs come in room order, then seat order.
    public static func trajectoryPairs(inGroup results: [RoomResult]) -> [PreferencePair] {
        let points = results.map { SeatPoints.perSeat(of: $0.verdicts, seatCount: $0.rollouts.count) }
        var pairs: [PreferencePair] = []
        for (one, other) in seatPairs(results.count) {
            let (left, right) = (results[one], results[other])
            guard left.room.prompt.id == right.room.prompt.id else { continue }
            for seat in 0..<min(left.rollouts.count, right.rollouts.count) {
                guard left.room.seats[seat].agent != right.room.seats[seat].agent,
                    (left.rollouts[seat].sequence?.ownCount ?? 0) > 0,
                    (right.rollouts[seat].sequence?.ownCount ?? 0) > 0,
                    left.rollouts[seat].text != right.rollouts[seat].text
                else { continue }
                if points[one][seat].isAbove(points[other][seat]) {
                    pairs.append(pair(chosen: (left, seat), rejected: (right, seat)))
                } else if points[other][seat].isAbove(points[one][seat]) {
                    pairs.append(pair(chosen: (right, seat), rejected: (left, seat)))
                }
            }
        }
        return pairs
    }
}
