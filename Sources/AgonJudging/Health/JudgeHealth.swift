public import AgonCore

/// How one judge behaves, in counts, and the rates that follow.
///
/// What rules decided is not among the votes. Rates are nil where nothing was counted.
public struct JudgeHealth: Sendable, Hashable {
    /// Votes, voids included.
    public private(set) var voteCount = 0
    public private(set) var voidCount = 0
    public private(set) var tieCount = 0
    /// Decided votes for the lower of both seats.
    public private(set) var lowerSeatWinCount = 0
    public private(set) var upperSeatWinCount = 0
    /// How much the order shown mattered, of the votes that tell both orders.
    public private(set) var orders = OrderTally()
    /// Rooms in which its votes ran in a circle.
    public private(set) var cyclicRoomCount = 0
    /// Against gold on canaries.
    public private(set) var accuracy = JudgeAccuracy()
    /// Points on canaries by the cluster of their prompt: the sum of 1, ½ or 0 and how many. Pairs of one prompt depend on
    /// one another, so an interval needs them apart.
    public private(set) var canaryClusters: [Int: ClusterPoints] = [:]
    /// Votes that decided or tied, against the difference of lengths.
    public private(set) var lengths = LengthAssociation()

    /// A sum of points and their number.
    public struct ClusterPoints: Sendable, Hashable {
        public var points = 0.0
        public var count = 0
    }

    public init() {}

    /// Share of unreadable votes.
    public var voidRate: Double? { share(voidCount, of: voteCount) }
    /// Share of ties among readable votes.
    public var tieRate: Double? { share(tieCount, of: voteCount - voidCount) }
    /// Share of the lower seat's wins among decided votes; ½ where seats are drawn and the judge is blind to them.
    public var lowerSeatRate: Double? { share(lowerSeatWinCount, of: lowerSeatWinCount + upperSeatWinCount) }
    /// Share of readable pairs with the same reply in both orders.
    public var positionConsistency: Double? { orders.positionConsistency }
    /// Share of decided replies for what was shown first.
    public var firstShownRate: Double? { orders.firstShownRate }

    private func share(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

    /// Every judge that voted in the rooms; a panel stands beside its members.
    public static func perJudge(of results: [RoomResult]) -> [JudgeID: JudgeHealth] {
        var healths: [JudgeID: JudgeHealth] = [:]
        for result in results {
            var verdicts: [JudgeID: [PairVerdict]] = [:]
            for vote in result.allVotes {
                healths[vote.judge, default: JudgeHealth()].count(vote, in: result)
                verdicts[vote.judge, default: []].append(
                    PairVerdict(first: vote.first, second: vote.second, verdict: vote.verdict))
            }
            for (judge, said) in verdicts where !Cycles.groups(of: said, seatCount: result.rollouts.count).isEmpty {
                healths[judge]?.cyclicRoomCount += 1
            }
        }
        return healths
    }

    private mutating func count(_ vote: Vote, in result: RoomResult) {
        voteCount += 1
        switch vote.verdict {
        case .void: voidCount += 1
        case .tie: tieCount += 1
        case .first: lowerSeatWinCount += 1
        case .second: upperSeatWinCount += 1
        }
        if let straight = vote.straight, let swapped = vote.swapped { _ = orders.join(straight, swapped.flipped) }
        if let score = vote.verdict.score {
            lengths.count(
                score: score,
                lengthDifference: Surface.length(of: result.rollouts[vote.first].text)
                    - Surface.length(of: result.rollouts[vote.second].text))
        }
        guard result.room.isCanary, let truth = result.goldVerdict(vote.first, vote.second) else { return }
        accuracy.count(vote.verdict, truth: truth)
        guard let score = vote.verdict.score else { return }
        let cluster = result.room.prompt.cluster
        canaryClusters[cluster, default: ClusterPoints()].points += score == 0.5 ? 0.5 : vote.verdict == truth ? 1 : 0
        canaryClusters[cluster, default: ClusterPoints()].count += 1
    }
}

/// What judging cost, over rooms.
public struct JudgingCost: Sendable, Hashable {
    public private(set) var usage = JudgeUsage()
    /// Verdicts of the rooms that tell a usage, those by rule left out.
    public private(set) var verdictCount = 0

    public init(_ results: [RoomResult]) {
        for result in results {
            guard let usage = result.usage else { continue }
            self.usage += usage
            verdictCount += result.verdicts.count { !$0.byRule }
        }
    }

    /// In the currency of the judge's price list; nil where nothing was counted.
    public var costPerVerdict: Double? { verdictCount == 0 ? nil : usage.cost / Double(verdictCount) }
    /// Wall clock a verdict waited for, in seconds, both orders and all members added up.
    public var secondsPerVerdict: Double? { verdictCount == 0 ? nil : usage.seconds / Double(verdictCount) }
    /// Wall clock an answered request took, in seconds.
    public var secondsPerRequest: Double? { usage.requestCount == 0 ? nil : usage.seconds / Double(usage.requestCount) }
}
