import AgonAgents
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

@Suite("The catalog of a project") struct CatalogTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private let catalog = Catalog(root: CatalogTests.root)

    @Test("everything that is committed is usable")
    func everything() throws {
        let things = try catalog.everything().flatMap { try catalog.things(at: $0) }
        #expect(Set(things.map(\.kind)) == Set(Catalog.Kind.allCases))
        for thing in things {
            let result = catalog.check(thing.path, as: thing.kind)
            #expect(result.isUsable, "\(result.message)")
        }
    }

    @Test("a name leads to the one thing that has it; two things of one name must be told apart")
    func names() throws {
        #expect(try catalog.path(of: "quickstart") == CatalogTests.root + "/arenas/quickstart.yaml")
        #expect(try catalog.path(of: "rookie", among: [.agent]) == CatalogTests.root + "/agents/rookie")
        let error = #expect(throws: TournamentError.self) { try catalog.path(of: "rookie") }
        #expect(error?.message.contains("could be") == true)
        let wrong = #expect(throws: TournamentError.self) { try catalog.path(of: CatalogTests.root + "/arenas/tic-tac-to.yaml") }
        #expect(wrong?.message.contains("did you mean `\(CatalogTests.root)/arenas/tic-tac-toe.yaml`?") == true)
    }

    @Test(
        "the nearest name forgives one slip in three letters",
        arguments: [("modle", "model"), ("tempreature", "temperature"), ("top-k", "top_k"), ("modell", "model"), ("zzz", nil)])
    func nearest(name: String, meant: String?) {
        #expect(NearestName.of(name, among: ["model", "temperature", "top_k", "kind"]) == meant)
    }

    @Test("a text written as YAML is read as the same text", arguments: ["ada", "", "007", "no", "a: b", "# x", "\"\\", "\u{1B}[2J\u{202E}", "é 🦊", "../a b"])
    func scalar(text: String) throws {
        let section = Section("", [Key("name", .text(default: ""), "")])
        let reader = try ConfigurationReader(text: "name: \(YAMLText.scalar(text))\n", file: "x", section: section)
        #expect(try reader.text("name") == text)
        let quoted = try ConfigurationReader(text: "name: \(YAMLText.quoted(text))\n", file: "x", section: section)
        #expect(try quoted.text("name") == text)
    }

    @Test("an agent that starts from another one answers as that does: every key of its file is kept, defaults are left out")
    func agentFromAgent() throws {
        let project = try StoryArena(StoryArena.scripted)
        try project.write(
            """
            kind: transformer
            model: ROOT/agents/rookie
            adapter: ../tuned/
            weights: bf16
            chat_template: none
            temperature: 0.7
            top_k: 5
            top_p: 0.9
            min_p: 0.05
            typical_p: 0.8
            repetition_penalty: 1.3

            """, "agents/first/agent.yaml")
        let catalog = Catalog(root: project.folder)
        func agent(_ name: String) throws -> AgentConfiguration { try AgentConfiguration(folder: project.folder + "/agents/" + name) }
        let first = try agent("first")
        let thing = try NewAgent(name: "second", source: .agent("first")).write(in: catalog)
        let second = try agent("second")
        #expect(second.sampling == first.sampling && second.kind == first.kind)
        #expect(!second.usesChatTemplate && second.weights == .bfloat16)
        #expect(second.adapter.map { URL(fileURLWithPath: $0).standardizedFileURL.path } == project.folder + "/agents/tuned")
        #expect(thing.files[0].text.contains("\nadapter: ../tuned "))

        try project.write("kind: transformer\nmodel: ROOT/agents/rookie\n", "agents/plain/agent.yaml")
        let plain = try NewAgent(name: "third", source: .agent("plain")).thing(in: catalog).files[0].text
        for key in ["typical_p", "repetition_penalty", "chat_template", "adapter", "weights"] { #expect(!plain.contains(key), "\(key)") }
    }

    @Test("JSON for a terminal holds the same text without a character that could steer it")
    func json() throws {
        let text = "\u{1B}[2J \u{9B}x \u{202E}y \u{E0041} é 🦊 \n"
        let json = try JSONText.text([text])
        #expect(!json.unicodeScalars.contains { $0 != "\n" && DisplayText.needsPicture($0) })
        #expect(try JSONDecoder().decode([String].self, from: Data(json.utf8)) == [text])
    }

    @Test("a name of a folder is short, plain and begins with a letter or digit")
    func folderNames() {
        for name in ["a", "Ada-2_b", "7", String(repeating: "x", count: 64)] { #expect(FolderName.isValid(name), "\(name)") }
        for name in ["", "-a", "_", "a b", "a/b", "..", "é", "a\n", String(repeating: "x", count: 65)] {
            #expect(!FolderName.isValid(name), "\(name)")
        }
    }

    @Test("a table leaves out and cuts columns until it fits, and says where it cut")
    func table() {
        let table = TextTable(
            columns: [
                .init(title: "name", isNumber: false, expendability: 0), .init(title: "count", isNumber: true, expendability: 1),
                .init(title: "note", isNumber: false, expendability: 0),
            ], rows: [["ada", "7", String(repeating: "n", count: 30)]], flexibleColumn: 2, comfort: 10)
        #expect(table.lines(width: 60) == ["name  count  note", "ada       7  \(String(repeating: "n", count: 30))"])
        #expect(table.lines(width: 24) == ["name  count  note", "ada       7  nnnnnnnnnn…"])
        #expect(table.lines(width: 17) == ["name  note", "ada   nnnnnnnnn…"])
    }
}
