import AgonConnections
import Foundation
import Testing

/// Programs that mean harm: each fails within its time, everything that it started is gone, and the machine is as before.
@Suite struct ProgramAttackTests {
    /// Runs an attack and checks what every attack must leave: nothing.
    private func attack(
        _ script: String, _ isolation: Isolation, limits: ProgramLimits = ProgramLimits(seconds: 30)
    ) async throws -> ProgramResult {
        let mark = ProgramWorld.mark()
        let result = try await ProgramWorld.shell(script, isolation, limits: limits, mark: mark).run()
        #expect(result.seconds < limits.seconds + 10)
        #expect(ProgramWorld.alive(mark) == 0, "\(script) left something running")
        return result
    }

    @Test("one that never ends is ended", arguments: ProgramWorld.isolations)
    func endless(isolation: Isolation) async throws {
        let patient = try await attack("while :; do sleep 1; done", isolation, limits: ProgramLimits(seconds: 0.3))
        #expect(patient.ending == .timeLimit)
        let busy = try await attack("while :; do :; done", isolation, limits: ProgramLimits(seconds: 10, cpuSeconds: 1))
        #expect(busy.ending == .cpuLimit)
    }

    @Test("one that ignores signals is ended", arguments: ProgramWorld.isolations)
    func ignoring(isolation: Isolation) async throws {
        let script = "trap '' TERM HUP INT; while :; do sleep 1; done"
        #expect(try await attack(script, isolation, limits: ProgramLimits(seconds: 0.3)).ending == .timeLimit)
    }

    @Test("one that keeps starting processes has few at a time, for root too", arguments: ProgramWorld.isolations)
    func processes(isolation: Isolation) async throws {
        let limits = ProgramLimits(seconds: 3, processes: 20)
        let script = "i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; echo all; wait"
        let result = try await attack(script, isolation, limits: limits)
        #expect(!result.succeeded)
        if isolation.boundsProcesses { #expect(!result.outputText.contains("all")) }
    }

    @Test("one that hides from its parent in a session of its own is found", arguments: ProgramWorld.isolations)
    func daemons(isolation: Isolation) async throws {
        let script = "(setsid sh -c 'setsid sleep 1000 & sleep 1000' >/dev/null 2>&1 &) & echo done"
        let result = try await attack(script, isolation)
        #expect(result.ending == .exited(0) && result.outputText == "done\n")
    }

    @Test("one that also clears its environment is found where that is promised", arguments: ProgramWorld.isolations)
    func nameless(isolation: Isolation) async throws {
        guard isolation.endsEverything else { return }
        let mark = ProgramWorld.mark()
        let program = ProgramWorld.shell(
            "(env -i setsid sh -c 'sleep 1000; true' \(mark) >/dev/null 2>&1 &) & sleep 0.1; exit 0", isolation)
        #expect(try await program.run().succeeded)
        #expect(ProgramWorld.alive(mark) == 0)
    }

    @Test("one that takes memory past its limit fails", arguments: ProgramWorld.isolations)
    func memory(isolation: Isolation) async throws {
        let limits = ProgramLimits(seconds: 30, memoryMiB: 100)
        let result = try await attack("head -c 400000000 /dev/zero | tail -c 390000000 >/dev/null && echo all", isolation, limits: limits)
        #expect(result.outputText.isEmpty)
        #expect(try await attack("head -c 20000000 /dev/zero | tail -c 10000000 >/dev/null && echo all", isolation, limits: limits)
            .outputText == "all\n")
    }

    @Test("many processes together have one memory limit", arguments: ProgramWorld.isolations)
    func sharedMemory(isolation: Isolation) async throws {
        let limits = ProgramLimits(seconds: 60, memoryMiB: 100)
        let script = "for i in 1 2 3 4; do { head -c 60000000 /dev/zero; sleep 50; } | tail -c 60000000 >/dev/null & done; wait; echo all"
        let result = try await attack(script, isolation, limits: limits)
        #expect(result.ending == .memoryLimit && (result.peakMemoryMiB ?? 0) > 100)
    }

    @Test("one that fills its folder fails, by one file and by many", arguments: ProgramWorld.isolations)
    func disk(isolation: Isolation) async throws {
        let limits = ProgramLimits(seconds: 30, diskMiB: 4)
        let one = try await attack("head -c 50000000 /dev/zero > big && echo all", isolation, limits: limits)
        #expect(one.outputText.isEmpty)
        let script = "i=0; while [ $i -lt 100 ]; do head -c 2000000 /dev/zero > $i || exit 1; i=$((i+1)); done; sleep 1; echo all"
        let many = try await attack(script, isolation, limits: limits)
        #expect(many.outputText.isEmpty && !many.succeeded)
    }

    @Test("one that writes outside of its folder changes nothing there", arguments: ProgramWorld.isolations)
    func outside(isolation: Isolation) async throws {
        let folder = try ProgramWorld.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("as before".utf8).write(to: URL(fileURLWithPath: folder + "/kept"))
        let name = "agon-" + UUID().uuidString
        let targets = ["/usr/\(name)", "/usr/bin/\(name)", "/etc/\(name)", "/\(name)", "\(folder)/new", "/dev/\(name)"]
        let script = targets.map { "echo x > \($0)" }.joined(separator: "; ") + "; echo x > \(folder)/kept; cat \(folder)/kept; exit 5"
        guard isolation.protectsUser else { return }
        let result = try await attack("{ \(script); } 2>/dev/null", isolation)
        #expect(result.ending == .exited(5) && result.outputText.isEmpty)
        #expect(targets.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        #expect(FileManager.default.contents(atPath: folder + "/kept") == Data("as before".utf8))
    }

    @Test("one that ends other processes ends none but its own", arguments: ProgramWorld.isolations)
    func killing(isolation: Isolation) async throws {
        guard isolation.protectsUser else { return }
        let result = try await attack("kill -9 $PPID; kill -9 -1; kill -9 \(getpid()) && echo ended; exit 5", isolation)
        #expect(result.outputText.isEmpty && result.ending == .exited(5))
    }

    @Test("one that fills the folders of all sees only its own", arguments: ProgramWorld.isolations)
    func sharedFolders(isolation: Isolation) async throws {
        guard isolation.hidesFiles else { return }
        let name = "agon-" + UUID().uuidString
        let result = try await attack("echo x > /tmp/\(name) && echo x > /dev/shm/\(name) && ls -A / && ls -A /tmp", isolation)
        #expect(result.succeeded && result.outputText.contains(name) && !result.outputText.contains("home"))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/\(name)") && !FileManager.default.fileExists(atPath: "/dev/shm/\(name)"))
    }

    @Test("one that opens a socket on loopback reaches nobody", arguments: ProgramWorld.isolations)
    func network(isolation: Isolation) async throws {
        guard isolation.hidesNetwork, FileManager.default.fileExists(atPath: "/bin/bash") else { return }
        let listener = try Listener()
        defer { listener.close() }
        let result = try await attack("bash -c 'echo hello > /dev/tcp/127.0.0.1/\(listener.port)' 2>/dev/null && echo sent", isolation)
        #expect(result.outputText.isEmpty && !result.succeeded)
        #expect(!listener.hasCaller())
    }

    @Test("one that floods its output is ended", arguments: ProgramWorld.isolations)
    func flood(isolation: Isolation) async throws {
        let result = try await attack("head -c 1000000000 /dev/zero; echo all >&2", isolation, limits: ProgramLimits(seconds: 5, outputBytes: 100_000))
        #expect(result.ending == .outputLimit && result.output.count == 100_000 && result.errors.isEmpty)
        let errors = try await attack("head -c 3000000 /dev/zero >&2; exit 4", isolation)
        #expect(errors.ending == .exited(4) && errors.errors.count == ProgramLimits.errorBytes)
    }

    @Test("one that closes its pipes and sleeps is ended", arguments: ProgramWorld.isolations)
    func silent(isolation: Isolation) async throws {
        let result = try await attack("exec 0<&- 1>&- 2>&-; sleep 1000", isolation, limits: ProgramLimits(seconds: 0.3))
        #expect(result.ending == .timeLimit)
    }

    @Test("what it leaves in its folder is gone, locked folders included", arguments: ProgramWorld.isolations)
    func leftovers(isolation: Isolation) async throws {
        let result = try await attack("mkdir -p a/b; echo x > a/b/c; chmod 0 a/b a; pwd", isolation)
        let folder = result.outputText.split(separator: "\n").first.map(String.init) ?? ""
        #expect(folder.hasPrefix("/"))
        if isolation.hidesFiles { #expect(folder == "/work") } else { #expect(!FileManager.default.fileExists(atPath: folder)) }
    }

    @Test("one that opens many files has few at a time", arguments: ProgramWorld.isolations)
    func files(isolation: Isolation) async throws {
        let result = try await attack("ulimit -n; ulimit -c", isolation, limits: ProgramLimits(seconds: 30, files: 17))
        #expect(result.outputText == "17\n0\n")
    }
}

/// A port on loopback that notes whether anybody calls.
private struct Listener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o4000, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 5) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(code)
        port = UInt16(bigEndian: address.sin_port)
    }

    func hasCaller() -> Bool { accept(descriptor, nil, nil) >= 0 }
    func close() { _ = Foundation.close(descriptor) }
}
