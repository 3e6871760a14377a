import AgonCore
import AgonTournament
import Testing

/// What a report says of judges: counted here by hand, shown alike on the page and in Markdown.
@Suite struct JudgeReportTests {
    /// A panel of two over two rounds, a refresh of one, an alarm with a way back.
    private func report() -> Report {
        func measure(
            _ round: Int, _ judge: String, _ version: Int, _ name: String, _ value: Double, _ count: Int, width: Double = .nan
        ) -> JudgeMeasureRecord {
            JudgeMeasureRecord(
                round: round, judge: JudgeID(name: judge, version: version), measure: name, value: value, low: value - width,
                high: value + width, count: count)
        }
        let measures = [
            measure(1, "jury", 0, "accuracy", 0.9, 30, width: 0.1), measure(2, "jury", 1, "accuracy", 0.6, 10, width: 0.2),
            measure(1, "jury", 0, "void_rate", 0, 40), measure(2, "jury", 1, "void_rate", 0.5, 40),
            measure(1, "jury", 0, "krippendorff_alpha", 0.5, 20), measure(2, "jury", 1, "krippendorff_alpha", 0.3, 20),
            measure(1, "sorter", 0, "accuracy", 0.8, 20, width: 0.1), measure(2, "sorter", 1, "accuracy", 0.95, 20, width: 0.05),
            measure(1, "sorter", 0, "void_rate", 0, 40), measure(2, "sorter", 1, "weight", 1.386, 40),
            measure(1, "sorter", 0, "cohen_kappa/<b>taste", 0.25, 20),
            measure(1, "<b>taste", 0, "position_consistency", 0.75, 8), measure(1, "<b>taste", 0, "first_shown_rate", 0.625, 16),
            measure(1, "<b>taste", 0, "cyclic_rooms", 2, 8), measure(2, "<b>taste", 0, "cyclic_rooms", 1, 8),
            measure(2, "jury", 1, "cost", 0.5, 40), measure(2, "jury", 1, "seconds_per_verdict", 1.5, 40),
            measure(2, "jury", 1, "tokens", 9000, 60), measure(2, "jury", 1, "pairs_dropped/near_duplicates", 0.25, 40),
        ]
        let versions = [
            VersionRecord(name: "sorter", version: 0, round: 0, hash: "aa", parent: nil, path: "", isJudge: true),
            VersionRecord(name: "sorter", version: 1, round: 1, hash: "bb", parent: "aa", path: "x", isJudge: true),
        ]
        let alarm = AlarmRecord(
            round: 2, judge: JudgeID(name: "jury", version: 1), sentence: "Right on 60.0% of | canaries.", action: .rollback)
        let back = UpdateRecord(
            round: 2, agent: "ada", fromVersion: 3, toVersion: 1, decision: "Went back to v1.", pairCount: 0, stepCount: 0, metrics: [:])
        var report = ReportDemo.report(rounds: 2)
        report.updates.append(back)
        report.judging = JudgingRecords(measures: measures, versions: versions, alarms: [alarm],
            losses: [JudgeLossRecord(round: 2, judge: "<b>taste", sentence: "It ended.")])
        return report
    }

    @Test("Markdown has each judge's numbers over all rounds, weighed by what they were measured on")
    func markdown() {
        let text = MarkdownReport.text(report())
        // (30·0.9 + 10·0.6) / 40 = 0.825; √((0.75·0.1)² + (0.25·0.2)²) = 0.0901; votes 80, half of 40 void.
        #expect(text.contains("| jury | 82.5% \\[73.5, 91.5\\] | 40 | – | – | 25.0% | – | – | 80 |"))
        #expect(text.contains("| &lt;b&gt;taste | – | 0 | 75.0% | 62.5% | – | 3 |"))
        #expect(text.contains("| 2 | &lt;b&gt;taste | It ended. |"))
        #expect(text.contains("| sorter v1 | 1 | v0 | 95.0% \\[90.0, 100.0\\] | 20 |\n| sorter v0 | 0 | – | 80.0% \\[70.0, 90.0\\] | 20 |"))
        #expect(text.contains("| sorter | &lt;b&gt;taste | 0.25 | 20 |\n| all members | Krippendorff's α | 0.40 | 40 |"))
        #expect(text.contains("| 2 | jury v1 | Right on 60.0% of \\| canaries. | ada went back from v3 to v1 |"))
        #expect(text.contains("| jury | 40 | 0.500 | 0.013 | 1.50 | 9000 | 0 |"))
        #expect(text.contains("| the answers were nearly the same | 10 | 1 |"))
    }

    @Test("the page has the same cells, with names as text")
    func page() {
        let html = HTMLReport.text(report())
        for cell in ["82.5% [73.5, 91.5]", "95.0% [90.0, 100.0]", "ada went back from v3 to v1", "&lt;b&gt;taste"] {
            #expect(html.contains(">\(cell)</td>"), "\(cell)")
        }
        #expect(!html.contains("<b>taste"))
    }

    @Test("the terminal tells of alarms and of ways back, and of nothing where there were none")
    func terminal() {
        let lines = TerminalReport(width: 300).text(report())
        #expect(lines.contains("alarm in round 2: Right on 60.0% of | canaries. Learners went back to an earlier version once. Lost since round 2: It ended."))
        #expect(!TerminalReport(width: 300).text(ReportDemo.report(rounds: 2)).contains("alarm"))
        #expect(!MarkdownReport.text(ReportDemo.report(rounds: 2)).contains("Alarms"))
    }

    @Test("judges' reasons stand beside sample rooms")
    func reasons() {
        var report = ReportDemo.report(rounds: 2)
        report.sampleRooms[0].votes = [
            Vote(judge: JudgeID(name: "taste"), first: 0, second: 1, verdict: .first, reason: "<i>it is sorted")
        ]
        #expect(HTMLReport.text(report).contains("&lt;i&gt;it is sorted"))
    }
}
