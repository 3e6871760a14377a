public import AgonCore

/// By what two trajectories of one side are compared.
public enum TrajectoryOutcome: Sendable, Hashable {
    /// The seat's points against its room: who beat whom.
    case verdicts
    /// What the game paid the seat. In games that are not zero-sum, and in those with large and small wins, that is what
    /// counts: tit for tat never beats anybody and still earns most.
    case gold
}

extension PreferencePair {
    /// The preference pairs of games that began alike: a game and its return game.
    ///
    /// Two trajectories make a pair where they began from the same opening, sat on the same side (seat) and ended
    /// differently: the better outcome is chosen. They may be of one agent, as in self-play. By either outcome a forfeit
    /// is 0 and the side that profits from it 1. Equal outcomes, voids, identical transcripts and trajectories without a
    /// token of their own make no pair. Training reads each side's own tokens only.
    ///
    /// - Parameter results: the rooms of one group; pairs come in room order, then seat order.
    public static func trajectoryPairs(
        inGroup results: [RoomResult], comparing outcome: TrajectoryOutcome = .verdicts
    ) -> [PreferencePair] {
        let points = results.map { SeatPoints.perSeat(of: $0.verdicts, seatCount: $0.rollouts.count) }
        func isBetter(_ one: Int, _ other: Int, seat: Int) -> Bool {
            switch outcome {
            case .verdicts: return points[one][seat].isAbove(points[other][seat])
            case .gold:
                guard let high = results[one].rollouts[seat].gold, let low = results[other].rollouts[seat].gold else { return false }
                return high > low
            }
        }
        var pairs: [PreferencePair] = []
        for (one, other) in seatPairs(results.count) {
            let (left, right) = (results[one], results[other])
            guard left.room.prompt.id == right.room.prompt.id else { continue }
            for seat in 0..<min(left.rollouts.count, right.rollouts.count) {
                guard (left.rollouts[seat].sequence?.ownCount ?? 0) > 0,
                    (right.rollouts[seat].sequence?.ownCount ?? 0) > 0,
                    left.rollouts[seat].text != right.rollouts[seat].text
                else { continue }
                if isBetter(one, other, seat: seat) {
                    pairs.append(pair(chosen: (left, seat), rejected: (right, seat)))
                } else if isBetter(other, one, seat: seat) {
                    pairs.append(pair(chosen: (right, seat), rejected: (left, seat)))
                }
            }
        }
        return pairs
    }
}
