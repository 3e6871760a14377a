import AgonConnections
import AgonCore
import Foundation
import Testing

/// Agents' programs in the shell, and what each does wrong.
@Suite struct ProcessPolicyTests {
    /// Reads a question's id and its first legal move.
    private static let reading = #"id=${l#*\"id\":\"}; id=${id%%\"*}; move=${l#*\"moves\":[\"}; move=${move%%\"*}"#
    private static let answer = #"echo "{\"id\":\"$id\",\"text\":\"$move\"}""#

    /// A program that greets well and then does something with each question.
    private static func script(_ body: String, greeting: String = #"{"agon":1}"#) -> String {
        "read -r l; echo '\(greeting)'; while read -r l; do \(reading); \(body); done"
    }

    private func policy(
        _ script: String, limits: AgentProgramLimits = AgentProgramLimits(startSeconds: 60, seconds: 60), perRoom: Bool = false,
        copies: Int = 1, roomSeconds: Double? = nil, memoryMiB: Int? = nil, mark: String = "", folder: String = "/",
        game: AgentGame? = AgentGame(name: "g", rules: "r"), errorFile: String? = nil, loss: String? = nil,
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ProcessPolicy {
        var program = Program(
            ["sh", "-c", script], confinement: .tethered(folder: folder),
            limits: ProgramLimits(cpuSeconds: nil, memoryMiB: memoryMiB, processes: nil, files: nil))
        if !mark.isEmpty { program.environment["MARK"] = mark }
        return ProcessPolicy(
            id: PolicyID(agent: "bot", version: 0),
            settings: .init(program, limits: limits, isPerRoom: perRoom, copies: copies, roomSeconds: roomSeconds), game: game,
            errorFile: errorFile, loss: loss, onLoss: onLoss)
    }

    private func requests(_ count: Int, moves: [String] = ["5", "6"]) -> [PolicyRequest] {
        (0..<count).map { room in
            PolicyRequest(
                prompt: "p", turns: [.own(tokens: [], text: "1"), .other(text: "2")], maxNewTokens: 1,
                seed: Seed(run: 3).child(.room, room), legalMoves: moves, room: UInt64(room), seat: 1)
        }
    }

    @Test("greeting and questions are the lines of the protocol")
    func lines() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bot = policy("read -r g; echo '{\"agon\":1,\"name\":\"x\"}'; read -r l; printf '%s\\n' \"$g\" \"$l\" > seen; \(Self.reading); \(Self.answer)", folder: folder)
        let request = requests(1)[0]
        #expect(try await bot.respond(to: [request]) == [PolicyResponse(text: "5")])
        let seen = String(decoding: FileManager.default.contents(atPath: folder + "/seen") ?? Data(), as: UTF8.self)
        #expect(seen == """
            {"agent":"bot","agon":1,"game":"g","rules":"r"}
            {"id":"\(request.seed.value)","max_tokens":1,"moves":["5","6"],"prompt":"p","room":"0","seat":1,"seed":\(request.seed.value >> 11),"turns":[{"by":"you","text":"1"},{"by":"others","text":"2"}]}

            """)
        await bot.stop()
        let plain = policy("read -r g; echo '{\"agon\":1}'; read -r l; printf '%s\\n' \"$g\" \"$l\" > seen; cat", limits: .init(seconds: 0.2), folder: folder, game: nil)
        _ = try await plain.respond(to: [PolicyRequest(prompt: "é\n", maxNewTokens: 8, seed: Seed(run: 1))])
        let asked = String(decoding: FileManager.default.contents(atPath: folder + "/seen") ?? Data(), as: UTF8.self)
        #expect(asked.hasPrefix("{\"agent\":\"bot\",\"agon\":1}\n{\"id\":") && asked.contains(#""prompt":"é\n","room":"0","seat":0,"seed""#))
        await plain.stop()
    }

    @Test("a prompt of several messages comes with them, in the line that the page of the protocol shows")
    func conversation() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bot = policy("read -r g; echo '{\"agon\":1}'; read -r l; printf '%s\\n' \"$l\" > seen; \(Self.reading); \(Self.answer)", folder: folder, game: nil)
        let talk = Conversation([Message(.system, "Be brief."), Message(.user, "31=")])
        let request = PolicyRequest(prompt: talk.text, conversation: talk, maxNewTokens: 8, seed: Seed(run: 1), room: 79)
        _ = try await bot.respond(to: [request])
        let seen = String(decoding: FileManager.default.contents(atPath: folder + "/seen") ?? Data(), as: UTF8.self)
        let page = try String(contentsOfFile: #filePath.components(separatedBy: "/Tests/")[0] + "/docs/process-agents.md", encoding: .utf8)
        let shown = try #require(page.split(separator: "\n").first { $0.contains("\"messages\"") }).dropFirst("    → ".count)
        #expect(seen == shown.replacing("\"814\"", with: "\"\(request.seed.value)\"").replacing("\"seed\":7", with: "\"seed\":\(request.seed.value >> 11)") + "\n")
        await bot.stop()
    }

    /// What a program does to every question, what its forfeit is called, and what the reason says.
    private static let table: [(name: String, body: String, forfeit: Forfeit, reason: String)] = [
        ("crashes", "echo boom >&2; exit 7", .crashed, "exited with status 7: boom"),
        ("closes its output", "exec >&-; sleep 1000", .timeout, "did not answer"),
        ("hangs", "sleep 1000", .timeout, "did not answer within 0.15 seconds"),
        ("floods with 1 GB", "head -c 1073741824 /dev/zero", .flooded, "more than 65536 bytes"),
        ("floods with lines", "yes", .garbled, "no answer: `y`"),
        ("is no UTF-8", #"printf '{"id":"%s","text":"\377"}\n' "$id""#, .garbled, "not UTF-8"),
        ("is no JSON", "echo '{\"id\": nonsense'", .garbled, "no answer: `{\"id\": nonsense`"),
        ("says nothing of it", "echo '{\"text\":\"5\"}'", .garbled, "no answer"),
        ("forks children", "sleep 1000 & sleep 1000", .timeout, "did not answer"),
        ("answers for another seat", #"echo "{\"id\":\"$id\",\"text\":\"5\",\"seat\":0}""#, .misaddressed, "for seat 0 instead of 1"),
        ("answers for another room", #"echo "{\"id\":\"$id\",\"text\":\"5\",\"room\":\"77\"}""#, .misaddressed, "another room"),
        ("answers another question", #"echo "{\"id\":\"1$id\",\"text\":\"5\"}""#, .misaddressed, "a question that it was not asked"),
    ]

    @Test("every fault is a forfeit with a reason, three in a row are one too many, and nothing is left behind", arguments: table.indices)
    func faults(index: Int) async throws {
        let fault = Self.table[index]
        let mark = ProgramWorld.mark()
        try await confirmation("one sentence") { told in
            let isSlow = fault.forfeit == .timeout
            let bot = policy(
                Self.script(fault.body), limits: .init(startSeconds: 60, seconds: isSlow ? 0.15 : 60, lineBytes: 65536), mark: mark
            ) { sentence in
                #expect(sentence.hasPrefix("Agent bot is disqualified: it failed 3 times in a row") && sentence.contains(fault.reason))
                told()
            }
            let responses = try await bot.respond(to: requests(5))
            #expect(responses.map(\.failure?.forfeit) == [fault.forfeit, fault.forfeit, fault.forfeit, .disqualified, .disqualified])
            #expect(responses[0].failure?.reason.contains(fault.reason) == true, "\(fault.name): \(responses[0])")
            #expect(responses[4].failure?.reason.contains(fault.reason) == true && responses.allSatisfy { $0.text.isEmpty })
            #expect(ProgramWorld.alive(mark) == 0)
        }
    }

    @Test("one that cannot start, or greets otherwise, fails", arguments: [
        ("exit 3", Forfeit.crashed, "exited with status 3"), ("read -r l; echo '{\"agon\":2}'; cat", .garbled, "version 2"),
        ("read -r l; echo hello; cat", .garbled, "`hello` instead of {\"agon\":1}"), ("sleep 1000", .timeout, "answer the greeting"),
    ])
    func greetings(script: String, forfeit: Forfeit, reason: String) async throws {
        let mark = ProgramWorld.mark()
        let bot = policy(script, limits: .init(startSeconds: forfeit == .timeout ? 0.15 : 60, seconds: 60), mark: mark)
        let response = try await bot.respond(to: requests(1))[0]
        #expect(response.failure?.forfeit == forfeit && response.failure?.reason.contains(reason) == true, "\(response)")
        #expect(ProgramWorld.alive(mark) == 0)
        let missing = ProcessPolicy(
            id: PolicyID(agent: "bot", version: 0), settings: .init(Program(["no-such-bot"], confinement: .tethered(folder: "/"))), game: nil)
        #expect(try await missing.respond(to: requests(1))[0].failure?.reason.contains("There is no program `no-such-bot`") == true)
    }

    @Test("a crash costs its own room, the next starts the program anew, and an answer between forgives")
    func restarts() async throws {
        let bot = policy(Self.script("case \"$l\" in *\\\"room\\\":\\\"[0134]\\\"*) exit 1;; esac; \(Self.answer)"))
        let responses = try await bot.respond(to: requests(8))
        #expect(responses.map(\.failure?.forfeit) == [.crashed, .crashed, nil, .crashed, .crashed, nil, nil, nil])
        #expect(responses.filter { $0.failure == nil }.allSatisfy { $0.text == "5" })
        await bot.stop()
    }

    @Test("one that ends by itself between rooms is started again without a forfeit")
    func exits() async throws {
        let bot = policy("read -r l; echo '{\"agon\":1}'; read -r l; \(Self.reading); \(Self.answer)")
        #expect(try await bot.respond(to: requests(4)).allSatisfy { $0 == PolicyResponse(text: "5") })
        await bot.stop()
    }

    @Test("an answer that comes twice is dropped, and no late one reaches the next room")
    func late() async throws {
        let twice = policy(Self.script("\(Self.answer); \(Self.answer)"))
        #expect(try await twice.respond(to: requests(5)).allSatisfy { $0 == PolicyResponse(text: "5") })
        await twice.stop()
        let slow = policy(
            Self.script("case \"$l\" in *\\\"room\\\":\\\"0\\\"*) sleep 0.4;; esac; \(Self.answer)"), limits: .init(startSeconds: 60, seconds: 0.15))
        #expect(try await slow.respond(to: requests(1))[0].failure?.forfeit == .timeout)
        let later = policy(Self.script(Self.answer))
        #expect(try await later.respond(to: requests(2, moves: ["8"])).map(\.text) == ["8", "8"])
        await slow.stop()
        await later.stop()
    }

    @Test("a room has a process of its own where it is asked for, which ends with it")
    func perRoom() async throws {
        let mark = ProgramWorld.mark()
        let bot = policy(Self.script("n=$((n+1)); echo \"{\\\"id\\\":\\\"$id\\\",\\\"text\\\":\\\"$n\\\"}\""), perRoom: true, copies: 2, mark: mark)
        #expect(bot.roomLimit == 2)
        #expect(try await bot.respond(to: requests(2)).map(\.text) == ["1", "1"])
        #expect(try await bot.respond(to: requests(2)).map(\.text) == ["2", "2"])
        await bot.end(rooms: [0])
        #expect(try await bot.respond(to: requests(2)).map(\.text) == ["1", "3"])
        await bot.end(rooms: [0, 1])
        #expect(ProgramWorld.alive(mark) == 0)
        let shared = policy(Self.script("n=$((n+1)); echo \"{\\\"id\\\":\\\"$id\\\",\\\"text\\\":\\\"$n\\\"}\""), copies: 2)
        #expect(shared.roomLimit == nil)
        #expect(try await shared.respond(to: requests(4)).map(\.text) == ["1", "1", "2", "2"])
        await shared.stop()
    }

    @Test("all answers of a seat in one room share the room's time")
    func roomTime() async throws {
        let bot = policy(Self.script("sleep 1; \(Self.answer)"), roomSeconds: 2.7)
        let request = requests(1)[0]
        var failures: [AnswerFailure] = []
        for _ in 0..<3 { failures += try await bot.respond(to: [request]).compactMap(\.failure) }
        #expect(failures == [AnswerFailure(.timeout, "took longer than the 2.7 seconds that it has for a room")])
        await bot.end(rooms: [0])
        #expect(try await bot.respond(to: [request])[0].failure == nil)
        await bot.stop()
    }

    @Test("memory is bounded, and standard error goes to a file")
    func bounds() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let big = policy(Self.script("echo big >&2; x=$(head -c 90000000 /dev/zero | tr '\\0' x); sleep 10; \(Self.answer)"), memoryMiB: 32, errorFile: folder + "/log")
        let failure = try await big.respond(to: requests(1))[0].failure
        #expect(failure?.forfeit == .crashed && failure?.reason.hasPrefix("went past its memory limit") == true, "\(String(describing: failure))")
        #expect(FileManager.default.contents(atPath: folder + "/log") == Data("big\n".utf8))
    }

    @Test("one that was lost before is not started")
    func lostBefore() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bot = policy("touch started; cat", folder: folder, loss: "was bad")
        #expect(try await bot.respond(to: requests(1))[0].failure == AnswerFailure(.disqualified, "was bad"))
        #expect(!FileManager.default.fileExists(atPath: folder + "/started"))
    }

    @Test("whoever gives up leaves no answer behind for the next question")
    func cancellation() async throws {
        let bot = policy(Self.script("case \"$l\" in *\\\"room\\\":\\\"0\\\"*) sleep 1000;; esac; \(Self.answer)"))
        let given = Task { try await bot.respond(to: requests(1)) }
        given.cancel()
        await #expect(throws: CancellationError.self) { _ = try await given.value }
        #expect(try await bot.respond(to: [requests(2)[1]]) == [PolicyResponse(text: "5")])
        await bot.stop()
    }
}
