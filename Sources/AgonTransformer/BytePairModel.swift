/// Byte-pair encoding of one piece: start from single bytes or characters, merge the pair of lowest rank, repeat.
///
/// Among equal ranks the leftmost pair merges first.
/// - Source: Sennrich et al. 2016, arXiv:1508.07909, in the form of Hugging Face `tokenizers`.
struct BytePairModel: Sendable {
    /// What a piece is spelled with before anything merges.
    enum Spelling: Sendable {
        /// The token of each byte; nil where the vocabulary lacks it.
        case bytes([Int32?])
        /// Characters; those that the vocabulary lacks fall back to the tokens `<0x00>` … `<0xFF>`, where it has them.
        case characters(byteFallback: [Int32]?)
    }

    /// The rank and the result of each pair that merges.
    struct MergeTable: Sendable {
        private var entries: [UInt64: UInt64] = [:]

        init(capacity: Int) {
            entries.reserveCapacity(capacity)
        }

        private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
            UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        }

        /// The first of two equal pairs keeps its rank.
        mutating func add(_ left: Int32, _ right: Int32, rank: Int, result: Int32) {
            let key = Self.key(left, right)
            if entries[key] == nil { entries[key] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result)) }
        }

        func find(_ left: Int32, _ right: Int32) -> (rank: UInt64, result: Int32)? {
            guard let entry = entries[Self.key(left, right)] else { return nil }
            return (entry >> 32, Int32(bitPattern: UInt32(truncatingIfNeeded: entry)))
        }
    }

    let spelling: Spelling
    /// Tokens by the text that they stand for: raw bytes where the spelling is bytes.
    let vocabulary: [ByteString: Int32]
    let merges: MergeTable
    /// The token for what the vocabulary cannot spell.
    let unknownToken: Int32?
    /// Whether unknown neighbours become one unknown token.
    let fusesUnknown: Bool
    /// Whether a piece that is a token as a whole skips merging (Llama 3).
    let ignoresMerges: Bool

    /// Memory that one encoding reuses from piece to piece.
    struct Scratch {
        /// Token at each position, −1 once it has merged into its left neighbour.
        fileprivate var tokens: [Int32] = []
        /// Position of the next token; `tokens.count` after the last.
        fileprivate var next: [Int] = []
        fileprivate var previous: [Int] = []
        fileprivate var queue = MergeQueue()
    }

    /// Appends the piece's tokens.
    ///
    /// - Throws: `invalidTokenizer`, naming the first character that has no token, where there is no unknown token.
    func encode(
        _ piece: ArraySlice<UInt8>, _ scratch: inout Scratch, into ids: inout [Int32]
    ) throws(TransformerError) {
        if ignoresMerges, let whole = vocabulary[ByteString(Array(piece))] {
            ids.append(whole)
            return
        }
        try spell(piece, into: &scratch.tokens)
        if scratch.tokens.count > 1 { merge(&scratch) }
        for token in scratch.tokens where token >= 0 { ids.append(token) }
    }

    private func spell(_ piece: ArraySlice<UInt8>, into tokens: inout [Int32]) throws(TransformerError) {
        tokens.removeAll(keepingCapacity: true)
        var afterUnknown = false
        func addUnknown(at index: Int) throws(TransformerError) {
            guard let unknownToken else { throw unknownCharacter(piece, index) }
            if !(afterUnknown && fusesUnknown) { tokens.append(unknownToken) }
            afterUnknown = true
        }
        switch spelling {
        case .bytes(let table):
            for index in piece.indices {
                if let token = table[Int(piece[index])] {
                    tokens.append(token)
                    afterUnknown = false
                } else {
                    try addUnknown(at: index)
                }
            }
        case .characters(let byteFallback):
            var index = piece.startIndex
            while index < piece.endIndex {
                var end = index + 1
                while end < piece.endIndex, piece[end] & 0xC0 == 0x80 { end += 1 }
                if let token = vocabulary[ByteString(Array(piece[index..<end]))] {
                    tokens.append(token)
                    afterUnknown = false
                } else if let byteFallback {
                    for byte in piece[index..<end] { tokens.append(byteFallback[Int(byte)]) }
                    afterUnknown = false
                } else {
                    try addUnknown(at: index)
                }
                index = end
            }
        }
    }

    private func unknownCharacter(_ piece: ArraySlice<UInt8>, _ index: Int) -> TransformerError {
        var start = index
        while start > piece.startIndex, piece[start] & 0xC0 == 0x80 { start -= 1 }
        var end = index + 1
        while end < piece.endIndex, piece[end] & 0xC0 == 0x80 { end += 1 }
        let scalar = String(decoding: piece[start..<end], as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let unprintable: [Unicode.GeneralCategory] = [
            .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
        ]
        let isPrintable = !unprintable.contains(scalar.properties.generalCategory)
        let name = isPrintable ? "\"\(scalar)\" (\(code))" : code
        return TransformerError(
            .invalidTokenizer,
            "The character \(name) has no token in the tokenizer's vocabulary; "
                + "leave it out of the text or use a tokenizer that knows it.")
    }

    private func merge(_ scratch: inout Scratch) {
        let count = scratch.tokens.count
        scratch.next.removeAll(keepingCapacity: true)
        scratch.previous.removeAll(keepingCapacity: true)
        for index in 0..<count {
            scratch.next.append(index + 1)
            scratch.previous.append(index - 1)
        }
        for index in 0..<count - 1 {
            if let pair = merges.find(scratch.tokens[index], scratch.tokens[index + 1]) {
                scratch.queue.push(rank: pair.rank, position: index)
            }
        }
        while let (rank, left) = scratch.queue.pop() {
            let right = scratch.next[left]
            guard scratch.tokens[left] >= 0, right < count,
                let pair = merges.find(scratch.tokens[left], scratch.tokens[right]), pair.rank == rank
            else { continue }
            scratch.tokens[left] = pair.result
            scratch.tokens[right] = -1
            let after = scratch.next[right]
            scratch.next[left] = after
            if after < count {
                scratch.previous[after] = left
                if let pair = merges.find(pair.result, scratch.tokens[after]) {
                    scratch.queue.push(rank: pair.rank, position: left)
                }
            }
            let before = scratch.previous[left]
            if before >= 0, let pair = merges.find(scratch.tokens[before], pair.result) {
                scratch.queue.push(rank: pair.rank, position: before)
            }
        }
    }
}

/// The pending merges of a piece, lowest rank first and then leftmost: a binary heap.
///
/// An entry may have been overtaken by another merge; whoever pops it checks that its pair still stands.
private struct MergeQueue {
    private var heap: [UInt64] = []

    mutating func push(rank: UInt64, position: Int) {
        heap.append(rank << 32 | UInt64(position))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> (rank: UInt64, position: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < heap[parent] else { break }
                heap.swapAt(child, parent)
                parent = child
            }
        }
        return (first >> 32, Int(first & 0xFFFF_FFFF))
    }
}
