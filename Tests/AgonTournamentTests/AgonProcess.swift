import Foundation
import Testing

/// The built `agon` as a process of its own.
final class AgonProcess {
    let process = Process()
    private let output = Pipe()
    private var text = ""

    /// Where the build put the program: beside the tests.
    static func executable() throws -> URL {
        let tests = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        let places = [tests, URL(fileURLWithPath: StoryArena.root + "/.build/debug")]
        let found = places.map { $0.appendingPathComponent("agon") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try #require(found, "agon is not built: run `swift build` first")
    }

    init(_ arguments: [String], in folder: String) throws {
        process.executableURL = try AgonProcess.executable()
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.fileHandleForWriting.close()
    }

    /// Reads what the process prints until a condition on the world holds.
    /// - Returns: false where the process ended first.
    func runs(until isReached: () throws -> Bool) throws -> Bool {
        while try !isReached() {
            guard readSome(waitMilliseconds: 1) else { return false }
        }
        return true
    }

    /// Ends the process by a signal, or lets it end by itself.
    /// - Returns: everything that it printed.
    @discardableResult
    func end(signal: Int32? = nil) -> String {
        if let signal { kill(process.processIdentifier, signal) }
        while readSome(waitMilliseconds: 1000) {}
        process.waitUntilExit()
        return text
    }

    /// Waits for output and takes it in; false at its end.
    private func readSome(waitMilliseconds: Int32) -> Bool {
        let descriptor = output.fileHandleForReading.fileDescriptor
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, waitMilliseconds) > 0 else { return true }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return false }
        text += String(decoding: bytes.prefix(count), as: UTF8.self)
        return true
    }
}
