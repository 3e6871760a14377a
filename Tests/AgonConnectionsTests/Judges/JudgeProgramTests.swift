import AgonConnections
import AgonCore
import Foundation
import Testing

/// Judging programs in the shell: a greeting, then what each test wants said.
@Suite struct JudgeProgramTests {
    private static let greeting = #"read -r l; echo '{"version": 1, "sees_order": false}'"#

    private func judge(_ script: String, seconds: Double = 60, restarts: Int = 2, folder: String = "/") -> JudgeProgram {
        JudgeProgram(Program(["sh", "-c", script], confinement: .tethered(folder: folder)), seconds: seconds, restartLimit: restarts)
    }

    private let task = JudgingTask(id: .max, prompt: "2 + 2 =\n\"", reference: "4", answers: ["4", "5", "é\u{2028}"])

    private func reply(_ line: String) async throws -> JudgeReply {
        let judge = judge("\(Self.greeting); while read -r l; do printf '%s\\n' '\(line)'; done")
        let reply = try await judge.ask(task)
        await judge.stop()
        return reply
    }

    @Test("the request holds the task, in one line")
    func request() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let judge = judge("read -r g; echo '{\"version\": 1}'; read -r l; printf '%s\\n' \"$g\" \"$l\" > seen; echo x", folder: folder)
        #expect(try await judge.handshake().seesOrder)
        _ = try await judge.ask(task)
        let seen = String(decoding: FileManager.default.contents(atPath: folder + "/seen") ?? Data(), as: UTF8.self)
        #expect(seen == """
            {"judge":"agon","version":1}
            {"answers":["4","5","é\u{2028}"],"id":"18446744073709551615","prompt":"2 + 2 =\\n\\"","reference":"4","version":1}

            """)
        await judge.stop()
    }

    @Test("scores and verdicts are read")
    func replies() async throws {
        let id = "18446744073709551615"
        #expect(try await reply(#"{"id": "\#(id)", "scores": [1, -0.5, null], "more": {}}"#) == .scores([1, -0.5, nil], reason: ""))
        let verdicts = #"[{"first": 0, "second": 1, "verdict": "first"}, {"first": 2, "second": 0, "verdict": "first"}]"#
        #expect(try await reply(#"{"id": "\#(id)", "verdicts": \#(verdicts), "reason": "r"}"#) == .verdicts([
            PairVerdict(first: 0, second: 1, verdict: .first), PairVerdict(first: 0, second: 2, verdict: .second),
            PairVerdict(first: 1, second: 2, verdict: .void),
        ], reason: "r"))
        let twice = #"[{"first": 0, "second": 1, "verdict": "first"}, {"first": 1, "second": 0, "verdict": "first"}, {"first": 7, "second": -9223372036854775808, "verdict": "tie"}]"#
        #expect(try await reply(#"{"id": "\#(id)", "verdicts": \#(twice)}"#) == .verdicts([
            PairVerdict(first: 0, second: 1, verdict: .void), PairVerdict(first: 0, second: 2, verdict: .void),
            PairVerdict(first: 1, second: 2, verdict: .void),
        ], reason: ""))
    }

    @Test("what cannot be used is void and ends nothing", arguments: [
        #"{"id": "1", "scores": [1, 2, 3]}"#, #"{"scores": [1, 2, 3]}"#, #"{"id": "18446744073709551615", "scores": [1, 2]}"#,
        #"{"id": "18446744073709551615", "scores": [1, NaN, 3]}"#, #"{"id": "18446744073709551615", "scores": [1, 1e999, 3]}"#,
        #"{"id": "18446744073709551615"}"#, #"{"id": "18446744073709551615", "scores": [1, 2, 3], "verdicts": []}"#,
        #"{"id": "18446744073709551615", "verdicts": [{"first": 0, "second": 1, "verdict": "better"}]}"#, "", "yes", "[[[[[[[[",
    ])
    func unusable(line: String) async throws {
        guard case .unusable = try await reply(line) else {
            Issue.record("\(line) was used")
            return
        }
    }

    @Test("a reply of megabytes, and one that is no text, are void")
    func hostile() async throws {
        let long = judge("\(Self.greeting); read -r l; head -c 3000000 /dev/zero; echo; cat")
        #expect(try await long.ask(task) == .unusable("its reply is longer than 1048576 bytes"))
        let binary = judge("\(Self.greeting); read -r l; printf '\\377\\376\\n'; cat")
        #expect(try await binary.ask(task) == .unusable("its reply is no JSON of the protocol"))
        await long.stop()
        await binary.stop()
    }

    @Test("one that crashes is started again and asked again, and lost when it goes on")
    func crashes() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = "\(Self.greeting); echo x >> starts; [ $(wc -l < starts) -gt 1 ] || exit 1; read -r l; echo '{\"id\": \"18446744073709551615\", \"scores\": [1, 2, 3]}'; cat"
        let patient = judge(script, restarts: 2, folder: folder)
        #expect(try await patient.ask(task) == .scores([1, 2, 3], reason: ""))
        await patient.stop()
        let lost = judge("\(Self.greeting); echo no model >&2; read -r l; exit 9", restarts: 1)
        let error = try #require(await #expect(throws: ConnectionError.self) { _ = try await lost.ask(task) })
        #expect(error.code == .unreachable && error.message.contains("status 9") && error.message.contains("no model"))
    }

    @Test("a task that ends the program each time is void, and the next one is answered")
    func poison() async throws {
        let script = #"\#(Self.greeting); while read -r l; do case "$l" in *poison*) exit 3;; esac; echo '{"id": "7", "scores": [1, 2]}'; done"#
        let judge = judge(script, restarts: 3)
        let poison = JudgingTask(id: 7, prompt: "", answers: ["poison", "b"])
        for _ in 0..<3 {
            #expect(try await judge.ask(poison) == .unusable("the program exited with status 3, twice"))
            #expect(try await judge.ask(JudgingTask(id: 7, prompt: "", answers: ["a", "b"])) == .scores([1, 2], reason: ""))
        }
        await judge.stop()
    }

    @Test("whoever gives up leaves no answer behind for the next question")
    func cancellation() async throws {
        let script = #"\#(Self.greeting); read -r l; case "$l" in *slow*) sleep 1000;; esac; echo '{"id": "7", "scores": [1, 2]}'; cat"#
        let judge = judge(script)
        _ = try await judge.handshake()
        let given = Task { try await judge.ask(JudgingTask(id: 7, prompt: "", answers: ["slow", "b"])) }
        given.cancel()
        await #expect(throws: CancellationError.self) { _ = try await given.value }
        #expect(try await judge.ask(JudgingTask(id: 7, prompt: "", answers: ["a", "b"])) == .scores([1, 2], reason: ""))
        await judge.stop()
    }

    @Test("one that hangs is ended and lost, with all that it started")
    func hangs() async throws {
        let mark = ProgramWorld.mark()
        var program = Program(["sh", "-c", "\(Self.greeting); sleep 1000 & sleep 1000"], confinement: .tethered(folder: "/"))
        program.environment["MARK"] = mark
        let judge = JudgeProgram(program, seconds: 0.5, restartLimit: 1)
        #expect(await #expect(throws: ConnectionError.self) { _ = try await judge.ask(task) }?.code == .unreachable)
        #expect(ProgramWorld.alive(mark) == 0)
    }

    @Test("one that speaks another version, or none, is refused", arguments: [#"{"version": 2}"#, "hello", "{}"])
    func versions(line: String) async throws {
        let judge = judge("read -r l; echo '\(line)'; cat")
        #expect(await #expect(throws: ConnectionError.self) { _ = try await judge.handshake() }?.code == .refused)
        await judge.stop()
    }

    @Test("questions at one time are asked one after another")
    func together() async throws {
        let script = #"\#(Self.greeting); while read -r l; do id=${l#*\"id\":\"}; echo "{\"id\": \"${id%%\"*}\", \"scores\": [${id%%\"*}]}"; done"#
        let judge = judge(script)
        let replies = try await withThrowingTaskGroup(of: (Int, JudgeReply).self) { group in
            for id in 0..<50 {
                group.addTask { (id, try await judge.ask(JudgingTask(id: UInt64(id), prompt: "", answers: ["a"]))) }
            }
            return try await group.reduce(into: [Int: JudgeReply]()) { $0[$1.0] = $1.1 }
        }
        #expect((0..<50).allSatisfy { replies[$0] == .scores([Double($0)], reason: "") })
        await judge.stop()
    }
}
