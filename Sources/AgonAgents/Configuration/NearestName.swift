/// The name that somebody probably meant.
public enum NearestName {
    /// The nearest candidate by edit distance, nil where none is near (more than a third of the letters differ).
    public static func of(_ name: String, among candidates: [String]) -> String? {
        var best: (distance: Int, name: String)?
        for candidate in candidates.sorted() {
            let distance = self.distance(name, candidate)
            if distance < best?.distance ?? Int.max { best = (distance, candidate) }
        }
        guard let best, best.distance <= max(1, max(name.count, best.name.count) / 3) else { return nil }
        return best.name
    }

    /// Levenshtein distance.
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.unicodeScalars)
        var row: [Int] = Array(0...right.count)
        for (i, scalar) in left.unicodeScalars.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let change = scalar == other ? diagonal : diagonal + 1
                let next: Int = min(change, min(row[j], row[j + 1]) + 1)
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }
}
