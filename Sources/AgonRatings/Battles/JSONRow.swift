import Foundation

/// A JSON object on one line, of which a few keys are wanted.
struct JSONRow {
    private let base: UnsafePointer<UInt8>
    private var place: Int
    private let end: Int

    init(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) {
        self.base = base
        place = range.lowerBound
        end = range.upperBound
    }

    /// The keys of a file's first object; none where there is no object.
    static func keys(_ data: Data, from start: Int) -> [String] {
        data.withUnsafeBytes { bytes in
            guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return [] }
            var first = start
            while first < data.count, base[first] <= 0x20 { first += 1 }
            guard first < data.count else { return [] }
            let end = memchr(base + first, 0x0A, data.count - first).map {
                UnsafeRawPointer(base).distance(to: UnsafeRawPointer($0))
            }
            var keys: [String] = []
            var row = JSONRow(base, first..<(end ?? data.count))
            _ = row.forEachKey { key, row in
                keys.append(key)
                return row.skipValue(depth: 0)
            }
            return keys
        }
    }

    /// Spells the wanted values out: strings without quotes, lists with unit separators between their members.
    ///
    /// - Returns: false where the line is no object.
    mutating func read(_ roles: [String: Int], into fields: inout [Range<Int>], _ scratch: inout [UInt8]) -> Bool {
        forEachKey { key, row in
            guard let role = roles[key] else { return row.skipValue(depth: 0) }
            let start = scratch.count
            guard row.spell(into: &scratch) else { return false }
            fields[role] = start..<scratch.count
            return true
        }
    }

    private mutating func forEachKey(_ body: (String, inout JSONRow) -> Bool) -> Bool {
        guard take(0x7B) else { return false }
        if take(0x7D) { return isAtEnd }
        repeat {
            var key: [UInt8] = []
            guard string(into: &key), take(0x3A), body(String(decoding: key, as: UTF8.self), &self) else { return false }
        } while take(0x2C)
        return take(0x7D) && isAtEnd
    }

    private var isAtEnd: Bool { (place..<end).allSatisfy { base[$0] <= 0x20 } }

    private mutating func skipSpace() { while place < end, base[place] <= 0x20 { place += 1 } }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard place < end, base[place] == byte else { return false }
        place += 1
        return true
    }

    /// A value: a string, a number, a word, or a list of such.
    private mutating func spell(into scratch: inout [UInt8]) -> Bool {
        skipSpace()
        guard place < end else { return false }
        if base[place] == 0x22 { return string(into: &scratch) }
        if take(0x5B) {
            if take(0x5D) { return true }
            repeat {
                skipSpace()
                guard place < end, base[place] != 0x5B, base[place] != 0x7B, spell(into: &scratch) else { return false }
                scratch.append(0x1F)
            } while take(0x2C)
            return take(0x5D)
        }
        if base[place] == 0x7B { return skipValue(depth: 0) }
        let start = place
        while place < end, base[place] != 0x2C, base[place] != 0x5D, base[place] != 0x7D, base[place] > 0x20 { place += 1 }
        let word = UnsafeBufferPointer(start: base + start, count: place - start)
        if !word.elementsEqual("null".utf8) { scratch.append(contentsOf: word) }
        return place > start
    }

    private mutating func skipValue(depth: Int) -> Bool {
        skipSpace()
        guard place < end, depth < 64 else { return false }
        switch base[place] {
        case 0x22: return skipString()
        case 0x7B, 0x5B:
            let close: UInt8 = base[place] == 0x7B ? 0x7D : 0x5D
            place += 1
            if take(close) { return true }
            repeat {
                if close == 0x7D {
                    skipSpace()
                    guard place < end, base[place] == 0x22, skipString(), take(0x3A) else { return false }
                }
                guard skipValue(depth: depth + 1) else { return false }
            } while take(0x2C)
            return take(close)
        default:
            let start = place
            while place < end, base[place] != 0x2C, base[place] != 0x5D, base[place] != 0x7D, base[place] > 0x20 {
                place += 1
            }
            return place > start
        }
    }

    private mutating func skipString() -> Bool {
        place += 1
        while place < end {
            if base[place] == 0x22 {
                place += 1
                return true
            }
            place += base[place] == 0x5C ? 2 : 1
        }
        return false
    }

    /// A string without its quotes and escapes.
    private mutating func string(into scratch: inout [UInt8]) -> Bool {
        skipSpace()
        guard place < end, base[place] == 0x22 else { return false }
        let start = place
        guard skipString() else { return false }
        let inner = UnsafeBufferPointer(start: base + start + 1, count: place - start - 2)
        guard inner.contains(0x5C) else {
            scratch.append(contentsOf: inner)
            return true
        }
        let quoted = Data(UnsafeBufferPointer(start: base + start, count: place - start))
        guard let decoded = (try? JSONDecoder().decode([String].self, from: Data("[".utf8) + quoted + Data("]".utf8)))?.first
        else { return false }
        scratch.append(contentsOf: decoded.utf8)
        return true
    }
}
