import CSandbox
import Foundation
import Synchronization

/// One life of a line program: what its thread and those who ask it share.
final class LineSession: Sendable {
    private struct Waiter {
        var continuation: CheckedContinuation<LineReply, any Error>
        var started: Double
        var deadline: Double
    }

    private struct State {
        var outgoing: [UInt8] = []
        var replies: [LineReply] = []
        var waiter: Waiter?
        var secondsWaited = 0.0
        var ending: ProgramEnding?
        var isStopped = false
        var lastErrors: [UInt8] = []
        var endWaiters: [CheckedContinuation<Void, Never>] = []

        /// The one who listens no longer does.
        mutating func takeWaiter() -> Waiter? {
            if let waiter { secondsWaited += Monotonic.now - waiter.started }
            defer { waiter = nil }
            return waiter
        }
    }

    /// What the thread has to see to.
    struct Work {
        var outgoing: [UInt8]
        /// When a listener gives up; nil where nobody listens.
        var deadline: Double?
        var wantsLines: Bool
        var isStopped: Bool
    }

    let lineBytes: Int
    private let state = Mutex(State())
    /// A pipe that wakes the thread. Both ends stay open as long as anybody could write.
    let wakeReader: Int32
    private let wakeWriter: Int32

    /// The most lines that wait for a listener.
    private static let waitingLineLimit = 64

    init(lineBytes: Int) throws(ConnectionError) {
        var pair: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutablePointer(to: &pair) { pointer in
            pointer.withMemoryRebound(to: Int32.self, capacity: 2) { agon_pipe($0) }
        }
        guard code == 0 else {
            throw ConnectionError(
                .notStarted, "No pipe to a program could be opened: \(String(cString: strerror(errno))): run fewer at a time.")
        }
        (wakeReader, wakeWriter) = pair
        _ = agon_no_wait(wakeReader)
        _ = agon_no_wait(wakeWriter)
        self.lineBytes = lineBytes
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    /// How long somebody has listened to it in all, in seconds, up to when its thread had something to say.
    var secondsWaited: Double { state.withLock { $0.secondsWaited } }
    var ending: ProgramEnding? { state.withLock { $0.ending } }
    var lastErrors: String { String(decoding: state.withLock { $0.lastErrors }, as: UTF8.self) }

    private func wake() {
        var byte: UInt8 = 0
        _ = Foundation.write(wakeWriter, &byte, 1)
    }

    func send(_ bytes: [UInt8]) {
        state.withLock { if $0.ending == nil { $0.outgoing += bytes } }
        wake()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    func receive(seconds: Double) async throws -> LineReply {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<LineReply, any Error>) in
                let now = state.withLock { state -> Result<LineReply, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if !state.replies.isEmpty { return .success(state.replies.removeFirst()) }
                    if let ending = state.ending { return .success(.ended(ending)) }
                    precondition(state.waiter == nil, "a line program is listened to by one at a time")
                    let now = Monotonic.now
                    state.waiter = Waiter(continuation: continuation, started: now, deadline: now + seconds)
                    return nil
                }
                if let now { continuation.resume(with: now) }
                wake()
            }
        } onCancel: {
            let waiter = state.withLock { $0.takeWaiter() }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    func waitForEnd() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                if state.ending == nil { state.endWaiters.append(continuation) }
                return state.ending != nil
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Takes what is to be done. On the program's thread, as all below.
    func takeWork() -> Work {
        state.withLock { state in
            defer { state.outgoing = [] }
            return Work(
                outgoing: state.outgoing, deadline: state.waiter?.deadline,
                wantsLines: state.replies.count < LineSession.waitingLineLimit, isStopped: state.isStopped)
        }
    }

    /// Hands a reply to whoever listens, or keeps it.
    func deliver(_ reply: LineReply) {
        let waiter = state.withLock { state -> Waiter? in
            if state.waiter == nil { state.replies.append(reply) }
            return state.takeWaiter()
        }
        waiter?.continuation.resume(returning: reply)
    }

    /// Lets a listener go whose time is over.
    func expire(_ now: Double) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiter, now >= waiter.deadline else { return nil }
            return state.takeWaiter()
        }
        waiter?.continuation.resume(returning: .timeLimit)
    }

    func keepErrors(_ bytes: ArraySlice<UInt8>) {
        state.withLock { $0.lastErrors = ($0.lastErrors + bytes).suffix(4096) }
    }

    /// The program has ended, and everything that it started.
    func finish(_ ending: ProgramEnding) {
        let (waiter, others) = state.withLock { state in
            state.ending = ending
            defer { state.endWaiters = [] }
            return (state.takeWaiter(), state.endWaiters)
        }
        waiter?.continuation.resume(returning: .ended(ending))
        for other in others { other.resume() }
    }
}

/// Cuts what comes into lines.
struct LineCutter {
    let limit: Int
    private var rest: [UInt8] = []
    /// The line under way is past its limit.
    private var isDropping = false

    init(limit: Int) { self.limit = limit }

    /// The lines that these bytes complete, and each line that they make too long, once.
    mutating func cut(_ bytes: ArraySlice<UInt8>) -> [LineReply] {
        var replies: [LineReply] = []
        var left = bytes
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            take(left[..<end], &replies)
            if !isDropping {
                if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
                replies.append(.line(rest))
            }
            (rest, isDropping) = ([], false)
            left = left[(end + 1)...]
        }
        take(left, &replies)
        return replies
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, _ replies: inout [LineReply]) {
        if isDropping { return }
        if rest.count + bytes.count > limit {
            replies.append(.tooLong)
            (rest, isDropping) = ([], true)
        } else {
            rest += bytes
        }
    }
}

/// The thread's side of a session.
struct LineLoop {
    let process: ProgramProcess
    let session: LineSession
    let errorLog: ErrorLog?
    private var outgoing: ArraySlice<UInt8> = []
    private var cutter: LineCutter
    private var watch = ProgramWatch()

    init(process: ProgramProcess, session: LineSession, errorLog: ErrorLog?) {
        self.process = process
        self.session = session
        self.errorLog = errorLog
        cutter = LineCutter(limit: session.lineBytes)
    }

    mutating func run() {
        let limit = follow()
        let ending = process.end()
        transfer(Set([process.output, process.errors]))
        process.leave()
        session.finish(limit ?? ending)
    }

    private mutating func follow() -> ProgramEnding? {
        let limits = process.program.limits
        let isWatched = limits.memoryMiB != nil || limits.processes != nil || process.program.confinement.isSealed
        while true {
            let work = session.takeWork()
            if work.isStopped { return .stopped }
            outgoing += work.outgoing
            let now = Monotonic.now
            var wait = work.deadline.map { max(0, $0 - now) }
            if isWatched { wait = min(wait ?? 1, work.deadline == nil ? 0.5 : ProgramWatch.period) }
            if process.ended < 0 { wait = min(wait ?? 1, 0.01) }
            let ready = Descriptors.wait(
                reading: [session.wakeReader, process.ended, work.wantsLines ? process.output : -1, process.errors],
                writing: [outgoing.isEmpty ? -1 : process.input], seconds: wait)
            if ready.contains(session.wakeReader) { _ = Descriptors.read(session.wakeReader) { _ in } }
            transfer(ready)
            session.expire(Monotonic.now)
            if ready.contains(process.ended) || process.ended < 0, process.hasEnded() { return nil }
            if isWatched, let limit = watch.look(at: process) { return limit }
        }
    }

    private mutating func transfer(_ ready: Set<Int32>) {
        if process.output >= 0, ready.contains(process.output) {
            var replies: [LineReply] = []
            let goesOn = Descriptors.read(process.output) { replies += cutter.cut($0) }
            if !goesOn { process.closeOutput(process.output) }
            for reply in replies { session.deliver(reply) }
        }
        if process.errors >= 0, ready.contains(process.errors) {
            let goesOn = Descriptors.read(process.errors) { bytes in
                errorLog?.append(bytes)
                session.keepErrors(bytes)
            }
            if !goesOn { process.closeOutput(process.errors) }
        }
        if process.input >= 0, !outgoing.isEmpty {
            if let count = Descriptors.write(process.input, outgoing.prefix(65536)) {
                outgoing = outgoing.dropFirst(count)
            } else {
                outgoing = []
                process.closeInput()
            }
        }
    }
}
