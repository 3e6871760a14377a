import AgonCore

/// `standings.csv`: one line per agent for spreadsheets and scripts (RFC 4180, `\r\n`).
public enum CSVReport {
    private static let header = [
        "rank", "rank_high", "agent", "role", "version", "rating", "rating_low", "rating_high", "elo", "games", "wins", "draws",
        "losses", "forfeits", "change_since_v0", "change_low", "change_high",
    ]

    /// The whole file with its header line.
    public static func text(_ report: Report) -> String {
        let rows = zip(report.standings, IntervalRank.ranges(of: report.standings.map(\.rating))).map { row, ranks in
            [
                String(ranks.lowerBound), String(ranks.upperBound), row.agent, row.role.rawValue, String(row.version),
                number(row.rating.value), number(row.rating.low), number(row.rating.high), number(row.elo),
                String(row.matchCount), String(row.wins), String(row.draws), String(row.losses), String(row.forfeits),
                number(row.changeSinceFirst?.value), number(row.changeSinceFirst?.low),
                number(row.changeSinceFirst?.high),
            ]
        }
        return ([header] + rows).map(line).joined()
    }

    /// `ratings.csv`: every agent's rating after every round.
    static func ratings(_ report: Report) -> String {
        let rows = report.ratings.map { row in
            [String(row.round), row.policy.agent, String(row.policy.version), number(row.rating), number(row.low), number(row.high), number(row.elo)]
        }
        return ([["round", "agent", "version", "rating", "rating_low", "rating_high", "elo"]] + rows).map(line).joined()
    }

    /// `head-to-head.csv`: every two agents that met.
    static func headToHead(_ report: Report) -> String {
        let rows = report.headToHead.filter { $0.matchCount > 0 }.map { row in
            [row.first, row.second, String(row.wins), String(row.draws), String(row.losses)]
                + [row.score, row.expectedScore].map { $0.map { ReportNumber.fixed($0, decimals: 4) } ?? "" }
        }
        return ([["agent", "opponent", "wins", "draws", "losses", "score", "expected_score"]] + rows).map(line).joined()
    }

    /// Cells as a line with its end.
    static func line(_ cells: [String]) -> String { cells.map(field).joined(separator: ",") + "\r\n" }

    /// The digits of the other formats, with an ASCII minus; empty where there is no number.
    private static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return ReportNumber.rating(value).replacing("−", with: "-")
    }

    /// Quoted where it must be. A leading `=`, `+`, `@` or tab of a name is held back by an apostrophe, because
    /// spreadsheets would run it as a formula.
    private static func field(_ text: String) -> String {
        var text = DisplayText.visible(text)
        if let first = text.first, "=+@".contains(first) || (first == "-" && Double(text) == nil) { text = "'" + text }
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
