import AgonCore

/// Sequences of different lengths laid end to end, without padding: rows of `[T_total, C]`.
///
/// The head is computed for the *needed* rows only: those that predict an own token, or the last row of a
/// sequence for a score. Rows behind a sequence's last needed row are left out.
///
/// A sequence that begins like an earlier one of its group has rows for the rest only; its beginning is that one's.
/// This changes no bit of a result, and a pair of completions costs its prompt once, if they are neighbours:
/// callers put sequences that begin alike next to one another.
struct RaggedBatch {
    /// The rows of one sequence: `sharedCount` rows of an earlier one, then `count` of its own.
    struct Span {
        let first, count: Int
        let sharedFirst, sharedCount: Int
        /// Which of several policies on one base computes the sequence.
        var policy = 0
        /// The address of the sequence's dropout.
        var dropoutKey: UInt64 = 0
        var length: Int { sharedCount + count }

        /// The row of a position.
        func row(_ position: Int) -> Int {
            position < sharedCount ? sharedFirst + position : first + position - sharedCount
        }
    }

    /// Neighbouring sequences that pass through all layers together, so that their activations stay in the cache.
    struct Group {
        var sequences: Range<Int>
        var rows: Range<Int>
        var needed: Range<Int>
    }

    /// Whether a group holds sequences of one policy only. A gradient is then summed in the same order whatever other
    /// policies the batch has, provided that the sequences of each are neighbours.
    var separatesPolicies = false
    /// `[T_total]`
    private(set) var tokens: [Int32] = []
    /// `[T_total]`: each row's index in its own sequence.
    private(set) var positions: [Int32] = []
    private(set) var spans: [Span] = []
    /// `[N]`: rows that the head reads, sequence after sequence; two sequences may need the same row.
    private(set) var neededRows: [Int32] = []
    /// `[N]`: the token that each needed row predicts; empty for a score.
    private(set) var targets: [Int32] = []
    /// `[sequences + 1]`: the first needed row of each sequence.
    private(set) var neededStarts: [Int] = [0]
    private(set) var groups: [Group] = []
    /// Positions of the longest sequence.
    private(set) var longest = 0
    /// The last sequence whose rows are all its own, and its tokens: the one that the next may begin like.
    private var root: (span: Span, tokens: ArraySlice<Int32>)?

    var sequenceCount: Int { spans.count }

    /// Rows that one group's memory must hold; the needed ones can be more where sequences share them.
    var groupCapacity: Int { groups.reduce(0) { max($0, $1.rows.count, $1.needed.count) } }
    /// Rows that the whole batch's memory must hold.
    var capacity: Int { max(tokens.count, neededRows.count) }

    /// A group ends before it would exceed this many rows; one sequence may be longer.
    static let groupRowLimit = 512

    mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        neededRows.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        neededStarts.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        neededStarts.append(0)
        longest = 0
        root = nil
    }

    /// Adds a sequence whose own tokens are to be predicted.
    ///
    /// - Throws: `invalidRequest` for a token outside the vocabulary, a length beyond the model's positions or an
    ///   own mark on the first token.
    mutating func append(
        _ sequence: TokenSequence, _ config: ModelConfig, policy: Int = 0, dropoutKey: UInt64 = 0
    ) throws(TransformerError) {
        try Self.check(sequence.tokens, config, index: sequenceCount)
        guard sequence.own.first != true else {
            throw TransformerError(
                .invalidRequest, "Sequence \(sequenceCount) marks its first token as own, but nothing predicts it.")
        }
        let count = sequence.own.lastIndex(of: true) ?? 0
        let span = place(sequence.tokens[..<count], policy, dropoutKey)
        for index in 0..<count where sequence.own[index + 1] {
            neededRows.append(Int32(span.row(index)))
            targets.append(sequence.tokens[index + 1])
        }
        close()
    }

    /// Adds a sequence of which the last row is needed, or every row.
    ///
    /// - Throws: `invalidRequest`, also for an empty sequence.
    mutating func append(_ sequence: [Int32], everyRow: Bool, _ config: ModelConfig) throws(TransformerError) {
        try Self.check(sequence, config, index: sequenceCount)
        guard !sequence.isEmpty else {
            throw TransformerError(.invalidRequest, "Sequence \(sequenceCount) has no token to read.")
        }
        let read = everyRow ? sequence[...] : Self.scored(sequence, config)
        let span = place(read, 0, 0)
        for index in (everyRow ? 0 : read.count - 1)..<read.count { neededRows.append(Int32(span.row(index))) }
        close()
    }

    /// What a score is read from: everything up to the last token that is no padding, whichever token a config calls
    /// padding and wherever else it stands; the first token where all are padding. So transformers pools its
    /// sequence classifiers, also where the end token doubles as padding.
    private static func scored(_ sequence: [Int32], _ config: ModelConfig) -> ArraySlice<Int32> {
        guard let pad = config.padToken else { return sequence[...] }
        return sequence[...(sequence.lastIndex { $0 != pad } ?? 0)]
    }

    /// Gives a sequence its rows, beginning a new group where the present one is full.
    private mutating func place(_ sequence: ArraySlice<Int32>, _ policy: Int, _ dropoutKey: UInt64) -> Span {
        var shared = root.map { $0.span.policy == policy ? sharedPrefix($0.tokens, sequence) : 0 } ?? 0
        // Gathering a sequence's rows in every layer must cost less than computing its beginning again.
        if shared < 4 || shared * 8 < sequence.count { shared = 0 }
        let room = Self.groupRowLimit - (groups.last?.rows.count ?? 0)
        let isForeign = separatesPolicies && spans.last.map { $0.policy != policy } ?? false
        if groups.isEmpty || isForeign || sequence.count - shared > max(room, 0) {
            shared = 0
            let (row, needed) = (tokens.count, neededRows.count)
            groups.append(Group(sequences: spans.count..<spans.count, rows: row..<row, needed: needed..<needed))
        }
        let span = Span(
            first: tokens.count, count: sequence.count - shared, sharedFirst: root?.span.first ?? 0,
            sharedCount: shared, policy: policy, dropoutKey: dropoutKey)
        if shared == 0 { root = (span, sequence) }
        tokens.append(contentsOf: sequence.dropFirst(shared))
        for position in shared..<sequence.count { positions.append(Int32(position)) }
        spans.append(span)
        longest = max(longest, sequence.count)
        return span
    }

    /// Extends the group by the sequence just placed and the rows it needs.
    private mutating func close() {
        neededStarts.append(neededRows.count)
        let group = groups[groups.count - 1]
        groups[groups.count - 1] = Group(
            sequences: group.sequences.lowerBound..<spans.count, rows: group.rows.lowerBound..<tokens.count,
            needed: group.needed.lowerBound..<neededRows.count)
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
            Array(
                UnsafeBufferPointer(
                    start: values + neededStarts[index], count: neededStarts[index + 1] - neededStarts[index]))
        }
    }
}
