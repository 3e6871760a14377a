import CSandbox
import Foundation
import Synchronization

/// Says across threads that somebody no longer wants a result.
final class CancellationMark: Sendable {
    private let mark = Atomic<Bool>(false)
    var isSet: Bool { mark.load(ordering: .acquiring) }
    func set() { mark.store(true, ordering: .releasing) }
}

extension Program {
    /// Runs the program to its end, or to the first of its limits. Nothing of it is left afterwards.
    ///
    /// - Parameter input: its standard input.
    /// - Throws: `notStarted` or `badSetting`, a fault of the world; `CancellationError`. Whatever the program does is
    ///   in the result.
    public func run(input: [UInt8] = []) async throws -> ProgramResult {
        try Task.checkCancellation()
        let cancellation = CancellationMark()
        let result = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<ProgramResult, any Error>) in
                Program.onOwnThread {
                    continuation.resume(with: Result { try ProgramRun.result(of: self, input: input, cancellation) })
                }
            }
        } onCancel: {
            cancellation.set()
        }
        if cancellation.isSet { throw CancellationError() }
        return result
    }

    /// A program dies with the thread that started it, so each has a thread of its own for as long as it lives.
    static func onOwnThread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            agon_ignore_broken_pipes()
            body()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }
}

/// One run of a program, on its own thread.
private struct ProgramRun {
    private let process: ProgramProcess
    private let started = Monotonic.now
    private var input: ArraySlice<UInt8>
    private var output: [UInt8] = []
    private var errors: [UInt8] = []
    private var watch = ProgramWatch()

    private init(_ program: Program, input: [UInt8]) throws {
        process = try ProgramProcess(program)
        self.input = input[...]
    }

    static func result(
        of program: Program, input: [UInt8], _ cancellation: CancellationMark
    ) throws -> ProgramResult {
        var run = try ProgramRun(program, input: input)
        return run.result(cancellation)
    }

    private mutating func result(_ cancellation: CancellationMark) -> ProgramResult {
        defer { process.leave() }
        let limit = follow(cancellation)
        let seconds = Monotonic.now - started
        let ending = process.end()
        // What it had written before its end is still in the pipes, and no more can come.
        transfer(Set([process.output, process.errors]))
        let isFlood = output.count > process.program.limits.outputBytes
        output.removeLast(max(0, output.count - process.program.limits.outputBytes))
        return ProgramResult(
            ending: limit ?? (isFlood ? .outputLimit : ending), output: output, errors: errors, seconds: seconds,
            cpuSeconds: process.cpuSeconds, peakMemoryMiB: watch.peakMemoryMiB)
    }

    /// Carries its pipes until it ends.
    /// - Returns: the limit that it passed, if any.
    private mutating func follow(_ cancellation: CancellationMark) -> ProgramEnding? {
        let deadline = started + process.program.limits.seconds
        while true {
            if input.isEmpty { process.closeInput() }
            let left = deadline - Monotonic.now
            let ready = Descriptors.wait(
                reading: [process.ended, process.output, process.errors], writing: [process.input],
                seconds: min(left, process.ended >= 0 ? ProgramWatch.period : 0.005))
            transfer(ready)
            if output.count > process.program.limits.outputBytes { return .outputLimit }
            if process.hasEnded() { return nil }
            if let limit = watch.look(at: process) { return limit }
            if cancellation.isSet { return .stopped }
            if Monotonic.now >= deadline { return .timeLimit }
        }
    }

    private mutating func transfer(_ ready: Set<Int32>) {
        if process.output >= 0, ready.contains(process.output) {
            let limit = process.program.limits.outputBytes + 1
            let goesOn = Descriptors.read(process.output) { output += $0.prefix(limit - output.count) }
            if !goesOn { process.closeOutput(process.output) }
        }
        if process.errors >= 0, ready.contains(process.errors) {
            let goesOn = Descriptors.read(process.errors) { errors += $0.prefix(ProgramLimits.errorBytes - errors.count) }
            if !goesOn { process.closeOutput(process.errors) }
        }
        if process.input >= 0, ready.contains(process.input) {
            if let count = Descriptors.write(process.input, input.prefix(65536)) { input = input.dropFirst(count) } else { input = [] }
        }
    }
}
