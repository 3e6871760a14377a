/// The hash function of the tokenizer's tables.
///
/// Seeded differently in each process, so that no file can be built whose entries all collide. What a table answers
/// does not depend on it.
enum TableHash {
    static let seed: UInt64 = {
        var hasher = Hasher()
        hasher.combine(0)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }()

    @inline(__always) static func mix(_ value: UInt64) -> UInt64 {
        var hash = value &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }

    @inline(__always) static func hash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            hash = mix(hash ^ UnsafeRawPointer(bytes.baseAddress!).loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        return mix(hash ^ rest)
    }

    /// A power of two with at least half of it free.
    static func slotCount(_ count: Int) -> Int {
        var slots = 16
        while slots < 2 * count { slots *= 2 }
        return slots
    }
}

/// The rank and the result of each pair of tokens that merges.
struct PairTable: Sendable {
    /// What `find` gives for a pair that never merges; greater than every rank.
    static let none = UInt64.max

    /// Key and value by turns; a free slot has the key `none`.
    private var slots: [UInt64]
    private var mask: Int
    private let seed = TableHash.seed

    /// - Parameter capacity: as many pairs as will be added.
    init(capacity: Int) {
        let count = TableHash.slotCount(capacity)
        slots = [UInt64](repeating: Self.none, count: 2 * count)
        mask = count - 1
    }

    @inline(__always) private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The first of two equal pairs keeps its value.
    mutating func add(_ left: Int32, _ right: Int32, rank: Int, result: Int32) {
        let key = Self.key(left, right)
        var slot = Int(truncatingIfNeeded: TableHash.mix(key ^ seed)) & mask
        while slots[2 * slot] != Self.none {
            if slots[2 * slot] == key { return }
            slot = (slot + 1) & mask
        }
        slots[2 * slot] = key
        slots[2 * slot + 1] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result))
    }

    /// The rank above 32 bits of the result, or `none`. Two values compare as their ranks do.
    @inline(__always) func find(_ left: Int32, _ right: Int32) -> UInt64 {
        let key = Self.key(left, right)
        var slot = Int(truncatingIfNeeded: TableHash.mix(key ^ seed)) & mask
        while true {
            let found = slots[2 * slot]
            if found == key { return slots[2 * slot + 1] }
            if found == Self.none { return Self.none }
            slot = (slot + 1) & mask
        }
    }
}

/// Ids by the bytes that they stand for.
struct ByteTable: Sendable {
    private var text: [UInt8] = []
    /// Where each entry's text begins; one more than the entries.
    private var starts: [Int] = [0]
    private var ids: [Int32] = []
    /// One more than an entry's index; 0 where free.
    private var slots: [UInt32]
    private var mask: Int
    private let seed = TableHash.seed

    /// - Parameter capacity: as many entries as will be added.
    init(capacity: Int) {
        let count = TableHash.slotCount(capacity)
        slots = [UInt32](repeating: 0, count: count)
        mask = count - 1
        starts.reserveCapacity(capacity + 1)
        ids.reserveCapacity(capacity)
    }

    /// - Returns: whether the entry is new; an entry that exists keeps its id.
    @discardableResult mutating func add(_ bytes: [UInt8], _ id: Int32) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            let slot = slot(of: buffer)
            guard slots[slot] == 0 else { return false }
            slots[slot] = UInt32(ids.count + 1)
            ids.append(id)
            text.append(contentsOf: buffer)
            starts.append(text.count)
            return true
        }
    }

    func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
        let entry = slots[slot(of: bytes)]
        return entry == 0 ? nil : ids[Int(entry) - 1]
    }

    func find(_ bytes: [UInt8]) -> Int32? { bytes.withUnsafeBufferPointer { find($0) } }

    /// The slot that holds the entry, or the free one where it would go.
    @inline(__always) private func slot(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var slot = Int(truncatingIfNeeded: TableHash.hash(bytes, seed: seed)) & mask
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if starts[entry + 1] - starts[entry] == bytes.count, matches(bytes, at: starts[entry]) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    @inline(__always) private func matches(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        var index = 0
        while index < bytes.count {
            if text[start + index] != bytes[index] { return false }
            index += 1
        }
        return true
    }
}
