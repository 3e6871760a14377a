public import AgonCore

/// How often a judge agreed with the truth on canaries, in plain counts that add up over rounds.
public struct JudgeAccuracy: Sendable, Hashable, Codable {
    public var rightCount: Int
    public var wrongCount: Int
    public var tieCount: Int
    /// Unreadable verdicts: reported, and counted for nobody.
    public var voidCount: Int

    public init(rightCount: Int = 0, wrongCount: Int = 0, tieCount: Int = 0, voidCount: Int = 0) {
        self.rightCount = rightCount
        self.wrongCount = wrongCount
        self.tieCount = tieCount
        self.voidCount = voidCount
    }

    /// Verdicts that counted.
    public var count: Int { rightCount + wrongCount + tieCount }

    /// Share of verdicts that were right, a tie half; nil before the first.
    public var accuracy: Double? {
        count == 0 ? nil : (Double(rightCount) + Double(tieCount) / 2) / Double(count)
    }

    /// The accuracy to count on: the posterior mean under an even prior, so that few canaries never give certainty.
    ///
    ///     a = (right + ½ tie + 1) / (right + tie + wrong + 2)
    ///
    /// - Source: Laplace's rule of succession, Beta(1, 1).
    public var smoothedAccuracy: Double {
        (Double(rightCount) + Double(tieCount) / 2 + 1) / Double(count + 2)
    }

    /// The weight of the judge's vote in a panel; 0 at or below chance.
    ///
    ///     w = ln(a / (1 − a))
    ///
    /// The vote of independent judges weighted so is the likeliest truth. A judge that is always wrong would earn a
    /// negative weight and be a perfect oracle; it is left out instead, since it may turn at any time.
    ///
    /// - Source: Nitzan and Paroush 1982, International Economic Review 23, pp. 289–297.
    public var weight: Double {
        let a = smoothedAccuracy
        return a > 0.5 ? Elementary.log(a / (1 - a)) : 0
    }

    /// Counts one verdict on a pair of which the better is known.
    /// - Parameter truth: `first` or `second`.
    public mutating func count(_ verdict: Verdict, truth: Verdict) {
        switch verdict {
        case truth: rightCount += 1
        case .tie: tieCount += 1
        case .void: voidCount += 1
        case .first, .second: wrongCount += 1
        }
    }

    /// Adds another round's counts.
    public static func += (left: inout JudgeAccuracy, right: JudgeAccuracy) {
        left.rightCount += right.rightCount
        left.wrongCount += right.wrongCount
        left.tieCount += right.tieCount
        left.voidCount += right.voidCount
    }

    /// Every judge that voted in canary rooms, on the pairs of valid answers of which gold knows the better. A room's
    /// judge is among them beside its members, so that a panel can be held against each of them.
    public static func perJudge(of results: [RoomResult]) -> [JudgeID: JudgeAccuracy] {
        var counts: [JudgeID: JudgeAccuracy] = [:]
        for result in results where result.room.isCanary {
            for vote in result.allVotes {
                guard let truth = result.goldVerdict(vote.first, vote.second) else { continue }
                counts[vote.judge, default: JudgeAccuracy()].count(vote.verdict, truth: truth)
            }
        }
        return counts
    }
}
