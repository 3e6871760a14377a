import Foundation

/// Memory for floats at 64-byte boundaries: one cache line, one AVX-512 register.
enum FloatMemory {
    /// From this size on, Linux is asked for 2 MiB pages: a key/value cache or a model's weights otherwise spend a
    /// good part of their time on address translation and on the first touch of each small page.
    private static let hugePageThreshold = 4 << 20
    private static let hugePageSize = 2 << 20

    /// Uninitialised memory; the caller frees it with `deallocate()`.
    static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let isLarge = bytes >= hugePageThreshold
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePageSize : 64)
        #if os(Linux)
            // A hint that may be refused: the memory is the same without it.
            if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
        #endif
        return UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
    }
}
