import AgonCore
import Foundation
import Testing

@testable import AgonScheduling
@testable import AgonTournament

/// What stands of a knockout and of a Swiss tournament in every format of a report.
@Suite struct ContestReportTests {
    private static let entrants = ["ada", "basho", "random"].map { Entrant(name: $0, role: .scripted) }

    /// Scores of the first of two in a round, each a match.
    private static func history(_ rounds: [(String, String, [Double])]) -> ScheduleHistory {
        var history = ScheduleHistory()
        for (index, (one, other, scores)) in rounds.enumerated() {
            for (room, score) in scores.enumerated() {
                history.record(
                    Match(
                        round: index + 1, room: room, cluster: room, first: PolicyID(agent: one, version: 0),
                        second: PolicyID(agent: other, version: 0), score: score))
            }
        }
        return history
    }

    private static func knockout(rounds: Int) -> Report {
        let history = history([("basho", "random", [1, 0]), ("basho", "random", [1, 0.5]), ("ada", "basho", [0.5, 0.5]), ("ada", "basho", [0, 1])])
        var report = ReportDemo.report(rounds: rounds)
        report.knockout = Knockout(seeds: ["ada", "basho", "random"], extensionLimit: 1)
            .bracket(entrants: entrants, history: history, before: rounds + 1, seed: Seed(run: 1))
        return report
    }

    private static func swiss(last: [Double] = [1, 0.5]) -> Report {
        let history = history([("ada", "basho", [1, 1]), ("ada", "random", [0.5, 0]), ("random", "basho", last)])
        var report = ReportDemo.report(rounds: 3)
        report.swiss = Swiss(roundCount: 3).table(entrants: entrants, history: history, before: 4)
        return report
    }

    @Test("a knockout stands below the leaderboard on a terminal: stages, pairings, scores, byes and the winner")
    func knockoutTerminal() {
        let text = TerminalReport(width: 100).text(Self.knockout(rounds: 4))
        let expected = """

            ada has won the knockout after 4 rounds.

            stage      better seed  against     score  times level  winner
            final      ada (1)      basho (2)     2:2            2  ada, as the better seed
            semifinal  ada (1)      bye             –            –  ada
            semifinal  basho (2)    random (3)  2.5:1.5          1  basho

            """
        #expect(text.replacing(#/ +/#, with: " ").contains(expected.replacing(#/ +/#, with: " ")), "\(text)")
        #expect(TerminalReport(width: 100).text(Self.knockout(rounds: 1)).contains("The knockout is not decided after 1 round."))
        #expect(!TerminalReport(width: 100).text(ReportDemo.report()).contains("knockout"))
        for line in TerminalReport(width: 40).text(Self.swiss()).split(separator: "\n") { #expect(DisplayText.width(String(line)) <= 40) }
    }

    @Test("a Swiss table has places, points, Buchholz's sums and whom everybody met")
    func swissTable() throws {
        let report = Self.swiss()
        let markdown = MarkdownReport.text(report)
        #expect(markdown.contains("## Swiss tournament\n\nThe Swiss tournament is over after 3 rounds: random is first with 2.5 points. A round"))
        #expect(markdown.contains("| random | 1 | 2.5 | 6 | bye 1, ada 0.75, basho 0.75 |"), "\(markdown)")
        #expect(markdown.contains("| ada | 2 | 2.25 | 6 | basho 1, random 0.25, bye 1 |"))
        #expect(MarkdownReport.text(Self.swiss(last: [1, 0])).contains("ada, random share the first place with 2.25 points."))
        #expect(TerminalReport(width: 100).text(report).contains("bye 1, ada 0.75, basho 0.75"))
    }

    @Test("both stand in Markdown, page and JSON")
    func formats() throws {
        for (report, id) in [(Self.knockout(rounds: 4), "knockout"), (Self.swiss(), "swiss")] {
            let page = HTMLReport.text(report)
            #expect(ReportMarkupChecker.fault(in: page) == nil)
            #expect(page.contains("<section id=\"\(id)\""))
            #expect(MarkdownReport.text(report).contains(id == "swiss" ? "| Buchholz |" : "| semifinal | ada (1) | bye |"))
            #expect(try ReportFolder.report(json: ReportFolder.json(report)) == report)
        }
    }

    @Test("an agent from outside is shown by its kind")
    func kinds() {
        var report = ReportDemo.report()
        for (name, kind) in [("random", "process"), ("perfect", "endpoint"), ("rookie", "transformer")] {
            for index in report.standings.indices where report.standings[index].agent == name { report.standings[index].kind = kind }
        }
        let words = Dictionary(uniqueKeysWithValues: StandingsTable.rows(report).map { ($0[1], $0[2]) })
        #expect(words["random"] == "process" && words["perfect"] == "endpoint" && words["rookie"] == "anchor" && words["ada"] == "v27")
        #expect(ReportFindings(report).lead.contains("perfect (endpoint) at"))
        var progress = RunProgress(entrants: [Entrant(name: "bot", role: .scripted), Entrant(name: "rule", role: .scripted)], kinds: ["bot": "process"])
        _ = progress.take(
            .closed(
                round: 1,
                ratings: ["bot", "rule"].map {
                    RatingRecord(round: 1, policy: PolicyID(agent: $0, version: 0), elo: 1000, rating: 1000, low: 990, high: 1010, wins: 1, draws: 0, losses: 1, forfeits: 0)
                }, health: nil, updates: [], alarms: [], timings: RoundTimings()), at: 1)
        let block = progress.block(width: 100, height: 9, at: 1).joined(separator: "\n")
        #expect(block.contains("process") && block.contains("scripted"))
    }
}
