import AgonAgents
import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// Every arena, prompts or pretraining file that cannot be is refused before anything starts, in one sentence.
@Suite struct BrokenArenaTests {
    /// The sentence of a configuration error, which ends the program with exit code 2.
    private func sentence(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch let error as AgentError {
            return error.message
        } catch let error as TransformerError {
            return error.message
        } catch let error as TournamentError where error.code == .configuration {
            return error.message
        } catch {
            Issue.record("\(error) is no configuration error")
            return "\(error)"
        }
    }

    private static let edits: [(old: String, new: String, reason: String)] = [
        ("name: story", "name: story\nname: story", "arena.yaml:2: not valid YAML: the key `name` stands in line 1 of the same section already"),
        ("name: story", "name: ../story", "arena.yaml:1: `../story` cannot name a folder"),
        ("name: story", "name: versions", "arena.yaml:1: `versions` is a folder beside the database already"),
        ("name: story", "name: Training", "arena.yaml:1: `Training` is a folder beside the database already"),
        ("name: story", "name: QUERIES", "arena.yaml:1: `QUERIES` is a folder beside the database already"),
        ("name: story", "name: *x", "arena.yaml:1: aliases"),
        ("rounds: 3", "ronds: 3", "arena.yaml:5: there is no key `ronds` here: did you mean `rounds`?"),
        ("rounds: 3", "rounds: many", "arena.yaml:5: `rounds` is `many`, it must be a whole number"),
        ("rounds: 3", "rounds: -1", "arena.yaml:5: `rounds` is `-1`"),
        ("rounds: 3", "rounds: 1000000000000000000000", "arena.yaml:5: `rounds` is"),
        ("task: sort-digits", "task: sort-digit", "did you mean `sort-digits`?"),
        ("task: sort-digits", "task: sort-digits\ngame: tic-tac-toe", "give exactly one of"),
        ("task: sort-digits", "prompts: none.jsonl", "none.jsonl cannot be read"),
        ("task: sort-digits", "prompts: agents", "agents is not a regular file"),
        ("agents: [", "agents: [ROOT/agents/nobody, ", "agent `"),
        ("agents: [", "agents: [ROOT/agents/ada/../ada, ", "agent `ada` stands twice"),
        ("agents: [", "agents: [HERE/../ada/., ROOT/agents/./ada/, ", "agent `ada` stands twice"),
        ("agents: [", "agents: [HERE/arena.yaml, ", "arena.yaml/agent.yaml cannot be read"),
        ("agents: [", "agents: [HERE/agents/wrong, ", "wrong/agent.yaml:2: strategy `first_legal` does not exist for prompts"),
        ("agents: [", "agents: [HERE/agents/sorter, ", "judge and agent are both called `sorter`"),
        ("anchors: [", "anchors: [ROOT/agents/rokie, ", "arena.yaml:4: anchor"),
        ("free_for_all, rooms: 12", "free_for_all, rooms: 0", "arena.yaml:7: `rooms` is `0`"),
        ("free_for_all", "free_for_al", "arena.yaml:7: `kind` is `free_for_al`"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}", "[]", "arena.yaml:7: `schedule` is a nested value"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}",
         "{kind: round_robin, rooms_per_pairing: 0, baseline_rooms_per_pairing: 0}", "no room would be played"),
        ("kind: reward_model", "kind: referee", "arena.yaml:8: `referee` judges games"),
        ("folder: ROOT/judges/sorter", "folder: nobody", "judges/nobody/judge.yaml cannot be read"),
        ("folder: ROOT/judges/sorter", "folder: ROOT/agents/ada", "ada/judge.yaml cannot be read"),
        ("folder: ROOT/judges/sorter, ", "", "arena.yaml:8: a reward_model judge needs `folder:`"),
        ("canaries: 4", "canaries: 13", "arena.yaml:8: `canaries` is 13, but a round has 12 rooms"),
        ("rooms: 12,", "rooms: 12, rooms_per_pairing: 4,",
         "arena.yaml:7: nothing would read `rooms_per_pairing` here, it belongs to `kind: round_robin`, `kind: gauntlet`"),
        ("rounds: 3", "rounds: 3\ndrawing: with_replacement", "arena.yaml:6: nothing would read `drawing` here, it belongs to `prompts`"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}", "{kind: gauntlet, challengers: [adda]}",
         "arena.yaml:7: `adda` does not take part: did you mean `ada`?"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}", "{kind: knockout, seeds: [ada, ada]}", "arena.yaml:7: `ada` stands twice"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}", "{kind: swiss, rooms_per_pairing: 0}",
         "arena.yaml:7: a meeting needs a room"),
        ("{kind: free_for_all, rooms: 12, seats_per_learner: 2}", "{kind: ladder, window: 100}",
         "arena.yaml:7: nothing would read `window` here, it belongs to `kind: self_play`"),
        ("canaries: 4, refresh: {steps: 2}", "min_accuracy: 0.5", "arena.yaml:8: nothing would read `min_accuracy` here, it belongs to `canaries`"),
        ("{kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}", "{kind: exact, canaries: 1}",
         "arena.yaml:8: nothing would read `canaries` here, it belongs to judges with a `folder`"),
        ("canaries: 4, refresh: {steps: 2}", "labels: soft", "arena.yaml:8: nothing would read `labels` here, it belongs to judges that compare"),
        ("canaries: 4, refresh: {steps: 2}", "pair_budget: 3", "arena.yaml:8: nothing would read `pair_budget` here, it belongs to `pairing: budget`"),
        ("{kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}", "{kind: policy, folder: ROOT/judges/sorter}",
         "`judge.kind` is policy, but "),
        ("refresh: {steps: 2}", "refresh: {stps: 2}", "there is no key `stps` in `judge.refresh`: did you mean `steps`?"),
        ("gate: {", "training: {loss_type: [sigmod]}\ngate: {", "arena.yaml:9: "),
        ("gate: {", "training: {beta: .nan}\ngate: {", "arena.yaml:9: `beta` is `.nan`, it must be a number"),
        ("gate: {prompts: 8", "gate: {prompts: 8, prompts: 8", "arena.yaml:9: not valid YAML: the key `prompts` stands twice in one section"),
        ("gate: {prompts: 8, min_score: 0}", "gate: {elo1: 20, min_score: 0.5}",
         "arena.yaml:9: nothing would read `min_score` here, it belongs to a gate of a fixed number of prompts"),
        ("gate: {prompts: 8, min_score: 0}", "gate: {elo0: 10, elo1: 10}", "arena.yaml:9: `elo1` is 10.0, it must be greater than `elo0`"),
        ("gate: {prompts: 8, min_score: 0}", "gate: {alpha: 0.5}", "arena.yaml:9: `alpha` is `0.5`"),
        ("gate: {prompts: 8, min_score: 0}", "gate: {elo1: 20, prompts: 0}", "arena.yaml:9: a sequential test needs prompts"),
        ("gate: {", "until: {sprt: {agent: ada, against: basha}}\ngate: {", "arena.yaml:9: `basha` does not take part: did you mean `basho`?"),
        ("gate: {", "until: {sprt: {agent: ada, against: ada}}\ngate: {", "arena.yaml:9: `ada` cannot be tested against itself"),
        ("gate: {", "until: {sprt: {elo1: 5}}\ngate: {", "arena.yaml:9: a test needs `agent` and `against`"),
        ("gate: {prompts: 8", "gate: {prompts: 8.5", "arena.yaml:9: `prompts` is `8.5`"),
    ]

    @Test("an arena that contradicts itself or names what is not there")
    func arenas() throws {
        for (old, new, reason) in Self.edits {
            let arena = try StoryArena(StoryArena.prompts.replacing(old, with: new, maxReplacements: 1))
            try arena.write("kind: scripted\nstrategy: first_legal\n", "agents/wrong/agent.yaml")
            try arena.write("kind: scripted\nstrategy: random\n", "agents/sorter/agent.yaml")
            try arena.write("kind: scripted\nstrategy: random\n", "../ada/agent.yaml")
            let message = sentence { _ = try Arena(file: arena.file) }
            #expect(message.contains(reason), "\(new): \(message)")
            #expect(!message.contains("\n"))
        }
    }

    @Test("an arena file that is none")
    func arenaFiles() throws {
        let arena = try StoryArena(StoryArena.prompts)
        for (text, reason) in [("", "arena.yaml:1: expected keys"), ("[", "arena.yaml:"), ("a: \u{0}", "NUL byte"), ("{", "not valid YAML")] {
            try arena.write(text, "arena.yaml")
            let message = sentence { _ = try Arena(file: arena.file) }
            #expect(message.contains(reason), "\(message)")
        }
        #expect(sentence { _ = try Arena(file: arena.folder) }.contains("is not a regular file"))
        #expect(sentence { _ = try Arena(file: arena.folder + "/none.yaml") }.contains("none.yaml cannot be read"))
        #expect(sentence { _ = try Arena(file: "") } != "")
    }

    @Test("the program says the sentence on one line, ends with 2 and has made nothing", arguments: ["run", "check"])
    func exitCode(command: String) throws {
        let arena = try StoryArena(StoryArena.prompts.replacing("agents: [", with: "agents: [HERE/agents/broken, "))
        try arena.write("kind: transformer\nmodel: .\ntemprature: 1\n", "agents/broken/agent.yaml")
        let process = try AgonProcess([command, "arena.yaml"], in: arena.folder)
        let printed = process.end()
        #expect(process.process.terminationReason == .exit && process.process.terminationStatus == 2)
        #expect(printed.contains("broken/agent.yaml:3: there is no key `temprature` here: did you mean `temperature`?"))
        #expect(printed.split(separator: "\n").count == 1, "\(printed)")
        #expect(!FileManager.default.fileExists(atPath: arena.folder + "/leaderboard"))
    }

    @Test("the program looks at no hostile file longer than at another, whatever kind of file it may be")
    func hostileFile() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let levels = (1...12).map { "- &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", "))]\n" }
        try arena.write("- &a0 [x]\n" + levels.joined() + "- ? *a12\n  : x\n", "bomb.yaml")
        #expect(mkfifo(arena.folder + "/pipe.yaml", 0o600) == 0)
        for (file, reason) in [("bomb.yaml", "bomb.yaml:2: aliases"), ("pipe.yaml", "pipe.yaml is not a regular file")] {
            let process = try AgonProcess(["check", file], in: arena.folder)
            let printed = process.end()
            #expect(process.process.terminationStatus == 2 && printed.contains(reason), "\(printed)")
        }
    }

    @Test("an agent by any spelling of its path is one agent with one name")
    func agentPaths() throws {
        let text = StoryArena.scripted.replacing("ROOT/agents/random,", with: "ROOT/agents/../agents/random/.,")
            .replacing("anchors: [ROOT/agents/random]", with: "anchors: [ROOT/agents/../agents/random/.]")
        let (plain, odd) = (try StoryArena(StoryArena.scripted), try StoryArena(text))
        let arena = try Arena(file: odd.file)
        #expect(arena.entrants.map(\.name) == ["noisy", "random", "perfect"])
        #expect(arena.referencePolicy == PolicyID(agent: "random", version: 0))
        #expect(try odd.tournament("db").run.id == plain.tournament("db").run.id)
    }

    @Test("prompts of which too few are held out or the gate's", arguments: [(3, 9, "gate"), (9, 7, "evaluation"), (0, 9, "gate"), (8, 8, nil)], ["without", "with"])
    func fewPrompts(counts: (gate: Int, heldOut: Int, key: String?), drawing: String) throws {
        let (gateCount, heldOutCount, key) = counts
        let arena = try StoryArena(
            StoryArena.prompts.replacing("task: sort-digits", with: "prompts: p.jsonl\ndrawing: \(drawing)_replacement").replacing("prompts: 12", with: "prompts: 200"))
        let texts = (100_000..<100_400).map { "\($0)=" }
        let chosen = [(PromptSide.training, 20), (.gate, gateCount), (.heldOut, heldOutCount)].flatMap { side, count in
            texts.filter { PromptSide(of: $0) == side }.prefix(count)
        }
        try arena.write(chosen.map { "{\"prompt\": \"\($0)\", \"answer\": \"1\"}" }.joined(separator: "\n"), "p.jsonl")
        let message = sentence { _ = try Arena(file: arena.file) }
        guard let key else {
            #expect(message == "")
            return
        }
        let count = key == "gate" ? gateCount : heldOutCount
        #expect(message.contains("arena.yaml: \(count) distinct prompts fall to `\(key)`, at least 8 are needed: give more prompts"))
        #expect(message.hasSuffix("or set `\(key).prompts` to 0."))
    }

    @Test("a line of a prompts file that is no prompt, by its number")
    func promptLines() throws {
        let good = (0..<60).map { "{\"prompt\": \"\($0)=\", \"answer\": \"\($0)\"}" }
        let cases: [(line: String, reason: String)] = [
            ("{", ":3: expected an object"), ("[]", ":3: expected an object"), ("{\"answer\": \"1\"}", ":3: expected an object"),
            ("{\"prompt\": 7}", ":3: expected an object"), ("{\"prompt\": \" \"}", ":3: the prompt is empty"),
            ("{\"prompt\": \"0=\", \"answer\": \"9\"}", ":3: line-1 asks the same with another `answer`"),
            ("{\"prompt\": \"\(String(repeating: "x", count: 1_048_577))\"}", ":3: the prompt has 1048577 bytes"),
            (String(repeating: "[", count: 200_000), ":3: expected an object"), ("\u{0}", ":3: the line holds a NUL byte"),
        ]
        let arena = try StoryArena(StoryArena.prompts)
        for (line, reason) in cases {
            try arena.write((good.prefix(2) + [line] + good.dropFirst(2)).joined(separator: "\n"), "p.jsonl")
            let message = sentence { _ = try PromptFile(path: arena.folder + "/p.jsonl") }
            #expect(message.contains("p.jsonl" + reason), "\(message.prefix(200))")
        }
        try Data([0x7B, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: arena.folder + "/p.jsonl"))
        #expect(sentence { _ = try PromptFile(path: arena.folder + "/p.jsonl") }.contains("p.jsonl:1: the line is not UTF-8"))
        for text in ["", "\n\n", "{\"prompt\": \"\"}"] {
            try arena.write(text, "p.jsonl")
            #expect(sentence { _ = try PromptFile(path: arena.folder + "/p.jsonl") } != "")
        }
    }

    @Test("a pretraining file that cannot be")
    func pretraining() throws {
        let good = "output: model\ntask: sort-digits\nmodel: {hidden_size: 16, num_attention_heads: 2, num_key_value_heads: 2}\n"
        let cases: [(old: String, new: String, reason: String)] = [
            ("output: model\n", "", "p.yaml:1: `output` is missing"),
            ("task: sort-digits", "task: sort", "there is no task `sort`"),
            ("task: sort-digits\n", "", "give exactly one of `game` and `task`"),
            ("hidden_size: 16", "hidden_size: 1000000000", "p.yaml:3: `hidden_size` is `1000000000`, it must be 8 to 16384"),
            ("num_attention_heads: 2", "num_attention_heads: 0", "p.yaml:3: `num_attention_heads` is `0`"),
            ("num_attention_heads: 2", "num_attention_heads: 3", "p.yaml:3: 3 heads must divide"),
            ("output: model", "output: *model", "p.yaml:1: aliases"), ("output: model", "outptu: model", "did you mean `output`?"),
        ]
        let arena = try StoryArena(StoryArena.prompts)
        try arena.write(good, "p.yaml")
        #expect(sentence { _ = try Pretraining(PretrainingConfiguration(file: arena.folder + "/p.yaml")) } == "")
        for (old, new, reason) in cases {
            try arena.write(good.replacing(old, with: new), "p.yaml")
            let message = sentence { _ = try Pretraining(PretrainingConfiguration(file: arena.folder + "/p.yaml")) }
            #expect(message.contains(reason), "\(message)")
        }
    }
}
