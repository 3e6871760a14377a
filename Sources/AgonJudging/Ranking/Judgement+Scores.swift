public import AgonCore

extension Judgement {
    /// The judgement that scores give, greater is better.
    ///
    ///     verdict = first   where score_first − score_second > tieMargin
    ///               second  where score_second − score_first > tieMargin
    ///               tie     otherwise
    ///               void    where either score is nil or not finite
    ///
    /// - Parameter answerScores: one per answer; nil and what is not finite become NaN in `scores`.
    public init(scoring answerScores: [Double?], tieMargin: Double = 0) {
        let usable = answerScores.map { $0.flatMap { $0.isFinite ? $0 : nil } }
        let verdicts = seatPairs(usable.count).map { pair in
            PairVerdict(
                first: pair.first, second: pair.second,
                verdict: Judgement.verdict(usable[pair.first], usable[pair.second], tieMargin: tieMargin))
        }
        self.init(verdicts: verdicts, scores: usable.map { $0 ?? .nan })
    }

    /// The judgement that gold gives of a room's valid seats: a game's referee, whose answer is not in the transcript
    /// that both sides share but in each side's points. Seats without gold are void.
    public init(goldOf rollouts: [Rollout]) {
        self.init(scoring: rollouts.filter { $0.forfeit == nil }.map(\.gold))
    }

    private static func verdict(_ first: Double?, _ second: Double?, tieMargin: Double) -> Verdict {
        guard let first, let second else { return .void }
        if first - second > tieMargin { return .first }
        return second - first > tieMargin ? .second : .tie
    }
}

/// Every pair of `count` seats once, in the order (0, 1), (0, 2) … (1, 2) …, in which every record keeps them.
func seatPairs(_ count: Int) -> [(first: Int, second: Int)] {
    (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
}
