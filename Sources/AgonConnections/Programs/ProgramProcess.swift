import CSandbox
import Foundation

/// A started program with its pipes and its folder. Lives on one thread, with which it would be killed.
final class ProgramProcess {
    let program: Program
    let pid: Int32
    /// Readable once the program has ended; −1 where the system cannot tell so.
    let ended: Int32
    /// The writing end of its standard input; −1 once closed.
    private(set) var input: Int32
    private(set) var output: Int32
    private(set) var errors: Int32
    private let place: ProgramPlace
    /// Its wait status, once it has ended.
    private var status: Int32?
    private(set) var cpuSeconds = 0.0
    let members: ProgramMembers

    /// Starts the program.
    /// - Throws: `badSetting`, or `notStarted` with what failed; nothing is left behind.
    init(_ program: Program) throws(ConnectionError) {
        try program.limits.check()
        guard program.command.first?.isEmpty == false else {
            throw ConnectionError(.badSetting, "A program's command is empty: give the program and its arguments.")
        }
        let place = try ProgramPlace(program)
        do throws(ConnectionError) {
            let pipes = try ProgramPipes()
            do throws(ConnectionError) {
                let start = try ProgramProcess.start(program, place: place, pipes: pipes)
                (pid, ended) = (start.pid, start.ended)
            } catch {
                pipes.closeAll()
                throw error
            }
            (input, output, errors) = pipes.ownEnds()
        } catch {
            place.leave()
            throw error
        }
        self.program = program
        self.place = place
        members = ProgramMembers(
            pid: pid, level: program.isolation.level, user: place.user, marker: place.marker)
        for descriptor in [input, output, errors] { _ = agon_no_wait(descriptor) }
    }

    /// Whether everything that such a start needs works here, without starting any program.
    static func probe(_ program: Program) throws(ConnectionError) -> Bool {
        let place = try ProgramPlace(program)
        defer { place.leave() }
        let pipes = try ProgramPipes()
        defer { pipes.closeAll() }
        let start = try ProgramProcess.start(program, place: place, pipes: pipes)
        if start.ended >= 0 { close(start.ended) }
        var (status, seconds) = (Int32(0), 0.0)
        return agon_wait(start.pid, 1, &status, &seconds) == start.pid && status == 0
    }

    private static func start(
        _ program: Program, place: ProgramPlace, pipes: ProgramPipes
    ) throws(ConnectionError) -> agon_start {
        var start = agon_start()
        let limits = program.limits
        let environment = place.environment(program)
        var (files, visible) = ([(key: String, value: [UInt8])](), [String]())
        if case .sealed(let named, let paths) = program.confinement {
            (files, visible) = (named.sorted { $0.key < $1.key }, paths)
        }
        let code = CStrings.with(program.command, environment, visible, files.map(\.key)) { command, environment, visible, names in
            CStrings.withBytes(files.map(\.value)) { bytes, lengths in
                var plan = agon_plan()
                plan.arguments = program.command.isEmpty ? nil : command
                (plan.environment, plan.visible) = (environment, visible)
                (plan.file_names, plan.file_bytes, plan.file_lengths) = (names, bytes, lengths)
                plan.file_count = files.count
                plan.isolation = program.isolation.level.code
                plan.is_sealed = program.confinement.isSealed ? 1 : 0
                plan.is_filtered = program.isolation.filtersCalls && program.confinement.isSealed ? 1 : 0
                (plan.input, plan.output, plan.errors) = pipes.itsEnds
                plan.user = place.user
                plan.cpu_seconds = UInt64(limits.cpuSeconds ?? 0)
                // Programs with a machine of their own reserve more address space than they use.
                plan.memory_bytes = program.confinement.isSealed ? UInt64(limits.memoryMiB ?? 0) << 20 : 0
                plan.process_count = UInt64(limits.processes ?? 0)
                plan.file_count_limit = UInt64(limits.files ?? 0)
                plan.disk_bytes = program.confinement.isSealed ? UInt64(limits.diskMiB) << 20 : 0
                return place.folder.withCString { folder in
                    plan.folder = folder
                    return agon_sandbox_start(&plan, &start)
                }
            }
        }
        pipes.closeIts()
        guard code == 0 else { throw ConnectionError(program: program, start: start) }
        return start
    }

    /// Takes note of its end without waiting. True once it has ended.
    func hasEnded() -> Bool {
        if status != nil { return true }
        var found: Int32 = 0
        guard agon_wait(pid, 0, &found, &cpuSeconds) != 0 else { return false }
        status = found
        return true
    }

    /// Closes its standard input, which it then reads to its end.
    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Closes an output that has come to its end.
    func closeOutput(_ descriptor: Int32) {
        close(descriptor)
        if descriptor == output { output = -1 }
        if descriptor == errors { errors = -1 }
    }

    /// Ends everything that was started. Its pipes can still be read, and are at their end.
    /// - Returns: how the program itself ended.
    func end() -> ProgramEnding {
        // Before it is waited for, its process id cannot be another's.
        if status == nil { kill(pid, SIGKILL) }
        members.killAll()
        var found: Int32 = 0
        if status == nil {
            status = agon_wait(pid, 1, &found, &cpuSeconds) == pid ? found : 0
        }
        let code = status ?? 0
        if code & 0x7f == 0 { return .exited(Int(code >> 8) & 0xff) }
        let number = Int(code & 0x7f)
        // The kernel counts for the limit in ticks, which stray from the time that it reports.
        if let limit = program.limits.cpuSeconds, [SIGKILL, SIGXCPU].contains(code & 0x7f), cpuSeconds > Double(limit) - 0.6 {
            return .cpuLimit
        }
        return .signal(number)
    }

    /// Gives back what the program held here. The last call.
    func leave() {
        for descriptor in [input, output, errors, ended] where descriptor >= 0 { close(descriptor) }
        place.leave()
    }

    /// What its folder holds, in bytes; 0 where the kernel sees to it.
    func folderBytes() -> Int { program.isolation.level == .namespaces || !program.confinement.isSealed ? 0 : place.bytes() }
}

extension Isolation.Level {
    var code: Int32 {
        switch self {
        case .namespaces: Int32(AGON_NAMESPACES)
        case .privateUser: Int32(AGON_PRIVATE_USER)
        case .limits: Int32(AGON_LIMITS)
        }
    }
}

extension ConnectionError {
    /// What a failed start says to a person.
    init(program: Program, start: agon_start) {
        let name = program.command.first ?? ""
        let reason = String(cString: strerror(start.error))
        let step = Int(start.step)
        if step == AGON_STEP_EXEC, start.error == ENOENT {
            let path = program.environment["PATH"] ?? ""
            let sealed = program.confinement.isSealed && program.isolation.hidesFiles
            self.init(
                .notStarted,
                "There is no program `\(name)`\(name.contains("/") ? "" : " in \(path)")\(sealed ? ", which is all that a sealed program sees" : ""): install it, or name its path.")
            return
        }
        let what: String
        switch step {
        case AGON_STEP_EXEC: what = "it cannot be executed"
        case AGON_STEP_FOLDER: what = "its working folder cannot be entered"
        case AGON_STEP_FILES: what = "its files cannot be written"
        case AGON_STEP_VISIBLE: what = "a path that it is to see cannot be shown"
        case AGON_STEP_CLONE: what = "no process could be made"
        default: what = "its sandbox could not be set up (step \(step))"
        }
        self.init(.notStarted, "The program `\(name)` could not be started: \(what): \(reason).")
    }
}
