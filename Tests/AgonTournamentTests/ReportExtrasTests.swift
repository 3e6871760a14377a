import AgonCore
import Foundation
import Testing

@testable import AgonTournament

/// What stands beside the leaderboard: changes, parts, versions, pictures, and the page's script in a browser.
@Suite struct ReportExtrasTests {
    private static func report() -> Report {
        var report = ReportDemo.report()
        report.breakdowns = [
            .init(agent: "ada", kind: .seat, label: "first", wins: 6, draws: 2, losses: 2, score: Estimate(value: 0.7, low: 0.5, high: 0.9)),
            .init(agent: "basho", kind: .tag, label: "long|hard", wins: 1, draws: 0, losses: 3, score: Estimate(value: 0.25, low: 0.05, high: 0.7)),
        ]
        report.versionRatings = (0..<30).map {
            .init(policy: PolicyID(agent: "ada", version: $0), round: $0, rating: Estimate(value: 1000 + Double($0), low: 980, high: 1060))
        }
        return report
    }

    @Test("a report over an older one of its run says what moved, and keeps saying it when it is written again")
    func changes() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (early, late) = (ReportDemo.report(rounds: 6), ReportDemo.report(rounds: 9))
        #expect(try ReportFolder.write(early, to: folder).previous == nil)
        let first = try ReportFolder.write(late, to: folder)
        let again = try ReportFolder.write(late, to: folder)
        #expect(first.previous?.roundCount == 6 && again == first)
        let texts = [MarkdownReport.text(first), HTMLReport.text(first), TerminalReport(width: 200).text(first)]
        #expect(texts[0].contains("## Since the last report") && texts[1].contains("3 rounds have been closed since"))
        #expect(texts[2].contains("since the last report (round 6): 3 rounds; ada "))
        var other = ReportDemo.report(rounds: 12)
        other.runID = "another"
        #expect(try ReportFolder.write(other, to: folder).previous == nil)
        try "no report".write(toFile: folder + "/report.json", atomically: true, encoding: .utf8)
        #expect(try ReportFolder.write(late, to: folder).previous == nil)
    }

    @Test("scores by seat and by tag, and versions on one scale, stand in Markdown, page and JSON")
    func parts() throws {
        let report = Self.report()
        let (markdown, page) = (MarkdownReport.text(report), HTMLReport.text(report))
        #expect(ReportMarkupChecker.fault(in: page) == nil)
        #expect(markdown.contains("| ada | first | 70.0% \\[50.0, 90.0\\] | 10 | 6/2/2 |"))
        #expect(markdown.contains("long\\|hard"))
        for id in ["seats", "tags", "versions"] { #expect(page.contains("<section id=\"\(id)\"")) }
        #expect(page.contains("v29") && page.contains("v0"))
        #expect(try ReportFolder.report(json: ReportFolder.json(report)) == report)
        #expect(!HTMLReport.text(ReportDemo.report()).contains("<section id=\"seats\""))
    }

    @Test("charts and badge are pictures of their own, well formed, with the names as text")
    func pictures() throws {
        var report = Self.report()
        for index in report.standings.indices where report.standings[index].agent == "ada" { report.standings[index].agent = "<ada>&" }
        let files = try ReportFolder.files(report, withCharts: true).filter { $0.name.hasSuffix(".svg") }
        #expect(files.map(\.name).contains("ratings.svg") && files.map(\.name).contains("badge.svg") && files.count > 4)
        for file in files {
            let svg = file.text.replacing("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", with: "")
            #expect(ReportMarkupChecker.fault(in: svg) == nil, "\(file.name)")
            #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && !svg.contains("<ada>"))
        }
        #expect(files.first { $0.name == "badge.svg" }?.text.contains("&lt;ada&gt;&amp; 11") == true)
        #expect(Badge.text(ReportDemo.empty()).contains("no round yet"))
    }

    @Test("tables as CSV have a line for each rating and each two that met")
    func tables() {
        let report = Self.report()
        #expect(CSVReport.ratings(report).split(separator: "\r\n").count == report.ratings.count + 1)
        let lines = CSVReport.headToHead(report).split(separator: "\r\n")
        #expect(lines.count == report.headToHead.count + 1 && lines[0].hasPrefix("agent,opponent,wins"))
    }

    /// 200 agents that all met.
    private static func crowd() -> Report {
        var report = ReportDemo.report(rounds: 20, extraLearners: 195)
        let names = report.standings.map(\.agent)
        report.headToHead = names.indices.flatMap { one in
            names.indices.dropFirst(one + 1).map { other in
                HeadToHead(first: names[one], second: names[other], wins: one * 7 % 90, draws: 12, losses: other * 3 % 80, expectedScore: 0.5)
            }
        }
        return report
    }

    @Test("a page of 200 agents that all met has less than 2 MB and can look up any two")
    func size() {
        let page = HTMLReport.text(Self.crowd())
        if let folder = ProcessInfo.processInfo.environment["REPORT_DEMO_FOLDER"] { try? page.write(toFile: folder + "/crowd.html", atomically: true, encoding: .utf8) }
        #expect(page.utf8.count < 2_000_000)
        #expect(page.contains("The first 24 of 200 agents are shown;") && page.contains("The first 24 of 197 agents are shown;"))
        #expect(page.components(separatedBy: ";").count > 19_900)
    }

    private static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// What people do with the page, done by a script, which writes what it saw into the document.
    private static let visitor = """
        (function () {
          var seen = [];
          function rows() {
            return Array.prototype.map.call(document.querySelectorAll("table.board tbody tr"), function (row) {
              return row.hidden ? "" : row.getAttribute("data-agent");
            }).join(",");
          }
          var heads = document.querySelectorAll("table.board thead th");
          seen.push(rows());
          heads[1].querySelector("button").click();
          seen.push(rows(), heads[1].getAttribute("aria-sort"));
          heads[4].querySelector("button").click();
          seen.push(rows(), heads[4].getAttribute("aria-sort"), heads[1].getAttribute("aria-sort"));
          heads[4].querySelector("button").click();
          heads[4].querySelector("button").click();
          seen.push(rows());
          var filter = document.getElementById("filter");
          filter.value = "A";
          filter.dispatchEvent(new Event("input"));
          seen.push(rows());
          document.querySelector("table.heat tbody td[data-pair] button").click();
          seen.push(document.getElementById("meeting").textContent);
          seen.push(document.querySelectorAll("figure.chart svg path.line").length);
          document.body.setAttribute("data-seen", seen.join(" | "));
        })();
        """

    private static func dump(_ page: String, _ browser: String) async throws -> (dom: String, errors: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try page.write(to: folder.appendingPathComponent("report.html"), atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = [
            "60", browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-logging=stderr", "--v=0",
            "--user-data-dir=\(folder.path)/profile", "--dump-dom", folder.appendingPathComponent("report.html").absoluteString,
        ]
        // Files and not pipes: nobody has to read while it writes.
        for name in ["dom", "errors"] { _ = FileManager.default.createFile(atPath: folder.path + "/" + name, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: folder.appendingPathComponent("dom"))
        process.standardError = try FileHandle(forWritingTo: folder.appendingPathComponent("errors"))
        try process.run()
        await withCheckedContinuation { done in DispatchQueue.global().async { process.waitUntilExit(); done.resume() } }
        return (
            try String(contentsOf: folder.appendingPathComponent("dom"), encoding: .utf8),
            try String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8)
        )
    }

    @Test("in a browser the page sorts, filters and looks up two without an error", .enabled(if: browser != nil, "no Chromium is installed"))
    func visited() async throws {
        let browser = try #require(Self.browser)
        let page = HTMLReport.text(Self.report())
        // The visitor is allowed by its hash, as the page's own script is; a third script must not run.
        let allowed = page.replacing("script-src", with: "script-src &#39;sha256-\(PageScript.hash(of: Self.visitor))&#39;")
            .replacing("</body>", with: "<script>\(Self.visitor)</script><script>document.title = \"broken\"</script></body>")
        let (dom, errors) = try await Self.dump(allowed, browser)
        let seen = try #require(dom.firstMatch(of: /data-seen="([^"]*)"/)).1.components(separatedBy: " | ")
        let names = Self.report().standings.map(\.agent)
        #expect(seen[0] == names.joined(separator: ","))
        #expect(seen[1] == names.sorted().joined(separator: ",") && seen[2] == "ascending")
        let elo = Self.report().standings.enumerated().sorted { ($1.element.elo.rounded(), $0.offset) < ($0.element.elo.rounded(), $1.offset) }.map(\.element.agent)
        #expect(seen[3] == elo.joined(separator: ",") && seen[4] == "descending" && seen[5] == "")
        #expect(seen[6] == seen[0])
        #expect(seen[7] == names.map { $0.contains("a") ? $0 : "" }.joined(separator: ","))
        #expect(seen[8].contains(" won, ") && seen[8].contains(" lost; score "))
        #expect(Int(seen[9]) ?? 0 > 8)
        let console = errors.split(separator: "\n").filter { $0.contains("CONSOLE") }
        #expect(console.count == 1 && console.allSatisfy { $0.contains("Content Security Policy") }, "\(console)")
        #expect(!dom.contains("<title>broken"))
        let (_, quiet) = try await Self.dump(page, browser)
        #expect(!quiet.contains("CONSOLE"))
    }
}
