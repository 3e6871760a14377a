/// Text from models and files made fit to be shown: nothing in it can move a cursor, turn the reading direction or hide.
public enum DisplayText {
    /// The text with every invisible or controlling character made visible.
    ///
    /// C0 controls become their pictures (`␛`), everything else that does not print its code point (`⟨U+202E⟩`):
    /// C1 controls, bidirectional marks, zero-width characters, line separators, tags. Zero-width joiners and
    /// variation selectors stay, emoji need them.
    /// - Parameter keepsLines: leaves `\n` and `\t` alone.
    public static func visible(_ text: String, keepsLines: Bool = false) -> String {
        // Plain ASCII, which is most of it, is not looked up.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 > 0x7E }), text.unicodeScalars.contains(where: needsPicture) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if keepsLines, scalar == "\n" || scalar == "\t" {
                result.append(scalar)
            } else if scalar.value < 0x20, let picture = Unicode.Scalar(0x2400 + scalar.value) {
                result.append(picture)
            } else if scalar.value == 0x7F {
                result.append("␡")
            } else if needsPicture(scalar) {
                result.append(contentsOf: "⟨U+\(hexadecimal(scalar))⟩".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// At most `limit` code points, and a mark that says how many more there were.
    ///
    /// Code points, not characters: one character may carry thousands of combining marks.
    static func truncated(_ text: String, limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end != scalars.endIndex
        else { return text }
        return String(scalars[..<end]) + "… [\(ReportNumber.count(scalars.distance(from: end, to: scalars.endIndex))) more]"
    }

    /// A name or another short thing from outside, fit to stand in a sentence: visible, and never long.
    static func name(_ text: String, limit: Int = 40) -> String { visible(truncated(text, limit: limit)) }

    /// Columns that the text takes on a terminal: 2 for East Asian wide characters and emoji, 0 for combining marks.
    /// - Source: Unicode Standard Annex 11, classes W and F, by their blocks.
    static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// The text cut to `columns`, with `…` where something was lost.
    public static func fitted(_ text: String, columns: Int) -> String {
        guard width(text) > columns else { return text }
        var result = ""
        var used = 0
        for character in text {
            let next = width(character)
            guard used + next <= columns - 1 else { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// The text's lines in lines of at most `columns`, broken at spaces, and within a word that is wider than a line.
    /// Spaces at their ends are left out.
    /// - Parameter indent: stands before what goes on.
    static func wrapped(_ text: String, columns: Int, indent: String = "") -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped(line: $0, columns, indent) }
    }

    private static func wrapped(line text: Substring, _ columns: Int, _ indent: String) -> [String] {
        var lines: [String] = []
        var (line, used) = ("", 0)
        func breakLine() {
            lines.append(line)
            (line, used) = (indent, width(indent))
        }
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let size = word.reduce(0) { $0 + width($1) }
            if size > 0, used + size > columns, used > (lines.isEmpty ? 0 : width(indent)) { breakLine() }
            for character in word {
                let next = width(character)
                if used + next > columns, used > width(indent) { breakLine() }
                line.append(character)
                used += next
            }
            line.append(" ")
            used += 1
        }
        return (lines + [line]).map { String($0.reversed().drop { $0 == " " }.reversed()) }
    }

    private static func width(_ character: Character) -> Int {
        var result = 0
        for scalar in character.unicodeScalars {
            if isWide(scalar) || scalar.value == 0xFE0F { return 2 }
            if !isZeroWidth(scalar) { result = 1 }
        }
        return result
    }

    private static func isZeroWidth(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: true
        default: false
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isEmojiPresentation { return true }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return true
        default:
            return false
        }
    }

    /// Whether a character prints nothing that can be seen, or steers what is printed.
    static func needsPicture(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value == 0x200D || (0xFE00...0xFE0F).contains(scalar.value) { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
        default: return false
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
