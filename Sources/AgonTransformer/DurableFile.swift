import Foundation

/// Files and folders that are whole or absent: written under another name, synced, then renamed into place.
package enum DurableFile {
    /// An open file that is being written.
    struct Sink: ~Copyable {
        fileprivate let descriptor: Int32
        fileprivate let path: String

        /// Appends all the bytes.
        func write(_ bytes: UnsafeRawBufferPointer) throws(TransformerError) {
            var rest = bytes
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw DurableFile.failure("write", path) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }

        func write(_ bytes: [UInt8]) throws(TransformerError) {
            try bytes.withUnsafeBufferPointer { (buffer) throws(TransformerError) in
                try write(UnsafeRawBufferPointer(buffer))
            }
        }
    }

    /// Replaces the file at `path` by what the closure writes, or leaves it untouched when anything fails.
    static func write(
        to path: String, _ body: (borrowing Sink) throws(TransformerError) -> Void
    ) throws(TransformerError) {
        let partial = partialPath(path)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("create", partial) }
        do throws(TransformerError) {
            defer { close(descriptor) }
            try body(Sink(descriptor: descriptor, path: partial))
            guard fsync(descriptor) == 0 else { throw failure("sync", partial) }
        } catch {
            unlink(partial)
            throw error
        }
        guard rename(partial, path) == 0 else { throw failure("rename", partial) }
        try syncFolder(path.parentFolder)
    }

    package static func write(_ bytes: [UInt8], to path: String) throws(TransformerError) {
        try write(to: path) { (sink) throws(TransformerError) in try sink.write(bytes) }
    }

    /// Makes the folder at `path` hold exactly what the closure writes into the folder it is given.
    ///
    /// A reader sees the old folder, no folder or the complete new one, never a mixture. What a killed attempt
    /// left behind is removed by the next one.
    package static func writeFolder(
        to path: String, _ body: (String) throws(TransformerError) -> Void
    ) throws(TransformerError) {
        let path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
        let (partial, replaced) = (partialPath(path), partialPath(path) + "-old")
        try remove(partial)
        try remove(replaced)
        let parent = path.parentFolder
        let made = missingFolders(parent)
        do {
            try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        } catch {
            throw TransformerError(
                .invalidFile, "\(partial) cannot be created; check the disk and the permissions.", underlying: error)
        }
        try body(partial)
        try syncFolder(partial)
        if exists(path), rename(path, replaced) != 0 { throw failure("replace", path) }
        guard rename(partial, path) == 0 else { throw failure("rename", partial) }
        try syncFolder(parent)
        // A folder that was made on the way is only as durable as its own entry.
        for folder in made { try syncFolder(folder.parentFolder) }
        try remove(replaced)
    }

    /// A folder and those above it that are not there yet, the deepest first.
    static func missingFolders(_ path: String) -> [String] {
        guard !path.isEmpty, !exists(path) else { return [] }
        return [path] + missingFolders(path.parentFolder)
    }

    /// Whether something lies at the path.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The whole content of a file.
    ///
    /// - Parameter limit: the greatest size in bytes that is read into memory.
    package static func read(_ path: String, limit: Int) throws(TransformerError) -> [UInt8] {
        // Opening a named pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        let size = try self.size(descriptor, path)
        guard size <= limit else {
            throw TransformerError(
                .invalidFile, "\(path) has \(size) bytes, more than the \(limit) that such a file may have; check it.")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(TransformerError) in
            try read(descriptor, at: 0, into: UnsafeMutableRawBufferPointer(buffer), path)
        }
        return bytes
    }

    /// Size in bytes of an open regular file.
    static func size(_ descriptor: Int32, _ path: String) throws(TransformerError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TransformerError(.invalidFile, "\(path) is not a regular file; put the file itself there.")
        }
        return Int(status.st_size)
    }

    /// Fills the buffer from one place of the file.
    static func read(
        _ descriptor: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, _ path: String
    ) throws(TransformerError) {
        var (done, offset) = (0, offset)
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else {
                throw TransformerError(.invalidFile, "\(path) became shorter while it was read; do not write to it.")
            }
            done += count
            offset += count
        }
    }

    /// The sentence for a system call that failed, with the system's reason.
    static func failure(_ action: String, _ path: String) -> TransformerError {
        let reason = String(cString: strerror(errno)).lowercased()
        return TransformerError(
            .invalidFile, "Cannot \(action) \(path): \(reason); check the path, its permissions and the free space.")
    }

    private static func partialPath(_ path: String) -> String {
        (path.parentFolder as NSString).appendingPathComponent(".\((path as NSString).lastPathComponent).partial")
    }

    private static func remove(_ path: String) throws(TransformerError) {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw TransformerError(
                .invalidFile, "\(path) cannot be removed; check its permissions.", underlying: error)
        }
    }

    private static func syncFolder(_ path: String) throws(TransformerError) {
        let path = path.isEmpty ? "." : path
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
    }
}
