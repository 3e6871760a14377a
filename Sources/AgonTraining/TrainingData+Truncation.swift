import AgonCore

extension TrainingData {
    /// Data whose sequences have at most `maxLength` tokens, and what that cost.
    struct Truncation {
        var data: TrainingData
        /// Items of which a sequence lost its end. It lost its end token too: such a completion teaches the model not
        /// to stop, so watch this count.
        var truncatedCount = 0
        /// Items of which a sequence has no own token left, because its prompt alone is that long.
        var droppedCount = 0
        /// The index that each item of the new data had among all.
        var numbers: [Int] = []
    }

    /// Cuts the end off sequences that are too long (TRL's `max_length` with `keep_start`), and drops the items of which
    /// nothing to learn is left.
    func truncated(to maxLength: Int) -> Truncation {
        var result = Truncation(data: self)
        var seenCount = 0
        /// The item with its sequences cut; nil where one of them has no own token left.
        func cut<Item>(_ item: Item, _ sequences: [WritableKeyPath<Item, TokenSequence>]) -> Item? {
            defer { seenCount += 1 }
            var shorter = item
            for path in sequences where item[keyPath: path].tokens.count > maxLength {
                shorter[keyPath: path] = TokenSequence(
                    tokens: Array(item[keyPath: path].tokens.prefix(maxLength)),
                    own: Array(item[keyPath: path].own.prefix(maxLength)))
            }
            let isLong = sequences.contains { item[keyPath: $0].tokens.count > maxLength }
            guard isLong else {
                result.numbers.append(seenCount)
                return item
            }
            guard sequences.allSatisfy({ shorter[keyPath: $0].own.contains(true) }) else {
                result.droppedCount += 1
                return nil
            }
            result.truncatedCount += 1
            result.numbers.append(seenCount)
            return shorter
        }
        switch self {
        case .pairs(let pairs): result.data = .pairs(pairs.compactMap { cut($0, [\.chosen, \.rejected]) })
        case .labelled(let completions): result.data = .labelled(completions.compactMap { cut($0, [\.sequence]) })
        case .groups(let groups):
            result.data = .groups(
                groups.map { ScoredGroup($0.rollouts.compactMap { cut($0, [\.sequence]) }) }
                    .filter { !$0.rollouts.isEmpty })
        case .sequences(let sequences): result.data = .sequences(sequences.compactMap { cut($0, [\.self]) })
        }
        return result
    }
}
