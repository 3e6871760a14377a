import AgonCore
import Crypto

/// Values as bytes of one form only, so that equal values have equal hashes and different ones never share bytes.
///
/// A tag first, which no other kind of value has; then each text as its length (32-bit, big-endian) and its UTF-8, each
/// number as 8 bytes, big-endian.
struct CanonicalBytes {
    private(set) var bytes: [UInt8]

    init(tag: String, capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
        add(tag)
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            add(count: utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func add(_ number: Int) { add(bits: UInt64(bitPattern: Int64(number))) }

    /// Every bit counts.
    mutating func add(_ number: Double) { add(bits: number.bitPattern) }

    /// Nil is told from every value.
    mutating func add(_ number: Double?) {
        add(number == nil ? 0 : 1)
        if let number { add(number) }
    }

    mutating func add(_ flag: Bool) { add(flag ? 1 : 0) }

    mutating func add(_ text: String?) {
        add(text == nil ? 0 : 1)
        if let text { add(text) }
    }

    /// 32-bit words, little-endian, after their count.
    mutating func add(words: some Collection<UInt32>) {
        add(count: words.count)
        for word in words {
            bytes.append(UInt8(truncatingIfNeeded: word))
            bytes.append(UInt8(truncatingIfNeeded: word >> 8))
            bytes.append(UInt8(truncatingIfNeeded: word >> 16))
            bytes.append(UInt8(truncatingIfNeeded: word >> 24))
        }
    }

    /// A hash, 32 bytes.
    mutating func add(hash: [UInt8]) {
        precondition(hash.count == 32, "a SHA-256 has 32 bytes, this one has \(hash.count)")
        bytes.append(contentsOf: hash)
    }

    private mutating func add(count: Int) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    private mutating func add(bits: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    }

    /// SHA-256 of the bytes.
    var hash: [UInt8] { Array(SHA256.hash(data: bytes)) }
}
