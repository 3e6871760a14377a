import AgonCore

/// `report.md`: the leaderboard and the findings for people who read in a code host or an editor.
public enum MarkdownReport {
    /// The whole document.
    public static func text(_ report: Report) -> String {
        let findings = ReportFindings(report)
        var blocks = ["# \(escaped(DisplayText.name(report.arena, limit: 80))): \(escaped(findings.headline))"]
        if !findings.lead.isEmpty { blocks.append(escaped(findings.lead)) }
        let learned = findings.learning.map(\.line) + [findings.judge, findings.alarms, findings.people, findings.updates].compactMap { $0 }
            + findings.losses + findings.costs + findings.samples
        if !learned.isEmpty { blocks.append(learned.map { "- \(escaped($0))" }.joined(separator: "\n")) }
        blocks.append("## Leaderboard")
        blocks.append(
            table(
                StandingsTable.columns.map { ($0.title, $0.isNumber) }, StandingsTable.rows(report)))
        blocks += [ReportProse.leaderboard, ReportProse.reading]
        let extra = ReportTables(report: report).tables
        for table in extra.filter({ ReportTables.leading.contains($0.id) }) { blocks += self.blocks(table) }
        if let matrix = matrix(report) { blocks += ["## Head to head", ReportProse.headToHead] + [report.misleading.map(escaped)].compactMap { $0 } + [matrix] }
        let measured = ReportMeasure.present(in: report.evaluations)
        if !measured.isEmpty {
            blocks += ["## Held-out measures", evaluations(report, measured)]
        }
        for table in extra.filter({ !ReportTables.leading.contains($0.id) }) { blocks += self.blocks(table) }
        for table in JudgeTables(report).tables { blocks += self.blocks(table) }
        blocks += ["## The run", table([("fact", false), ("value", false)], report.facts.map { [$0.label, $0.value] })]
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// A table with its head.
    static func blocks(_ table: ReportTable) -> [String] {
        ["## \(table.title)", escaped(table.prose), self.table(table.columns, table.rows)]
    }

    private static func matrix(_ report: Report) -> String? {
        guard !report.headToHead.isEmpty else { return nil }
        let names = report.standings.prefix(Charts.agentLimit).map(\.agent)
        let rows = names.map { row in
            [DisplayText.name(row)]
                + names.map { column in
                    guard let score = report.meeting(row, column)?.score else { return ReportNumber.missing }
                    return ReportNumber.percent(score)
                }
        }
        return table([("score of ↓ against →", false)] + names.map { (DisplayText.name($0), true) }, rows)
    }

    private static func evaluations(_ report: Report, _ measures: [ReportMeasure]) -> String {
        var rows: [[String]] = []
        for measure in measures {
            for agent in report.standings.map(\.agent) {
                let records = report.evaluations.filter { $0.measure == measure.name && $0.policy.agent == agent }
                guard let first = records.first, let last = records.last else { continue }
                rows.append([
                    measure.title, DisplayText.name(agent),
                    "\(measure.text(Estimate(first))) at v\(first.policy.version)",
                    "\(measure.text(Estimate(last))) at v\(last.policy.version)",
                    ReportNumber.count(last.count),
                ])
            }
        }
        return table([("measure", false), ("agent", false), ("first", true), ("last", true), ("distinct prompts", true)], rows)
    }

    static func table(_ head: [(title: String, isNumber: Bool)], _ rows: [[String]]) -> String {
        let lines =
            [head.map { escaped($0.title) }, head.map { $0.isNumber ? "---:" : "---" }]
            + rows.map { $0.map(escaped) }
        return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// Text that Markdown shows as it is: no markup, no HTML, no broken table row.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in DisplayText.visible(text) {
            switch character {
            case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "!": result += "\\\(character)"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            default: result.append(character)
            }
        }
        return result
    }
}
