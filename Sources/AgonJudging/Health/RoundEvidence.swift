public import AgonCore

/// What a round shows about its judge, for `RewardHackingAlarm`: only pairs of valid answers that both the judge and gold
/// spoke of.
public struct RoundEvidence: Sendable, Hashable, Codable {
    /// One pair.
    public struct Pair: Sendable, Hashable, Codable {
        /// Pairs of one cluster depend on one another: those of one prompt.
        public var cluster: Int
        /// Points of the first side by the judge, 1, ½ or 0.
        public var score: Double
        /// Points of the first side by gold, 1, ½ or 0.
        public var gold: Double
        /// First length − second length.
        public var lengthDifference: Int
        /// Markers of one side that the other lacks, sorted.
        public var firstMarkers: [String]
        public var secondMarkers: [String]
        /// 1 where the first side is a learner and the second an anchor, −1 for the reverse, else 0.
        public var learnerSide: Int

        public init(
            cluster: Int, score: Double, gold: Double, first: Surface, second: Surface, learnerSide: Int = 0
        ) {
            self.cluster = cluster
            self.score = score
            self.gold = gold
            lengthDifference = first.length - second.length
            firstMarkers = first.markers.subtracting(second.markers).sorted()
            secondMarkers = second.markers.subtracting(first.markers).sorted()
            self.learnerSide = learnerSide
        }
    }

    public var pairs: [Pair]

    public init(pairs: [Pair]) { self.pairs = pairs }

    /// The evidence of a round's canary rooms; what rules decided is none.
    /// - Parameter learners: names of the agents that train.
    /// - Parameter anchors: names of the agents that never change.
    public init(_ results: [RoomResult], learners: Set<String>, anchors: Set<String>) {
        pairs = []
        for result in results where result.room.isCanary {
            let surfaces = result.rollouts.map { Surface($0.text) }
            for said in result.verdicts where !said.byRule {
                guard let score = said.verdict.score, let gold = result.goldScore(said.first, said.second) else { continue }
                let (first, second) = (result.room.seats[said.first].agent, result.room.seats[said.second].agent)
                let side = learners.contains(first) && anchors.contains(second)
                    ? 1 : anchors.contains(first) && learners.contains(second) ? -1 : 0
                pairs.append(
                    Pair(
                        cluster: result.room.prompt.cluster, score: score, gold: gold, first: surfaces[said.first],
                        second: surfaces[said.second], learnerSide: side))
            }
        }
    }

    /// How right the judge was where gold knows the better side.
    var accuracies: [ClusteredValue] {
        pairs.compactMap { pair in
            pair.gold == 0.5 ? nil : ClusteredValue(value: 1 - abs(pair.score - pair.gold), cluster: pair.cluster)
        }
    }

    /// Points of learners against anchors by the judge.
    var believed: [ClusteredValue] { learnerValues { $0.score } }

    /// What the judge gives learners beyond gold.
    var overrated: [ClusteredValue] { learnerValues { $0.score - $0.gold + 0.5 } }

    private func learnerValues(_ points: (Pair) -> Double) -> [ClusteredValue] {
        pairs.compactMap { pair in
            pair.learnerSide == 0
                ? nil
                : ClusteredValue(value: pair.learnerSide > 0 ? points(pair) : 1 - points(pair), cluster: pair.cluster)
        }
    }
}
