import Foundation
import Testing

@Suite("Running arenas") struct RunTests {
    @Test("a dry run says what would be done and does nothing")
    func dryRun() throws {
        let project = try Project()
        let plan = try project.run("run", "tiny", "--dry-run", "--seed", "4")
        #expect(plan.code == 0)
        try Snapshot.expect(plan.output, "run-dry-run")
        #expect(!FileManager.default.fileExists(atPath: project.folder + "/leaderboard"))
        let json = try JSONSerialization.jsonObject(with: Data(project.run("run", "tiny", "--dry-run", "--json").output.utf8))
        #expect((json as? [String: Any])?["roomsPerRound"] as? Int == 8)
        let model = try project.run("pretrain", "mini", "--dry-run", "--seed", "9")
        try Snapshot.expect(model.output, "pretrain-dry-run")
        #expect(!FileManager.default.fileExists(atPath: project.folder + "/agents/mini"))
    }

    @Test("a run prints a line per round and the leaderboard, in a pipe without escapes")
    func run() throws {
        let project = try Project()
        let first = try project.run("run", "tiny")
        #expect(first.code == 0)
        #expect(first.errors == "")
        #expect(!first.output.contains("\u{1B}") && !first.output.contains("\r"))
        try Snapshot.expect(first.output, "run")
        for name in ["report.html", "report.md", "report.json", "standings.csv"] {
            #expect(FileManager.default.fileExists(atPath: project.folder + "/leaderboard/tiny/\(name)"))
        }
        let again = try project.run("run", "tiny")
        #expect(again.output.contains("all 3 rounds are closed already"))
        let report = try project.run("report", "tiny")
        #expect(report.code == 0)
        #expect(first.output.hasSuffix(report.output))
        #expect(try first.output.contains(project.run("report", "tiny", "--quiet").output))
    }

    @Test("--json prints the report and nothing else")
    func json() throws {
        let project = try Project()
        let printed = try project.run("run", "tiny", "--json", "--seed", "2")
        #expect(printed.errors == "")
        let json = try JSONSerialization.jsonObject(with: Data(printed.output.utf8))
        try Snapshot.expect(RunTests.keys(json).sorted().map { $0 + "\n" }.joined(), "run-json-keys")
        #expect(try project.run("report", "tiny", "--json", "--seed", "2").output == printed.output)
    }

    /// The paths of all keys, an array's elements taken together.
    private static func keys(_ json: Any, _ path: String = "") -> Set<String> {
        if let object = json as? [String: Any] {
            return object.reduce(into: []) { result, entry in
                result.insert(path + entry.key)
                result.formUnion(keys(entry.value, path + entry.key + "."))
            }
        }
        guard let array = json as? [Any] else { return [] }
        return array.reduce(into: []) { $0.formUnion(keys($1, path)) }
    }

    @Test("an edit that decides nothing goes on with the same run")
    func edited() throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        try project.write("# longer\n" + Project.game("tiny", rounds: 5) + "limits: {forfeits: 1}\n", to: "arenas/tiny.yaml")
        let more = try project.run("run", "tiny")
        #expect(more.code == 0)
        #expect(more.output.contains("goes on after round 3 of 5"))
        try project.write(Project.game("tiny", rounds: 5) + "rating: {k: 8}\n", to: "arenas/tiny.yaml")
        let other = try project.run("report", "tiny")
        #expect(other.code == 1)
        #expect(other.errors.contains("(5 rounds)"))
    }

    @Test("pretraining says how far it is, and makes the same bytes again")
    func pretrain() throws {
        let project = try Project()
        let made = try project.run("pretrain", "mini")
        #expect(made.code == 0)
        #expect(made.output.contains("step 2/2") && made.output.contains("Wrote"))
        #expect(!made.output.contains("\u{1B}"))
        let weights = try Data(contentsOf: URL(fileURLWithPath: project.folder + "/agents/mini/model/model.safetensors"))
        let json = try JSONSerialization.jsonObject(with: Data(project.run("pretrain", "mini", "--json").output.utf8))
        #expect((json as? [String: Any])?.keys.sorted() == ["metrics", "plan"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: project.folder + "/agents/mini/model/model.safetensors")) == weights)
    }
}
