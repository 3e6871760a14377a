import AgonCore
import Foundation
import Testing

@testable import AgonTournament

@Suite("A report as a page")
struct ReportPageTests {
    /// Everything a model could write to get out of its box.
    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</pre></style></title><b>", "a\u{1B}[2J\u{0}\u{7}b",
        "abc\u{202E}cba\u{2066}x\u{200B}", "' onmouseover='x", "&lt;&amp;", String(repeating: "long ", count: 40_000),
        "z" + String(repeating: "\u{301}", count: 50_000), "] ![x](javascript:alert(1)) | `\n# head", "=1+1,\"x\"",
    ]

    static func poisoned(with text: String) -> Report {
        var report = ReportDemo.report(rounds: 6)
        report.arena = text
        report.runID = text
        report.signature = text
        for index in report.ratings.indices where report.ratings[index].policy.agent == "ada" {
            report.ratings[index].policy.agent = text
        }
        for index in report.standings.indices where report.standings[index].agent == "ada" {
            report.standings[index].agent = text
        }
        for index in report.updates.indices where report.updates[index].agent == "ada" {
            report.updates[index].agent = text
            report.updates[index].decision = text
            report.updates[index].metrics = [text: 1]
        }
        for index in report.evaluations.indices where report.evaluations[index].policy.agent == "ada" {
            report.evaluations[index].policy.agent = text
        }
        for index in report.sampleRooms.indices {
            report.sampleRooms[index].room.prompt.text = text
            report.sampleRooms[index].judge.name = text
            for seat in report.sampleRooms[index].rollouts.indices {
                report.sampleRooms[index].rollouts[seat].text = text
                report.sampleRooms[index].room.seats[seat].agent = text
            }
        }
        return report
    }

    @Test("Hostile text stays text, wherever it stands", arguments: hostile.indices)
    func escaping(index: Int) {
        let html = HTMLReport.text(ReportPageTests.poisoned(with: ReportPageTests.hostile[index]))
        #expect(ReportMarkupChecker.fault(in: html) == nil)
        #expect(html.components(separatedBy: "<script").count == 2)
        for forbidden in ["<script>alert", "<img", "<b>", "onmouseover='", "\u{1B}", "\u{0}", "\u{7}", "\u{202E}", "\u{2066}", "\u{200B}"] {
            #expect(!html.contains(forbidden), "\(forbidden) got through")
        }
        #expect(html.utf8.count < 300_000)
    }

    @Test("On a phone the tables that are wider than it say that they can be scrolled")
    func wideTables() {
        let html = HTMLReport.text(ReportDemo.report())
        for table in ["board sortable", "heat"] { #expect(html.contains("<div class=\"scroll wide\"><table class=\"\(table)\">")) }
        #expect(html.contains(".wide::before{content:\"scroll sideways →\""))
        var two = ReportDemo.report()
        two.standings.removeLast(3)
        #expect(HTMLReport.text(two).contains("<div class=\"scroll\"><table class=\"heat\">"))
    }

    @Test("Very long text is cut with a mark that says how much is missing")
    func truncation() {
        #expect(DisplayText.truncated("abcdef", limit: 4) == "abcd… [2 more]")
        #expect(DisplayText.truncated("abcdef", limit: 6) == "abcdef")
        let html = HTMLReport.text(ReportPageTests.poisoned(with: String(repeating: "x", count: 5000)))
        #expect(html.contains("… [4,400 more]"))
    }

    @Test("Control characters become pictures, everything invisible its code point")
    func visible() {
        #expect(DisplayText.visible("a\u{1B}b\u{7F}\u{202E}\n\u{9B}") == "a␛b␡⟨U+202E⟩␊⟨U+009B⟩")
        #expect(DisplayText.visible("a\n\tb", keepsLines: true) == "a\n\tb")
        #expect(DisplayText.visible("👩‍🚀 é 日本") == "👩‍🚀 é 日本")
    }

    @Test("Names cannot break a Markdown table, a CSV line or a terminal", arguments: hostile.indices)
    func otherFormats(index: Int) {
        let report = ReportPageTests.poisoned(with: ReportPageTests.hostile[index])
        let csv = CSVReport.text(report)
        #expect(csv.split(separator: "\r\n").count == report.standings.count + 1)
        #expect(!csv.contains("\n="))
        let markdown = MarkdownReport.text(report)
        #expect(!markdown.contains("<script"))
        #expect(!markdown.contains(#/[^\\]\]\(/#))
        let terminal = TerminalReport(width: 80).text(report, path: "x")
        #expect(!terminal.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test("Tags are balanced and every attribute quoted, in full, empty and scripted runs")
    func wellFormed() {
        for report in [ReportDemo.report(), ReportDemo.report(rounds: 1), ReportDemo.empty(), ReportDemo.scripted()] {
            #expect(ReportMarkupChecker.fault(in: HTMLReport.text(report)) == nil)
        }
        #expect(ReportMarkupChecker.fault(in: "<p><b></p></b>") != nil)
        #expect(ReportMarkupChecker.fault(in: "<p>") != nil)
    }

    @Test("A hundred rounds of eight agents stay under 300 kB")
    func size() {
        let html = HTMLReport.text(ReportDemo.report(rounds: 100, extraLearners: 3))
        #expect(html.utf8.count < 300_000, "\(html.utf8.count) bytes")
    }

    @Test("The page loads nothing and runs nothing but its own script")
    func selfContained() {
        let html = HTMLReport.text(ReportDemo.report())
        for forbidden in ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "eval(", "fetch(", "XMLHttp"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        #expect(html.contains("default-src 'none'".replacing("'", with: "&#39;")))
        #expect(html.contains("script-src 'sha256-\(PageScript.hash)'\"".replacing("'", with: "&#39;")))
        #expect(html.contains("<script>\(PageScript.source)</script>"))
    }

    @Test("A listener gets titles for pictures, captions and scopes for tables")
    func accessibility() {
        let html = HTMLReport.text(ReportDemo.report())
        let pictures = html.components(separatedBy: "role=\"img\"").count - 1
        #expect(pictures > 10)
        #expect(html.components(separatedBy: "<table").count == html.components(separatedBy: "<caption").count)
        for header in html.components(separatedBy: "<th").dropFirst() where !header.hasPrefix("ead") {
            #expect(header.hasPrefix(" scope="), "\(header.prefix(30))")
        }
        for picture in html.components(separatedBy: "role=\"img\"").dropFirst() {
            #expect(picture.prefix(400).contains("<title>"))
        }
    }

    @Test("A run without rounds says so and draws no charts")
    func emptyRun() {
        let html = HTMLReport.text(ReportDemo.empty())
        #expect(html.contains("No round is closed yet"))
        #expect(!html.contains("class=\"plot\""))
        #expect(!html.contains("id=\"judge\""))
        #expect(!html.contains("nan") && !html.contains("inf<"))
    }

    @Test("A game among scripted players has no judge and no training, and its leader is named")
    func scriptedRun() {
        let html = HTMLReport.text(ReportDemo.scripted())
        #expect(html.contains("perfect leads at"))
        for absent in ["id=\"judge\"", "id=\"training\"", "id=\"learning\"", "id=\"gate\"", "id=\"rooms\""] {
            #expect(!html.contains(absent))
        }
        #expect(html.contains("id=\"head-to-head\""))
    }

    @Test("Rounds without trust are marked, and every dropped candidate says why")
    func marks() {
        let html = HTMLReport.text(ReportDemo.report())
        #expect(html.components(separatedBy: "class=\"mark\"").count - 1 == 4)
        #expect(html.contains("Round 14: the judge was not trusted, right on 72.0% of canary pairs over its window"))
        #expect(html.contains("at least 75.0% of the canary pairs of the last 3 rounds taken together"))
        #expect(html.contains("over 3 rounds"))
        #expect(html.components(separatedBy: "class=\"dropped\"").count - 1 == 15)
    }
}
