import Foundation
import Testing

@Suite("Listing, checking and making things") struct ProjectTests {
    @Test("agents are listed with what they are and how large they are")
    func agents() throws {
        let project = try Project()
        try project.pretrain()
        try project.write("kind: transformer\nmodle: x\n", to: "agents/broken/agent.yaml")
        let listing = try project.run("agents")
        #expect(listing.code == 0)
        #expect(listing.errors == "")
        try Snapshot.expect(listing.output, "agents")
        #expect(try project.run("agents", "--quiet").output == "broken\nmini\nperfect\nrandom\n")
        let json = try JSONSerialization.jsonObject(with: Data(project.run("agents", "--json").output.utf8))
        let rows = try #require(json as? [[String: Any]])
        #expect(rows.map { $0["name"] as? String } == ["broken", "mini", "perfect", "random"])
        #expect(rows[1]["parameterCount"] as? Int == 712)
        #expect((rows[0]["problem"] as? String)?.contains("agent.yaml:2: there is no key `modle`") == true)
    }

    @Test("one agent is shown with its standing, and agents alone are checked and made")
    func oneAgent() throws {
        let project = try Project()
        #expect(try project.run("agents", "show", "random").output.contains("none yet"))
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        let shown = try project.run("agents", "show", "random").output
        #expect(shown.contains("scripted") && shown.contains(/folder +agents\/random\n/) && shown.contains(/rating +\d+ \[/))
        #expect(try project.run("agents", "show", "random", "--json").output.contains("\"rating\" : {"))
        #expect(try project.run("agents", "show", "randm").errors.contains("did you mean `agents/random`?"))
        #expect(try project.run("agents", "check", "random").output.hasPrefix("agents/random is usable: "))
        #expect(try project.run("agents", "new", "chance", "--kind", "scripted").code == 0)
        try project.write("kind: scripted\nstrategy: fixed\n", to: "agents/tape/agent.yaml")
        let checked = try project.run("agents", "check")
        #expect(checked.code == 2 && checked.errors.contains("`fixed` needs `answers:`") && checked.output.contains("agents/chance is usable"))
    }

    @Test("arenas are listed with how far their runs are")
    func arenas() throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        let listing = try project.run("arenas")
        #expect(listing.code == 0)
        try Snapshot.expect(listing.output, "arenas")
        #expect(try project.run("arenas", "--quiet").output == "long\ntiny\n")
        let json = try JSONSerialization.jsonObject(with: Data(project.run("arenas", "--json").output.utf8))
        let runs = try #require((json as? [[String: Any]])?.last?["runs"] as? [[String: Any]])
        #expect(runs.map { $0["closedRoundCount"] as? Int } == [3])
    }

    @Test("a project without anything says what to do")
    func empty() throws {
        let project = try Project(["README": ""])
        #expect(try project.run("agents").output.contains("agon new agent"))
        #expect(try project.run("arenas").output.contains("agon new arena"))
        #expect(try project.run("agents", "--json").output == "[\n\n]\n")
        #expect(try project.run("check").code == 2)
    }

    @Test("check knows arenas, agents, judges and pretraining files, one or all")
    func check() throws {
        let project = try Project()
        try project.pretrain()
        let all = try project.run("check")
        #expect(all.code == 0)
        #expect(all.errors == "")
        try Snapshot.expect(all.output, "check")
        #expect(try project.run("check", "agents/random", "tiny", "--quiet").output == "")
        let renamed = try project.read("pretraining/mini.yaml")
        try project.write(renamed, to: "somewhere/else.yaml")
        #expect(try project.run("check", "somewhere/else.yaml").output.contains("pretraining of a language model"))
        #expect(try project.run("check", "agents/random/agent.yaml").output.contains("scripted agent random"))
        #expect(try project.run("check", "arenas").output.contains("All 2 are usable."))
    }

    @Test("check names file and line of everything that is wrong, and ends with 2")
    func checkBad() throws {
        let project = try Project()
        try project.pretrain()
        try project.write(Project.game("key", rounds: 3).replacingOccurrences(of: "rounds", with: "round"), to: "arenas/key.yaml")
        try project.write(Project.game("who", rounds: 3).replacingOccurrences(of: "[random, perfect]", with: "[random, prefect]"), to: "arenas/who.yaml")
        try project.write(Project.game("range", rounds: -1), to: "arenas/range.yaml")
        try project.write("name: [", to: "arenas/syntax.yaml")
        try project.write("kind: transformer\nmodel: ../nobody\n", to: "agents/lost/agent.yaml")
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        try project.write(
            Project.answers("letters", maxNewTokens: 4, seats: 1).replacingOccurrences(of: "task: sort-digits", with: "prompts: p.jsonl"),
            to: "arenas/letters.yaml")
        try project.write((0..<30).map { "{\"prompt\": \"\($0) a\", \"answer\": \"1\"}\n" }.joined(), to: "arenas/p.jsonl")
        let checked = try project.run("check")
        #expect(checked.code == 2)
        try Snapshot.expect(checked.errors.replacingOccurrences(of: project.folder, with: "PROJECT"), "check-bad")
        #expect(checked.output.hasSuffix("6 of 13 are not usable.\n"))
        let json = try JSONSerialization.jsonObject(with: Data(project.run("check", "--json").output.utf8))
        let rows = try #require(json as? [[String: Any]])
        #expect(rows.count { $0["isUsable"] as? Bool == false } == 6)
    }

    @Test("a new agent is written, usable, and never over another")
    func newAgent() throws {
        let project = try Project()
        try project.pretrain()
        try project.write("Sort.", to: "agents/mini/system.md")
        let dry = try project.run("new", "agent", "mine", "--from", "mini", "--dry-run")
        #expect(dry.output.contains("Nothing was written."))
        #expect(try project.run("agents", "--quiet").output == "mini\nperfect\nrandom\n")
        let made = try project.run("new", "agent", "mine", "--from", "mini")
        #expect(made.code == 0)
        try Snapshot.expect(made.output + "\n" + project.read("agents/mine/agent.yaml"), "new-agent")
        #expect(try project.read("agents/mine/system.md") == "Sort.")
        let before = try project.read("agents/mine/agent.yaml")
        #expect(try project.run("new", "agent", "mine", "--kind", "scripted").code == 2)
        #expect(try project.read("agents/mine/agent.yaml") == before)
        #expect(try project.run("new", "agent", "expert", "--strategy", "noisy_expert", "--skill", "0.25").code == 0)
        #expect(try project.read("agents/expert/agent.yaml").contains("skill: 0.25"))
        #expect(try project.run("new", "agent", "again", "--from", "expert", "--quiet").output == "agents/again\n")
        #expect(try project.run("new", "agent", "other", "--model", "agents/mini/model").code == 0)
        #expect(try project.read("agents/other/agent.yaml").contains("model: ../mini/model "))
        #expect(try project.run("new", "agent", "third", "--model", project.folder + "/agents/../agents/mini/model").code == 0)
        #expect(try project.read("agents/third/agent.yaml").contains("model: ../mini/model "))
        try project.write("", to: "agents/mini/system.md")
        #expect(try project.run("check", "agents").code == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.folder + "/agents").allSatisfy { !$0.hasPrefix(".") })
    }

    @Test("a new arena is written, usable, and plays", arguments: ["tic-tac-toe", "sort-digits"])
    func newArena(contest: String) throws {
        let project = try Project()
        let kind = contest == "sort-digits" ? "--task" : "--game"
        #expect(try project.run("new", "arena", "mine", kind, contest, "--rounds", "2", "--dry-run").output.contains("Nothing was written."))
        let made = try project.run("new", "arena", "mine", kind, contest, "--rounds", "2", "--seed", "5")
        #expect(made.code == 0)
        try Snapshot.expect(made.output + "\n" + project.read("arenas/mine.yaml"), "new-arena-\(contest)")
        #expect(try project.run("check", "mine").code == 0)
        let json = try project.run("new", "arena", "second", kind, contest, "--json").output
        #expect(try JSONSerialization.jsonObject(with: Data(json.utf8)) is [String: Any])
        #expect(try project.run("run", "mine", "--quiet").code == 0)
    }

    @Test("a path into the project is written as the file sees it, one out of it as it is, so that a project can be moved")
    func paths() throws {
        let (project, elsewhere) = (try Project(), try Project([:]))
        try project.pretrain()
        let lines = (0..<600).map { "{\"prompt\": \"\($0)\", \"answer\": \"1\"}\n" }.joined()
        try project.write(lines, to: "prompts/mine.jsonl")
        try elsewhere.write(lines, to: "theirs.jsonl")
        // The folder that the path is seen from need not be there yet.
        try FileManager.default.removeItem(atPath: project.folder + "/arenas")
        #expect(try project.run("new", "arena", "inside", "--prompts", "prompts/mine.jsonl", "--quiet").code == 0)
        #expect(try project.read("arenas/inside.yaml").contains("prompts: ../prompts/mine.jsonl "))
        #expect(try project.run("new", "arena", "outside", "--prompts", elsewhere.folder + "/theirs.jsonl", "--quiet").code == 0)
        #expect(try project.read("arenas/outside.yaml").contains("prompts: \(elsewhere.folder)/theirs.jsonl "))
        let model = elsewhere.folder + "/model"
        try FileManager.default.copyItem(atPath: project.folder + "/agents/mini/model", toPath: model)
        #expect(try project.run("new", "agent", "guest", "--model", model).code == 0)
        #expect(try project.read("agents/guest/agent.yaml").contains("model: \(model) "))
        #expect(try project.run("check", "inside", "outside", "guest").code == 0)
    }

    @Test("nothing from a file can steer the terminal")
    func hostile() throws {
        let project = try Project()
        let evil = "kind: scripted\nstrategy: random\ndescription: \"red \\e[31m \\u202E turned\"\n"
        try project.write(evil, to: "agents/evil\u{1B}[2J/agent.yaml")
        try project.write("name: \"\\e[31m\"\n", to: "arenas/evil.yaml")
        for arguments in [["agents"], ["agents", "--json"], ["arenas"], ["check"], ["check", "--json"], ["run", "evil"], ["run", "\u{1B}[2J"]] {
            let running = try Running(project, arguments)
            let text = running.readToEnd() + running.errorsToEnd()
            _ = running.end()
            #expect(!text.isEmpty)
            #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"), "\(arguments)")
        }
    }
}
