public import AgonCore

extension Match {
    /// The matches of a room: every pair of seats of different policies whose verdict was not void.
    ///
    /// Each weighs 1/(n−1) with n seats, so that a room moves a rating as much whatever its size. Matches on one prompt
    /// share a cluster over all rooms and rounds: an opening that favours a side favours it every time.
    public static func matches(of result: RoomResult) -> [Match] {
        let room = result.room
        return result.verdicts.compactMap { pair in
            let (first, second) = (room.seats[pair.first], room.seats[pair.second])
            guard first != second, let score = pair.verdict.score else { return nil }
            return Match(
                round: room.round, room: room.index, cluster: room.prompt.cluster, first: first, second: second,
                score: score, weight: 1 / Double(room.seats.count - 1))
        }
    }
}
