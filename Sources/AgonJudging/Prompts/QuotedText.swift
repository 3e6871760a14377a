/// Foreign text made fit to stand in a judge's prompt: whatever would not be seen, or would be taken for the frame of a
/// conversation, becomes visible and harmless. Nothing is taken away, so nothing can be put together by what is taken away.
///
/// - Control characters, zero-width and direction marks, tags and other invisible ones become `[U+200B]`, a run of them
///   `[U+200B ×12]`; line feeds and tabs stay, other line ends become line feeds.
/// - Marks of chat formats get a dot after their first character: `<·|im_start|·>`, `[·INST]`, `<·/s>`, `#·## Response:`.
/// - What is longer than the limit loses its middle, with a line that says how many characters are missing.
///
/// Characters are Unicode scalars here: what looks like one character may be a million of them.
struct QuotedText: Sendable {
    private let head: String
    private let tail: String
    /// Characters of the text between head and tail that were left out.
    private let omittedCount: Int

    /// - Parameter limit: the most characters that are kept, as they are shown; at least 2.
    init(_ text: String, limit: Int) {
        let scalars = text.unicodeScalars
        let count = scalars.count
        if count <= limit {
            let units = QuotedText.units(Array(scalars)[...])
            if units.reduce(0, { $0 + $1.shown.count }) <= limit {
                (head, tail, omittedCount) = (QuotedText.string(units[...]), "", 0)
                return
            }
        }
        // Neither half can show more characters than it may, so no more of the text needs to be looked at.
        let half = limit / 2
        let front = QuotedText.units(Array(scalars.prefix(limit - half))[...])
        var shownCount = 0
        let first = front.prefix { unit in
            shownCount += unit.shown.count
            return shownCount <= limit - half
        }
        // What the head shows already is not shown again.
        let rest = count - first.reduce(0) { $0 + $1.sourceCount }
        let back = QuotedText.units(Array(scalars.suffix(min(half, rest)))[...])
        shownCount = 0
        let last = back.suffix(
            back.reversed().prefix { unit in
                shownCount += unit.shown.count
                return shownCount <= half
            }.count)
        (head, tail) = (QuotedText.string(first), QuotedText.string(last))
        omittedCount = rest - last.reduce(0) { $0 + $1.sourceCount }
    }

    /// Whether the text has the word anywhere.
    func contains(_ word: String) -> Bool {
        [head, tail].contains { $0.utf8.contains(word.utf8) }
    }

    /// All that is kept of the text, for a hash.
    var content: String { "\(head.utf8.count):\(head)\(tail.utf8.count):\(tail)\(omittedCount)" }

    /// The text between lines that it cannot contain.
    /// - Parameter nonce: a word that no quoted text contains.
    func quoted(as name: String, nonce: String) -> String {
        let body = omittedCount == 0 ? head : "\(head)\n[\(nonce): \(omittedCount) characters left out]\n\(tail)"
        return "<<<\(name) \(nonce)\n\(body)\n\(name) \(nonce)>>>"
    }

    /// The whole text, neutralised.
    static func neutralised(_ text: String) -> String { string(units(Array(text.unicodeScalars)[...])[...]) }

    /// A part of a text that is shown as a whole or not at all.
    private struct Unit {
        /// How many characters of the text it stands for.
        var sourceCount: Int
        var shown: [Unicode.Scalar]
    }

    private static func string(_ units: ArraySlice<Unit>) -> String {
        var result = String.UnicodeScalarView()
        for unit in units { result.append(contentsOf: unit.shown) }
        return String(result)
    }

    /// The parts of a text, whose beginning counts as the beginning of a line.
    private static func units(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unit] {
        var units: [Unit] = []
        units.reserveCapacity(scalars.count)
        var index = scalars.startIndex
        var isLineStart = true
        while index < scalars.endIndex {
            let unit = unit(scalars[index...], isLineStart: isLineStart)
            units.append(unit)
            index += unit.sourceCount
            isLineStart = unit.shown == ["\n"]
        }
        return units
    }

    private static func unit(_ scalars: ArraySlice<Unicode.Scalar>, isLineStart: Bool) -> Unit {
        let scalar = scalars[scalars.startIndex]
        if scalar == "\n" { return Unit(sourceCount: 1, shown: [scalar]) }
        if scalar == "\r" { return Unit(sourceCount: scalars.dropFirst().first == "\n" ? 2 : 1, shown: ["\n"]) }
        if isHidden(scalar) {
            let count = scalars.prefix { $0 == scalar }.count
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let zeros = String(repeating: "0", count: max(0, 4 - digits.count))
            let times = count > 1 ? " ×\(count)" : ""
            return Unit(sourceCount: count, shown: Array("[U+\(zeros)\(digits)\(times)]".unicodeScalars))
        }
        let isMark = ChatMarks.begin(scalars) || (isLineStart && ChatMarks.isHeading(scalars))
        return Unit(sourceCount: 1, shown: isMark ? [scalar, "·"] : [scalar])
    }

    /// Whether a reader would not see the character, or see it move others.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 && scalar != "\t" }
        // The sign that makes an emoji of the character before it.
        if scalar.value == 0xFE0F { return false }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: return true
        default: return properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
        }
    }
}

/// The marks by which chat formats tell who speaks.
enum ChatMarks {
    /// Names in `<name>` and `</name>`.
    private static let tags: Set<String> = [
        "s", "bos", "eos", "pad", "unk", "sep", "cls", "mask", "start_of_turn", "end_of_turn", "think", "thinking",
        "system", "user", "assistant", "human", "tool_call", "tool_response", "tools", "instructions", "endoftext",
    ]
    /// Beginnings of `[name` and `[/name`.
    private static let brackets = ["inst", "sys", "system_prompt", "available_tools", "tool_calls", "tool_results", "args"]
    /// Words that head a turn when a colon follows.
    private static let speakers: Set<String> = [
        "system", "user", "assistant", "human", "instruction", "instructions", "response", "developer", "tool", "verdict",
        "judge",
    ]

    /// Whether a mark begins here.
    static func begin(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = scalars.first, "<|｜[".unicodeScalars.contains(first) else { return false }
        var rest = scalars.dropFirst()
        switch first {
        case "|", "｜": return rest.first == ">"
        case "<":
            if rest.first == "|" || rest.first == "｜" { return true }
            let isDoubled = rest.first == "<"
            if isDoubled { rest = rest.dropFirst() }
            if rest.first == "/" { rest = rest.dropFirst() }
            let word = lowercased(rest.prefix { $0 != ">" && $0 != "<" && $0 != "\n" }, limit: 24)
            return isDoubled ? word == "sys" : tags.contains(word) && rest.dropFirst(word.utf8.count).first == ">"
        default:
            if rest.first == "/" { rest = rest.dropFirst() }
            let word = lowercased(rest, limit: 24)
            return brackets.contains { word.hasPrefix($0) }
        }
    }

    /// Whether a line that begins here names a speaker, as `### Response:` and `Human:` do.
    static func isHeading(_ line: ArraySlice<Unicode.Scalar>) -> Bool {
        let rest = line.prefix(64).drop { " \t#*>_".unicodeScalars.contains($0) }
        let word = rest.prefix { $0.properties.isAlphabetic }
        let after = rest.dropFirst(word.count).drop { " *_".unicodeScalars.contains($0) }
        return after.first == ":" && speakers.contains(lowercased(word, limit: 24))
    }

    private static func lowercased(_ scalars: ArraySlice<Unicode.Scalar>, limit: Int) -> String {
        String(String.UnicodeScalarView(scalars.prefix(limit))).lowercased()
    }
}
