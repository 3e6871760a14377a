public import Foundation

/// The right to write one database, held by one run at a time over all processes of the machine.
///
/// The kernel keeps the lock (`flock` on `PATH.lock`) and drops it when the process ends, however it ends, so
/// there is never a stale lock to remove. The file's content names the last holder and is for people only.
public final class RunLock: Sendable {
    /// The lock file.
    public let url: URL
    private let descriptor: Int32

    /// - Throws: `locked`, naming the holder; `readOnly` or `cannotOpen` where the file cannot be made.
    init(url: URL, description: String) throws(StoreError) {
        self.url = url
        // A child process must not inherit the lock, or it would outlive the run that holds it.
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw RunLock.openingFailed(url, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            let holder = RunLock.content(descriptor)
            close(descriptor)
            guard number == EWOULDBLOCK else { throw RunLock.openingFailed(url, number) }
            throw StoreError(
                .locked,
                "\(url.deletingPathExtension().path) is in use by \(holder.isEmpty ? "another run" : holder).")
        }
        let start = ISO8601DateFormatter().string(from: Date())
        let content = "process \(ProcessInfo.processInfo.processIdentifier): \(description), since \(start)\n"
        let written = Array(content.utf8).withUnsafeBytes { bytes in
            ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count
        }
        guard written else {
            let number = errno
            close(descriptor)
            throw RunLock.openingFailed(url, number)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Lets the next run in. Calling it again does nothing.
    public func release() { flock(descriptor, LOCK_UN) }

    private static func openingFailed(_ url: URL, _ number: Int32) -> StoreError {
        let code: StoreError.Code = [EACCES, EPERM, EROFS].contains(number) ? .readOnly : .cannotOpen
        return StoreError(code, "cannot lock \(url.path): \(String(cString: strerror(number))).")
    }

    private static func content(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
