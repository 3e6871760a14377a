/// Working memory that grows to the largest request and is then reused: no allocation in a steady state.
///
/// Its content is undefined after `reserve`. Pointers do not keep it alive. One owner, one thread.
final class FloatBuffer {
    private var memory: UnsafeMutableBufferPointer<Float>?

    deinit { memory?.deallocate() }

    /// Memory for at least `count` floats at a 64-byte boundary; older pointers become invalid when it grows.
    func reserve(_ count: Int) -> Floats {
        if let memory, memory.count >= count { return memory.baseAddress! }
        memory?.deallocate()
        let grown = FloatMemory.allocate(count + count / 8 + 16, isReused: true)
        memory = grown
        return grown.baseAddress!
    }

    /// Memory for several arrays at once, each at a 64-byte boundary.
    func reserve(_ counts: [Int]) -> [Floats] {
        var offsets: [Int] = []
        var total = 0
        for count in counts {
            offsets.append(total)
            total += (count + 15) / 16 * 16
        }
        let base = reserve(total)
        return offsets.map { base + $0 }
    }
}
