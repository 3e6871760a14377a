public import AgonCore

/// How right a judge was over a round, in plain counts.
public struct CanaryTally: Sendable, Hashable {
    /// Pairs of valid answers in canary rooms, one better by gold, on which the judge gave a verdict.
    public var goldPairCount = 0
    /// How right the judge was on each of them, 1, ½ for a tie or 0, and the cluster of its prompt. Pairs of one room share
    /// their answers, so an interval that counts them as independent is far too sure.
    public var goldPairScores: [Double] = []
    public var goldPairClusters: [Int] = []
    /// Pairs of that kind whose verdict was void; not among `goldPairCount`, a void counts for nobody.
    public var goldPairVoidCount = 0
    /// Verdicts asked of the judge in all rooms, voids included; what rules decided is not among them.
    public var askedCount = 0
    public var tieCount = 0
    public var voidCount = 0
    /// Points of learners against anchors as verdicts give them, in all rooms, and the comparisons behind them.
    public var believedPoints = 0.0
    public var believedCount = 0
    /// Points of learners against anchors as gold gives them, in all rooms where both sides have gold.
    public var goldPoints = 0.0
    public var goldCount = 0

    /// - Parameter results: all rooms of the round; only those marked as canaries measure accuracy.
    /// - Parameter learners: names of the agents that train.
    /// - Parameter anchors: names of the agents that never change.
    public init(_ results: [RoomResult], learners: Set<String>, anchors: Set<String>) {
        for result in results {
            for pair in result.verdicts {
                countRates(pair)
                if result.room.isCanary { countAccuracy(pair, result) }
                countScores(pair, result, learners: learners, anchors: anchors)
            }
        }
    }

    /// Of the gold pairs, how many the judge ranked as gold does; a tie counts half.
    public var rightCount: Double { goldPairScores.reduce(0, +) }
    /// Share of gold pairs ranked right; nil where there were none.
    public var accuracy: Double? { goldPairCount == 0 ? nil : rightCount / Double(goldPairCount) }
    /// Share of ties among the verdicts asked for; nil where there were none.
    public var tieRate: Double? { askedCount == 0 ? nil : Double(tieCount) / Double(askedCount) }
    /// Share of voids among the verdicts asked for; nil where there were none.
    public var voidRate: Double? { askedCount == 0 ? nil : Double(voidCount) / Double(askedCount) }
    /// Score of learners against anchors as the judge believes it.
    public var believedScore: Double? { believedCount == 0 ? nil : believedPoints / Double(believedCount) }
    /// Score of learners against anchors by gold.
    public var goldScore: Double? { goldCount == 0 ? nil : goldPoints / Double(goldCount) }

    private mutating func countRates(_ pair: PairVerdict) {
        guard !pair.byRule else { return }
        askedCount += 1
        if pair.verdict == .tie { tieCount += 1 }
        if pair.verdict == .void { voidCount += 1 }
    }

    private mutating func countAccuracy(_ pair: PairVerdict, _ result: RoomResult) {
        guard let truth = result.goldVerdict(pair.first, pair.second)?.score else { return }
        guard let said = pair.verdict.score else {
            goldPairVoidCount += 1
            return
        }
        goldPairCount += 1
        goldPairScores.append(1 - abs(said - truth))
        goldPairClusters.append(result.room.prompt.cluster)
    }

    private mutating func countScores(
        _ pair: PairVerdict, _ result: RoomResult, learners: Set<String>, anchors: Set<String>
    ) {
        let (first, second) = (result.room.seats[pair.first].agent, result.room.seats[pair.second].agent)
        let isStraight = learners.contains(first) && anchors.contains(second)
        guard isStraight || (anchors.contains(first) && learners.contains(second)) else { return }
        if let said = pair.verdict.score {
            believedPoints += isStraight ? said : 1 - said
            believedCount += 1
        }
        if let truth = result.goldScore(pair.first, pair.second) {
            goldPoints += isStraight ? truth : 1 - truth
            goldCount += 1
        }
    }
}
