import AgonConnections
import Foundation
import Testing

@Suite struct LineProgramTests {
    /// The ways in which a line program can be confined here.
    static let isolations: [Isolation] =
        [Isolation.tethered] + (Isolation.tethered.level == .limits ? [] : [Isolation(level: .limits, filtersCalls: false)])

    private func program(
        _ script: String, _ isolation: Isolation, limits: ProgramLimits = ProgramLimits(), mark: String = "", lineBytes: Int = 1 << 20
    ) -> LineProgram {
        var program = Program(["sh", "-c", script], confinement: .tethered(folder: "/"), limits: limits, isolation: isolation)
        if !mark.isEmpty { program.environment["MARK"] = mark }
        return LineProgram(program, lineBytes: lineBytes)
    }

    private func line(_ text: String) -> LineReply { .line(Array(text.utf8)) }

    @Test("2,000 turns with one program keep their order", .timeLimit(.minutes(10)), arguments: isolations)
    func turns(isolation: Isolation) async throws {
        let cat = program("exec cat", isolation)
        try await cat.start()
        for index in 0..<2000 {
            let reply = try await cat.ask("turn \(index)", seconds: 60)
            if reply != line("turn \(index)") { Issue.record("turn \(index): \(reply)"); break }
        }
        #expect(cat.isRunning)
        await cat.stop()
        #expect(!cat.isRunning)
        #expect(try await cat.ask("late", seconds: 1) == .ended(.stopped))
    }

    @Test("an answer that does not come is a value, and the program can be started anew", .timeLimit(.minutes(10)), arguments: isolations)
    func timeLimit(isolation: Isolation) async throws {
        let mark = ProgramWorld.mark()
        let program = program("read x; echo $x; sleep 1000 & sleep 1000", isolation, mark: mark)
        for _ in 0..<2 {
            try await program.start()
            #expect(try await program.ask("a", seconds: 10) == line("a"))
            #expect(try await program.ask("b", seconds: 0.05) == .timeLimit)
        }
        await program.stop()
        #expect(ProgramWorld.alive(mark) == 0)
    }

    @Test("a crash is told once its last line was read", .timeLimit(.minutes(10)), arguments: isolations)
    func crash(isolation: Isolation) async throws {
        let program = program("echo bad luck >&2; echo last; exit 7", isolation)
        try await program.start()
        #expect(try await program.receive(seconds: 10) == line("last"))
        #expect(try await program.receive(seconds: 10) == .ended(.exited(7)))
        #expect(try await program.receive(seconds: 10) == .ended(.exited(7)))
        #expect(program.lastErrors == "bad luck\n")
    }

    @Test("a line that is too long is told once, and the next is read", .timeLimit(.minutes(10)), arguments: isolations)
    func longLines(isolation: Isolation) async throws {
        let program = program("head -c 200000 /dev/zero; echo; printf 'ok\\r\\n'; cat", isolation, lineBytes: 1000)
        try await program.start()
        #expect(try await program.receive(seconds: 10) == .tooLong)
        #expect(try await program.receive(seconds: 10) == line("ok"))
        #expect(try await program.ask(String(repeating: "x", count: 1000), seconds: 10) == line(String(repeating: "x", count: 1000)))
        await program.stop()
    }

    @Test("a flood of lines that nobody asked for waits in the pipe", .timeLimit(.minutes(10)), arguments: isolations)
    func flood(isolation: Isolation) async throws {
        let program = program("yes flood", isolation)
        try await program.start()
        for _ in 0..<1000 { #expect(try await program.receive(seconds: 10) == line("flood")) }
        await program.stop()
        #expect(!program.isRunning)
    }

    @Test("bytes that are no text arrive as they are", .timeLimit(.minutes(10)), arguments: isolations)
    func bytes(isolation: Isolation) async throws {
        let program = program("printf '\\377\\000\\n'; cat", isolation)
        try await program.start()
        #expect(try await program.receive(seconds: 10) == .line([255, 0]))
        await program.stop()
    }

    @Test("a listener can be cancelled, and the program lives on", .timeLimit(.minutes(10)))
    func cancellation() async throws {
        let program = program("exec cat", .tethered)
        try await program.start()
        let task = Task { try await program.receive(seconds: 1000) }
        await Task.yield()
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(try await program.ask("still", seconds: 10) == line("still"))
        await program.stop()
    }

    @Test("a program that is let go of ends, and all that it started", .timeLimit(.minutes(10)), arguments: isolations)
    func letGo(isolation: Isolation) async throws {
        let mark = ProgramWorld.mark()
        try await { try await program("sleep 1000 & exec cat", isolation, mark: mark).start() }()
        while ProgramWorld.alive(mark) > 0 { await Task.yield() }
    }

    @Test("its errors go to a file, up to a limit", .timeLimit(.minutes(10)))
    func errorFile() async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = LineProgram(
            Program(["sh", "-c", "head -c 100000 /dev/zero >&2; echo done; cat"], confinement: .tethered(folder: folder)),
            errorFile: folder + "/stderr.log", errorBytes: 5000)
        try await program.start()
        #expect(try await program.receive(seconds: 10) == line("done"))
        await program.stop()
        #expect(FileManager.default.contents(atPath: folder + "/stderr.log")?.count == 5000)
    }

    @Test("its processes together have a memory limit", .timeLimit(.minutes(10)), arguments: isolations)
    func memory(isolation: Isolation) async throws {
        let script = "read x; { head -c 200000000 /dev/zero; sleep 9; } | tail -c 190000000 >/dev/null; echo all"
        let program = program(script, isolation, limits: ProgramLimits(memoryMiB: 100))
        try await program.start()
        #expect(try await program.ask("go", seconds: 10) == .ended(.memoryLimit))
    }

    @Test("one that is missing throws", .timeLimit(.minutes(10)))
    func missing() async {
        let program = LineProgram(Program(["./no-such-bot"], confinement: .tethered(folder: "/")))
        #expect(await #expect(throws: ConnectionError.self) { try await program.start() }?.code == .notStarted)
    }
}
