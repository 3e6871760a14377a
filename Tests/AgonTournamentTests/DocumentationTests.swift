import AgonAgents
import Foundation
import Testing

@testable import AgonTournament

/// The tables of keys in the READMEs are the keys that the readers know.
@Suite struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test(
        "every key stands in its README with meaning, unit, range and default",
        arguments: [
            ("agents/README.md", AgentConfiguration.section), ("arenas/README.md", ArenaKeys.section),
            ("judges/README.md", JudgeConfiguration.section), ("pretraining/README.md", PretrainingConfiguration.section),
        ])
    func keys(file: String, section: Section) throws {
        let url = DocumentationTests.root.appendingPathComponent(file)
        let text = try String(contentsOf: url, encoding: .utf8)
        let start = try #require(text.range(of: "<!-- keys -->\n"))
        let end = try #require(text.range(of: "<!-- /keys -->"))
        if ProcessInfo.processInfo.environment["AGON_WRITE_DOCUMENTATION"] != nil {
            try (text[..<start.upperBound] + section.markdown + text[end.lowerBound...])
                .write(to: url, atomically: true, encoding: .utf8)
            return
        }
        #expect(
            text[start.upperBound..<end.lowerBound] == section.markdown,
            "\(file) is out of date: run AGON_WRITE_DOCUMENTATION=1 swift test --filter DocumentationTests")
    }
}
