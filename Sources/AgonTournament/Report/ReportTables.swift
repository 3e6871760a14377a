import AgonCore

/// The tables that stand beside the leaderboard, as cells of text for every format.
struct ReportTables {
    var report: Report

    var tables: [ReportTable] { [ContestOutcome(report)?.table, changes, breakdown(.seat), breakdown(.tag), versions].compactMap { $0 } }

    /// Tables that stand right below the leaderboard.
    static let leading: Set = ["knockout", "swiss", "changes"]

    /// What moved since the last report.
    var changes: ReportTable? {
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
        return ReportTable(
            id: "changes", title: "Since the last report",
            prose: "The last report was of round \(previous.roundCount); \(added == 1 ? "1 round has" : "\(added) rounds have") been closed since.",
            columns: [("agent", false), ("version", false), ("rank", true), ("rating", true), ("change", true)], rows: rows,
            agents: report.standings.map(\.agent))
    }

    private func breakdown(_ kind: Report.Breakdown.Kind) -> ReportTable? {
        let order = Dictionary(report.standings.enumerated().map { ($1.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let entries = (report.breakdowns ?? []).filter { $0.kind == kind }
            .sorted { (order[$0.agent] ?? .max, $0.label) < (order[$1.agent] ?? .max, $1.label) }
        guard !entries.isEmpty else { return nil }
        let isSeat = kind == .seat
        return ReportTable(
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

    private var versions: ReportTable? {
        let learners = report.standings.filter { $0.role == .learner }.map(\.agent)
        let entries = learners.flatMap { name -> [VersionRating] in
            LineChart.thinned((report.versionRatings ?? []).filter { $0.policy.agent == name }, limit: ReportTables.versionLimit)
        }
        guard entries.count > learners.count else { return nil }
        return ReportTable(
            id: "versions", title: "Versions on one scale",
            prose: "Every version's rating from one fit of all matches of the run, whoever it met and when, so that versions can be compared with one another. Where there are many, some in between are left out.",
            columns: [("agent", false), ("version", true), ("made in round", true), ("rating ± 95%", true)],
            rows: entries.map { entry in
                [DisplayText.name(entry.policy.agent), "v\(entry.policy.version)", ReportNumber.count(entry.round), ReportNumber.rating(entry.rating)]
            }, agents: entries.map(\.policy.agent))
    }
}
