import AgonCore

/// The report's charts over rounds, for the page and for files of their own.
struct Charts {
    var report: Report
    var styles: [String: ChartStyle]

    /// The most agents that one chart draws: more lines cannot be told apart.
    static let agentLimit = 24

    init(report: Report, styles: [String: ChartStyle]? = nil) {
        self.report = report
        self.styles = styles ?? ChartStyle.styles(report)
    }

    func style(_ name: String) -> ChartStyle { styles[name] ?? ChartStyle.learner(0) }

    /// The rating of the agents of some rows after each round.
    func ratings(_ title: String, _ rows: [Standing], size: LineChart.Size) -> LineChart {
        let shown = rows.prefix(Charts.agentLimit)
        let byAgent = Dictionary(grouping: report.ratings, by: \.policy.agent)
        let series = shown.map(\.agent).map { name in
            LineChart.Series(
                name: DisplayText.name(name), style: style(name),
                points: (byAgent[name] ?? []).map {
                    LineChart.Point(round: $0.round, value: $0.rating, low: $0.low, high: $0.high)
                })
        }
        let ends = shown.map { "\(DisplayText.name($0.agent)) ends at \(ReportNumber.rating($0.rating))" }
        return LineChart(
            title: rows.count > shown.count ? "\(title), the first \(shown.count) of \(rows.count)" : title,
            description: ends.joined(separator: "; "), series: series,
            smallestRange: 100, size: size, format: { ReportNumber.rating($0) },
            tickFormat: { ReportNumber.fixed($0, decimals: $1) })
    }

    /// The rating of each version at the round that made it.
    var versions: LineChart {
        let learners = report.standings.filter { $0.role == .learner }.prefix(Charts.agentLimit).map(\.agent)
        return LineChart(
            title: "Versions by the round that made them", description: "One fit of all matches.",
            series: learners.map { name in
                LineChart.Series(
                    name: DisplayText.name(name), style: style(name),
                    points: (report.versionRatings ?? []).filter { $0.policy.agent == name }.map {
                        LineChart.Point(round: $0.round, value: $0.rating.value, low: $0.rating.low, high: $0.rating.high)
                    })
            },
            smallestRange: 100, format: { ReportNumber.rating($0) }, tickFormat: { ReportNumber.fixed($0, decimals: $1) })
    }

    /// A held-out measure over rounds.
    func measure(_ measure: ReportMeasure) -> LineChart {
        let records = Dictionary(grouping: report.evaluations.filter { $0.measure == measure.name }, by: \.policy.agent)
        let series = report.standings.map(\.agent).filter { records[$0] != nil }.prefix(Charts.agentLimit).map { name in
            LineChart.Series(
                name: DisplayText.name(name), style: style(name),
                points: (records[name] ?? []).map {
                    LineChart.Point(round: $0.round, value: $0.value, low: $0.low, high: $0.high)
                })
        }
        let isShare = measure.unit == .share
        return LineChart(
            title: measure.title,
            description: series.compactMap { line in
                guard let first = line.points.first, let last = line.points.last else { return nil }
                return "\(line.name): \(measure.text(first.value)) in round \(first.round), \(measure.text(last.value)) in round \(last.round)"
            }.joined(separator: "; "),
            series: series, guides: [measure.neutral].compactMap { $0 }, bounds: isShare ? 0...1 : nil,
            smallestRange: isShare ? 0.1 : 1, format: { measure.text($0) },
            tickFormat: { isShare ? HTMLReport.Page.percentTick($0, $1) : ReportNumber.fixed($0, decimals: $1) })
    }

    /// Every chart that has something to show, each as a file: its name and its picture.
    var files: [(name: String, text: String)] {
        var charts: [(String, LineChart)] = [("ratings", ratings("Rating after each round", report.standings, size: .tall))]
        charts.append(("versions", versions))
        for measure in ReportMeasure.present(in: report.evaluations) { charts.append((measure.name, self.measure(measure))) }
        return charts.compactMap { name, chart in
            chart.picture(subtitle: DisplayText.name(report.arena, limit: 80)).map { ("\(FileName.safe(name)).svg", $0) }
        }
    }
}

/// Names of files from names of measures.
private enum FileName {
    static func safe(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" || $0 == "_") ? Character($0) : "-" }.prefix(60))
    }
}
