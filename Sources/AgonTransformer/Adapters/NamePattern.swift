import Foundation

/// A regular expression that must match a whole module name, as `target_modules` and `rank_pattern` hold them.
///
/// Patterns come with downloaded adapters: one that would search for ever is an error after a fixed amount of work.
struct NamePattern {
    private static let lengthLimit = 4096
    /// Progress reports of the matcher, each after some thousand steps, before a pattern counts as runaway.
    private static let progressLimit = 200

    private let pattern: String
    private let expression: NSRegularExpression

    /// - Parameter anySuffix: whether the pattern may also match what follows a dot, as in `rank_pattern`.
    /// - Throws: `invalidConfig` for a pattern that cannot be read.
    init(_ pattern: String, anySuffix: Bool = false) throws(TransformerError) {
        guard pattern.utf8.count <= Self.lengthLimit else {
            throw TransformerError(
                .invalidConfig,
                "A module pattern has \(pattern.utf8.count) bytes; \(Self.lengthLimit) are the limit.")
        }
        self.pattern = pattern
        // Python's spelling of named groups is the only one of its own that adapters use.
        let body = pattern.replacingOccurrences(of: "(?P<", with: "(?<")
        do {
            expression = try NSRegularExpression(pattern: "\\A\(anySuffix ? "(?:.*\\.)?" : "")(?:\(body))\\z")
        } catch {
            throw TransformerError(
                .invalidConfig, "The module pattern \"\(pattern)\" is not a regular expression; correct it.",
                underlying: error)
        }
    }

    /// - Throws: `invalidConfig` where matching takes too long.
    func matches(_ name: String) throws(TransformerError) -> Bool {
        var (isFound, reports) = (false, 0)
        let whole = NSRange(name.startIndex..., in: name)
        expression.enumerateMatches(in: name, options: [.reportProgress], range: whole) { match, _, stop in
            if match != nil { isFound = true } else { reports += 1 }
            if isFound || reports > Self.progressLimit { stop.pointee = true }
        }
        guard reports <= Self.progressLimit else {
            throw TransformerError(
                .invalidConfig,
                "The module pattern \"\(pattern)\" takes too long on \(name); write it without nested repetition.")
        }
        return isFound
    }
}
