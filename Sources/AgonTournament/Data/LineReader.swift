import AgonAgents
import Foundation

/// The lines of a large text file from anybody, one in memory at a time.
enum LineReader {
    /// The most bytes that a line may have.
    static let lineLimit = 1 << 24
    private static let blockSize = 1 << 18

    /// Hands over each line without its line feed, and its number from 1. A byte order mark before the first is left out.
    /// - Throws: `AgentError`, naming file and line; what the body throws.
    static func forEach(_ path: String, _ body: (_ number: Int, _ line: ArraySlice<UInt8>) throws -> Void) throws {
        let handle = try open(path)
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var number = 1
        func take(_ line: ArraySlice<UInt8>) throws {
            guard line.count <= lineLimit else { throw tooLong(path, number) }
            let hasMark = number == 1 && line.starts(with: [0xEF, 0xBB, 0xBF])
            try body(number, hasMark ? line.dropFirst(3) : line)
            number += 1
        }
        while let block = try handle.read(upToCount: blockSize), !block.isEmpty {
            rest += block
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try take(rest[start..<end])
                start = end + 1
            }
            rest.removeFirst(start)
            guard rest.count <= lineLimit else { throw tooLong(path, number) }
        }
        if !rest.isEmpty { try take(rest[...]) }
    }

    /// Opens a regular file; a pipe or a folder of that name is refused before anything is read.
    private static func open(_ path: String) throws -> FileHandle {
        var kind: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &kind) else {
            throw AgentError(.unreadable, "\(path) cannot be read: create it or check the path.")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        guard !kind.boolValue, attributes?[.type] as? FileAttributeType == .typeRegular,
            let handle = FileHandle(forReadingAtPath: path)
        else { throw AgentError(.unreadable, "\(path) is not a regular file that can be read: name the file itself, and check its permissions.") }
        return handle
    }

    private static func tooLong(_ path: String, _ number: Int) -> AgentError {
        AgentError(.unreadable, "\(path):\(number): the line has more than \(lineLimit) bytes: is this a JSON Lines file?")
    }
}
