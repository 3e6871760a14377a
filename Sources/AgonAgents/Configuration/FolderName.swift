/// Names of agents and arenas, which are also names of folders and parts of run ids.
public enum FolderName {
    /// The most characters that a name may have.
    public static let limit = 64

    /// Letters, digits, `-` and `_` of ASCII, the first a letter or a digit.
    public static func isValid(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, isLetterOrDigit(first), name.utf8.count <= limit else { return false }
        return name.unicodeScalars.allSatisfy { isLetterOrDigit($0) || $0 == "-" || $0 == "_" }
    }

    /// Why a name is none.
    public static func complaint(_ name: String) -> String {
        "`\(name.prefix(limit))` cannot name a folder: use letters, digits, `-` and `_`, at most \(limit), the first a letter or digit."
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
    }
}
