/// What a split pattern asks of a character: `\p{L}`, `\p{N}`, `\s` or none of them.
enum ScalarClass: UInt8 {
    case other, letter, number, space
}

/// The classes of all code points, as the published tokenizers' own library knows them.
///
/// The Unicode version matters: a letter that was added after a tokenizer was published splits text differently. The
/// standard library's properties follow the system's version, so that the same text would have other ids elsewhere.
enum ScalarTable {
    /// The bits of a `ScalarClass`.
    static let classMask: UInt8 = 3
    /// A digit of the `Digits` pre-tokenizer: Rust's `char::is_numeric`.
    static let numeric: UInt8 = 4
    /// A word character that keeps a `single_word` token away: `\w` of Rust's regular expressions.
    static let word: UInt8 = 8
    /// Canonical composition may change the character or what stands before it.
    static let unstable: UInt8 = 16

    /// The bits of each code point, `[0x110000]`. A static is checked at each access: loops hold a copy.
    static let flags: [UInt8] = {
        var flags: [UInt8] = []
        flags.reserveCapacity(0x110000)
        for (index, run) in runs.enumerated() {
            let end = index + 1 < runs.count ? Int(runs[index + 1] >> 8) : 0x110000
            flags.append(contentsOf: repeatElement(UInt8(run & 0xFF), count: end - Int(run >> 8)))
        }
        return flags
    }()
}

/// Reads scalars and their classes from valid UTF-8.
struct ScalarCursor {
    let bytes: UnsafeBufferPointer<UInt8>
    private let flags = ScalarTable.flags

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The scalar that begins at `index`, and where the next one begins.
    @inline(__always) func scalar(at index: Int) -> (scalar: UInt32, next: Int) {
        let lead = bytes[index]
        if lead < 0x80 { return (UInt32(lead), index + 1) }
        if lead < 0xE0 { return (UInt32(lead & 0x1F) << 6 | continuation(index + 1), index + 2) }
        if lead < 0xF0 {
            return (UInt32(lead & 0x0F) << 12 | continuation(index + 1) << 6 | continuation(index + 2), index + 3)
        }
        let high = UInt32(lead & 0x07) << 18 | continuation(index + 1) << 12
        return (high | continuation(index + 2) << 6 | continuation(index + 3), index + 4)
    }

    @inline(__always) private func continuation(_ index: Int) -> UInt32 { UInt32(bytes[index] & 0x3F) }

    /// The table's bits of the scalar that begins at `index`, and where the next one begins.
    @inline(__always) func flags(at index: Int) -> (flags: UInt8, next: Int) {
        let (scalar, next) = scalar(at: index)
        return (flags[Int(scalar)], next)
    }

    /// Where the scalar that ends before `index` begins.
    func start(before index: Int) -> Int {
        var start = index - 1
        while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    func isSpace(_ flags: UInt8) -> Bool { flags & ScalarTable.classMask == ScalarClass.space.rawValue }

    /// Where the run of space that ends before `index` begins; `index` itself where there is none.
    func spaceStart(before index: Int) -> Int {
        var result = index
        while result > 0 {
            let previous = start(before: result)
            guard isSpace(flags(at: previous).flags) else { break }
            result = previous
        }
        return result
    }

    /// Where the run of space from `index` ends.
    func spaceEnd(after index: Int) -> Int {
        var result = index
        while result < bytes.count {
            let (flags, next) = flags(at: result)
            guard isSpace(flags) else { break }
            result = next
        }
        return result
    }
}
