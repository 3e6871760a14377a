/// Stretches of a text in ascending order, such as those that came from outside.
struct TextRanges: Sendable, Equatable {
    private(set) var ranges: [Range<Int>] = []

    /// Adds a stretch at the end; one that touches the last joins it.
    ///
    /// - Precondition: `range` begins at or after the end of the last one's beginning.
    mutating func append(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        if let last = ranges.last, range.lowerBound <= last.upperBound {
            ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
            ranges.append(range)
        }
    }

    /// The first stretch that ends after `position`.
    private func first(endingAfter position: Int) -> Range<Int>? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > position { high = middle } else { low = middle + 1 }
        }
        return low < ranges.count ? ranges[low] : nil
    }

    func overlaps(_ range: Range<Int>) -> Bool {
        first(endingAfter: range.lowerBound).map { $0.lowerBound < range.upperBound } ?? false
    }

    func contains(_ range: Range<Int>) -> Bool {
        first(endingAfter: range.lowerBound).map { $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound }
            ?? false
    }

    /// The parts within `window`, counted from its beginning.
    func within(_ window: Range<Int>) -> TextRanges {
        var result = TextRanges()
        for range in ranges where range.overlaps(window) {
            let part = range.clamped(to: window)
            result.append(part.lowerBound - window.lowerBound..<part.upperBound - window.lowerBound)
        }
        return result
    }

    /// The stretches after parts of the text were replaced: a replacement is in if any of what it replaced was.
    func replacing(_ edits: [Composition.Edit]) -> TextRanges {
        guard !edits.isEmpty else { return self }
        /// Where a position went: to the beginning or the end of the edit that holds it.
        func moved(_ position: Int, up: Bool) -> Int {
            var (low, high) = (0, edits.count)
            while low < high {
                let middle = (low + high) / 2
                let isBefore = up ? edits[middle].from.lowerBound < position : edits[middle].from.upperBound <= position
                if isBefore { low = middle + 1 } else { high = middle }
            }
            if up {
                guard low > 0, case let edit = edits[low - 1] else { return position }
                return edit.to.upperBound + max(0, position - edit.from.upperBound)
            }
            if low < edits.count, edits[low].from.lowerBound <= position { return edits[low].to.lowerBound }
            guard low > 0, case let edit = edits[low - 1] else { return position }
            return position + edit.to.upperBound - edit.from.upperBound
        }
        var result = TextRanges()
        for range in ranges { result.append(moved(range.lowerBound, up: false)..<moved(range.upperBound, up: true)) }
        return result
    }
}
