import AgonConnections
import AgonCore
import AgonJudging
import AgonLaws
import Foundation
import Testing

@testable import AgonAgents

/// Judges that run programs, from their folders. The programs are the shell's, which is everywhere.
@Suite struct ProgramJudgeTests {
    private let folder: AgentFolder

    init() throws { folder = try AgentFolder() }

    private func configuration(_ yaml: String) throws -> JudgeConfiguration {
        try folder.write(yaml, "judges/x/judge.yaml")
        return try JudgeConfiguration(folder: folder.path + "/judges/x")
    }

    private func judge(_ yaml: String) throws -> any Judge {
        _ = try configuration(yaml)
        return try Judges.load(folder.path + "/judges/x", threads: 1)
    }

    @Test("what cannot be is told with file and line", arguments: [
        ("kind: tests\nfile: a/b.py\n", "judge.yaml:2: `a/b.py` is no plain name"),
        ("kind: tests\nfile: .hidden\n", "judge.yaml:2: `.hidden` is no plain name"),
        ("kind: tests\ncommand: python3 solution.py\n", "judge.yaml:2: `python3 solution.py` is one word: write [python3, solution.py]."),
        ("kind: tests\nseconds: 0\n", "judge.yaml:2: `seconds` is `0`"), ("kind: tests\njobs: 0\n", "judge.yaml:2: `jobs` is `0`"),
        ("kind: tests\nvisible: [no/such]\n", "judge.yaml:2: there is no /"),
        ("kind: tests\nisolation: strong\n", "judge.yaml:2: `isolation` is `strong`"),
        ("kind: tests\nisolation: limits\ncommand: [no-such-language, a]\n", "judge.yaml:3: there is no program `no-such-language` in /usr/local/bin:/usr/bin:/bin"),
        ("kind: tests\nisolation: limits\ncommand: [./run, a]\n", "judge.yaml:3: there is no program `./run`: install it"),
        ("kind: tests\ntimeout: 3\n", "judge.yaml:2: there is no key `timeout` here"),
        ("kind: command\n", "`command` is missing"), ("kind: command\ncommand: []\n", "judge.yaml:2: name the program"),
        ("kind: command\ncommand: [no-such-judge]\n", "judge.yaml:2: there is no program `no-such-judge` in "),
        ("kind: command\ncommand: [sh]\nfolder: none\n", "judge.yaml:3: there is no folder /"),
        ("kind: command\ncommand: [sh]\nenvironment: [NO_SUCH_VARIABLE]\n", "judge.yaml:3: the variable NO_SUCH_VARIABLE is not set"),
        ("kind: command\ncommand: [sh]\nvisible: [.]\n", "judge.yaml:3: nothing would read `visible` here, it belongs to `isolated: true`"),
        ("kind: command\ncommand: [sh]\nisolation: limits\n", "judge.yaml:3: nothing would read `isolation` here"),
    ])
    func faults(yaml: String, expected: String) throws {
        let message = sentence { _ = try judge(yaml) }
        #expect(message.contains(expected), "\(message)")
    }

    @Test("weaker means than a judge asks for are refused, and what this machine enforces is said")
    func isolation() throws {
        let weak = Isolation(level: .limits, filtersCalls: false)
        #expect(!weak.reaches(.privateUser) && !weak.reaches(.namespaces) && weak.reaches(.limits))
        #expect(Isolation(level: .namespaces, filtersCalls: false).reaches(.privateUser))
        let message = sentence { _ = try judge("kind: tests\ncommand: [sh, solution.py]\nisolation: namespaces\n") }
        #expect(message.contains("judge.yaml:3: this machine has no namespaces") == !Isolation.sealed.reaches(.namespaces), "\(message)")
        let tests = try configuration("kind: tests\n")
        #expect(tests.sealingSentence == Isolation.sealed.sentence)
        #expect(try configuration("kind: command\ncommand: [sh]\n").sealingSentence == nil)
        #expect(try configuration("kind: command\ncommand: [sh]\nisolated: true\n").sealingSentence == Isolation.sealed.sentence)
    }

    @Test("what decides is told apart from what does not")
    func deciding() throws {
        func text(_ yaml: String) throws -> String { try configuration(yaml).decidingText }
        let tests = try text("kind: tests\n")
        for same in ["jobs: 7\n", "isolation: limits\n", "description: x\n", "command: [python3, solution.py]\n"] {
            #expect(try text("kind: tests\n" + same) == tests, "\(same)")
        }
        for other in ["seconds: 11\n", "memory_mib: 64\n", "command: [python3, -O, solution.py]\n", "file: a.py\n", "processes: 2\n", "visible: [.]\n"] {
            #expect(try text("kind: tests\n" + other) != tests, "\(other)")
        }
        let command = "kind: command\ncommand: [sh, judge.sh]\n"
        let plain = try text(command)
        for same in ["timeout: 9\n", "restarts: 0\n", "log: judge.log\n"] { #expect(try text(command + same) == plain, "\(same)") }
        for other in ["reference: true\n", "tie_margin: 1\n", "isolated: true\n", "memory_mib: 64\n"] {
            #expect(try text(command + other) != plain, "\(other)")
        }
        #expect(!plain.contains(folder.path) && !tests.contains(folder.path))
        try folder.write("true", "judges/x/judge.sh")
        try folder.write("true", "judges/x/other.sh")
        func files(_ yaml: String) throws -> [String] { try configuration(yaml).command?.files.map { ($0 as NSString).lastPathComponent } ?? [] }
        #expect(try files(command) == ["judge.sh"])
        #expect(try files(command + "isolated: true\nlog: other.sh\n") == ["judge.sh"])
        #expect(try files(command + "isolated: true\n") == ["judge.sh", "other.sh"])
        try folder.write("kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: m\n", "judges/x/judge.yaml")
        try folder.write("Be kind.", "judges/x/rubric.md")
        let llm = try JudgeConfiguration(folder: folder.path + "/judges/x").decidingText
        #expect(llm.contains("Be kind.") && !llm.contains(folder.path))
        #expect(try text("kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: m\nretries: 1\ncache: none\n") == llm)
        #expect(try text("kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: n\n") != llm)
    }

    @Test("the share of passed tests is the score, and tests that cannot be used are void")
    func shares() async throws {
        let judge = try judge("kind: tests\ncommand: [sh, answer.sh]\nfile: answer.sh\nseconds: 60\nisolation: limits\n")
        #expect(judge.needsReference)
        let reference = #"{"cases": [{"stdin": "2", "stdout": "4"}, {"stdin": "3", "stdout": "9"}]}"#
        let tasks = [
            JudgingTask(id: 1, prompt: "square", reference: reference, answers: ["echo 4", "read x; echo $((x * x))", "exit 1", "echo 9"]),
            JudgingTask(id: 2, prompt: "square", reference: "{", answers: ["a", "b"]), JudgingTask(id: 3, prompt: "", answers: ["a", "b"]),
        ]
        let judgements = try await judge.judge(tasks)
        #expect(judgements[0].scores == [0.5, 1, 0, 0.5])
        #expect(judgements[0].verdicts.map(\.verdict) == [.second, .first, .tie, .first, .first, .second])
        #expect(judgements[1...].allSatisfy { $0.verdicts.map(\.verdict) == [.void] })
        #expect(try await JudgeLaws.violations(of: judge, tasks: tasks) == [])
    }

    @Test("an isolated program has its folder's files and nothing else of it, and its standard error is kept")
    func isolated() async throws {
        try folder.write("2", "judges/x/weights.txt")
        try folder.write("1", "judges/x/deep/more.txt")
        let script = """
            read -r line; echo '{"version": 1, "sees_order": false}'; echo started >&2
            read -r line; w=$(cat weights.txt); [ -e deep ] && w=0; [ -e \(folder.path)/judges/x/judge.yaml ] && h=1 || h=2
            echo "{\\"id\\": \\"5\\", \\"scores\\": [$w, $h]}"; cat
            """
        try folder.write(script, "judges/x/judge.sh")
        let judge = try judge("kind: command\ncommand: [sh, judge.sh]\nisolated: true\nisolation: limits\ntimeout: 60\nlog: judge.log\n")
        let judgement = try await judge.judge([JudgingTask(id: 5, prompt: "", answers: ["a", "b"])])[0]
        #expect(judgement.scores == [2, Isolation.sealed.hidesFiles ? 2 : 1])
        let log = String(decoding: FileManager.default.contents(atPath: folder.path + "/judges/x/judge.log") ?? Data(), as: UTF8.self)
        #expect(log == "started\n")
    }
}
