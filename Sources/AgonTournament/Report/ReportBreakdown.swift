import AgonRatings
import AgonStore

extension Report {
    /// What an agent scored in one part of its matches.
    public struct Breakdown: Sendable, Hashable, Codable {
        /// By what the matches are told apart.
        public enum Kind: String, Sendable, Codable {
            /// In games for two: who moved first.
            case seat
            /// A tag of the prompts.
            case tag
        }

        public var agent: String
        public var kind: Kind
        /// `first`, `second`, or the tag.
        public var label: String
        public var wins: Int
        public var draws: Int
        public var losses: Int
        /// Share of the points with its 95 % interval, clustered by prompt.
        public var score: Estimate
    }
}

/// What matches are summed by.
private struct BreakdownKey: Hashable {
    var agent: String
    var label: String
}

extension [Report.Breakdown] {
    /// Sums per agent, label and prompt become scores with intervals.
    init(_ tallies: [MatchTally], kind: Report.Breakdown.Kind, label: (MatchTally) -> [String]) {
        var groups: [BreakdownKey: [MatchTally]] = [:]
        for tally in tallies {
            for label in label(tally) { groups[BreakdownKey(agent: tally.agent, label: label), default: []].append(tally) }
        }
        self = groups.sorted { ($0.key.agent, $0.key.label) < ($1.key.agent, $1.key.label) }.compactMap { key, tallies in
            let sums = tallies.map { (sum: Double($0.wins) + Double($0.draws) / 2, count: $0.wins + $0.draws + $0.losses) }
            guard let score = Interval.mean(clusterSums: sums) else { return nil }
            return Report.Breakdown(
                agent: key.agent, kind: kind, label: key.label, wins: tallies.reduce(0) { $0 + $1.wins },
                draws: tallies.reduce(0) { $0 + $1.draws }, losses: tallies.reduce(0) { $0 + $1.losses },
                score: Estimate(value: score.value, low: score.low, high: score.high))
        }
    }
}
