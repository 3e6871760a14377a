import AgonCore

/// The leaderboard as cells of text, before any format gives it borders.
struct StandingsTable {
    static let columns = [
        TextTable.Column(title: "#", isNumber: true, expendability: 0),
        TextTable.Column(title: "agent", isNumber: false, expendability: 0),
        TextTable.Column(title: "version", isNumber: false, expendability: 1),
        TextTable.Column(title: "rating ± 95%", isNumber: true, expendability: 0),
        TextTable.Column(title: "Elo", isNumber: true, expendability: 5),
        TextTable.Column(title: "games", isNumber: true, expendability: 4),
        TextTable.Column(title: "W/D/L", isNumber: true, expendability: 3),
        TextTable.Column(title: "forfeits", isNumber: true, expendability: 6),
        TextTable.Column(title: "since v0", isNumber: true, expendability: 2),
    ]

    /// One array of cells per standing, in the order of `columns`.
    static func rows(_ report: Report) -> [[String]] {
        zip(report.standings, IntervalRank.texts(of: report.standings.map(\.rating))).map { row, rank in
            [
                rank, DisplayText.name(row.agent),
                row.role == .learner ? "v\(row.version)" : row.part,
                ReportNumber.rating(row.rating), ReportNumber.rating(row.elo), ReportNumber.count(row.matchCount),
                ReportNumber.tally(wins: row.wins, draws: row.draws, losses: row.losses),
                ReportNumber.count(row.forfeits), ReportNumber.change(row.changeSinceFirst),
            ]
        }
    }
}
