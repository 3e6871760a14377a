/// What an expression must come to, and the numbers that it must be made of.
struct ArithmeticTask {
    private let value: Fraction
    /// Sorted; nil where any numbers will do.
    private let numbers: [Fraction]?

    /// - Parameter reference: an expression, or `EXPRESSION using N N …` with commas or spaces between the numbers.
    /// - Returns: nil where it cannot be read.
    init?(_ reference: some StringProtocol) {
        let words = reference.split { $0.isWhitespace || $0 == "," }
        guard let using = words.firstIndex(of: "using") else {
            guard let value = try? ArithmeticExpression(reference).value else { return nil }
            (self.value, numbers) = (value, nil)
            return
        }
        guard let value = try? ArithmeticExpression(words[..<using].joined(separator: " ")).value else { return nil }
        var numbers: [Fraction] = []
        for word in words[(using + 1)...] {
            guard let number = try? ArithmeticExpression(word).value else { return nil }
            numbers.append(number)
        }
        guard !numbers.isEmpty else { return nil }
        (self.value, self.numbers) = (value, ArithmeticTask.sorted(numbers))
    }

    /// Whether an answer, `EXPRESSION` or `EXPRESSION = VALUE`, solves the task.
    /// - Returns: nil where a number overflows, so that nobody knows.
    func isSolved(by answer: some StringProtocol) -> Bool? {
        let sides = answer.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count <= 2 else { return false }
        do {
            let parsed = try sides.map { try ArithmeticExpression($0) }
            guard parsed.allSatisfy({ $0.value == value }) else { return false }
            return numbers == nil || numbers == ArithmeticTask.sorted(parsed[0].numbers)
        } catch Fraction.Fault.overflow {
            return nil
        } catch {
            return false
        }
    }

    private static func sorted(_ numbers: [Fraction]) -> [Fraction] {
        numbers.sorted { ($0.numerator, $0.denominator) < ($1.numerator, $1.denominator) }
    }
}

/// An arithmetic expression and its exact value.
///
///     sum     = product (("+" | "-") product)*
///     product = sign (("*" | "/") sign)*
///     sign    = ("+" | "-")* power
///     power   = primary ("^" sign)?              right to left: 2^3^2 = 2^9, -2^2 = -4
///     primary = number | "(" sum ")"
///
/// `×`, `·`, `÷`, `−` and `**` are read too. Nested at most 64 deep.
struct ArithmeticExpression {
    private(set) var value = Fraction(0)
    /// The numbers as they stand, left to right.
    private(set) var numbers: [Fraction] = []
    private var depth = 0
    private let symbols: [Character]
    private var place = 0

    /// - Throws: `undefined` where the text is no expression or has no value, `overflow` where a number does not fit.
    init(_ text: some StringProtocol) throws(Fraction.Fault) {
        var symbols: [Character] = []
        var isApart = false
        for character in text {
            guard !character.isWhitespace else {
                isApart = true
                continue
            }
            // "1 2" is two numbers without an operator, not 12.
            if isApart, character.isWholeNumber, symbols.last?.isWholeNumber == true { throw .undefined }
            isApart = false
            let symbol = ["×": "*", "·": "*", "÷": "/", "−": "-"][character] ?? character
            if symbol == "*", symbols.last == "*" { symbols[symbols.count - 1] = "^" } else { symbols.append(symbol) }
        }
        self.symbols = symbols
        value = try sum()
        guard place == symbols.count else { throw .undefined }
    }

    private var next: Character? { place < symbols.count ? symbols[place] : nil }

    private mutating func take(_ symbol: Character) -> Bool {
        guard next == symbol else { return false }
        place += 1
        return true
    }

    private mutating func sum() throws(Fraction.Fault) -> Fraction {
        var total = try product()
        while true {
            if take("+") {
                total = try total.plus(product())
            } else if take("-") {
                total = try total.plus(product().negated())
            } else {
                return total
            }
        }
    }

    private mutating func product() throws(Fraction.Fault) -> Fraction {
        var total = try sign()
        while true {
            if take("*") {
                total = try total.times(sign())
            } else if take("/") {
                total = try total.divided(by: sign())
            } else {
                return total
            }
        }
    }

    private mutating func sign() throws(Fraction.Fault) -> Fraction {
        var isNegative = false
        while next == "+" || next == "-" {
            if next == "-" { isNegative.toggle() }
            place += 1
        }
        let value = try power()
        return isNegative ? try value.negated() : value
    }

    private mutating func power() throws(Fraction.Fault) -> Fraction {
        let base = try primary()
        guard take("^") else { return base }
        try descend()
        defer { depth -= 1 }
        return try base.raised(to: sign())
    }

    private mutating func primary() throws(Fraction.Fault) -> Fraction {
        guard take("(") else { return try number() }
        try descend()
        defer { depth -= 1 }
        let value = try sum()
        guard take(")") else { throw .undefined }
        return value
    }

    private mutating func descend() throws(Fraction.Fault) {
        guard depth < 64 else { throw .undefined }
        depth += 1
    }

    private mutating func number() throws(Fraction.Fault) -> Fraction {
        let digits = symbols[place...].prefix { $0.isASCII && $0.isWholeNumber }
        place += digits.count
        var fraction: ArraySlice<Character> = []
        if take(".") {
            fraction = symbols[place...].prefix { $0.isASCII && $0.isWholeNumber }
            place += fraction.count
            guard !fraction.isEmpty else { throw .undefined }
        }
        guard !digits.isEmpty else { throw .undefined }
        guard let top = Int(String(digits + fraction)), fraction.count <= 18 else { throw .overflow }
        let number = try Fraction(top, over: fraction.reduce(1) { ten, _ in ten * 10 })
        numbers.append(number)
        return number
    }
}
