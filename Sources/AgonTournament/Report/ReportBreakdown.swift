public import AgonCore
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

    /// The rating of one version on the scale of the last fit, whoever it met and when.
    public struct VersionRating: Sendable, Hashable, Codable {
        public var policy: PolicyID
        /// The round whose end made it; 0 for what the agent came with.
        public var round: Int
        public var rating: Estimate
    }

    /// The standings as an earlier report had them.
    public struct Snapshot: Sendable, Hashable, Codable {
        /// One agent of it.
        public struct Row: Sendable, Hashable, Codable {
            public var agent: String
            public var version: Int
            public var rank: Int
            public var rating: Double
        }

        public var roundCount: Int
        public var rows: [Row]

        init(_ report: Report) {
            roundCount = report.roundCount
            rows = zip(report.standings, report.ranks).map { row, rank in
                Row(agent: row.agent, version: row.version, rank: rank, rating: row.rating.value)
            }
        }
    }

    /// This report as the one after another: with what that one had where it is of the same run and of earlier rounds, and
    /// with what that one compared itself with where it is of the same rounds.
    func following(_ earlier: Report?) -> Report {
        guard let earlier, earlier.runID == runID, earlier.roundCount <= roundCount else { return self }
        var report = self
        report.previous = earlier.roundCount < roundCount ? Snapshot(earlier) : earlier.previous
        return report
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

/// The tables that stand beside the leaderboard, as cells of text for every format.
struct ReportTables {
    struct Table {
        var id: String
        var title: String
        var prose: String
        var columns: [(title: String, isNumber: Bool)]
        var rows: [[String]]
        /// The agent of each row, for filters.
        var agents: [String]
    }

    var report: Report

    var tables: [Table] { [changes, breakdown(.seat), breakdown(.tag), versions].compactMap { $0 } }

    /// What moved since the last report.
    var changes: Table? {
        guard let previous = report.previous else { return nil }
        let before = Dictionary(previous.rows.map { ($0.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let rows = zip(report.standings, report.ranks).map { row, rank -> [String] in
            guard let old = before[row.agent] else {
                return [DisplayText.name(row.agent), "new", "\(rank)", ReportNumber.rating(row.rating.value), ReportNumber.missing]
            }
            let version = row.role != .learner ? ReportNumber.missing : old.version == row.version ? "v\(row.version)" : "v\(old.version) → v\(row.version)"
            return [
                DisplayText.name(row.agent), version, old.rank == rank ? "\(rank)" : "\(old.rank) → \(rank)",
                "\(ReportNumber.rating(old.rating)) → \(ReportNumber.rating(row.rating.value))",
                ReportNumber.signed(row.rating.value - old.rating),
            ]
        }
        let added = report.roundCount - previous.roundCount
        return Table(
            id: "changes", title: "Since the last report",
            prose: "The last report was of round \(previous.roundCount); \(added == 1 ? "1 round has" : "\(added) rounds have") been closed since.",
            columns: [("agent", false), ("version", false), ("rank", true), ("rating", true), ("change", true)], rows: rows,
            agents: report.standings.map(\.agent))
    }

    private func breakdown(_ kind: Report.Breakdown.Kind) -> Table? {
        let order = Dictionary(report.standings.enumerated().map { ($1.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let entries = (report.breakdowns ?? []).filter { $0.kind == kind }
            .sorted { (order[$0.agent] ?? .max, $0.label) < (order[$1.agent] ?? .max, $1.label) }
        guard !entries.isEmpty else { return nil }
        let isSeat = kind == .seat
        return Table(
            id: isSeat ? "seats" : "tags", title: isSeat ? "Score by seat" : "Score by tag",
            prose: isSeat
                ? "Each agent's score where it moved first and where it moved second, all versions together, with 95% intervals clustered by opening."
                : "Each agent's score on the prompts of each tag, all versions together, with 95% intervals clustered by prompt. A prompt with several tags counts for each.",
            columns: [("agent", false), (isSeat ? "seat" : "tag", false), ("score", true), ("games", true), ("W/D/L", true)],
            rows: entries.map { entry in
                [
                    DisplayText.name(entry.agent), DisplayText.name(entry.label), ReportNumber.percent(entry.score),
                    ReportNumber.count(entry.wins + entry.draws + entry.losses),
                    ReportNumber.tally(wins: entry.wins, draws: entry.draws, losses: entry.losses),
                ]
            }, agents: entries.map(\.agent))
    }

    /// The most versions of one agent that a table lists.
    private static let versionLimit = 24

    private var versions: Table? {
        let learners = report.standings.filter { $0.role == .learner }.map(\.agent)
        let entries = learners.flatMap { name -> [Report.VersionRating] in
            LineChart.thinned((report.versionRatings ?? []).filter { $0.policy.agent == name }, limit: ReportTables.versionLimit)
        }
        guard entries.count > learners.count else { return nil }
        return Table(
            id: "versions", title: "Versions on one scale",
            prose: "Every version's rating from one fit of all matches of the run, whoever it met and when, so that versions can be compared with one another. Where there are many, some in between are left out.",
            columns: [("agent", false), ("version", true), ("made in round", true), ("rating ± 95%", true)],
            rows: entries.map { entry in
                [DisplayText.name(entry.policy.agent), "v\(entry.policy.version)", ReportNumber.count(entry.round), ReportNumber.rating(entry.rating)]
            }, agents: entries.map(\.policy.agent))
    }
}
