import Foundation

/// A file's bytes, mapped for reading: pages enter memory when they are touched, and leave it under pressure.
///
/// Every access asks the system for the file's size first, so that a file which another program has shortened is an
/// error. One that is shortened in the middle of an access still ends the process, as with every mapped file:
/// replace model files by renaming, as this engine does, and never write into them.
// Safety: the mapping is read-only and lives as long as the object; nothing is written after `init`.
final class MappedFile: @unchecked Sendable {
    let path: String
    /// The file's size when it was opened.
    let count: Int
    private let descriptor: Int32
    private let base: UnsafeRawPointer?

    /// - Throws: `invalidFile` where the file is absent, no regular file or cannot be mapped.
    init(path: String) throws(TransformerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw DurableFile.failure("open", path) }
        do throws(TransformerError) {
            let count = try DurableFile.size(descriptor, path)
            var base: UnsafeRawPointer?
            if count > 0 {
                guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
                    throw DurableFile.failure("map", path)
                }
                base = UnsafeRawPointer(start)
            }
            self.path = path
            self.count = count
            self.descriptor = descriptor
            self.base = base
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
        close(descriptor)
    }

    /// Calls the closure with a range of the file's bytes.
    ///
    /// - Precondition: the range lies within `count`.
    /// - Throws: `invalidFile` where the file has become shorter; what the closure throws.
    func withBytes<Result>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(TransformerError) -> Result
    ) throws(TransformerError) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range must lie within the file")
        guard try DurableFile.size(descriptor, path) >= count else {
            throw TransformerError(.invalidFile, "\(path) became shorter while it was read; do not write to it.")
        }
        return try body(UnsafeRawBufferPointer(start: base.map { $0 + range.lowerBound }, count: range.count))
    }

    /// Tells the system that a range will be read soon, from beginning to end.
    func willRead(_ range: Range<Int>) { advise(range, MADV_WILLNEED, keepingEdges: false) }

    /// Tells the system that a range has been read: its pages no longer count as this process's memory.
    func hasRead(_ range: Range<Int>) { advise(range, MADV_DONTNEED, keepingEdges: true) }

    /// Hints that may be refused: the bytes are the same without them.
    private func advise(_ range: Range<Int>, _ advice: Int32, keepingEdges: Bool) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + (keepingEdges ? page - 1 : 0)) / page * page
        let last = keepingEdges ? range.upperBound / page * page : range.upperBound
        guard let base, last > first else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, advice)
    }
}
