import AgonAgents
import AgonCore
import AgonJudging
import AgonLaws
import Foundation
import Testing

/// What a program says, asked as a `CommandJudge` asks it. The programs are the shell's, which is everywhere.
@Suite struct CommandJudgeLawTests {
    private let folder: AgentFolder

    init() throws { folder = try AgentFolder() }

    /// A judge in the shell: `reply` is what follows the id.
    private func shell(_ reply: String, seesOrder: Bool, options: JudgingOptions = JudgingOptions()) throws -> any Judge {
        let script = """
            read -r line
            echo '{"version": 1, "sees_order": \(seesOrder)}'
            while read -r line; do
                id=${line#*\\"id\\":\\"}
                id=${id%%\\"*}
                \(reply)
            done
            """
        try folder.write(script, "judges/x/judge.sh")
        try folder.write("kind: command\ncommand: [sh, judge.sh]\ntimeout: 60\n", "judges/x/judge.yaml")
        return try Judges.load(folder.path + "/judges/x", threads: 1, options: options)
    }

    private static let tasks = [["a", "bb"], ["ccc", "b", "b", "dd"], ["", "\u{2028}\"\\"], ["x"], []].enumerated()
        .map { JudgingTask(id: UInt64($0), prompt: "p", answers: $1) }

    @Test("the laws of judges hold for a program that prefers the longer of two answers")
    func laws() async throws {
        let longer = #"a=${line#*[\"}; first=${a%%\"*}; rest=${a#*\",\"}; second=${rest%%\"*}; echo "{\"id\": \"$id\", \"scores\": [${#first}, ${#second}]}""#
        let judge = try shell(longer, seesOrder: true, options: JudgingOptions(labels: .soft))
        let tasks = [["a", "bb"], ["ccc", "b", "b", "dd"], ["x"], []].enumerated().map { JudgingTask(id: UInt64($0), prompt: "p", answers: $1) }
        #expect(try await JudgeLaws.violations(of: judge, tasks: tasks) == [])
        #expect(try await judge.judge(tasks)[1].verdicts.map(\.verdict) == [.first, .first, .first, .tie, .second, .second])
    }

    @Test("a program that sees order and loves the first place decides nothing, in any pairing", arguments: [AnswerPairing.all, .sort, .budget(2)])
    func firstPlace(pairing: AnswerPairing) async throws {
        let options = JudgingOptions(pairing: pairing, labels: .soft)
        let judge = try shell(#"echo "{\"id\": \"$id\", \"scores\": [2, 1], \"reason\": \"first  place\"}""#, seesOrder: true, options: options)
        // Which pairs are asked hangs on how a room is sorted; of two answers there is one.
        #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks.filter { $0.answers.count < 3 }) == [])
        let judgements = try await judge.judge(Self.tasks)
        #expect(judgements.flatMap(\.verdicts).allSatisfy { [.tie, .void].contains($0.verdict) })
        #expect(judgements[0].verdicts == [PairVerdict(first: 0, second: 1, verdict: .tie, preference: 0.5)])
        #expect(judgements[0].votes.map(\.reason) == ["first place"])
        #expect(judgements[0].votes.map(\.straight) == [.first] && judgements[0].votes.map(\.swapped) == [.second])
    }

    @Test("only a program that asks for the reference is shown it")
    func reference() async throws {
        let reply = #"case "$line" in *'"reference":"gold"'*) s='2, 1';; *) s='1, 2';; esac; echo "{\"id\": \"$id\", \"scores\": [$s]}""#
        let task = JudgingTask(id: 3, prompt: "p", reference: "gold", answers: ["a", "b"])
        let blind = try shell(reply, seesOrder: false)
        #expect(!blind.needsReference)
        try folder.write("kind: command\ncommand: [sh, judge.sh]\ntimeout: 60\nreference: true\n", "judges/x/judge.yaml")
        let seeing = try Judges.load(folder.path + "/judges/x", threads: 1)
        #expect(seeing.needsReference)
        #expect(try await seeing.judge([task])[0].scores == [2, 1])
        let jury = PanelJudge(id: JudgeID(name: "jury"), members: [blind], rule: .majority)
        #expect(try await jury.judge([task])[0].verdicts[0].verdict == .second)
    }

    @Test("a program that sees no order is asked about a whole room, and its cycles are ties")
    func wholeRoom() async throws {
        let circle = #"[{\"first\": 0, \"second\": 1, \"verdict\": \"first\"}, {\"first\": 1, \"second\": 2, \"verdict\": \"first\"}, {\"first\": 2, \"second\": 0, \"verdict\": \"first\"}]"#
        let judge = try shell(#"echo "{\"id\": \"$id\", \"verdicts\": \#(circle), \"reason\": \"so\"}""#, seesOrder: false)
        let judgement = try await judge.judge([JudgingTask(id: 5, prompt: "", answers: ["a", "b", "c"])])[0]
        #expect(judgement.verdicts.map(\.verdict) == [.tie, .tie, .tie])
        #expect(judgement.votes.map(\.verdict) == [.first, .second, .first])
        #expect(judgement.votes.allSatisfy { $0.reason == "so" && $0.judge.name == "x" })
    }

    @Test("a reply that cannot be used is void with its reason, whatever it is", arguments: [
        ("no JSON", "echo yes", "its reply is no JSON of the protocol"), ("too few scores", #"echo "{\"id\": \"$id\", \"scores\": [1]}""#, "it gave 1 scores for 3 answers"),
        ("another's", #"echo '{"id": "x", "scores": [1, 2, 3]}'"#, "its reply is to another task"), ("a crash", "exit 4", "the program exited with status 4, twice"),
    ])
    func unusable(name: String, reply: String, reason: String) async throws {
        let judge = try shell(reply, seesOrder: false)
        let judgement = try await judge.judge([JudgingTask(id: 5, prompt: "", answers: ["a", "b", "c"])])[0]
        #expect(judgement.verdicts.map(\.verdict) == [.void, .void, .void] && judgement.scores == nil)
        #expect(judgement.votes.map(\.reason) == [reason, reason, reason])
    }
}
