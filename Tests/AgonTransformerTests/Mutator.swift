import AgonCore

/// Makes broken files out of good ones: a few random edits each, the same for the same seed.
struct Mutator {
    /// Good files of one kind, which are cut, joined and edited.
    let corpus: [[UInt8]]
    /// Words that mean something in the kind of file at hand.
    let words: [[UInt8]]
    private var random: SeededGenerator

    /// Numbers at which sizes, offsets and counts go wrong.
    private static let numbers = [
        "0", "-1", "1", "2", "7", "255", "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "1e308", "1e999", "-0.0", "0.5", "1e-400", "null", "true", "[]", "{}", "\"\"",
    ].map { Array($0.utf8) }

    init(corpus: [[UInt8]], words: [String], seed: Int) {
        self.corpus = corpus
        self.words = words.map { Array($0.utf8) }
        random = SeededGenerator(Seed(run: 0xF022).child(.sample, seed))
    }

    /// The next broken file, at most 1 MiB.
    mutating func next() -> [UInt8] {
        var bytes = corpus[random.index(below: corpus.count)]
        let count = random.index(below: 2) == 0 ? 1 : 1 + random.index(below: 4)
        for _ in 0..<count { edit(&bytes) }
        return Array(bytes.prefix(1 << 20))
    }

    private mutating func edit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = word()
            return
        }
        let place = random.index(below: bytes.count)
        let end = min(bytes.count, place + 1 + random.index(below: 64))
        switch random.index(below: 14) {
        case 0: bytes[place] ^= 1 << UInt8(random.index(below: 8))
        case 1: bytes[place] = UInt8(random.index(below: 256))
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.insert(contentsOf: word(), at: place)
        case 6, 10, 11, 12, 13: replaceNumber(&bytes, from: place)
        case 7: bytes.replaceSubrange(place..<end, with: word())
        case 8:
            let other = corpus[random.index(below: corpus.count)]
            bytes = Array(bytes[..<place] + other.suffix(random.index(below: other.count + 1)))
        default:
            let count = 1 << random.index(below: 12)
            bytes.insert(contentsOf: repeatElement(bytes[place], count: count), at: place)
        }
    }

    private mutating func word() -> [UInt8] {
        let number = words.isEmpty || random.index(below: 2) == 0
        return number
            ? Self.numbers[random.index(below: Self.numbers.count)] : words[random.index(below: words.count)]
    }

    /// Puts a dangerous number in the place of the first number after `start`.
    private mutating func replaceNumber(_ bytes: inout [UInt8], from start: Int) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = bytes[start...].firstIndex(where: digits.contains) else { return }
        let last = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
        bytes.replaceSubrange(first..<last, with: Self.numbers[random.index(below: Self.numbers.count)])
    }
}
