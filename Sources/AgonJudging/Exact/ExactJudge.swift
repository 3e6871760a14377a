public import AgonCore

/// Right or wrong by the gold answer: score 1 where the answer meets the reference, else 0.
///
/// Answers are hostile: every mode takes bounded time on any text. An answer that a mode cannot read is wrong, a reference
/// that it cannot read makes the task void.
public enum ExactJudge {
    /// What counts as right. The names are those of the configuration.
    public enum Mode: String, Sendable, Codable, CaseIterable {
        /// The same text after white space at both ends is cut; case counts. Unicode's canonical equivalents are equal.
        case string
        /// The same number, however it is written: `12`, `+12.0` and ` 1.2e1 ` are equal. Anything else is wrong.
        case number
        /// The whole answer, white space at both ends cut, matches the reference as a pattern, see `Pattern`.
        case regex
        /// The same JSON value: keys in any order, numbers by value, nothing before or after it.
        case json
        /// The same letter of a multiple choice: `B`, `(B)`, `B. Paris`, `The answer is B.`, see `ChoiceLetter`.
        case choice
        /// One of several accepted texts, compared as by `string`: a JSON array of strings and numbers, or one a line.
        case anyOf = "any_of"
        /// An arithmetic expression of the reference's value, exact in fractions; `24 using 4 4 6 8` wants exactly those
        /// numbers in it, each once. See `ArithmeticExpression`.
        case expression
    }

    /// What may be laxer.
    public struct Options: Sendable, Hashable {
        /// Whether case is no matter, in `string`, `any_of` and `regex`.
        public var ignoresCase: Bool
        /// Numbers as close as this are equal, in `number` and `json`: |x − y| ≤ max(absolute, relative · |reference|).
        public var absoluteTolerance: Double
        public var relativeTolerance: Double

        /// - Precondition: tolerances are at least 0.
        public init(ignoresCase: Bool = false, absoluteTolerance: Double = 0, relativeTolerance: Double = 0) {
            precondition(absoluteTolerance >= 0 && relativeTolerance >= 0, "a tolerance is at least 0")
            self.ignoresCase = ignoresCase
            self.absoluteTolerance = absoluteTolerance
            self.relativeTolerance = relativeTolerance
        }

        var isTolerant: Bool { absoluteTolerance > 0 || relativeTolerance > 0 }

        func isClose(_ value: Double, to reference: Double) -> Bool {
            abs(value - reference) <= max(absoluteTolerance, relativeTolerance * abs(reference))
        }
    }

    /// Longer answers, in bytes of UTF-8, are wrong in the modes that parse: all but `string` and `any_of`.
    public static let answerLimit = 65_536

    /// A judge by gold. Tasks without a usable reference are void.
    public static func judge(id: JudgeID, mode: Mode, options: Options = Options()) -> ScoringJudge {
        ScoringJudge(id: id, needsReference: true) { tasks in
            tasks.map { task in
                task.answers.map { score($0, reference: task.reference, mode: mode, options: options) }
            }
        }
    }

    /// 1 where `answer` meets `reference`, 0 where it does not.
    /// - Returns: nil where there is no reference, where the mode cannot read it, and where an expression overflows: its
    ///   value is not known.
    public static func score(
        _ answer: String, reference: String?, mode: Mode, options: Options = Options()
    ) -> Double? {
        guard let reference = reference.map(trimmed) else { return nil }
        let isReadable = answer.utf8.count <= answerLimit
        let answer = trimmed(answer)
        let isRight: Bool?
        switch mode {
        case .string: isRight = folded(answer, options) == folded(reference, options)
        case .anyOf:
            let wanted = folded(answer, options)
            isRight = accepted(reference).map { $0.contains { folded(trimmed($0), options) == wanted } }
        case .number: isRight = isSameNumber(isReadable ? answer : "", reference, options)
        case .regex:
            isRight = Pattern(reference, ignoresCase: options.ignoresCase).map { isReadable && $0.matchesWhole(answer) }
        case .json:
            isRight = JSONForm(reference).map { wanted in
                isReadable && (JSONForm(answer).map { $0.isSame(as: wanted, options) } ?? false)
            }
        case .choice:
            isRight = ChoiceLetter.alone(reference).map { isReadable && ChoiceLetter.find(in: answer) == $0 }
        case .expression:
            guard let task = ArithmeticTask(reference) else { return nil }
            isRight = isReadable ? task.isSolved(by: answer) : false
        }
        return isRight.map { $0 ? 1 : 0 }
    }

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        let head = Substring(text).drop(while: \.isWhitespace)
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return head[...last]
    }

    private static func folded(_ text: Substring, _ options: Options) -> String {
        options.ignoresCase ? text.lowercased() : String(text)
    }

    /// The accepted answers; nil where there are none, or where an array holds something else than texts and numbers.
    private static func accepted(_ reference: Substring) -> [String]? {
        guard reference.first == "[", let form = JSONForm(reference) else {
            let lines = reference.split(whereSeparator: \.isNewline).map(String.init).filter { !trimmed($0).isEmpty }
            return lines.isEmpty ? nil : lines
        }
        guard case .array(let elements) = form, !elements.isEmpty else { return nil }
        var texts: [String] = []
        for element in elements {
            switch element {
            case .string(let text): texts.append(text)
            case .number(let number): texts.append(number.source)
            case .null, .bool, .array, .object: return nil
            }
        }
        return texts
    }

    private static func isSameNumber(_ answer: Substring, _ reference: Substring, _ options: Options) -> Bool? {
        guard let wanted = number(reference) else { return nil }
        if !options.isTolerant, let left = Int(answer), let right = Int(reference) { return left == right }
        guard let value = number(answer) else { return false }
        return options.isTolerant ? options.isClose(value, to: wanted) : value == wanted
    }

    /// A decimal number; `nan`, `inf` and hexadecimal, which the standard library would read, are none.
    private static func number(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ $0 < 0x80 }), text.allSatisfy({ "0123456789+-.eE".contains($0) }),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }
}
