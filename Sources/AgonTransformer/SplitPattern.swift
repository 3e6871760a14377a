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

    /// Where the piece that begins at `start` ends.
    ///
    /// - Parameter end: where the text ends; a match never looks beyond it.
    /// - Precondition: `start < end`, both at scalar boundaries of valid UTF-8.
    func matchEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int {
        let matcher = SplitMatcher(cursor: ScalarCursor(bytes: bytes), end: end)
        switch self {
        case .gpt2: return matcher.gpt2(start)
        case .cl100k(let digitLimit): return matcher.cl100k(start, digitLimit: digitLimit)
        case .digits(let individual): return matcher.digits(start, individual: individual)
        }
    }
}

private struct SplitMatcher {
    let cursor: ScalarCursor
    let end: Int

    private func kind(_ index: Int) -> (class: ScalarClass, next: Int)? {
        guard index < end else { return nil }
        let (scalar, next) = cursor.scalar(at: index)
        return (ScalarClass(scalar), next)
    }

    /// The end of the longest run of one class from `index`, at most `limit` scalars.
    private func run(_ wanted: ScalarClass, from index: Int, limit: Int = .max) -> Int {
        var (position, count) = (index, 0)
        while count < limit, let (found, next) = kind(position), found == wanted {
            position = next
            count += 1
        }
        return position
    }

    private func isNewline(_ index: Int) -> Bool {
        index < end && (cursor.bytes[index] == UInt8(ascii: "\n") || cursor.bytes[index] == UInt8(ascii: "\r"))
    }

    /// `'s 't 're 've 'm 'll 'd` at an apostrophe; the end of the match or nil.
    private func contraction(_ start: Int, ignoringCase: Bool) -> Int? {
        guard cursor.bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        func lower(_ index: Int) -> UInt8 {
            guard index < end else { return 0 }
            let byte = cursor.bytes[index]
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
        let stop = run(.space, from: start)
        guard stop < end else { return stop }
        let last = cursor.scalar(before: stop).start
        return last > start ? last : stop
    }

    func gpt2(_ start: Int) -> Int {
        if let stop = contraction(start, ignoringCase: false) { return stop }
        guard let first = kind(start) else { return end }
        if first.class != .space { return run(first.class, from: start) }
        if cursor.bytes[start] == UInt8(ascii: " "), let second = kind(first.next), second.class != .space {
            return run(second.class, from: first.next)
        }
        return space(start)
    }

    func cl100k(_ start: Int, digitLimit: Int) -> Int {
        if let stop = contraction(start, ignoringCase: true) { return stop }
        guard let first = kind(start) else { return end }
        switch first.class {
        case .letter: return run(.letter, from: start)
        case .number: return run(.number, from: start, limit: digitLimit)
        case .space, .other:
            let second = kind(first.next)?.class
            if second == .letter, !isNewline(start) { return run(.letter, from: first.next) }
            if first.class == .other { return symbols(start) }
            if cursor.bytes[start] == UInt8(ascii: " "), second == .other { return symbols(first.next) }
            return newlines(start) ?? space(start)
        }
    }

    /// `[^\s\p{L}\p{N}]+[\r\n]*`
    private func symbols(_ start: Int) -> Int {
        var stop = run(.other, from: start)
        while isNewline(stop) { stop += 1 }
        return stop
    }

    /// `\s*[\r\n]+`: up to the last newline of the run of space, or nil where it has none.
    private func newlines(_ start: Int) -> Int? {
        var stop = run(.space, from: start)
        while stop > start, !isNewline(stop - 1) { stop -= 1 }
        return stop > start ? stop : nil
    }

    func digits(_ start: Int, individual: Bool) -> Int {
        guard let first = kind(start) else { return end }
        if first.class == .number { return individual ? first.next : run(.number, from: start) }
        var position = first.next
        while let (found, next) = kind(position), found != .number { position = next }
        return position
    }
}
