/// Refuses, before a parser sees it, the YAML that makes parsers run away.
///
/// A parser that follows nesting by calling itself ends with its stack, and aliases (`*name`) let a few lines stand
/// for billions of nodes. No configuration needs either. The check reads characters and not YAML, so that it cannot
/// be talked out of its opinion by quotes or comments; its limits are far from anything that a person writes.
enum HostileYAML {
    /// The most `[` and `{` that a text may hold: together with the indentation they bound how deep it nests.
    static let collectionLimit = 512
    /// The most columns that a line may be indented.
    static let indentationLimit = 256

    private static let lineBreaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]

    /// - Throws: `syntax`, naming file and line.
    static func check(_ text: String, file: String) throws(AgentError) {
        var (line, indentation, collectionCount) = (1, 0, 0)
        // Only blanks and the indicators that begin a block entry so far; such a line may begin with an alias.
        var isAtStart = true
        var before: Unicode.Scalar = "\n"
        var last: Unicode.Scalar = "\n"
        for scalar in text.unicodeScalars {
            if last == "*", isNameCharacter(scalar), mayBeginNode(after: before, isAtStart, collectionCount) {
                throw AgentError(
                    .syntax, "\(file):\(line): aliases such as `*\(scalar)…` are not read here: write the value out.")
            }
            if lineBreaks.contains(scalar) {
                if scalar == "\n" { line += 1 }
                (indentation, isAtStart, before) = (0, true, "\n")
            } else if isAtStart, " \t-?:".unicodeScalars.contains(scalar) {
                indentation += 1
                guard indentation <= indentationLimit else {
                    throw AgentError(.syntax, "\(file):\(line): the line is indented by more than \(indentationLimit) columns: shorten it.")
                }
            } else if scalar == "[" || scalar == "{" {
                collectionCount += 1
                guard collectionCount <= collectionLimit else {
                    throw AgentError(.syntax, "\(file):\(line): more than \(collectionLimit) `[` and `{` stand in the file: shorten it.")
                }
            }
            if scalar != "*" {
                if isAtStart, !lineBreaks.contains(scalar), !" \t-?:".unicodeScalars.contains(scalar) { isAtStart = false }
                if scalar != " ", scalar != "\t" { before = scalar }
            }
            last = scalar
        }
    }

    /// Whether a `*` may stand for a node: at the start of a line, after a colon, or after what separates entries of
    /// a collection in brackets.
    private static func mayBeginNode(
        after before: Unicode.Scalar, _ isAtStart: Bool, _ collectionCount: Int
    ) -> Bool {
        isAtStart || before == ":" || (collectionCount > 0 && "[{,?".unicodeScalars.contains(before))
    }

    private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
    }
}
