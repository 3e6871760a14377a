/// The regular expressions that byte-level tokenizers split text with, each matched by hand.
///
/// Every position matches one alternative, so that the pieces follow one another without gaps. Matching is on Unicode
/// scalars: grapheme-based matching would join what the published tokenizers keep apart.
enum SplitPattern: Sendable, Equatable {
    /// GPT-2: case-sensitive contractions, an optional space before a run of one class.
    case gpt2
    /// Llama 3 (digits up to 3) and Qwen (digits one by one): any contraction case, newlines kept together.
    case cl100k(digitLimit: Int)
    /// Digits apart from the rest: each alone, or in runs.
    case digits(individual: Bool)

    private static let modernTail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let modernHead = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#

    /// The pattern with exactly this regular expression; nil for any other.
    init?(regex: String) {
        switch regex {
        case #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: self = .gpt2
        case Self.modernHead + #"\p{N}{1,3}"# + Self.modernTail: self = .cl100k(digitLimit: 3)
        case Self.modernHead + #"\p{N}"# + Self.modernTail: self = .cl100k(digitLimit: 1)
        default: return nil
        }
    }

    /// Cuts a stretch of text into pieces.
    ///
    /// - Parameters:
    ///   - range: the stretch, not empty, between scalar boundaries of valid UTF-8; a match never looks beyond it.
    ///   - ends: where the end of each piece is appended.
    func split(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
        let matcher = SplitMatcher(bytes: bytes, end: range.upperBound)
        var index = range.lowerBound
        while index < range.upperBound {
            switch self {
            case .gpt2: index = matcher.gpt2(index)
            case .cl100k(let digitLimit): index = matcher.cl100k(index, digitLimit: digitLimit)
            case .digits(let individual): index = matcher.digits(index, individual: individual)
            }
            ends.append(index)
        }
    }
}

private struct SplitMatcher {
    let bytes: UnsafeBufferPointer<UInt8>
    let cursor: ScalarCursor
    let end: Int

    private static let other = ScalarClass.other.rawValue, letter = ScalarClass.letter.rawValue
    private static let number = ScalarClass.number.rawValue, space = ScalarClass.space.rawValue

    init(bytes: UnsafeBufferPointer<UInt8>, end: Int) {
        self.bytes = bytes
        cursor = ScalarCursor(bytes: bytes)
        self.end = end
    }

    /// The class of the scalar at an index before the end, and where the next one begins.
    @inline(__always) private func kind(_ index: Int) -> (class: UInt8, next: Int) {
        let (flags, next) = cursor.flags(at: index)
        return (flags & ScalarTable.classMask, next)
    }

    /// The end of the run of one class from `index`.
    @inline(__always) private func run(_ wanted: UInt8, from index: Int) -> Int {
        var position = index
        while position < end, case let (found, next) = kind(position), found == wanted { position = next }
        return position
    }

    private func isNewline(_ index: Int) -> Bool {
        index < end && (bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r"))
    }

    /// `'s 't 're 've 'm 'll 'd` at an apostrophe; the end of the match or nil.
    private func contraction(_ start: Int, ignoringCase: Bool) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        func lower(_ index: Int) -> UInt8 {
            guard index < end else { return 0 }
            let byte = bytes[index]
            return ignoringCase && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        switch (lower(start + 1), lower(start + 2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        case (0xC5, 0xBF) where ignoringCase: return start + 3  // ſ (U+017F) folds to s
        default: return nil
        }
    }

    /// `\s+(?!\S)|\s+`: a run of space leaves its last scalar to the word that follows.
    private func space(_ start: Int) -> Int {
        let stop = run(Self.space, from: start)
        guard stop < end else { return stop }
        let last = cursor.start(before: stop)
        return last > start ? last : stop
    }

    @inline(__always) func gpt2(_ start: Int) -> Int {
        if let stop = contraction(start, ignoringCase: false) { return stop }
        let first = kind(start)
        if first.class != Self.space { return run(first.class, from: first.next) }
        if bytes[start] == UInt8(ascii: " "), first.next < end, case let second = kind(first.next),
            second.class != Self.space
        {
            return run(second.class, from: second.next)
        }
        return space(start)
    }

    @inline(__always) func cl100k(_ start: Int, digitLimit: Int) -> Int {
        if let stop = contraction(start, ignoringCase: true) { return stop }
        let first = kind(start)
        if first.class == Self.letter { return run(Self.letter, from: first.next) }
        if first.class == Self.number { return digits(from: first.next, limit: digitLimit - 1) }
        if first.next < end {
            let second = kind(first.next)
            if second.class == Self.letter, !isNewline(start) { return run(Self.letter, from: second.next) }
            if second.class == Self.other, bytes[start] == UInt8(ascii: " ") { return symbols(second.next) }
        }
        if first.class == Self.other { return symbols(first.next) }
        return newlines(start) ?? space(start)
    }

    private func digits(from index: Int, limit: Int) -> Int {
        var (position, left) = (index, limit)
        while left > 0, position < end, case let (found, next) = kind(position), found == Self.number {
            (position, left) = (next, left - 1)
        }
        return position
    }

    /// The rest of `[^\s\p{L}\p{N}]+[\r\n]*` after its first scalar.
    private func symbols(_ start: Int) -> Int {
        var stop = run(Self.other, from: start)
        while isNewline(stop) { stop += 1 }
        return stop
    }

    /// `\s*[\r\n]+`: up to the last newline of the run of space, or nil where it has none.
    private func newlines(_ start: Int) -> Int? {
        var stop = run(Self.space, from: start)
        while stop > start, !isNewline(stop - 1) { stop -= 1 }
        return stop > start ? stop : nil
    }

    @inline(__always) func digits(_ start: Int, individual: Bool) -> Int {
        let (flags, next) = cursor.flags(at: start)
        let isNumber = flags & ScalarTable.numeric != 0
        if isNumber, individual { return next }
        var position = next
        while position < end, case let (flags, next) = cursor.flags(at: position),
            (flags & ScalarTable.numeric != 0) == isNumber
        { position = next }
        return position
    }
}
