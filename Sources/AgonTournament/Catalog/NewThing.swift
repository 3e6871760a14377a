import Foundation

/// A folder or file that `agon new` writes, or would write.
public struct NewThing: Sendable, Hashable, Codable {
    /// The agent's folder or the arena's file.
    public var path: String
    /// Its files: path and text.
    public var files: [File]
    /// What to do next, one sentence each.
    public var next: [String]

    /// One file of it: where it goes and what stands in it.
    public struct File: Sendable, Hashable, Codable {
        public var path: String
        public var text: String
    }

    /// Refuses a path where something is.
    /// - Throws: `configuration`.
    static func requireFree(_ path: String) throws(TournamentError) {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw TournamentError(.configuration, "\(path) exists already and is left as it is: choose another name, or edit it.")
        }
    }
}

/// YAML values as the reader takes them back.
enum YAMLText {
    /// A text in double quotes where it could be read as something else.
    static func scalar(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_./".unicodeScalars.contains($0))
        }
        let first = text.unicodeScalars.first.map { $0.properties.isAlphabetic || $0 == "." || $0 == "/" } ?? false
        guard !plain || !first || ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) else { return text }
        return quoted(text)
    }

    /// A text in double quotes, what steers or hides as `\U` escapes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                result += "\\\(scalar)"
            } else if scalar.value < 0x20 || DisplayText.needsPicture(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// `[a, b]`.
    static func list(_ texts: [String]) -> String { "[" + texts.map(scalar).joined(separator: ", ") + "]" }

    /// `text # comment`, the comments of all lines in one column.
    static func commented(_ lines: [(text: String, comment: String)]) -> String {
        let column = min(48, lines.filter { !$0.comment.isEmpty }.map(\.text.count).max() ?? 0)
        return lines.map { line in
            guard !line.comment.isEmpty else { return line.text + "\n" }
            return line.text + String(repeating: " ", count: max(0, column - line.text.count)) + "  # \(line.comment)\n"
        }.joined()
    }
}
