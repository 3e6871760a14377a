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
            ("arenas/README.md", ArenaKeys.section), ("pretraining/README.md", PretrainingConfiguration.section),
        ])
    func keys(file: String, section: Section) throws {
        try compare(file, section.markdown)
    }

    @Test("every kind of agent stands in the README of agents with its keys")
    func agents() throws {
        let kinds = [("transformer` and `scripted", AgentConfiguration.section), ("process", AgentKeys.process), ("endpoint", AgentKeys.endpoint)]
        try compare("agents/README.md", kinds.map { "### `kind: \($0.0)`\n\n\($0.1.markdown)" }.joined(separator: "\n"))
    }

    @Test("every kind of judge stands in the README of judges with its keys")
    func judges() throws {
        let tables = JudgeConfiguration.Kind.allCases.map { "### `kind: \($0.rawValue)`\n\n\(JudgeKeys.section($0).markdown)" }
        try compare("judges/README.md", tables.joined(separator: "\n"))
    }

    @Test("every column of a prompt file stands in the README of arenas")
    func columns() throws {
        try compare("arenas/README.md", PromptRow.markdown, mark: "columns")
    }

    private func compare(_ file: String, _ keys: String, mark: String = "keys") throws {
        let url = DocumentationTests.root.appendingPathComponent(file)
        let text = try String(contentsOf: url, encoding: .utf8)
        let start = try #require(text.range(of: "<!-- \(mark) -->\n"))
        let end = try #require(text.range(of: "<!-- /\(mark) -->"))
        if ProcessInfo.processInfo.environment["AGON_WRITE_DOCUMENTATION"] != nil {
            try (text[..<start.upperBound] + keys + text[end.lowerBound...])
                .write(to: url, atomically: true, encoding: .utf8)
            return
        }
        #expect(
            text[start.upperBound..<end.lowerBound] == keys,
            "\(file) is out of date: run AGON_WRITE_DOCUMENTATION=1 swift test --filter DocumentationTests")
    }
}
