import AgonConnections
import Foundation
import Testing

@Suite struct ProgramTests {
    @Test("a program's status, output and errors come back as they were", arguments: ProgramWorld.isolations)
    func results(isolation: Isolation) async throws {
        let program = ProgramWorld.shell("cat; cat note.txt; echo gone >&2; exit 3", isolation, files: ["note.txt": Array("left".utf8)])
        let result = try await program.run(input: Array("right ".utf8))
        #expect(result.ending == .exited(3) && !result.succeeded)
        #expect(result.outputText == "right left" && result.errorText == "gone\n")
        #expect(result.seconds < 5 && result.cpuSeconds < 5)
    }

    @Test("bytes that are no text come back as bytes", arguments: ProgramWorld.isolations)
    func bytes(isolation: Isolation) async throws {
        let input = [UInt8](0...255) + Array("é".utf8)
        let result = try await ProgramWorld.shell("cat", isolation).run(input: input)
        #expect(result.output == input && result.succeeded)
        #expect(result.outputText.contains("\u{FFFD}") && result.outputText.hasSuffix("é"))
    }

    @Test("more than a pipe holds goes in and comes out", arguments: ProgramWorld.isolations)
    func large(isolation: Isolation) async throws {
        let input = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try await ProgramWorld.shell("cat", isolation).run(input: input).output == input)
        let deaf = try await ProgramWorld.shell("exit 0", isolation).run(input: input)
        #expect(deaf.succeeded)
    }

    @Test("the environment holds what it was given and nothing else", arguments: ProgramWorld.isolations)
    func environment(isolation: Isolation) async throws {
        setenv("AGON_TEST_SECRET_KEY", "leaked", 1)
        var program = ProgramWorld.shell("env", isolation)
        program.environment["GIVEN"] = "1"
        let names = try await program.run().outputText.split(separator: "\n").map { $0.prefix { $0 != "=" } }
        let known = ["PATH", "LANG", "HOME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_", "AGON_PROGRAM", "GIVEN"]
        #expect(names.contains("GIVEN"))
        #expect(names.allSatisfy { known.contains(String($0)) || $0.hasPrefix("PYTHON") }, "\(names)")
    }

    @Test("a program that is not there is a fault of the world, in one sentence", arguments: ProgramWorld.isolations)
    func missing(isolation: Isolation) async throws {
        var program = Program(["no-such-program-at-all", "x"], isolation: isolation)
        let error = try #require(await #expect(throws: ConnectionError.self) { _ = try await program.run() })
        #expect(error.code == .notStarted && error.message.contains("no-such-program-at-all"))
        program.command = []
        #expect(await #expect(throws: ConnectionError.self) { _ = try await program.run() }?.code == .badSetting)
        program = ProgramWorld.shell("true", isolation, limits: ProgramLimits(seconds: .nan))
        #expect(await #expect(throws: ConnectionError.self) { _ = try await program.run() }?.code == .badSetting)
        program = ProgramWorld.shell("true", isolation, files: ["../up": []])
        #expect(await #expect(throws: ConnectionError.self) { _ = try await program.run() }?.code == .badSetting)
    }

    @Test("a signal that no limit explains is reported", arguments: ProgramWorld.isolations)
    func signals(isolation: Isolation) async throws {
        let result = try await ProgramWorld.shell("sh -c 'kill -SEGV $$'; exit $?", isolation).run()
        #expect(result.ending == .exited(128 + Int(SIGSEGV)))
    }

    @Test("it has no descriptors but its three", arguments: ProgramWorld.isolations)
    func descriptors(isolation: Isolation) async throws {
        let result = try await ProgramWorld.shell("for n in 3 4 5 6 7 8 9; do { true <&$n; } 2>/dev/null && echo $n; done; true", isolation).run()
        #expect(result.outputText.isEmpty && result.succeeded)
    }

    @Test("cancelling ends it and everything that it started", arguments: ProgramWorld.isolations)
    func cancellation(isolation: Isolation) async throws {
        let mark = ProgramWorld.mark()
        let program = ProgramWorld.shell("sleep 1000 & sleep 1000", isolation, limits: ProgramLimits(seconds: 60), mark: mark)
        let task = Task { try await program.run() }
        while ProgramWorld.alive(mark) == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(ProgramWorld.alive(mark) == 0)
    }

    @Test("many run at once, each with its own answer")
    func many() async throws {
        let outputs = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for index in 0..<24 {
                group.addTask { (index, try await ProgramWorld.shell("echo \(index)", .sealed).run().outputText) }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(outputs.count == 24 && outputs.allSatisfy { $1 == "\($0)\n" })
    }

    @Test("what is enforced is said in one sentence, and never more than is")
    func sentences() {
        for isolation in ProgramWorld.isolations {
            #expect(isolation.sentence.hasSuffix(".") && !isolation.sentence.contains("\n"))
        }
        let least = Isolation(level: .limits, filtersCalls: false)
        #expect(least.sentence.contains("not enforced here") && least.sentence.contains("the network can be reached"))
        #expect(!Isolation(level: .namespaces, filtersCalls: true).sentence.contains("not enforced"))
        print(Isolation.sealed.sentence, Isolation.tethered.level)
    }
}
