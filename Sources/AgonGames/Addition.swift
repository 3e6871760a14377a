public import AgonCore

/// The sum of two numbers: `47+38=` → `85`. No leading zeros.
public struct Addition: PromptTask {
    private let operands: ClosedRange<Int>

    /// - Parameter operands: the numbers to add, all equally likely; 0 … 10⁹.
    public init(operands: ClosedRange<Int> = 0...99) {
        precondition(
            operands.lowerBound >= 0 && operands.upperBound <= 1_000_000_000,
            "operands lie in 0 … 1000000000, they are \(operands)")
        self.operands = operands
    }

    public var name: String { "addition" }
    public var alphabet: String { "0123456789+=" }
    public var answerAlphabet: String { "0123456789" }
    public var answerTokenLimit: Int { String(2 * operands.upperBound).count + 2 }

    public func prompt(seed: Seed) -> Prompt {
        var generator = SeededGenerator(seed)
        let left = operands.lowerBound + generator.index(below: operands.count)
        let right = operands.lowerBound + generator.index(below: operands.count)
        return prompt(text: "\(left)+\(right)=")
    }

    public func goldAnswer(to text: String) -> String? {
        guard text.utf8.last == UInt8(ascii: "=") else { return nil }
        let sides = text.dropLast().split(separator: "+", omittingEmptySubsequences: false)
        guard sides.count == 2, let left = operand(sides[0]), let right = operand(sides[1]) else { return nil }
        return String(left + right)
    }

    /// The number that a text spells, nil where it is out of range or not spelled as a prompt spells it.
    private func operand(_ text: Substring) -> Int? {
        guard let number = Int(text), operands.contains(number), String(number) == text else { return nil }
        return number
    }
}
