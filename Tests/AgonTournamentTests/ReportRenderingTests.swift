import AgonCore
import Foundation
import Testing

@testable import AgonTournament

@Suite("A report in its formats")
struct ReportRenderingTests {
    let report = ReportDemo.report()

    /// To look at the pages, let REPORT_DEMO_FOLDER name a folder.
    @Test("The folder gets its whole files and nothing else, and an old report is replaced")
    func folder() throws {
        let asked = ProcessInfo.processInfo.environment["REPORT_DEMO_FOLDER"]
        let root = asked ?? FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID())").path
        defer { if asked == nil { try? FileManager.default.removeItem(atPath: root) } }
        let cases = [("empty", ReportDemo.empty()), ("scripted", ReportDemo.scripted()), ("run", ReportDemo.empty()), ("run", report)]
        for (name, value) in cases { try ReportFolder.write(value, to: root + "/" + name) }
        let written = try FileManager.default.contentsOfDirectory(atPath: root + "/run").sorted()
        #expect(written == ["badge.svg", "head-to-head.csv", "ratings.csv", "report.html", "report.json", "report.md", "standings.csv"])
        for file in try ReportFolder.files(report) {
            #expect(try String(contentsOfFile: root + "/run/" + file.name, encoding: .utf8) == file.text)
        }
    }

    @Test("A folder that cannot be made is a thrown fault, not a half-written report")
    func unwritableFolder() {
        #expect(throws: (any Error).self) { try ReportFolder.write(report, to: "/dev/null/report") }
    }

    @Test("Terminal, Markdown and HTML show the same cells for every agent, CSV the same digits")
    func sameNumbers() throws {
        let terminal = TerminalReport(width: 200).text(report)
        let markdown = MarkdownReport.text(report)
        let html = HTMLReport.text(report).replacing("\u{A0}", with: " ")
        let csv = CSVReport.text(report).split(separator: "\r\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for (index, cells) in StandingsTable.rows(report).enumerated() {
            let line = try #require(terminal.split(separator: "\n").first { $0.contains("  \(cells[1]) ") })
            for cell in cells { #expect(line.contains(cell), "\(cell) is missing from \(line)") }
            #expect(markdown.contains("| " + cells.joined(separator: " | ") + " |"))
            for cell in cells.dropFirst(2) { #expect(html.contains(">\(cell)</td>"), "\(cell) is missing from the page") }
            let row = report.standings[index]
            #expect(String(csv[index][5]) == ReportNumber.rating(row.rating.value))
            #expect(cells[3].hasPrefix(csv[index][5] + " "))
            #expect(String(csv[index][8]) == cells[4])
            #expect(csv[index][10...12].joined(separator: "/") == cells[6])
        }
    }

    @Test("What was learned reads the same on the terminal, in Markdown and on the page")
    func sameFindings() throws {
        let findings = ReportFindings(report)
        #expect(findings.learning.map(\.measure.name) == ["gold_sampled", "gold_greedy", "gold_sampled", "gold_greedy"])
        #expect(findings.learning.map(\.tone) == [.good, .good, .good, .good])
        let terminal = TerminalReport(width: 400).text(report)
        let html = HTMLReport.text(report).replacing("\u{A0}", with: " ")
        for learning in findings.learning {
            #expect(terminal.contains("\(learning.agent): \(learning.sentence)"))
            #expect(html.contains(learning.sentence))
            #expect(MarkdownReport.text(report).contains(MarkdownReport.escaped(learning.sentence)))
        }
        #expect(terminal.contains("updates: 57 promoted, 15 rejected, from 6,912 preference pairs"))
        #expect(terminal.contains("not trusted in 2 of 36 rounds"))
    }

    @Test("JSON keeps every value, unbounded intervals included, and is the same bytes again")
    func json() throws {
        for value in [report, ReportDemo.empty(), ReportDemo.scripted()] {
            let text = try ReportFolder.json(value)
            #expect(try ReportFolder.report(json: text) == value)
            #expect(try ReportFolder.json(value) == text)
        }
    }

    @Test("Token ids and log-probabilities of sample rooms stay out of the report, and five rooms are the most")
    func sampleRooms() {
        #expect(report.sampleRooms.count == 5)
        #expect(report.sampleRooms.allSatisfy { $0.rollouts.allSatisfy { $0.sequence == nil && $0.logProbs.isEmpty } })
    }

    @Test("The order of the records given does not change a report")
    func orderFree() {
        let again = Report(
            arena: report.arena, kind: report.kind, runID: report.runID, seed: report.seed, kernels: report.kernels,
            roundCount: report.roundCount, signature: report.signature, standings: report.standings.reversed(),
            anchors: report.anchors.reversed(), ratings: report.ratings.reversed(),
            headToHead: report.headToHead.reversed(), evaluations: report.evaluations.reversed(),
            judgeHealth: report.judgeHealth?.reversed(), trustRule: report.trustRule, updates: report.updates.reversed(), timings: report.timings,
            sampleRooms: report.sampleRooms)
        #expect(again == report)
    }

    @Test("A pair of agents given from both sides is counted once")
    func bothSides() throws {
        let once = HeadToHead(first: "ada", second: "rookie", wins: 6, draws: 1, losses: 3, expectedScore: 0.6)
        let report = Report(
            arena: "twice", kind: .game, runID: "twice-1-0", seed: 1, kernels: "portable", roundCount: 1, signature: "",
            standings: [], anchors: [], ratings: [], headToHead: [once.flipped, once], evaluations: [],
            judgeHealth: nil, trustRule: nil, updates: [], timings: RoundTimings(), sampleRooms: [])
        #expect(report.headToHead == [once])
        let seen = try #require(report.meeting("rookie", "ada"))
        #expect(seen.wins == 3 && seen.draws == 1 && seen.losses == 6)
        #expect(seen.score == 0.35)
    }

    @Test("A rating whose interval is no number shows a dash, on every page")
    func noInterval() {
        var report = ReportDemo.report(rounds: 3)
        for index in report.standings.indices { report.standings[index].rating.low = .nan }
        for index in report.ratings.indices { report.ratings[index].high = .nan }
        #expect(TerminalReport(width: 100).text(report).contains("± –"))
        #expect(ReportMarkupChecker.fault(in: HTMLReport.text(report)) == nil)
        #expect(!HTMLReport.text(report).contains("nan"))
    }

    @Test("Agents that cannot be told apart share a rank")
    func sharedRanks() {
        func row(_ name: String, _ value: Double, _ width: Double) -> Standing {
            Standing(
                agent: name, role: .learner, version: 1, elo: value,
                rating: Estimate(value: value, low: value - width, high: value + width), wins: 1, draws: 0, losses: 1,
                forfeits: 0)
        }
        var report = ReportDemo.empty()
        report.standings = [row("a", 1200, 30), row("b", 1190, 30), row("c", 1000, 30)]
        report.roundCount = 1
        #expect(StandingsTable.rows(report).map { $0[0] } == ["1–2", "1–2", "3"])
        #expect(ReportFindings(report).headline == "a and b share the lead")
        // c overlaps the best by value, and lies wholly below the surest.
        report.standings = [row("a", 1200, 100), row("b", 1190, 20), row("c", 1120, 30)]
        #expect(report.ranks == [1, 1, 2])
        #expect(ReportFindings(report).headline == "a and b share the lead")
        #expect(CSVReport.text(report).contains("\r\n2,3,c,"))
    }

    @Test("Where the judge is not trusted now, headline, first finding and tile say so and since when, before who leads")
    func distrustedJudge() throws {
        var report = ReportDemo.report()
        #expect(ReportFindings(report).caution == nil)
        #expect(ReportFindings(report).headline.hasPrefix("ada leads"))
        #expect(ReportFindings(report).lead.hasSuffix("The judge was not trusted in 2 of 36 rounds; the ratings rest on its verdicts in all of them."))
        for index in [30, 34, 35] {
            report.judgeHealth?[index].isTrusted = false
            report.judgeHealth?[index].windowAccuracy = 0.739
        }
        let findings = ReportFindings(report)
        let caution = "The judge has not been trusted since round 35: over the last 3 rounds it was right on 73.9% of canary "
            + "pairs, 75.0% are needed. The ratings come from its verdicts."
        #expect(findings.headline == "Judge not trusted: ada leads the learners at 1166 ± 31, +166 ± 41 over its first version")
        // The rule stands in the caution already.
        #expect(findings.judge?.contains("not trusted in 5 of 36 rounds; it scores the learners at") == true)
        #expect(findings.caution == caution && findings.lead.hasPrefix(caution) && findings.judgeTone == .bad)
        let terminal = TerminalReport(width: 400).text(report)
        let lines = try #require(terminal.components(separatedBy: "\n\n").dropFirst(2).first)
        #expect(lines.hasPrefix(caution + "\n"))
        #expect(MarkdownReport.text(report).hasPrefix("# quickstart: Judge not trusted: ada leads"))
        #expect(HTMLReport.text(report).contains("not trusted since round 35</p>"))
        report.judgeHealth?[35].windowAccuracy = .nan
        #expect(ReportFindings(report).caution == "The judge has not been trusted since round 35. The ratings come from its verdicts.")
    }

    @Test("A version that was promoted after the last round is said not to have played, and the legend says which one the table has")
    func unplayedVersion() {
        var report = ReportDemo.report()
        report.updates = report.updates.filter { $0.round < 36 }
        #expect(ReportFindings(report).updates?.hasSuffix("preference pairs") == true)
        func update(_ agent: String, _ version: Int?) -> UpdateRecord {
            UpdateRecord(
                round: 36, agent: agent, fromVersion: 27, toVersion: version, decision: "", pairCount: 0, stepCount: 1, metrics: [:])
        }
        report.updates += [update("ada", nil), update("basho", 28)]
        #expect(ReportFindings(report).updates?.hasSuffix("; basho v28, promoted after the last round, has not played yet") == true)
        report.updates.append(update("ada", 28))
        #expect(ReportFindings(report).updates?.hasSuffix("; basho v28 and ada v28, promoted after the last round, have not played yet") == true)
        for text in [MarkdownReport.text(report), HTMLReport.text(report)] {
            #expect(text.contains("The version is the one that played the last round, of which the rating is"))
        }
    }

    @Test("A learner whose held-out value fell beyond its interval is said to be hurt")
    func hurtLearner() throws {
        var report = ReportDemo.report()
        report.evaluations = [(0, 0.6), (4, 0.3)].map { round, value in
            EvaluationRecord(
                round: round, policy: PolicyID(agent: "ada", version: round), measure: "gold_sampled", value: value,
                low: value - 0.03, high: value + 0.03, count: 1000)
        }
        let learning = try #require(ReportFindings(report).learning.first)
        #expect(learning.tone == .bad)
        #expect(learning.sentence.hasSuffix("(−30.0 ± 4.2 points): training hurt"))
    }

    @Test("What got worse beside the gain is told on terminal, Markdown and page, and called hurt beyond its interval")
    func hurtBesides() throws {
        func report(_ measures: [(name: String, first: Double, last: Double, width: Double)]) -> Report {
            var report = ReportDemo.report()
            report.evaluations = measures.flatMap { measure in
                [(0, measure.first), (4, measure.last)].map { round, value in
                    EvaluationRecord(
                        round: round, policy: PolicyID(agent: "ada", version: round), measure: measure.name, value: value,
                        low: value - measure.width, high: value + measure.width, count: 400)
                }
            }
            return report
        }
        let prompts = report([("gold_sampled", 0.49, 0.65, 0.05), ("gold_greedy", 1, 0.78, 0.04), ("score_vs_anchor", 0.5, 0.6, 0.02)])
        #expect(ReportFindings(prompts).learning.map(\.tone) == [.good, .bad])
        let greedy = "gold accuracy, greedy: 100.0% [96.0, 104.0] at v0 → 78.0% [74.0, 82.0] at v4 (−22.0 ± 5.7 points): training hurt"
        let html = HTMLReport.text(prompts).replacing("\u{A0}", with: " ")
        #expect(TerminalReport(width: 400).text(prompts).contains("ada: \(greedy)\n"))
        #expect(MarkdownReport.text(prompts).contains("- ada: \(MarkdownReport.escaped(greedy))\n"))
        #expect(html.contains("claim good\">sampled: training helped") && html.contains("claim bad\">greedy: training hurt"))
        #expect(html.contains("Gold accuracy, greedy: 100.0% → 78.0%, −22.0 ± 5.7 points"))
        let game = report([("score_vs_anchor", 0.5, 0.68, 0.03), ("draws_vs_perfect", 0.2, 0.4, 0.05), ("illegal_per_100", 0.5, 0.6, 0.5)])
        #expect(ReportFindings(game).learning.map(\.measure.name) == ["score_vs_anchor", "illegal_per_100"])
        #expect(ReportFindings(game).learning.map(\.tone) == [.good, .neutral])
    }
}
