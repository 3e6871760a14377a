import AgonAgents
import Testing

/// What people write must pass the checks that hostile files must not.
@Suite struct ConfigurationReaderTests {
    private static let section = Section(
        "",
        [
            Key("name", .text(default: nil), "A name."), Key("note", .text(default: ""), "A note."),
            Key("tags", .list(default: []), "Tags."), Key("weights", .numbers(default: nil), "Weights."),
            Key("inner", .section(Section("inner", [Key("steps", .integer(0...10, default: 3), "Steps.")])), "A section."),
        ])

    private func reader(_ text: String) throws -> ConfigurationReader {
        try ConfigurationReader(text: text, file: "x.yaml", section: Self.section)
    }

    @Test(
        "stars, brackets, quotes and dashes in text are text",
        arguments: [
            "name: a *fast* agent", "name: 2 * 3 - *", "name: \"[[[ *\"", "name: it's - so", "name: a, b ? c",
            "name: x # *comment", "name: a\n# * bullet", "name: |\n  * one\n  * two", "name: a-*",
            "name: >\n  long\n  text", "{name: a, tags: [b, c], inner: {steps: 2}}", "name: \"tab\\there\"",
            "name: &anchor a", "name: !!str 5",
        ])
    func ordinaryText(text: String) throws {
        #expect(try !reader(text).text("name").isEmpty)
    }

    @Test("values arrive with their line, and what is absent has its default")
    func values() throws {
        let file = try reader("name: a\n\ntags:\n  - b\n  - c\nweights: [1, 0.5]\ninner:\n  steps: 7\n")
        #expect(try file.list("tags") == ["b", "c"])
        #expect(try file.numbers("weights") == [1, 0.5])
        #expect(try file.reader("inner").integer("steps") == 7)
        #expect(try file.reader("inner").line(of: "steps") == 8)
        #expect(try file.text("note").isEmpty && file.line(of: "tags") == 4)
        #expect(try reader("name: a").reader("inner").integer("steps") == 3)
        #expect(try reader("name: a\ntags: b").list("tags") == ["b"])
    }

    @Test("the line of a fault is the line that the user sees, after Windows line ends as well")
    func lines() {
        for end in ["\n", "\r\n"] {
            let text = ["name: a", "note: b", "inner:", "  stpes: 1"].joined(separator: end)
            let message = sentence { _ = try reader(text).reader("inner") }
            #expect(message == "x.yaml:4: there is no key `stpes` in `inner`: did you mean `steps`?")
        }
    }

    @Test(
        "a path in a file is meant from the file's folder, and what is put behind it lies beside it",
        arguments: [
            ("model", "here/model"), ("model/", "here/model"), ("../x//", "here/../x"), ("/a/b/", "/a/b"), ("/a/b", "/a/b"), ("//", "/"),
        ])
    func paths(path: String, resolved: String) throws {
        let folder = try AgentFolder()
        try folder.makeFolder("here")
        let expected = resolved.hasPrefix("/") ? resolved : folder.path + "/" + resolved
        #expect(RelativePath.resolved(path, in: folder.path + "/here") == expected)
        try folder.write("kind: reward_model\nmodel: \(path)\n", "here/judge.yaml")
        #expect(try JudgeConfiguration(folder: folder.path + "/here").model == expected)
    }

    @Test("the nearest name is near, or none is named")
    func nearest() {
        #expect(NearestName.of("seeed", among: ["seed", "rounds"]) == "seed")
        #expect(NearestName.of("rouns", among: ["seed", "rounds"]) == "rounds")
        #expect(NearestName.of("sede", among: ["seed", "rounds"]) == "seed")
        #expect(NearestName.of(String(repeating: "seed", count: 100_000), among: ["seed", "rounds"]) == nil)
        #expect(NearestName.of("x", among: ["seed", "rounds"]) == nil)
        #expect(NearestName.of("", among: []) == nil)
    }
}
