/// The name that somebody probably meant.
public enum NearestName {
    /// The nearest candidate by edit distance, nil where none is near (more than a third of the letters differ).
    public static func of(_ name: String, among candidates: [String]) -> String? {
        guard name.utf8.count <= lengthLimit else { return nil }
        var best: (distance: Int, name: String)?
        for candidate in candidates.sorted() {
            let distance = self.distance(name, candidate)
            if distance < best?.distance ?? Int.max { best = (distance, candidate) }
        }
        guard let best, best.distance <= max(1, max(name.count, best.name.count) / 3) else { return nil }
        return best.name
    }

    /// Insertions, deletions, changes and swaps of neighbours between two names (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let isSame = left[i] == right[j]
                var best = min(rows[i][j] + (isSame ? 0 : 1), min(row[j], rows[i][j + 1]) + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }

    /// Whatever has more bytes is near to nothing.
    private static let lengthLimit = 100
}
