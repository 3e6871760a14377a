import AgonTransformer
import Foundation

/// A text file that is written piece by piece and appears whole or not at all.
public final class LineFile {
    public let path: String
    private let partial: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var isFinished = false

    /// - Throws: `configuration` where the file cannot be made.
    public init(_ path: String) throws(TournamentError) {
        self.path = path
        partial = (path.parentFolder as NSString).appendingPathComponent(".\((path as NSString).lastPathComponent).partial")
        if !path.parentFolder.isEmpty {
            do {
                try FileManager.default.createDirectory(atPath: path.parentFolder, withIntermediateDirectories: true)
            } catch {
                throw TournamentError(.configuration, "The folder of \(path) cannot be made: check the path.", underlying: error)
            }
        }
        guard FileManager.default.createFile(atPath: partial, contents: nil), let handle = FileHandle(forWritingAtPath: partial)
        else { throw TournamentError(.configuration, "\(path) cannot be written: check the path and its permissions.") }
        self.handle = handle
    }

    deinit {
        if !isFinished { try? FileManager.default.removeItem(atPath: partial) }
    }

    /// - Throws: `configuration` where the disk refuses.
    public func write(_ text: String) throws(TournamentError) {
        buffer += Array(text.utf8)
        if buffer.count >= 1 << 18 { try flush() }
    }

    /// Syncs the file and gives it its name.
    /// - Throws: `configuration` where the disk refuses.
    public func finish() throws(TournamentError) {
        try flush()
        do {
            try handle.synchronize()
            try handle.close()
        } catch { throw refusal(error) }
        guard rename(partial, path) == 0 else { throw refusal(nil) }
        isFinished = true
    }

    private func flush() throws(TournamentError) {
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch { throw refusal(error) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func refusal(_ error: (any Error)?) -> TournamentError {
        TournamentError(.configuration, "\(path) cannot be written: check its permissions and the free space.", underlying: error)
    }
}
