import AgonCore

/// The leaderboard for a terminal: a table, what was learned, and where the rest is.
public struct TerminalReport: Sendable {
    /// Columns of the terminal; the table leaves out columns before it breaks a line.
    public var width: Int
    /// Whether ANSI colours may be used. Without them not one escape character is written.
    public var isColoured: Bool

    public init(width: Int = 80, isColoured: Bool = false) {
        self.width = max(width, 24)
        self.isColoured = isColoured
    }

    /// Table, findings and path, every line ended by a newline.
    /// - Parameter path: where the page lies; nil leaves the line out.
    public func text(_ report: Report, path: String? = nil) -> String {
        var lines = [paint(title(report), .bold), ""]
        lines += tableLines(report) + contestLines(report)
        let learned = findings(report)
        if !learned.isEmpty { lines += [""] + learned }
        if let path { lines += ["", "report: \(DisplayText.visible(path))"] }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The table alone, for progress that is redrawn.
    public func table(_ report: Report) -> String { tableLines(report).map { $0 + "\n" }.joined() }

    private enum Style: String {
        case bold = "1", dim = "2", green = "32", red = "31"
    }

    private func paint(_ text: String, _ style: Style?) -> String {
        guard isColoured, let style else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    private func title(_ report: Report) -> String {
        let rounds = report.roundCount == 1 ? "1 round" : "\(report.roundCount) rounds"
        return DisplayText.fitted("\(DisplayText.name(report.arena)) · \(rounds) · seed \(report.seed)", columns: width)
    }

    private func tableLines(_ report: Report) -> [String] {
        let table = TextTable(columns: StandingsTable.columns, rows: StandingsTable.rows(report), flexibleColumn: 1)
        return table.lines(width: width) { text, row, column in
            paint(text, row.map { style(of: report.standings[$0], column: column) } ?? .dim)
        }
    }

    /// The most meetings or places that a terminal lists.
    private static let contestLimit = 24

    /// Who won a knockout or a Swiss tournament, and against whom.
    private func contestLines(_ report: Report) -> [String] {
        guard let outcome = ContestOutcome(report) else { return [] }
        var table = outcome.table
        let left = table.rows.count - Self.contestLimit
        table.rows = Array(table.rows.prefix(Self.contestLimit))
        return [""] + DisplayText.wrapped(outcome.sentence, columns: width, indent: "  ") + [""] + table.lines(width: width)
            + (left > 0 ? [DisplayText.fitted("… and \(left) more, which report.html has", columns: width)] : [])
    }

    private func style(of row: Standing, column: Int) -> Style? {
        if column == StandingsTable.columns.count - 1, let change = row.changeSinceFirst {
            return change.low > 0 ? .green : change.high < 0 ? .red : nil
        }
        if row.role != .learner { return .dim }
        return column == 1 ? .bold : nil
    }

    private func findings(_ report: Report) -> [String] {
        let findings = ReportFindings(report)
        var lines: [(String, ReportFindings.Tone)] = [findings.caution].compactMap { $0 }.map { ($0, .bad) }
        lines += findings.learners.prefix(2).joined().map { ($0.line, $0.tone) }
        if let judge = findings.judge { lines.append((judge, findings.judgeTone)) }
        if let alarms = findings.alarms { lines.append((alarms, .bad)) }
        lines += findings.losses.map { ($0, .bad) } + (findings.costs + findings.samples).map { ($0, .neutral) }
        if let people = findings.people { lines.append((people, .neutral)) }
        if let updates = findings.updates { lines.append((updates, .neutral)) }
        if let changes = findings.changes { lines.append((changes, .neutral)) }
        return lines.flatMap { text, tone in
            DisplayText.wrapped(text, columns: width, indent: "  ").map { paint($0, tone == .good ? .green : tone == .bad ? .red : nil) }
        }
    }
}
