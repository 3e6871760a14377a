import AgonCore

/// What a judge's reply says, read strictly: whatever could mean two things means nothing.
///
/// As JSON: one object with exactly `reason` and `verdict`, nothing around it. As lines: `VERDICT:` stands in exactly one
/// line, the last one that is not empty, with a verdict and nothing else.
public enum JudgeReading {
    /// The most characters of a reason that are kept.
    public static let reasonLimit = 600

    /// Reads a pairwise reply; void with the reason why where it is unreadable.
    public static func pairwise(_ text: String, form: JudgeReplyForm) -> ComparisonReply {
        if form == .letter {
            let verdict = verdict(letter: trimmed(text))
            return verdict.map { ComparisonReply($0) } ?? unreadable(text)
        }
        guard let (reason, value) = parts(text, form), case .text(let word) = value else { return unreadable(text) }
        switch word {
        case "A": return ComparisonReply(.first, reason: reason)
        case "B": return ComparisonReply(.second, reason: reason)
        case "tie": return ComparisonReply(.tie, reason: reason)
        default: return unreadable(text)
        }
    }

    /// Reads the probabilities of the first token:
    ///
    ///     preference = (P(A) + P(T) / 2) / (P(A) + P(B) + P(T))
    ///
    /// and the likeliest of the three is the verdict. Void where the three together are less likely than ¼: then the model
    /// was not answering the question.
    /// - Parameter tokens: alternatives with their probabilities; white space around a letter does not matter.
    public static func letter(_ tokens: [(token: String, probability: Double)]) -> ComparisonReply {
        var chances: [Verdict: Double] = [:]
        for (token, probability) in tokens where probability.isFinite && probability > 0 {
            if let verdict = verdict(letter: trimmed(token)) { chances[verdict, default: 0] += probability }
        }
        let (first, second, tie) = (chances[.first] ?? 0, chances[.second] ?? 0, chances[.tie] ?? 0)
        let sum = first + second + tie
        guard sum >= 0.25 else {
            return ComparisonReply(.void, reason: "unreadable: the letters together have probability \(sum)")
        }
        let verdict: Verdict = tie >= max(first, second) || first == second ? .tie : first > second ? .first : .second
        return ComparisonReply(verdict, preference: (first + tie / 2) / sum)
    }

    /// Reads a grade from 1 to 10; nil with the reason why where it is unreadable.
    public static func pointwise(_ text: String, form: JudgeReplyForm) -> (grade: Int?, reason: String) {
        guard let (reason, value) = parts(text, form) else { return (nil, unreadable(text).reason) }
        let grade: Int? =
            switch value {
            case .integer(let number): number
            case .text(let word): form == .line && word.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(word) : nil
            case .texts: nil
            }
        guard let grade, (1...10).contains(grade) else { return (nil, unreadable(text).reason) }
        return (grade, reason)
    }

    /// Reads an order of `count` answers, best first; nil with the reason why where it is unreadable.
    public static func listwise(_ text: String, count: Int, form: JudgeReplyForm) -> (order: [Int]?, reason: String) {
        guard let (reason, value) = parts(text, form) else { return (nil, unreadable(text).reason) }
        let labels: [String] =
            switch value {
            case .texts(let labels): labels
            case .text(let line): form == .line ? line.split(separator: ",").map { trimmed(String($0)) } : []
            case .integer: []
            }
        let order = labels.compactMap { label in (0..<count).first { JudgePrompts.label($0) == label } }
        guard labels.count == count, order.count == count, Set(order).count == count else {
            return (nil, unreadable(text).reason)
        }
        return (order, reason)
    }

    /// A foreign text on one line, cut to the limit, with nothing in it that is not seen.
    public static func reason(_ text: String) -> String {
        let visible = QuotedText.neutralised(String(text.unicodeScalars.prefix(4 * reasonLimit)))
        let line = visible.split { $0 == "\n" || $0 == "\t" || $0 == " " }.joined(separator: " ")
        guard line.unicodeScalars.count > reasonLimit else { return line }
        return String(line.unicodeScalars.prefix(reasonLimit)) + "…"
    }

    private static func parts(_ text: String, _ form: JudgeReplyForm) -> (reason: String, verdict: FlatJSON.Value)? {
        guard form == .json else { return line(text) }
        guard let members = FlatJSON.object(text), members.count == 2, case .text(let reason) = members["reason"],
            let verdict = members["verdict"]
        else { return nil }
        return (self.reason(reason), verdict)
    }

    private static func line(_ text: String) -> (reason: String, verdict: FlatJSON.Value)? {
        let word = "verdict:"
        // Emphasis around the line is no other form.
        let lines = text.split(whereSeparator: \.isNewline).map { trimmed(String($0), marks: "*_`#") }.filter { !$0.isEmpty }
        guard let last = lines.last, last.lowercased().hasPrefix(word),
            lines.dropLast().allSatisfy({ !$0.lowercased().contains(word) })
        else { return nil }
        let value = trimmed(String(last.dropFirst(word.count)), marks: "*_`")
        return (reason(lines.dropLast().joined(separator: " ")), .text(value))
    }

    private static func verdict(letter: String) -> Verdict? {
        switch letter {
        case "A": .first
        case "B": .second
        case "T": .tie
        default: nil
        }
    }

    private static func trimmed(_ text: String, marks: String = "") -> String {
        let head = text.drop { $0.isWhitespace || marks.contains($0) }
        guard let last = head.lastIndex(where: { !$0.isWhitespace && !marks.contains($0) }) else { return "" }
        return String(head[...last])
    }

    private static func unreadable(_ text: String) -> ComparisonReply {
        ComparisonReply(.void, reason: "unreadable: \(reason(String(text.unicodeScalars.prefix(200))))")
    }
}
