import AgonAgents
import AgonCore
import AgonGames
import AgonStore
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// Judges that run programs, in whole runs: over answers that were made elsewhere, and in arenas.
@Suite struct ProgramJudgeStoryTests {
    private let folder: PairFolder

    init() throws { folder = try PairFolder() }

    private static let hasPython = ["/usr/local/bin", "/usr/bin", "/bin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/python3")
    }

    private func run(_ judge: String, _ input: String) async throws -> (lines: [String], summary: JudgeRun.Summary) {
        let path = try folder.write(input, "answers.jsonl")
        var lines: [String] = []
        let summary = try await JudgeRun(judge: folder.path + "/judges/" + judge, input: path).run(threads: 1) { lines.append($0) }
        return (lines, summary)
    }

    /// What stands in a document of the repository between a line and the next line of three backticks.
    private func block(_ document: String, after start: String) throws -> String {
        let text = try String(contentsOfFile: StoryArena.root + "/" + document, encoding: .utf8)
        let begin = try #require(text.range(of: start))
        let end = try #require(text.range(of: "\n```", range: begin.upperBound..<text.endIndex))
        return String(text[begin.upperBound..<end.lowerBound]) + "\n"
    }

    @Test("code answers are ranked by their tests as the README says", .enabled(if: hasPython, "needs python3 in /usr/local/bin, /usr/bin or /bin"))
    func coder() async throws {
        let yaml = try block("judges/README.md", after: "code against tests\n\n```yaml\n")
        #expect(yaml == "kind: tests\nseconds: 5\n")
        try folder.write("kind: tests\nseconds: 60\nisolation: limits\n", "judges/coder/judge.yaml")
        let line = try block("judges/README.md", after: "one line in `answers.jsonl`:\n\n```\n")
        let more = #"{"prompt": "p", "reference": "{", "answers": ["a", "b"]}"# + "\n"
        let (lines, summary) = try await run("coder", line + more)
        #expect(lines[0].contains(#""ranks":[1,2],"scores":[1.0,0.5]"#), "\(lines)")
        #expect(lines[1].contains(#""ranks":[null,null]"#) && summary.voidCount == 1 && summary.pairCount == 2)
    }

    @Test("the judge of the protocol's document judges", .enabled(if: hasPython, "needs python3 in /usr/local/bin, /usr/bin or /bin"))
    func documented() async throws {
        let program = try block("docs/judge-protocol.md", after: "```python\n")
        #expect(program.split(separator: "\n").count < 15)
        try folder.write(program, "judges/short/judge.py")
        try folder.write("kind: command\ncommand: [python3, judge.py]\ntimeout: 60\n", "judges/short/judge.yaml")
        let (lines, summary) = try await run("short", #"{"prompt": "p", "answers": ["four", "4", " ", "\u00e9\u2028"]}"# + "\n")
        #expect(lines[0].contains(#""ranks":[3,1,null,2],"scores":[-4.0,-1.0,null,-2.0]"#), "\(lines)")
        #expect(lines[0].contains(#""reasons":["length""#) && summary.voidCount == 3)
    }

    /// A judge in the shell that does what the prompt says, and scores two answers 1 and 2 where it says nothing odd.
    private static let moody = #"""
        read -r line
        echo '{"version": 1, "sees_order": false}'
        while read -r line; do
            id=${line#*\"id\":\"}
            id=${id%%\"*}
            case "$line" in
            *crash*) exit 7;;
            *hang*) sleep 1000;;
            *json*) echo '{"id": nonsense'; continue;;
            *many*) echo "{\"id\": \"$id\", \"scores\": [1, 2, 3]}"; continue;;
            esac
            echo "{\"id\": \"$id\", \"scores\": [1, 2]}"
        done
        """#

    private func moody(_ name: String, _ keys: String) throws {
        try folder.write(Self.moody, "judges/\(name)/judge.sh")
        try folder.write("kind: command\ncommand: [sh, judge.sh]\n" + keys, "judges/\(name)/judge.yaml")
    }

    /// - Parameter right: the first answer, and the reference too.
    private static func input(_ prompts: [String], right: String = "a") -> String {
        prompts.map { #"{"prompt": "\#($0)", "answers": ["\#(right)", "b"], "reference": "\#(right)"}"# + "\n" }.joined()
    }

    /// A test within JSON: a program that says 1.
    private static let oneTest = #"{\"cases\": [{\"stdout\": \"1\"}]}"#

    @Test("crashes, bad JSON and a wrong number of scores are void, and all others are judged")
    func faults() async throws {
        try moody("moody", "timeout: 60\n")
        let (lines, summary) = try await run("moody", Self.input(["p", "crash", "q", "json", "many", "crash", "r"]))
        let isVoid = lines.map { $0.contains(#""verdict":"void""#) }
        #expect(isVoid == [false, true, false, true, true, true, false] && summary.voidCount == 4 && summary.lost.isEmpty)
        #expect(lines[1].contains("status 7, twice") && lines[3].contains("no JSON") && lines[4].contains("3 scores for 2 answers"))
    }

    @Test("a program that hangs too often is lost, and a judge alone ends the run", .timeLimit(.minutes(2)))
    func hangs() async throws {
        try moody("moody", "timeout: 0.5\nrestarts: 1\n")
        let error = await #expect(throws: (any Error).self) { _ = try await run("moody", Self.input(["hang"])) }
        let message = "\(try #require(error))"
        #expect(message.contains("did not answer within 0.5 seconds, failure 2 in a row"), "\(message)")
    }

    @Test("a program that is lost leaves its panel with a note, and the others go on")
    func panel() async throws {
        try moody("moody", "timeout: 60\nrestarts: 0\n")
        try folder.write("kind: exact\n", "judges/gold/judge.yaml")
        try folder.write("kind: tests\ncommand: [grep, -c, stdout, answer]\nfile: answer\nseconds: 60\nisolation: limits\n", "judges/words/judge.yaml")
        try folder.write("kind: panel\nmembers: [gold, moody, words]\nrule: majority\n", "judges/jury/judge.yaml")
        let (lines, summary) = try await run("jury", Self.input(["p", "crash"], right: Self.oneTest))
        // One batch: who is lost in it has no vote on any of its tasks.
        #expect(lines.allSatisfy { $0.contains(#""verdict":"first""#) })
        #expect(summary.lost.count == 1 && summary.lost[0].hasPrefix("Judge moody@v0 left the panel: "))
        #expect(summary.text.contains("Judge moody@v0 left the panel"))
    }

    /// An arena whose answers pass their one test where they hold a 1.
    private static func arena(_ judge: String = "{kind: tests, folder: ones}") throws -> StoryArena {
        let text = """
            name: ones
            prompts: p.jsonl
            agents: [ROOT/agents/ada, ROOT/agents/basho, ROOT/agents/rookie]
            anchors: [ROOT/agents/rookie]
            rounds: 2
            max_new_tokens: 8
            schedule: {kind: free_for_all, rooms: 6, seats_per_learner: 2}
            judge: \(judge)
            gate: {prompts: 0}
            evaluation: {every: 2, prompts: 8}
            """
        let arena = try StoryArena(text.replacing("folder: ", with: "folder: HERE/judges/"))
        try arena.write("kind: tests\ncommand: [grep, -c, '1', answer]\nfile: answer\nseconds: 60\nisolation: limits\n", "judges/ones/judge.yaml")
        let prompts = PromptSide.allCases.flatMap { TaskSource(task: SortDigits()).prompts($0, count: 30, seed: Seed(run: 1)) }
        try arena.write(prompts.map { "{\"prompt\": \"\($0.text)\", \"answer\": \"\(oneTest)\"}\n" }.joined(), "p.jsonl")
        return arena
    }

    @Test("an arena is judged by tests, and progress is measured by them")
    func arena() async throws {
        let arena = try Self.arena()
        let tournament = try arena.tournament("db")
        _ = try await tournament.play()
        let results = try (1...2).flatMap { try tournament.store.roomResults(run: tournament.run.id, round: $0) }
        #expect(results.count == 12)
        for result in results {
            for (score, rollout) in zip(result.scores, result.rollouts) {
                #expect(score == (rollout.forfeit == nil ? rollout.text.contains("1") ? 1 : 0 : nil))
                #expect(rollout.gold == nil)
            }
        }
        let measures = try tournament.store.evaluations(run: tournament.run.id)
        #expect(Set(measures.map(\.measure)) == ["gold_sampled", "gold_greedy", "score_vs_anchor"])
        #expect(measures.contains { $0.measure == "gold_sampled" && $0.value > 0 && $0.count > 0 })
    }

    @Test("a run changes with what decides of its judge, and with a program's text")
    func identity() throws {
        let arena = try Self.arena()
        func id() throws -> String { try arena.tournament("db").run.id }
        let first = try id()
        let yaml = "kind: tests\ncommand: [grep, -c, '1', answer]\nfile: answer\nseconds: 60\nisolation: limits\n"
        try arena.write(yaml + "jobs: 4\n", "judges/ones/judge.yaml")
        #expect(try id() == first)
        try arena.write(yaml + "memory_mib: 64\n", "judges/ones/judge.yaml")
        #expect(try id() != first)
        let other = try Self.arena("{kind: command, folder: moody, labels: soft, pairing: sort}")
        try other.write(Self.moody, "judges/moody/judge.sh")
        try other.write("kind: command\ncommand: [sh, judge.sh]\n", "judges/moody/judge.yaml")
        let before = try other.tournament("db").run.id
        #expect(try other.tournament("db").run.id == before)
        try other.write(Self.moody + "# another\n", "judges/moody/judge.sh")
        #expect(try other.tournament("db").run.id != before)
    }

    @Test("a program that is lost in a run leaves the arena's panel with one note, and the run ends well")
    func lostInArena() async throws {
        let arena = try Self.arena("{kind: panel, folder: jury}")
        try arena.write("kind: command\ncommand: [sh, -c, 'exit 3']\ntimeout: 60\n", "judges/moody/judge.yaml")
        try arena.write("kind: panel\nmembers: [ones, moody]\nrule: majority\n", "judges/jury/judge.yaml")
        let notes = Mutex<[String]>([])
        var pulse = Pulse()
        pulse.onEvent = { event in if case .judgeLost(let message) = event { notes.withLock { $0.append(message) } } }
        _ = try await arena.tournament("db").play(pulse)
        let seen = notes.withLock { $0 }
        #expect(seen.count == 1 && seen[0].contains("exited with status 3, failure 4 in a row"), "\(seen)")
    }

    @Test("an arena that its judge does not suit is refused", arguments: [
        ("{kind: tests, folder: ones, canaries: 2}", "canaries need gold, and these prompts have tests instead"),
        ("{kind: tests, folder: ones, labels: soft}", "nothing would read `labels` here, it belongs to judges that compare"),
        ("{kind: command, folder: gone}", "gone/judge.yaml:2: there is no program `no-such-judge`"),
        ("{kind: tests}", "a tests judge needs `folder:`"), ("{kind: command, folder: ones}", "is a judge of kind tests"),
        ("{kind: llm, folder: graded, labels: soft}", "nothing would read `judge.labels`"),
        ("{kind: llm, folder: graded, pairing: sort}", "nothing would read `judge.pairing`"),
    ])
    func refused(judge: String, reason: String) throws {
        let arena = try Self.arena(judge)
        try arena.write("Be kind.", "judges/graded/rubric.md")
        try arena.write("kind: command\ncommand: [no-such-judge]\n", "judges/gone/judge.yaml")
        try arena.write("kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: m\nstyle: pointwise\ncache: none\n", "judges/graded/judge.yaml")
        do {
            _ = try Arena(file: arena.file)
            Issue.record("\(judge) was accepted")
        } catch let error as AgentError {
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test("arenas take language models as judges, and tests need prompts that have some")
    func accepted() throws {
        let arena = try Self.arena("{kind: llm, folder: kind, labels: soft, pairing: sort}")
        try arena.write("Be kind.", "judges/kind/rubric.md")
        try arena.write("kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: m\ncache: none\n", "judges/kind/judge.yaml")
        #expect(try Arena(file: arena.file).judges.members.map(\.name) == ["kind"])
        let task = try StoryArena(
            StoryArena.prompts.replacing("{kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}", with: "{kind: tests, folder: HERE/judges/ones}"))
        try task.write("kind: tests\ncommand: [sh, answer]\nisolation: limits\n", "judges/ones/judge.yaml")
        let error = #expect(throws: AgentError.self) { _ = try Arena(file: task.file) }
        #expect(error?.message.contains("judge `ones` runs tests: use `prompts`") == true)
    }

    @Test("check says what is enforced on sealed programs, for a judge, a panel and an arena")
    func check() throws {
        let arena = try Self.arena()
        try arena.write("kind: exact\n", "judges/gold/judge.yaml")
        try arena.write("kind: panel\nmembers: [ones, gold]\n", "judges/jury/judge.yaml")
        let catalog = Catalog()
        let sealing = try #require(try JudgeConfiguration(folder: arena.folder + "/judges/ones").sealingSentence)
        let judge = catalog.check(arena.folder + "/judges/ones", as: .judge)
        #expect(judge.isUsable && judge.message == "judge ones by tests: `grep -c 1 answer` for at most 60 s a case. \(sealing)")
        #expect(catalog.check(arena.folder + "/judges/jury", as: .judge).message.hasSuffix(" \(sealing)"))
        #expect(catalog.check(arena.file, as: .arena).message.hasSuffix(" \(sealing)"))
        #expect(!catalog.check(arena.folder + "/judges/gold", as: .judge).message.contains("sealed"))
        try arena.write("kind: command\ncommand: [sh]\n", "judges/plain/judge.yaml")
        #expect(catalog.check(arena.folder + "/judges/plain", as: .judge).message == "command judge plain: `sh` with the machine as its user has it.")
    }
}
