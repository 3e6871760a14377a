import Foundation

/// `metrics.jsonl`: one flat JSON object a step, keys sorted, that `pandas.read_json(path, lines=True)` reads.
///
/// A line is in the kernel's hands before the next step begins, so a killed process loses none. `sync` forces them to
/// the disk; after a power cut the lines since the last checkpoint may be missing, and resuming writes them again.
final class MetricsLog {
    private let descriptor: Int32
    private let path: String

    /// Opens the file with its first `keeping` lines; what stands after them is cut off.
    ///
    /// - Throws: `checkpointFailed` where the disk refuses, or where fewer lines are there.
    init(path: String, keeping lineCount: Int) throws(TrainingError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw MetricsLog.failure("opened", path) }
        let end = try Self.end(ofLine: lineCount, descriptor, path)
        guard ftruncate(descriptor, off_t(end)) == 0 else { throw MetricsLog.failure("cut to its length", path) }
    }

    deinit { close(descriptor) }

    /// Appends one object.
    ///
    /// - Throws: `checkpointFailed` where the disk refuses.
    func append(_ object: some Encodable) throws(TrainingError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes: [UInt8]
        do {
            bytes = try Array(encoder.encode(object)) + [UInt8(ascii: "\n")]
        } catch {
            throw TrainingError(.checkpointFailed, "A line of \(path) cannot be written as JSON.", underlying: error)
        }
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw MetricsLog.failure("written", path) }
            done += count
        }
    }

    /// Waits until everything is on the disk.
    func sync() throws(TrainingError) {
        guard fsync(descriptor) == 0 else { throw MetricsLog.failure("synced", path) }
    }

    /// The offset just after a line, counted from 1; 0 for none.
    private static func end(ofLine lineCount: Int, _ descriptor: Int32, _ path: String) throws(TrainingError) -> Int {
        var (offset, lines) = (0, 0)
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while lines < lineCount {
            let count = pread(descriptor, &block, block.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else {
                throw TrainingError(
                    .checkpointFailed,
                    "\(path) has \(lines) lines, but the checkpoint beside it was made after \(lineCount) steps; "
                        + "remove the folder to begin again.")
            }
            for index in 0..<count {
                offset += 1
                if block[index] == UInt8(ascii: "\n") { lines += 1 }
                if lines == lineCount { break }
            }
        }
        return offset
    }

    private static func failure(_ action: String, _ path: String) -> TrainingError {
        let reason = String(cString: strerror(errno)).lowercased()
        return TrainingError(
            .checkpointFailed,
            "\(path) cannot be \(action): \(reason); check the path, its permissions and the free space.")
    }
}
