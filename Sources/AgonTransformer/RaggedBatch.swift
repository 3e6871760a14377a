import AgonCore

/// Sequences of different lengths laid end to end, without padding: rows of `[T_total, C]`.
///
/// The head is computed for the *needed* rows only: those that predict an own token, or the last row of a
/// sequence for a score. Rows behind a sequence's last needed row are left out.
struct RaggedBatch {
    /// Neighbouring sequences that pass through all layers together, so that their activations stay in the cache.
    struct Group {
        var sequences: Range<Int>
        var rows: Range<Int>
        var needed: Range<Int>
    }

    /// `[T_total]`
    private(set) var tokens: [Int32] = []
    /// `[T_total]`: each row's index in its own sequence.
    private(set) var positions: [Int32] = []
    /// `[sequences + 1]`: the first row of each sequence.
    private(set) var starts: [Int] = [0]
    /// `[N]`: rows that the head reads, ascending.
    private(set) var neededRows: [Int32] = []
    /// `[N]`: the token that each needed row predicts; empty for a score.
    private(set) var targets: [Int32] = []
    /// `[sequences + 1]`: the first needed row of each sequence.
    private(set) var neededStarts: [Int] = [0]
    private(set) var groups: [Group] = []
    /// Rows of the longest sequence.
    private(set) var longest = 0

    var sequenceCount: Int { starts.count - 1 }

    /// A group ends before it would exceed this many rows; one sequence may be longer.
    static let groupRowLimit = 512

    mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        neededRows.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        neededStarts.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        starts.append(0)
        neededStarts.append(0)
        longest = 0
    }

    /// Adds a sequence whose own tokens are to be predicted.
    ///
    /// - Throws: `invalidRequest` for a token outside the vocabulary, a length beyond the model's positions or an
    ///   own mark on the first token.
    mutating func append(_ sequence: TokenSequence, _ config: ModelConfig) throws(TransformerError) {
        try Self.check(sequence.tokens, config, index: sequenceCount)
        guard sequence.own.first != true else {
            throw TransformerError(
                .invalidRequest, "Sequence \(sequenceCount) marks its first token as own, but nothing predicts it.")
        }
        let firstRow = tokens.count
        let count = sequence.own.lastIndex(of: true) ?? 0
        for index in 0..<count where sequence.own[index + 1] {
            neededRows.append(Int32(firstRow + index))
            targets.append(sequence.tokens[index + 1])
        }
        appendRows(sequence.tokens, count: count)
    }

    /// Adds a sequence of which the last row is needed, or every row.
    ///
    /// - Throws: `invalidRequest`, also for an empty sequence.
    mutating func append(_ sequence: [Int32], everyRow: Bool, _ config: ModelConfig) throws(TransformerError) {
        try Self.check(sequence, config, index: sequenceCount)
        guard !sequence.isEmpty else {
            throw TransformerError(.invalidRequest, "Sequence \(sequenceCount) has no token to read.")
        }
        let firstRow = tokens.count
        for index in (everyRow ? 0 : sequence.count - 1)..<sequence.count {
            neededRows.append(Int32(firstRow + index))
        }
        appendRows(sequence, count: sequence.count)
    }

    private mutating func appendRows(_ sequence: [Int32], count: Int) {
        let (firstRow, firstNeeded, index) = (tokens.count, neededStarts[neededStarts.count - 1], sequenceCount)
        tokens.append(contentsOf: sequence[..<count])
        for position in 0..<count { positions.append(Int32(position)) }
        starts.append(tokens.count)
        neededStarts.append(neededRows.count)
        longest = max(longest, count)
        let (rows, needed) = (firstRow..<tokens.count, firstNeeded..<neededRows.count)
        if let last = groups.last, last.rows.count + rows.count <= Self.groupRowLimit {
            groups[groups.count - 1] = Group(
                sequences: last.sequences.lowerBound..<index + 1, rows: last.rows.lowerBound..<rows.upperBound,
                needed: last.needed.lowerBound..<needed.upperBound)
        } else {
            groups.append(Group(sequences: index..<index + 1, rows: rows, needed: needed))
        }
    }

    static func check(_ tokens: [Int32], _ config: ModelConfig, index: Int) throws(TransformerError) {
        guard tokens.count <= config.maxPositionCount else {
            throw TransformerError(
                .invalidRequest,
                "Sequence \(index) has \(tokens.count) tokens; the model accepts \(config.maxPositionCount).")
        }
        if let token = tokens.first(where: { $0 < 0 || Int($0) >= config.vocabularySize }) {
            throw TransformerError(
                .invalidRequest,
                "Sequence \(index) holds token \(token); the vocabulary has \(config.vocabularySize).")
        }
    }

    /// One value per needed row, cut into the sequences they belong to.
    func split(_ values: UnsafePointer<Float>) -> [[Float]] {
        (0..<sequenceCount).map { index in
            Array(UnsafeBufferPointer(
                start: values + neededStarts[index], count: neededStarts[index + 1] - neededStarts[index]))
        }
    }
}
