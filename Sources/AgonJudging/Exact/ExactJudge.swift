public import AgonCore

/// Right or wrong by the gold answer: score 1 where the answer equals the reference, else 0.
public enum ExactJudge {
    /// What counts as equal.
    public enum Mode: String, Sendable, Codable, CaseIterable {
        /// The same text after white space at both ends is cut; case counts. Unicode's canonical equivalents are equal.
        case string
        /// The same number, however it is written: `12`, `+12.0` and ` 1.2e1 ` are equal. Anything else is wrong.
        case number
    }

    /// A judge by gold. Tasks without a usable reference are void.
    public static func judge(id: JudgeID, mode: Mode) -> ScoringJudge {
        ScoringJudge(id: id, needsReference: true) { tasks in
            tasks.map { task in task.answers.map { score($0, reference: task.reference, mode: mode) } }
        }
    }

    /// 1 where `answer` equals `reference`, 0 where it does not.
    /// - Returns: nil where there is no reference, or in number mode where it is not a number.
    public static func score(_ answer: String, reference: String?, mode: Mode) -> Double? {
        guard let reference = reference.map(trimmed) else { return nil }
        let answer = trimmed(answer)
        switch mode {
        case .string: return answer == reference ? 1 : 0
        case .number:
            guard let wanted = number(reference) else { return nil }
            if let left = Int(answer), let right = Int(reference) { return left == right ? 1 : 0 }
            return number(answer) == wanted ? 1 : 0
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        let head = text.drop(while: \.isWhitespace)
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return head[...last]
    }

    /// A decimal number; `nan`, `inf` and hexadecimal, which the standard library would read, are none.
    private static func number(_ text: Substring) -> Double? {
        guard text.allSatisfy({ "0123456789+-.eE".contains($0) }), let value = Double(text), value.isFinite else {
            return nil
        }
        return value
    }
}
