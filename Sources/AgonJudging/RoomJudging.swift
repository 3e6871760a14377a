public import AgonCore

/// From a room's rollouts to what a judge is asked, and from its judgement to the room's result.
public enum RoomJudging {
    /// What a judge is asked about a room: the valid answers in seat order, without a name among them.
    ///
    /// - Parameter seed: the seed of the round or of the room; the task's id is drawn from it and the room's index.
    /// - Parameter needsReference: whether the judge must see the gold answer; only then does the task carry it.
    /// - Returns: nil where fewer than two seats are valid: rules alone decide such a room.
    public static func task(
        for room: Room, rollouts: [Rollout], seed: Seed, needsReference: Bool
    ) -> JudgingTask? {
        precondition(rollouts.count == room.seats.count, "a room needs one rollout per seat")
        let answers = rollouts.filter { $0.forfeit == nil }.map(\.text)
        guard answers.count >= 2 else { return nil }
        return JudgingTask(
            id: seed.child(.judge, room.index).value, prompt: room.prompt.text,
            reference: needsReference ? room.prompt.reference : nil, answers: answers)
    }

    /// The room with its verdicts, scores and ranking.
    ///
    /// A forfeit loses to every valid seat by rule, two forfeits are void by rule, and the judge decides the rest.
    ///
    /// - Parameter judgement: what the judge said of the room's task; nil where there was no task or no reply: then
    ///   valid seats are void against one another.
    /// - Parameter aggregate: how the verdicts, those by rule included, become the ranking.
    /// - Throws: `malformedJudgement` where it does not hold each pair of valid answers exactly once.
    public static func result(
        room: Room, rollouts: [Rollout], judge: JudgeID, judgement: Judgement?, aggregate: RoomAggregate = .borda
    ) throws(JudgingError) -> RoomResult {
        precondition(rollouts.count == room.seats.count, "a room needs one rollout per seat")
        let valid = rollouts.indices.filter { rollouts[$0].forfeit == nil }
        let judged = try judgedVerdicts(judgement, seats: valid, room: room, judge: judge)
        let verdicts = seatPairs(rollouts.count).map { pair in
            let (first, second) = pair
            switch (rollouts[first].forfeit, rollouts[second].forfeit) {
            case (nil, nil):
                let said = judged[SeatPair(first: first, second: second)]
                return PairVerdict(
                    first: first, second: second, verdict: said?.verdict ?? .void, preference: said?.preference)
            case (nil, _): return PairVerdict(first: first, second: second, verdict: .first, byRule: true)
            case (_, nil): return PairVerdict(first: first, second: second, verdict: .second, byRule: true)
            case (_, _): return PairVerdict(first: first, second: second, verdict: .void, byRule: true)
            }
        }
        var scores = [Double?](repeating: nil, count: rollouts.count)
        for (seat, score) in zip(valid, judgement?.scores ?? []) where score.isFinite { scores[seat] = score }
        return RoomResult(
            room: room, rollouts: rollouts, judge: judge, scores: scores, verdicts: verdicts,
            ranking: Ranking(verdicts: verdicts, seatCount: rollouts.count, aggregate: aggregate),
            votes: (judgement?.votes ?? []).map { vote in
                var bySeats = vote
                (bySeats.first, bySeats.second) = (valid[vote.first], valid[vote.second])
                return bySeats
            }, usage: judgement?.usage)
    }

    private struct SeatPair: Hashable {
        var first: Int
        var second: Int
    }

    /// The judge's verdicts by seats instead of by answers.
    private static func judgedVerdicts(
        _ judgement: Judgement?, seats: [Int], room: Room, judge: JudgeID
    ) throws(JudgingError) -> [SeatPair: PairVerdict] {
        guard let judgement else { return [:] }
        var verdicts: [SeatPair: PairVerdict] = [:]
        for pair in judgement.verdicts {
            guard pair.first >= 0, pair.first < pair.second, pair.second < seats.count else {
                throw JudgingError(
                    .malformedJudgement,
                    "Judge \(judge) compared answers \(pair.first) and \(pair.second) of \(seats.count) in round "
                        + "\(room.round), room \(room.index).")
            }
            verdicts[SeatPair(first: seats[pair.first], second: seats[pair.second])] = pair
        }
        let pairCount = seats.count * (seats.count - 1) / 2
        guard verdicts.count == pairCount, judgement.verdicts.count == pairCount else {
            throw JudgingError(
                .malformedJudgement,
                "Judge \(judge) gave \(judgement.verdicts.count) verdicts on the \(pairCount) pairs of round "
                    + "\(room.round), room \(room.index).")
        }
        guard judgement.votes.allSatisfy({ $0.first >= 0 && $0.first < $0.second && $0.second < seats.count }) else {
            throw JudgingError(
                .malformedJudgement,
                "Judge \(judge) voted on answers that round \(room.round), room \(room.index) does not have.")
        }
        if let scores = judgement.scores, scores.count != seats.count {
            throw JudgingError(
                .malformedJudgement,
                "Judge \(judge) scored \(scores.count) of the \(seats.count) valid answers in round \(room.round), "
                    + "room \(room.index).")
        }
        return verdicts
    }
}
