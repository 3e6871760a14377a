/// Numbers for names that come as bytes: no string is made for a name that is known.
struct NameIndex {
    /// Per slot the name's place plus one; 0 is empty. Open addressing, at most half full.
    private var slots: [Int32] = [Int32](repeating: 0, count: 256)
    private var hashes: [UInt64] = []
    /// All names, one after the other, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// What the sink called each name.
    private var numbers: [Int32] = []

    /// The number of a name, −1 where it is new.
    @inline(__always) func number(_ name: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        let hash = NameIndex.hash(name, count)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let place = Int(slots[slot]) - 1
            if place < 0 { return -1 }
            if hashes[place] == hash, isEqual(place, name, count) { return numbers[place] }
            slot = (slot + 1) & (slots.count - 1)
        }
    }

    @inline(__always) private func isEqual(_ place: Int, _ name: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let start = ends[place]
        guard ends[place + 1] - start == count else { return false }
        return bytes.withUnsafeBufferPointer { known in
            for index in 0..<count where known[start + index] != name[index] { return false }
            return true
        }
    }

    /// Gives a new name its number.
    mutating func insert(_ name: UnsafePointer<UInt8>, _ count: Int, number: Int32) {
        let hash = NameIndex.hash(name, count)
        let spelled = UnsafeBufferPointer(start: name, count: count)
        numbers.append(number)
        hashes.append(hash)
        bytes.append(contentsOf: spelled)
        ends.append(bytes.count)
        if 2 * hashes.count > slots.count {
            slots = [Int32](repeating: 0, count: 2 * slots.count)
            for place in hashes.indices { occupy(place) }
        } else {
            occupy(hashes.count - 1)
        }
    }

    private mutating func occupy(_ place: Int) {
        var slot = Int(truncatingIfNeeded: hashes[place]) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(place + 1)
    }

    /// Eight bytes at a time, mixed by multiplication with the golden ratio and a fold.
    @inline(__always) static func hash(_ name: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
        let raw = UnsafeRawPointer(name)
        var index = 0
        while index + 8 <= count {
            hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        var shift: UInt64 = 0
        while index < count {
            rest |= UInt64(name[index]) << shift
            shift += 8
            index += 1
        }
        return fold(hash ^ rest)
    }

    @inline(__always) private static func fold(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
