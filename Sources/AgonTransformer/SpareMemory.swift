import Foundation

/// The memory of key/value caches that are no longer used, kept for the next ones.
///
/// A cache of a few hundred MiB that is taken from the system anew for each call costs a tenth of the call: every page
/// is cleared when it is touched for the first time. Training, which needs the room for itself, gives all of it back.
// Safety: the lock guards `spare` and `byteCount`; a loan's memory belongs to the loan alone until it ends.
final class SpareMemory: @unchecked Sendable {
    /// Memory that is lent until the object ends; its content is undefined.
    final class Loan {
        private let memory: UnsafeMutableBufferPointer<Float>
        /// Its first element.
        var base: Floats { memory.baseAddress! }

        init(_ count: Int, from lender: SpareMemory = .shared) {
            memory = lender.take(count)
            self.lender = lender
        }

        private let lender: SpareMemory

        deinit { lender.give(memory) }
    }

    static let shared = SpareMemory(limit: 1 << 30)

    private let limit: Int
    private let lock = NSLock()
    /// Smallest first.
    private var spare: [UnsafeMutableBufferPointer<Float>] = []
    private(set) var byteCount = 0

    /// - Parameter limit: bytes that are kept at most.
    init(limit: Int) { self.limit = limit }

    deinit { giveBack() }

    private func take(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let known = lock.withLock { () -> UnsafeMutableBufferPointer<Float>? in
            guard count > 0, let index = spare.firstIndex(where: { $0.count >= count }) else { return nil }
            byteCount -= Self.bytes(spare[index])
            return spare.remove(at: index)
        }
        return known ?? FloatMemory.allocate(count, isReused: true)
    }

    private func give(_ memory: UnsafeMutableBufferPointer<Float>) {
        let isKept = lock.withLock { () -> Bool in
            guard memory.count > 0, byteCount + Self.bytes(memory) <= limit else { return false }
            byteCount += Self.bytes(memory)
            spare.insert(memory, at: spare.firstIndex { $0.count >= memory.count } ?? spare.count)
            return true
        }
        if !isKept { memory.deallocate() }
    }

    /// Gives everything that is not lent back to the system.
    func giveBack() {
        lock.withLock {
            for memory in spare { memory.deallocate() }
            spare = []
            byteCount = 0
        }
    }

    private static func bytes(_ memory: UnsafeMutableBufferPointer<Float>) -> Int {
        memory.count * MemoryLayout<Float>.stride
    }
}
