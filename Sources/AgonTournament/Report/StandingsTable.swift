import AgonCore

/// The leaderboard as cells of text, before any format gives it borders.
struct StandingsTable {
    /// A column, and what may be left out of it where room is short.
    struct Column {
        var title: String
        var isNumber: Bool
        /// The first to go is the highest; 0 always stays.
        var expendability: Int
    }

    static let columns = [
        Column(title: "#", isNumber: true, expendability: 0),
        Column(title: "agent", isNumber: false, expendability: 0),
        Column(title: "version", isNumber: false, expendability: 1),
        Column(title: "rating ± 95%", isNumber: true, expendability: 0),
        Column(title: "Elo", isNumber: true, expendability: 5),
        Column(title: "games", isNumber: true, expendability: 4),
        Column(title: "W/D/L", isNumber: true, expendability: 3),
        Column(title: "forfeits", isNumber: true, expendability: 6),
        Column(title: "since v0", isNumber: true, expendability: 2),
    ]

    /// One array of cells per standing, in the order of `columns`.
    static func rows(_ report: Report) -> [[String]] {
        report.standings.map { row in
            [
                report.rankText(of: row), DisplayText.name(row.agent),
                row.role == .learner ? "v\(row.version)" : row.role.rawValue,
                ReportNumber.rating(row.rating), ReportNumber.rating(row.elo), ReportNumber.count(row.matchCount),
                ReportNumber.tally(wins: row.wins, draws: row.draws, losses: row.losses),
                ReportNumber.count(row.forfeits), ReportNumber.change(row.changeSinceFirst),
            ]
        }
    }
}
