import AgonCore
import AgonJudging
import AgonStore

/// What is true about a round's canary rooms, from wherever the arena takes it.
struct CanaryGold {
    let arena: Arena
    let seed: Seed

    /// Canary rooms with the gold of a judge that is trusted more, in place of what the prompts say: each seat's mean points
    /// in its room as that judge sees it.
    func asked(_ gold: (any Judge)?, about results: [RoomResult]) async throws -> [RoomResult] {
        guard let gold else { return results }
        let judged = try await Verdicts(judge: gold, seed: seed.child(.judge, 1)).results(results.map(\.room), results.map(\.rollouts))
        return zip(results, judged).map { $0.withGold(byVerdicts: $1.verdicts) }
    }

    /// Canary rooms of earlier rounds with the gold of the people who voted on them in time for this round.
    ///
    /// Where several people voted on the same seats, the majority holds. Seats that no chain of votes joins were never held
    /// against one another: the largest group that is joined has gold, the others have none.
    /// - Parameter votes: those that this round is the first to use.
    func voted(_ votes: [PersonalVote], rooms: [RoomResult]) -> [RoomResult] {
        let byRoom = Dictionary(grouping: votes) { RoomAddress(round: $0.round, room: $0.room) }
        return rooms.compactMap { result in
            guard result.room.isCanary,
                let votes = byRoom[RoomAddress(round: result.room.round, room: result.room.index)]
            else { return nil }
            let verdicts = result.verdicts.map { pair in
                let said = votes.map(\.vote).filter { $0.first == pair.first && $0.second == pair.second }
                    .map { PairVerdict(first: $0.first, second: $0.second, verdict: $0.verdict) }
                return PairVerdict(first: pair.first, second: pair.second, verdict: PanelRule.majority.join(said).verdict)
            }
            let joined = joinedSeats(verdicts, seatCount: result.rollouts.count)
            return result.withGold(byVerdicts: verdicts.filter { joined.contains($0.first) })
        }
    }

    /// The largest group of seats that verdicts join; of several the one with the lowest seat.
    private func joinedSeats(_ verdicts: [PairVerdict], seatCount: Int) -> Set<Int> {
        var groups = (0..<seatCount).map { Set([$0]) }
        for pair in verdicts where pair.verdict != .void {
            let both = groups[pair.first].union(groups[pair.second])
            for seat in both { groups[seat] = both }
        }
        return groups.reduce([]) { $1.count > $0.count ? $1 : $0 }
    }

    private struct RoomAddress: Hashable {
        let round: Int
        let room: Int
    }
}

extension RoomResult {
    /// The room with each seat's mean points by some verdicts as its gold; none for a seat with voids only.
    fileprivate func withGold(byVerdicts verdicts: [PairVerdict]) -> RoomResult {
        var result = self
        let points = SeatPoints.perSeat(of: verdicts, seatCount: rollouts.count)
        for seat in rollouts.indices { result.rollouts[seat].gold = points[seat].mean }
        return result
    }
}
