import Foundation
import Synchronization

/// What a line program did when it was listened to.
public enum LineReply: Sendable, Hashable {
    /// A line, without its end, as it came: bytes that need not be UTF-8.
    case line([UInt8])
    /// Nothing whole came in time. What comes later answers nobody's question: end the program.
    case timeLimit
    /// A line grew past its limit; the rest of it is dropped.
    case tooLong
    /// The program is not running.
    case ended(ProgramEnding)
}

/// A program that is asked line by line for as long as it lives.
///
/// One question at a time: whoever listens has the next line. Lines that nobody has asked for wait, up to a bound, from
/// where on the program waits too. It can be started again after its end.
public final class LineProgram: Sendable {
    public let program: Program
    /// The most bytes of one line.
    public let lineBytes: Int
    /// Where its standard error goes, up to `errorBytes`; nil keeps only the last few lines.
    public let errorFile: String?
    public let errorBytes: Int
    private let session = Mutex<LineSession?>(nil)

    public init(_ program: Program, lineBytes: Int = 1 << 20, errorFile: String? = nil, errorBytes: Int = 1 << 20) {
        self.program = program
        self.lineBytes = lineBytes
        self.errorFile = errorFile
        self.errorBytes = errorBytes
    }

    deinit { session.withLock { $0?.stop() } }

    /// Starts the program; one that still runs is ended first.
    /// - Throws: `notStarted` or `badSetting`.
    public func start() async throws {
        await stop()
        let next = try LineSession(lineBytes: lineBytes)
        let errorLog = try errorFile.map { try ErrorLog($0, limit: errorBytes) }
        let program = program
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Program.onOwnThread {
                let process: ProgramProcess
                do {
                    process = try ProgramProcess(program)
                } catch {
                    next.finish(.stopped)
                    continuation.resume(throwing: error)
                    return
                }
                continuation.resume()
                var loop = LineLoop(process: process, session: next, errorLog: errorLog)
                loop.run()
            }
        }
        session.withLock { $0 = next }
    }

    /// Whether it runs, as far as has been noticed.
    public var isRunning: Bool { session.withLock { $0 }?.ending == nil && session.withLock { $0 != nil } }

    /// How long this life of it was waited for, in seconds: what passes while nobody listens, or before a listener who
    /// has its answer gets to run, is not the program's.
    public var secondsWaited: Double { session.withLock { $0 }?.secondsWaited ?? 0 }

    /// The last of what it wrote to standard error, at most 4096 bytes, as text.
    public var lastErrors: String { session.withLock { $0 }?.lastErrors ?? "" }

    /// Sends a line, whose end is added.
    public func send(_ line: String) { session.withLock { $0 }?.send(Array(line.utf8) + [UInt8(ascii: "\n")]) }

    /// The next line, or what happened instead.
    /// - Parameter seconds: how long to wait for it.
    /// - Throws: `CancellationError` alone.
    /// - Precondition: nobody else is listening.
    public func receive(seconds: Double) async throws -> LineReply {
        guard let current = session.withLock({ $0 }) else { return .ended(.stopped) }
        return try await current.receive(seconds: seconds)
    }

    /// Sends a line and waits for the next one.
    /// - Throws: `CancellationError` alone.
    /// - Precondition: nobody else is listening.
    public func ask(_ line: String, seconds: Double) async throws -> LineReply {
        send(line)
        return try await receive(seconds: seconds)
    }

    /// Ends the program and everything that it started.
    public func stop() async {
        guard let last = session.withLock({ $0 }) else { return }
        last.stop()
        await last.waitForEnd()
    }
}

/// The file that a program's standard error goes to.
struct ErrorLog: Sendable {
    let path: String
    let limit: Int

    /// - Throws: `badSetting` where the file cannot be written.
    init(_ path: String, limit: Int) throws(ConnectionError) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw ConnectionError(
                .badSetting, "\(path) cannot be written for a program's standard error: \(String(cString: strerror(errno))).")
        }
        close(file)
        self.path = path
        self.limit = limit
    }

    /// Appends what still fits.
    func append(_ bytes: ArraySlice<UInt8>) {
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        _ = Descriptors.write(file, bytes.prefix(max(0, limit - size)))
    }
}
