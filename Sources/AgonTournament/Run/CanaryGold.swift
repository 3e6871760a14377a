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

    /// The pairs of earlier rounds' canary rooms that people voted on in time for this round, each as a room of its two
    /// seats with their votes as gold: what nobody compared, gold says nothing about.
    ///
    /// Where several people voted on the same seats, the majority holds.
    /// - Parameter votes: those that this round is the first to use.
    func voted(_ votes: [PersonalVote], rooms: [RoomResult]) -> [RoomResult] {
        let byRoom = Dictionary(grouping: votes) { RoomAddress(round: $0.round, room: $0.room) }
        return rooms.flatMap { result -> [RoomResult] in
            guard result.room.isCanary,
                let votes = byRoom[RoomAddress(round: result.room.round, room: result.room.index)]
            else { return [] }
            return result.verdicts.compactMap { pair in
                let said = votes.map(\.vote).filter { $0.first == pair.first && $0.second == pair.second }
                    .map { PairVerdict(first: $0.first, second: $0.second, verdict: $0.verdict) }
                let verdict = PanelRule.majority.join(said).verdict
                guard verdict != .void else { return nil }
                return result.only(pair.first, pair.second).withGold(byVerdicts: [PairVerdict(first: 0, second: 1, verdict: verdict)])
            }
        }
    }

    private struct RoomAddress: Hashable {
        let round: Int
        let room: Int
    }
}

extension RoomResult {
    /// Two seats of the room, as seats 0 and 1, with what was said of them. What the judging cost stays with the room.
    fileprivate func only(_ first: Int, _ second: Int) -> RoomResult {
        let seats = [first, second]
        var result = self
        result.room.seats = seats.map { room.seats[$0] }
        result.rollouts = seats.map { rollouts[$0] }
        if !scores.isEmpty { result.scores = seats.map { scores[$0] } }
        result.ranking.ranks = seats.map { ranking.ranks[$0] }
        result.verdicts = verdicts.filter { $0.first == first && $0.second == second }
        for index in result.verdicts.indices { (result.verdicts[index].first, result.verdicts[index].second) = (0, 1) }
        result.votes = votes.filter { $0.first == first && $0.second == second }
        for index in result.votes.indices { (result.votes[index].first, result.votes[index].second) = (0, 1) }
        result.usage = nil
        return result
    }

    /// The room with each seat's mean points by some verdicts as its gold; none for a seat with voids only.
    fileprivate func withGold(byVerdicts verdicts: [PairVerdict]) -> RoomResult {
        var result = self
        let points = SeatPoints.perSeat(of: verdicts, seatCount: rollouts.count)
        for seat in rollouts.indices { result.rollouts[seat].gold = points[seat].mean }
        return result
    }
}
