public import AgonCore

extension RoomResult {
    /// What every judge said of the room, one vote a judge and pair.
    ///
    /// The votes, and the room's own verdicts where its judge is not among the voters: a panel, or a judge whose verdicts
    /// say it all. What rules decided is nobody's vote.
    public var allVotes: [Vote] {
        guard !votes.contains(where: { $0.judge == judge }) else { return votes }
        return votes
            + verdicts.filter { !$0.byRule }.map {
                Vote(
                    judge: judge, first: $0.first, second: $0.second, verdict: $0.verdict, preference: $0.preference)
            }
    }

    /// Points of the first of two seats by gold, 1, ½ or 0; nil where either has none.
    func goldScore(_ first: Int, _ second: Int) -> Double? {
        guard let one = rollouts[first].gold, let other = rollouts[second].gold else { return nil }
        return one == other ? 0.5 : one > other ? 1 : 0
    }

    /// What gold says of two valid seats, `first` or `second`; nil where it says nothing or that they are level.
    func goldVerdict(_ first: Int, _ second: Int) -> Verdict? {
        guard rollouts[first].forfeit == nil, rollouts[second].forfeit == nil,
            let truth = goldScore(first, second), truth != 0.5
        else { return nil }
        return truth == 1 ? .first : .second
    }
}
