import Foundation
import Testing

@Suite("Preference data and judges from the command line") struct DataTests {
    private static let pairs = """
        {"prompt": "21=", "chosen": "12", "rejected": "21", "judge": "gold"}
        {"prompt": "31=", "chosen": "13", "rejected": "3", "judge": "gold"}
        {"prompt": "31=", "chosen": "13", "rejected": "3", "judge": "gold"}
        {"prompt": "31=", "chosen": "3", "rejected": "13", "judge": "eye"}
        {"prompt": "7=", "completion": "7", "label": true}

        """
    private static let training = """
        batch_size: 2
        learning_rate: 0.01

        """

    @Test("a file is checked, written and counted")
    func files() throws {
        let project = try Project(["in.jsonl": Self.pairs])
        let checked = try project.run("pairs", "import", "in.jsonl")
        #expect(checked.code == 0 && checked.errors == "")
        try Snapshot.expect(checked.output, "pairs-import")
        #expect(try project.run("pairs", "import", "in.jsonl", "--out", "made/out.jsonl", "--quiet").output == "made/out.jsonl\n")
        #expect(try project.read("made/out.jsonl").split(separator: "\n").count == 3)
        try Snapshot.expect(try project.run("pairs", "stats", "in.jsonl").output, "pairs-stats")
        let json = try project.run("pairs", "stats", "in.jsonl", "--json").output
        #expect(json.contains("\"contradictionCount\" : 1") && json.contains("\"eye\" : 1"))
        #expect(try project.run("pairs", "stats", "in.jsonl", "--quiet").output == "4\n")
    }

    @Test("an agent trains on a file, says before what it will do, and a judge is made of it and judges")
    func training() throws {
        let project = try Project(
            Project.small.merging(["in.jsonl": Self.pairs, "train.yaml": Self.training]) { first, _ in first })
        try project.pretrain()
        try project.write(Self.pairs.split(separator: "\n").dropLast().joined(separator: "\n"), to: "pairs.jsonl")
        let arguments = ["train", "--pairs", "pairs.jsonl", "--agent", "mini", "--config", "train.yaml"]
        func train(_ more: String...) throws -> Project.Outcome {
            let running = try Running(project, arguments + more)
            return Project.Outcome(output: running.readToEnd(), errors: running.errorsToEnd(), code: running.end())
        }
        try Snapshot.expect(try train("--dry-run").output, "train-dry-run")
        #expect(!FileManager.default.fileExists(atPath: project.folder + "/leaderboard"))
        let made = try train("--quiet")
        #expect(made.output == "leaderboard/versions/offline/mini/v0001\n" && made.errors == "" && made.code == 0)
        let json = try train("--json", "--out", "other").output
        #expect(json.contains("\"version\" : \"other\"") && json.contains("\"loss/first\" : 0.69314"))
        let taste = ["judge", "train", "taste", "--base", "mini", "--pairs", "pairs.jsonl", "--held-out", "0"]
        let dry = try Running(project, taste + ["--dry-run"])
        try Snapshot.expect(dry.readToEnd(), "judge-train-dry-run")
        #expect(dry.end() == 0)
        let trained = try Running(project, taste + ["--quiet"])
        #expect(trained.readToEnd() == "judges/taste\n" && trained.end() == 0)
        #expect(try project.run("check", "judges/taste").code == 0)
        let ranked = try project.run("judge", "run", "--judge", "taste", "--input", "pairs.jsonl")
        #expect(ranked.output.split(separator: "\n").count == 4 && ranked.code == 0)
        #expect(ranked.errors.contains("taste judged 4 prompts with 4 pairs of answers: 0 ties, 0 void. It agrees with"))
    }

    @Test("what rooms decided is exported, and the counts agree")
    func exports() throws {
        let project = try Project(
            Project.small.merging(["arenas/answers.yaml": Project.answers("answers", maxNewTokens: 8, seats: 2)]) { first, _ in first })
        try project.pretrain()
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        #expect([0, 3].contains(try project.run("run", "answers", "--quiet").code))
        let count = try project.run("pairs", "stats", "--quiet").output.trimmingCharacters(in: .newlines)
        let lines = try project.run("pairs", "export", "--arena", "answers").output.split(separator: "\n")
        #expect("\(lines.count)" == count)
        let table = try project.run("pairs", "export", "--format", "csv", "--out", "pairs.csv", "--json").output
        #expect(table.contains("\"lineCount\" : \(count)"))
        let none = try project.run("pairs", "export", "--agent", "nobody")
        #expect(none.output == "" && none.code == 0 && none.errors.contains("holds no such pairs"))
    }

    @Test(
        "wrong usage ends with 2 and names the right one",
        arguments: [
            (["pairs", "export", "--json"], "give the file with --out"), (["pairs", "export", "--format", "parquet"], "trl-conversational"),
            (["pairs", "export", "--rounds", "5-3"], "a range such as 3-7"), (["pairs", "export"], "there is no database at"),
            (["pairs", "stats", "x.jsonl", "--judge", "a"], "the filters are for the database"), (["pairs", "import", "x.jsonl"], "x.jsonl cannot be read"),
            (["train", "--pairs", "x.jsonl", "--agent", "perfct"], "did you mean `agents/perfect`?"),
            (["train", "--pairs", "x.jsonl", "--agent", "perfect"], "is no transformer agent"),
            (["judge", "train", "../x", "--base", "random"], "is no transformer agent"), (["judge", "train", "a b", "--base", "random"], "cannot name a folder"),
            (["judge", "train", "x", "--base", "random", "--held-out", "2"], "--held-out is 2.0"), (["judge", "train", "x", "--base", "random", "--epochs", "0"], "--epochs is 0"),
            (["judge", "run", "--judge", "x", "--input", "y"], "there is no judges folder here"), (["judge", "run", "--judge", "x", "--input", "y", "--json"], "give the file with --out"),
        ])
    func usage(arguments: [String], sentence: String) throws {
        let running = try Running(Project(), arguments)
        #expect(running.readToEnd() == "")
        let errors = running.errorsToEnd()
        #expect(errors.contains(sentence), "\(errors)")
        #expect(running.end() == 2)
    }
}
