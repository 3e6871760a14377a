import AgonCore

/// Makes broken files of one kind without end, the same for the same seed.
protocol Mutator {
    /// The next broken file, at most 1 MiB.
    mutating func next() -> [UInt8]
    /// Which file of a folder the last one stands for; empty where there is no folder.
    var name: String { get }
}

extension Mutator {
    var name: String { "" }
}

/// What every kind of broken file is made with.
struct Mischief {
    /// Words that mean something in the kind of file at hand.
    let words: [[UInt8]]
    private var random: SeededGenerator

    /// Values at which sizes, offsets and counts go wrong.
    private static let numbers = [
        "0", "-1", "1", "2", "3", "7", "8", "255", "4096", "65536", "2147483647", "2147483648", "4294967296",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "1e38", "1e308",
        "1e999", "-0.0", "0.5", "1e-400", "NaN", "Infinity", "null", "true", "false", "[]", "{}", "\"\"", "01", "0x10",
    ].map { Array($0.utf8) }

    init(words: [String], seed: Int) {
        self.words = words.map { Array($0.utf8) }
        random = SeededGenerator(Seed(run: 0xF022).child(.sample, seed))
    }

    mutating func index(below bound: Int) -> Int { random.index(below: bound) }

    /// True once in so many times.
    mutating func once(in count: Int) -> Bool { random.index(below: count) == 0 }

    /// How many edits one file gets: often one, so that the reader gets far.
    mutating func editCount() -> Int { once(in: 2) ? 1 : 1 + index(below: 4) }

    mutating func number() -> [UInt8] { Self.numbers[index(below: Self.numbers.count)] }

    mutating func word() -> [UInt8] { words.isEmpty || once(in: 2) ? number() : words[index(below: words.count)] }

    /// An edit that knows nothing of what the bytes mean.
    mutating func edit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = word()
            return
        }
        let place = index(below: bytes.count)
        let end = min(bytes.count, place + 1 + index(below: 64))
        switch index(below: 9) {
        case 0: bytes[place] ^= 1 << UInt8(index(below: 8))
        case 1: bytes[place] = UInt8(index(below: 256))
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.insert(contentsOf: word(), at: place)
        case 6: bytes.replaceSubrange(place..<end, with: word())
        case 7: bytes.replaceSubrange(place..<end, with: [UInt8](repeating: 0xFF, count: end - place))
        default: bytes.insert(contentsOf: repeatElement(bytes[place], count: 1 << index(below: 12)), at: place)
        }
    }
}

/// Edits the tokens of a template: words, numbers and signs change places with those of other templates.
struct TemplateMutator: Mutator {
    private let corpus: [[ArraySlice<UInt8>]]
    private var mischief: Mischief

    init(_ corpus: [[UInt8]], words: [String], seed: Int) {
        self.corpus = corpus.map(Self.tokens)
        mischief = Mischief(words: words, seed: seed)
    }

    /// Runs of letters and digits, pairs such as `{%`, and single bytes.
    private static func tokens(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        func isWord(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber
        }
        let brackets = Array("{}%#-".utf8)
        var (tokens, start): ([ArraySlice<UInt8>], Int) = ([], 0)
        while start < bytes.count {
            var end = start + 1
            let kind: (UInt8) -> Bool = isWord(bytes[start]) ? isWord : { brackets.contains($0) }
            if kind(bytes[start]) { while end < bytes.count, kind(bytes[end]) { end += 1 } }
            tokens.append(bytes[start..<end])
            start = end
        }
        return tokens
    }

    mutating func next() -> [UInt8] {
        var tokens = corpus[mischief.index(below: corpus.count)]
        for _ in 0..<mischief.editCount() { edit(&tokens) }
        var bytes = Array(tokens.joined())
        if mischief.once(in: 8) { mischief.edit(&bytes) }
        return Array(bytes.prefix(1 << 20))
    }

    private mutating func stretch(of tokens: [ArraySlice<UInt8>]) -> Range<Int> {
        let start = mischief.index(below: tokens.count)
        return start..<min(tokens.count, start + 1 + mischief.index(below: 12))
    }

    private mutating func edit(_ tokens: inout [ArraySlice<UInt8>]) {
        guard !tokens.isEmpty else { return tokens.append(mischief.word()[...]) }
        let place = stretch(of: tokens)
        switch mischief.index(below: 8) {
        case 0: tokens.removeSubrange(place)
        case 1: tokens.insert(contentsOf: tokens[place], at: place.lowerBound)
        case 2, 3: tokens.insert(mischief.word()[...], at: place.lowerBound)
        case 4: tokens[place.lowerBound] = mischief.word()[...]
        case 5:
            let repeated = Array(repeatElement(tokens[place], count: 1 << mischief.index(below: 9)).joined())
            tokens.insert(contentsOf: repeated, at: place.lowerBound)
        default:
            let other = corpus[mischief.index(below: corpus.count)]
            tokens.replaceSubrange(place, with: other[stretch(of: other)])
        }
    }
}
