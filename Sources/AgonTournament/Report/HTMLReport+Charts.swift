import AgonCore

extension HTMLReport.Page {
    /// The agents that charts draw, in the order of the standings.
    private var names: [String] { report.standings.prefix(Charts.agentLimit).map(\.agent) }

    private func style(_ name: String) -> ChartStyle { styles[name] ?? ChartStyle.learner(0) }

    func ratingSection() -> Markup? {
        let learning = report.standings.filter { $0.role != .scripted }
        let isMixed = learning.contains { $0.role == .learner } && learning.count < report.standings.count
        let prose = "The version of each agent that played the round, on the anchored Elo scale, with its 95% interval. Agents that never change are grey."
        let drawn = Charts(report: report, styles: styles)
        let all = drawn.ratings(isMixed ? "All agents" : "Rating after each round", report.standings, size: isMixed ? .flat : .tall)
        let charts = (isMixed ? [drawn.ratings("Learners and anchors", learning, size: .tall)] : []) + [all]
        let figures = charts.compactMap { $0.markup() }
        return figures.isEmpty ? nil : section("ratings", "Rating over rounds", prose) { figures }
    }

    func learningSection() -> Markup? {
        let charts = ReportMeasure.present(in: report.evaluations).compactMap { Charts(report: report, styles: styles).measure($0).markup() }
        guard !charts.isEmpty else { return nil }
        return section("learning", "Did training help?", ReportProse.learning) {
            if !findings.learning.isEmpty {
                Markup(.ul, ["class": "claims"]) {
                    for learning in findings.learners.prefix(Charts.agentLimit).joined() {
                        Markup(.li) {
                            Markup(.strong) { learning.agent }
                            " " + learning.sentence
                        }
                    }
                }
            }
            cutNote(of: findings.learners.count)
            Markup(.div, ["class": charts.count > 1 ? "pairs" : ""]) { charts }
        }
    }

    /// A share at a tick, in whole per cent where ticks allow it.
    static func percentTick(_ share: Double, _ decimals: Int) -> String {
        ReportNumber.fixed(share * 100, decimals: max(0, decimals - 2)) + "%"
    }

    func judgeSection() -> Markup? {
        guard let health = report.judgeHealth, !health.isEmpty else { return nil }
        let marks = health.filter { !$0.isTrusted }.map {
            LineChart.Mark(
                round: $0.round,
                title: "Round \($0.round): the judge was not trusted, right on \(ReportNumber.percent($0.windowAccuracy)) of canary pairs over its window and \(ReportNumber.percent($0.accuracy)) in the round; no update was promoted")
        }
        let charts = [beliefChart(health, marks), canaryChart(health, marks)].compactMap { $0.markup() }
        return section("judge", "What the judge believes, and what gold says", ReportProse.judge) {
            if let rule = report.trustRule { Markup(.p, ["class": "prose"]) { rule.sentence } }
            if !marks.isEmpty {
                Markup(.p, ["class": "prose note"]) {
                    Markup(.span, ["class": "mark-key"])
                    "A shaded round is one in which the judge was not trusted, and no update was promoted: "
                        + LineChart.thinned(marks, limit: 24).map { String($0.round) }.joined(separator: ", ")
                        + (marks.count > 24 ? " and more." : ".")
                }
            }
            Markup(.div, ["class": "pairs"]) { charts }
        }
    }

    private func beliefChart(_ health: [JudgeHealthRecord], _ marks: [LineChart.Mark]) -> LineChart {
        let believed = health.map { LineChart.Point(round: $0.round, value: $0.believedScore) }
        let gold = health.compactMap { record in
            record.goldScore.map { LineChart.Point(round: record.round, value: $0) }
        }
        return LineChart(
            title: "Score of the learners against the anchors",
            description: findings.judge ?? "",
            series: [
                LineChart.Series(name: "judge believes", style: ChartStyle(name: "j0", dashes: ""), points: believed),
                LineChart.Series(name: "gold says", style: ChartStyle(name: "j1", dashes: "7 4"), points: gold),
            ],
            marks: marks, guides: [0.5], bounds: 0...1, smallestRange: 0.2,
            format: { ReportNumber.percent($0) }, tickFormat: HTMLReport.Page.percentTick)
    }

    private func canaryChart(_ health: [JudgeHealthRecord], _ marks: [LineChart.Mark]) -> LineChart {
        let measured = health.map {
            LineChart.Point(round: $0.round, value: $0.accuracy, low: $0.low, high: $0.high)
        }
        let refreshed = health.compactMap { record in
            record.refreshedAccuracy.map { LineChart.Point(round: record.round, value: $0) }
        }
        let windowed = health.map { LineChart.Point(round: $0.round, value: $0.windowAccuracy) }
        let rule = report.trustRule
        let isWindowed = (rule?.roundCount ?? 1) > 1
        return LineChart(
            title: "Judge's accuracy on canaries",
            description: findings.judge ?? "",
            series: [
                LineChart.Series(name: "as met", style: ChartStyle(name: "j0", dashes: ""), points: measured),
                LineChart.Series(
                    name: "over \(rule?.roundCount ?? 1) rounds", style: ChartStyle(name: "j1", dashes: "7 4"),
                    points: isWindowed ? windowed : []),
                LineChart.Series(
                    name: "after the refresh", style: ChartStyle(name: "j2", dashes: "2 3"), points: refreshed),
            ],
            marks: marks, guides: [0.5] + [rule?.minAccuracy].compactMap { $0 }, bounds: 0...1, smallestRange: 0.2,
            format: { ReportNumber.percent($0) }, tickFormat: HTMLReport.Page.percentTick)
    }

    /// The metrics of updates as small multiples, the ones people look at first in front.
    func trainingSection() -> Markup? {
        let preferred = [
            "loss", "rewards/margins", "rewards/accuracies", "kl_to_base/k2", "grad_norm", "logps/chosen", "logps/rejected",
            "rewards/chosen", "rewards/rejected",
        ]
        let present = Set(report.updates.flatMap(\.metrics.keys))
        let shown = preferred.filter(present.contains) + present.subtracting(preferred).sorted()
        let charts = shown.prefix(12).compactMap { metricChart($0).markup() }
        guard !charts.isEmpty else { return nil }
        let prose = "One value per update, candidates that were dropped included. A falling loss alone proves nothing: the held-out measures above do."
        return section("training", "Training", prose) { Markup(.div, ["class": "multiples"]) { charts } }
    }

    private func metricChart(_ metric: String) -> LineChart {
        let series = names.map { name in
            LineChart.Series(
                name: DisplayText.name(name), style: style(name),
                points: report.updates.filter { $0.agent == name }.compactMap { update in
                    update.metrics[metric].map { LineChart.Point(round: update.round, value: $0) }
                })
        }
        return LineChart(
            title: DisplayText.name(metric), description: "One value per update.",
            series: series, size: .small, format: { ReportNumber.metric($0) },
            tickFormat: { ReportNumber.fixed($0, decimals: $1) })
    }
}
