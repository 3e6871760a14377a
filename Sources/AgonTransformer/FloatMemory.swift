/// Memory for floats at 64-byte boundaries: one cache line, one AVX-512 register.
enum FloatMemory {
    /// Uninitialised memory; the caller frees it with `deallocate()`.
    ///
    /// Nothing asks for large pages: they gain 2 % of a training step at most, and where a virtual machine hands free
    /// memory back to its host their first touch takes ten times as long as that of small ones (`docs/log.md`).
    static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let room = max(count, 1)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: room * MemoryLayout<Float>.stride, alignment: 64)
        return UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: room), count: count)
    }
}
