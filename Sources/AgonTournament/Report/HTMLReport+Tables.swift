import AgonCore

extension HTMLReport.Page {
    /// The leaderboard with each rating's interval drawn on one scale.
    func leaderboard() -> Markup {
        let rows = StandingsTable.rows(report)
        return section("leaderboard", "Leaderboard", ReportProse.leaderboard) {
            if report.standings.isEmpty {
                Markup(.p, ["class": "prose"]) { "No agents are entered." }
            } else {
                Markup(.div, ["class": "scroll wide"]) {
                    Markup(.table, ["class": "board sortable"]) {
                        Markup(.caption, ["class": "unseen"]) { "Standings" }
                        Markup(.thead) {
                            Markup(.tr) {
                                for column in StandingsTable.columns {
                                    Markup(.th, ["scope": "col", "class": column.isNumber ? "n" : ""]) { column.title }
                                }
                                Markup(.th, ["scope": "col", "data-fixed": ""]) { "interval" }
                            }
                        }
                        Markup(.tbody) {
                            for (standing, cells) in zip(report.standings, rows) { row(standing, cells) }
                        }
                    }
                }
            }
            for line in findings.losses + findings.costs + findings.samples { Markup(.p, ["class": "prose"]) { line } }
        }
    }

    private func row(_ standing: Standing, _ cells: [String]) -> Markup {
        Markup(.tr, ["class": standing.role.rawValue, "data-agent": DisplayText.name(standing.agent)]) {
            for (index, cell) in cells.enumerated() {
                if index == 1 {
                    Markup(.th, ["scope": "row"]) {
                        styles[standing.agent].map(LineChart.swatch)
                        Markup(.span) { cell }
                    }
                } else {
                    Markup(.td, ["class": classes(index, standing)]) { cell }
                }
            }
            Markup(.td) { interval(standing) }
        }
    }

    private func classes(_ index: Int, _ standing: Standing) -> String {
        guard StandingsTable.columns[index].isNumber else { return "" }
        guard index == StandingsTable.columns.count - 1, let change = standing.changeSinceFirst else {
            return index == 3 ? "n key" : "n"
        }
        return change.low > 0 ? "n good" : change.high < 0 ? "n bad" : "n"
    }

    /// A whisker from low to high with a dot at the rating.
    private func interval(_ standing: Standing) -> Markup {
        let axis = ChartAxis(
            values: report.standings.map(\.rating.value),
            intervals: report.standings.flatMap { [$0.rating.low, $0.rating.high] }, bounds: nil, smallest: 100)
        let style = styles[standing.agent]?.name ?? "a0"
        let low = standing.rating.low.isNaN ? -.infinity : standing.rating.low
        let high = standing.rating.high.isNaN ? .infinity : standing.rating.high
        func x(_ value: Double) -> String { LineChart.digits(axis.place(value) * 160) }
        return Markup(.svg, ["class": "whisker", "viewBox": "0 0 160 16", "role": "img"]) {
            Markup(.title) {
                "\(DisplayText.name(standing.agent)): \(ReportNumber.rating(standing.rating.low)) to \(ReportNumber.rating(standing.rating.high))"
            }
            Markup(.path, ["class": "rail", "d": "M0 8H160"])
            Markup(.path, ["class": "line \(style)", "d": "M\(x(low)) 8H\(x(high))"])
            Markup(.path, ["class": "dot \(style)", "d": "M\(x(standing.rating.value)) 8h0"])
        }
    }

    /// Who beats whom, observed and as the ratings predict it.
    func headToHeadSection() -> Markup? {
        guard report.headToHead.contains(where: { $0.matchCount > 0 }) else { return nil }
        let all = report.standings.map(\.agent)
        let names = Array(all.prefix(Charts.agentLimit))
        let cells = names.map { row in
            names.map { column -> HeatMap.Cell? in
                guard row != column, let meeting = report.meeting(row, column), let score = meeting.score else { return nil }
                let tally = ReportNumber.tally(wins: meeting.wins, draws: meeting.draws, losses: meeting.losses)
                let expected = meeting.expectedScore.map { "expected \(ReportNumber.percent($0))" }
                return HeatMap.Cell(
                    value: score, text: ReportNumber.percent(score), notes: [tally] + [expected].compactMap { $0 })
            }
        }
        let map = HeatMap(
            caption: "Head-to-head scores", corner: "row against column", names: names.map { DisplayText.name($0) },
            cells: cells)
        let rest = names.count < all.count ? " The first \(names.count) of \(all.count) agents are shown; with scripts any two can be looked up." : ""
        return section(
            "head-to-head", "Who beats whom",
            ReportProse.headToHead + " Below it wins, draws and losses, and the score that the ratings expect.\(rest)"
        ) {
            report.misleading.map { sentence in Markup(.p, ["class": "claim bad"]) { sentence } }
            map.markup()
            pairData()
        }
    }

    func readingSection() -> Markup {
        section("reading", "How to read a rating", ReportProse.reading) {}
    }

    func factSection() -> Markup {
        section("run", "The run") {
            Markup(.dl, ["class": "facts"]) {
                for fact in report.facts {
                    Markup(.div) {
                        Markup(.dt) { fact.label }
                        Markup(.dd, ["class": fact.label == "signature" || fact.label == "run" ? "code" : ""]) {
                            fact.value
                        }
                    }
                }
            }
        }
    }
}
