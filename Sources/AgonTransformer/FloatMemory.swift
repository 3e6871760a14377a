import Foundation

/// Memory for floats at 64-byte boundaries: one cache line, one AVX-512 register.
enum FloatMemory {
    /// Sizes in bytes for which Linux is asked for 2 MiB pages where the memory is used again and again. Address
    /// translation costs a key/value cache a quarter of its speed otherwise. Beyond, and for weights, which are read in
    /// order, they gain nothing, and where a virtual machine hands free memory back to its host their first touch takes
    /// ten times as long as that of small pages (`docs/log.md`).
    private static let largePages = 4 << 20...64 << 20
    private static let largePageSize = 2 << 20
    /// Where a block of a key/value cache begins with a page, its last row is not read before that row's page is first
    /// written: such a page would be mapped twice, with an interrupt of all cores in between.
    static let pageSize = 4096

    /// Uninitialised memory; the caller frees it with `deallocate()`.
    ///
    /// - Parameter isReused: whether it is working memory that outlives many uses.
    static func allocate(_ count: Int, isReused: Bool = false) -> UnsafeMutableBufferPointer<Float> {
        let room = max(count, 1)
        let bytes = room * MemoryLayout<Float>.stride
        let isLarge = isReused && largePages.contains(bytes)
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: isLarge ? largePageSize : bytes < largePages.lowerBound ? 64 : pageSize)
        #if os(Linux)
            // A hint that may be refused: the memory is the same without it.
            if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
        #endif
        return UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: room), count: count)
    }

    /// Zeroes a part of such memory and gives its whole pages back to the system until they are written again.
    static func release(_ part: UnsafeMutableBufferPointer<Float>) {
        guard let start = part.baseAddress else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let address = Int(bitPattern: start)
        let first = (address + page - 1) / page * page - address
        let last = (address + part.count * MemoryLayout<Float>.stride) / page * page - address
        part.update(repeating: 0)
        guard last > first else { return }
        // A hint that may be refused: the memory is zero without it as well.
        madvise(UnsafeMutableRawPointer(start) + first, last - first, MADV_DONTNEED)
    }
}
