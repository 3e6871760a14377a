import Foundation

/// Seconds on a clock that only goes forward.
enum Monotonic {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}

/// The limits that no kernel enforces on all of a program's processes together, looked at again and again.
struct ProgramWatch {
    /// Seconds between two looks.
    static let period = 0.02

    private(set) var peakMemoryMiB: Double?
    private var next = 0.0

    /// Looks where a period has gone by.
    /// - Returns: the limit that the program has passed, if any.
    mutating func look(at process: ProgramProcess) -> ProgramEnding? {
        let now = Monotonic.now
        guard now >= next else { return nil }
        let usage = process.members.usage()
        peakMemoryMiB = max(peakMemoryMiB ?? 0, usage.memoryMiB)
        let limits = process.program.limits
        let folderBytes = process.folderBytes()
        // A look that takes long, at many processes or files, comes less often.
        next = now + max(ProgramWatch.period, 10 * (Monotonic.now - now))
        if let limit = limits.memoryMiB, usage.memoryMiB > Double(limit) { return .memoryLimit }
        if let limit = limits.processes, usage.processCount > limit { return .processLimit }
        return folderBytes > limits.diskMiB << 20 ? .diskLimit : nil
    }
}

/// Waiting for descriptors, and reading and writing them without waiting.
enum Descriptors {
    /// Waits until one of them can be read, one can be written, or the seconds are over. Negative ones are left out.
    /// - Returns: those that can be used or are at their end.
    static func wait(reading: [Int32], writing: [Int32], seconds: Double?) -> Set<Int32> {
        var list = reading.filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        list += writing.filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        let milliseconds = seconds.map { Int32(min(max(($0 * 1000).rounded(.up), 0), 1e8)) } ?? -1
        guard poll(&list, nfds_t(list.count), milliseconds) > 0 else { return [] }
        return Set(list.filter { $0.revents != 0 }.map(\.fd))
    }

    /// Reads what is there, at most about a MiB, piece by piece.
    /// - Returns: whether more may come; false at the end.
    static func read(_ descriptor: Int32, _ take: (ArraySlice<UInt8>) -> Void) -> Bool {
        for _ in 0..<64 {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, filled in
                count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
                filled = max(0, count)
            }
            if count > 0 {
                take(bytes[...])
                if count < 16384 { return true }
            } else if count == 0 {
                return false
            } else if errno != EINTR {
                return errno == EAGAIN
            }
        }
        return true
    }

    /// Writes what fits.
    /// - Returns: how many bytes were taken; nil where nobody reads any more.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }
}
