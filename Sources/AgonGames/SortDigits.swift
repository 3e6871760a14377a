public import AgonCore

/// Digits in random order, to be put in ascending order: `415203=` → `012345`.
///
/// Each digit is drawn on its own, so digits repeat.
public struct SortDigits: PromptTask {
    private let lengths: ClosedRange<Int>

    /// - Parameter lengths: how many digits a prompt has, each length as likely as the others; at least 1.
    public init(lengths: ClosedRange<Int> = 6...6) {
        precondition(lengths.lowerBound >= 1, "there is nothing to sort below one digit, lengths are \(lengths)")
        self.lengths = lengths
    }

    public var name: String { "sort-digits" }
    public var alphabet: String { "0123456789=" }
    public var answerAlphabet: String { "0123456789" }
    public var answerTokenLimit: Int { lengths.upperBound + 2 }

    public func prompt(seed: Seed) -> Prompt {
        var generator = SeededGenerator(seed)
        let length = lengths.lowerBound + generator.index(below: lengths.count)
        let digits = (0..<length).map { _ in String(generator.index(below: 10)) }
        return prompt(text: digits.joined() + "=")
    }

    public func goldAnswer(to text: String) -> String? {
        let bytes = Array(text.utf8)
        let digits = bytes.dropLast()
        guard bytes.last == UInt8(ascii: "="), lengths.contains(digits.count),
            digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        return String(decoding: digits.sorted(), as: UTF8.self)
    }
}
