import AgonCore
import Testing

@testable import AgonTournament

@Suite("A report on a terminal")
struct ReportTerminalTests {
    @Test("The leaderboard looks like this")
    func snapshot() {
        let expected = """
            quickstart · 36 rounds · seed 7

            #  agent    version   rating ± 95%   Elo  games          W/D/L  forfeits   since v0
            1  perfect  scripted     1268 ± 31  1277  6,912  4186/691/2035       138          –
            2  ada      v27          1166 ± 31  1171  6,912  3948/691/2273       138  +166 ± 41
            3  basho    v27          1101 ± 31  1090  6,912  3773/691/2448       138  +101 ± 41
            4  rookie   anchor       1000 ± 31   989  6,912  3456/691/2765       138          –
            5  random   scripted      640 ± 31   635  6,912  1512/691/4709     2,304          –

            ada: gold accuracy, sampled: 60.1% [57.1, 63.1] at v0 → 87.7% [84.7, 90.7] at v27 (+27.6 ± 4.2
              points): training helped
            ada: gold accuracy, greedy: 95.5% [94.4, 96.6] at v0 → 97.9% [96.8, 99.0] at v27 (+2.5 ± 1.6
              points): training helped
            basho: gold accuracy, sampled: 59.4% [56.4, 62.4] at v0 → 79.8% [76.8, 82.8] at v27 (+20.4 ± 4.2
              points): training helped
            basho: gold accuracy, greedy: 95.0% [93.9, 96.1] at v0 → 98.4% [97.3, 99.5] at v27 (+3.4 ± 1.6
              points): training helped
            judge: right on 93.2% [87.2, 97.7] of canaries in round 1 → 95.2% [89.2, 99.7] in round 36, not
              trusted in 2 of 36 rounds (below 75.0% over 3 rounds); it scores the learners at 75.4% against the
              anchors, gold at 70.4%
            updates: 57 promoted, 15 rejected, from 6,912 preference pairs; ada v28, promoted after the last
              round, has not played yet

            report: leaderboard/quickstart/report.html

            """
        let text = TerminalReport(width: 100).text(ReportDemo.report(), path: "leaderboard/quickstart/report.html")
        #expect(text == expected)
    }

    @Test("No line is wider than the terminal", arguments: [40, 52, 66, 80, 100, 160])
    func width(columns: Int) {
        var report = ReportDemo.report()
        report.standings[0].agent = "日本語の名前がとても長いエージェント🦊"
        let text = TerminalReport(width: columns).text(report)
        for line in text.split(separator: "\n") { #expect(DisplayText.width(String(line)) <= columns, "\(line)") }
        #expect(text.contains("rating ± 95%"))
    }

    @Test("Colour adds escapes and nothing else; without it there are none")
    func colour() {
        let plain = TerminalReport(width: 90).text(ReportDemo.report())
        let coloured = TerminalReport(width: 90, isColoured: true).text(ReportDemo.report())
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.replacing(#/\u{1B}\[[0-9]+m/#, with: "") == plain)
        #expect(coloured.contains("\u{1B}[32m+166 ± 41\u{1B}[0m"))
    }

    @Test("Columns line up by what is seen: wide characters count two, combining marks none")
    func alignment() {
        #expect(DisplayText.width("日本") == 4)
        #expect(DisplayText.width("e\u{301}") == 1)
        #expect(DisplayText.width("🦊") == 2)
        #expect(DisplayText.width("👩‍🚀") == 2)
        #expect(DisplayText.fitted("日本語", columns: 4) == "日…")
        var report = ReportDemo.report()
        report.standings[1].agent = "日本🦊"
        let lines = TerminalReport(width: 100).table(report).split(separator: "\n").map(String.init)
        #expect(Set(lines.map(DisplayText.width)).count == 1)
    }

    @Test("A run without rounds and one without learners have a table and no claims")
    func emptyRuns() {
        let fresh = TerminalReport(width: 80).text(ReportDemo.empty())
        #expect(fresh.contains("fresh · 0 rounds · seed 1"))
        #expect(fresh.contains("1000 ± –"))
        #expect(!fresh.contains("training"))
        let scripted = TerminalReport(width: 80).text(ReportDemo.scripted())
        #expect(scripted.contains("1302 ± 62"))
        #expect(!scripted.contains("judge"))
    }

    @Test("text is broken at spaces, within words that are wider than a line, and nowhere else")
    func wrapping() {
        #expect(DisplayText.wrapped("a bb  ccc\n\n  dd e", columns: 5) == ["a bb", "ccc", "", "  dd", "e"])
        #expect(DisplayText.wrapped("abcdefg hi", columns: 3) == ["abc", "def", "g", "hi"])
        #expect(DisplayText.wrapped("日本語", columns: 4) == ["日本", "語"])
        #expect(DisplayText.wrapped("one two three", columns: 9, indent: "  ") == ["one two", "  three"])
        #expect(DisplayText.wrapped("", columns: 9) == [""] && DisplayText.wrapped("abc  ", columns: 3) == ["abc"])
    }
}
