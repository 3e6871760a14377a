import AgonCore

extension HTMLReport.Page {
    /// The tables beside the leaderboard that have something to say.
    func tableSections(_ ids: Set<String>) -> [Markup] {
        ReportTables(report: report).tables.filter { ids.contains($0.id) }.map { table in
            section(table.id, table.title, table.prose) {
                table.id == "versions" ? versionChart() : nil
                table.markup
            }
        }
    }

    /// Says that a list stops at the first agents; nil where it holds them all.
    func cutNote(of count: Int) -> Markup? {
        count <= Charts.agentLimit ? nil : Markup(.p, ["class": "prose"]) { "The first \(Charts.agentLimit) of \(count) agents are shown; report.json has all." }
    }

    /// Ratings of versions at the rounds that made them.
    func versionChart() -> Markup? { Charts(report: report, styles: styles).versions.markup() }

    /// Everything that the meeting of two is looked up in: places in the standings, wins, draws, losses, and the expected
    /// score in thousandths, −1 where it is not known. Numbers only, so that no name can stand in it.
    func pairData() -> Markup? {
        let place = Dictionary(report.standings.enumerated().map { ($1.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let entries = report.headToHead.compactMap { record -> String? in
            guard let one = place[record.first], let other = place[record.second], record.matchCount > 0 else { return nil }
            let seen = one < other ? record : record.flipped
            let expected = seen.expectedScore.map { Int((1000 * $0).rounded()) } ?? -1
            return "\(min(one, other)) \(max(one, other)) \(seen.wins) \(seen.draws) \(seen.losses) \(expected)"
        }
        return entries.isEmpty ? nil : Markup(.div, ["id": "pairs", "data-pairs": entries.joined(separator: ";"), "hidden": ""])
    }
}
