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

    let spelling: Spelling
    /// Tokens by the text that they stand for: raw bytes where the spelling is bytes.
    let vocabulary: ByteTable
    let merges: PairTable
    /// Neighbours that some token holds: no merge crosses any others. Nil where pieces are short anyway.
    let seams: PairTable?
    /// The token for what the vocabulary cannot spell.
    let unknownToken: Int32?
    /// Whether unknown neighbours become one unknown token.
    let fusesUnknown: Bool
    /// Whether a piece that is a token as a whole skips merging (Llama 3).
    let ignoresMerges: Bool

    /// Memory that one encoding reuses from piece to piece.
    struct Scratch {
        /// Tokens of the piece.
        fileprivate var tokens: [Int32] = []
        /// What `merges` says of each token and the next.
        fileprivate var values: [UInt64] = []
        fileprivate var list = MergeList()
    }

    /// Appends the tokens of a piece, which is valid UTF-8.
    ///
    /// - Throws: `invalidTokenizer`, naming the first character that has no token, where there is no unknown token.
    func encode(
        _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch, into ids: inout [Int32]
    ) throws(TransformerError) {
        if ignoresMerges, let whole = vocabulary.find(piece) {
            ids.append(whole)
            return
        }
        try spell(piece, into: &scratch.tokens)
        guard let seams, scratch.tokens.count > Self.shortLimit else {
            merge(0..<scratch.tokens.count, &scratch, into: &ids)
            return
        }
        var start = 0
        for index in 1..<scratch.tokens.count
        where seams.find(scratch.tokens[index - 1], scratch.tokens[index]) == PairTable.none {
            merge(start..<index, &scratch, into: &ids)
            start = index
        }
        merge(start..<scratch.tokens.count, &scratch, into: &ids)
    }

    private func spell(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) throws(TransformerError) {
        tokens.removeAll(keepingCapacity: true)
        var afterUnknown = false
        func addUnknown(at index: Int, _ tokens: inout [Int32]) throws(TransformerError) {
            guard let unknownToken else { throw unknownCharacter(piece, index) }
            if !(afterUnknown && fusesUnknown) { tokens.append(unknownToken) }
            afterUnknown = true
        }
        switch spelling {
        case .bytes(let table):
            for index in 0..<piece.count {
                if let token = table[Int(piece[index])] {
                    tokens.append(token)
                    afterUnknown = false
                } else {
                    try addUnknown(at: index, &tokens)
                }
            }
        case .characters(let byteFallback):
            var index = 0
            while index < piece.count {
                var end = index + 1
                while end < piece.count, piece[end] & 0xC0 == 0x80 { end += 1 }
                if let token = vocabulary.find(UnsafeBufferPointer(rebasing: piece[index..<end])) {
                    tokens.append(token)
                    afterUnknown = false
                } else if let byteFallback {
                    for byte in piece[index..<end] { tokens.append(byteFallback[Int(byte)]) }
                    afterUnknown = false
                } else {
                    try addUnknown(at: index, &tokens)
                }
                index = end
            }
        }
    }

    private func unknownCharacter(_ piece: UnsafeBufferPointer<UInt8>, _ index: Int) -> TransformerError {
        var start = index
        while start > 0, piece[start] & 0xC0 == 0x80 { start -= 1 }
        var end = index + 1
        while end < piece.count, piece[end] & 0xC0 == 0x80 { end += 1 }
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
}

extension BytePairModel {
    /// Up to so many tokens the pair of lowest rank is looked for from end to end; beyond, a heap holds the pairs.
    fileprivate static let shortLimit = 24

    /// Merges a stretch of the scratch's tokens and appends what remains.
    private func merge(_ range: Range<Int>, _ scratch: inout Scratch, into ids: inout [Int32]) {
        if range.count == 1 {
            ids.append(scratch.tokens[range.lowerBound])
        } else if range.count > Self.shortLimit {
            scratch.tokens.withUnsafeMutableBufferPointer { tokens in
                scratch.list.merge(UnsafeMutableBufferPointer(rebasing: tokens[range]), merges)
                for index in range where tokens[index] >= 0 { ids.append(tokens[index]) }
            }
        } else if !range.isEmpty {
            while scratch.values.count < Self.shortLimit { scratch.values.append(PairTable.none) }
            scratch.tokens.withUnsafeMutableBufferPointer { tokens in
                scratch.values.withUnsafeMutableBufferPointer { values in
                    let rest = UnsafeMutableBufferPointer(rebasing: tokens[range])
                    let count = mergeShort(rest, values)
                    ids.append(contentsOf: rest[..<count])
                }
            }
        }
    }

    /// - Returns: how many tokens remain at the front.
    private func mergeShort(
        _ tokens: UnsafeMutableBufferPointer<Int32>, _ values: UnsafeMutableBufferPointer<UInt64>
    ) -> Int {
        var count = tokens.count
        for index in 0..<count - 1 { values[index] = merges.find(tokens[index], tokens[index + 1]) }
        while count > 1 {
            var (best, left) = (PairTable.none, 0)
            for index in 0..<count - 1 where values[index] < best { (best, left) = (values[index], index) }
            guard best != PairTable.none else { break }
            tokens[left] = Int32(truncatingIfNeeded: best)
            count -= 1
            for index in left + 1..<max(count, left + 1) {
                tokens[index] = tokens[index + 1]
                values[index - 1] = values[index]
            }
            if left + 1 < count { values[left] = merges.find(tokens[left], tokens[left + 1]) }
            if left > 0 { values[left - 1] = merges.find(tokens[left - 1], tokens[left]) }
        }
        return count
    }
}

/// Merges long pieces: tokens as a linked list, the pending merges in a binary heap.
///
/// The work grows as n log n, whatever the text.
private struct MergeList {
    /// Position of the next token; the count after the last.
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// Rank above position, lowest rank first and then leftmost. An entry may have been overtaken by another merge:
    /// whoever pops it checks that its pair still stands.
    private var heap: [UInt64] = []

    /// Leaves −1 where a token merged into its left neighbour.
    mutating func merge(_ tokens: UnsafeMutableBufferPointer<Int32>, _ merges: PairTable) {
        let count = tokens.count
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        for index in 0..<count {
            next.append(Int32(index + 1))
            previous.append(Int32(index - 1))
            if index + 1 < count { push(merges.find(tokens[index], tokens[index + 1]), index) }
        }
        while let entry = pop() {
            let left = Int(entry & 0xFFFF_FFFF)
            let right = Int(next[left])
            guard tokens[left] >= 0, right < count, case let value = merges.find(tokens[left], tokens[right]),
                value >> 32 == entry >> 32
            else { continue }
            tokens[left] = Int32(truncatingIfNeeded: value)
            tokens[right] = -1
            let after = Int(next[right])
            next[left] = Int32(after)
            if after < count {
                previous[after] = Int32(left)
                push(merges.find(tokens[left], tokens[after]), left)
            }
            let before = Int(previous[left])
            if before >= 0 { push(merges.find(tokens[before], tokens[left]), before) }
        }
    }

    private mutating func push(_ value: UInt64, _ position: Int) {
        guard value != PairTable.none else { return }
        let entry = (value >> 32) << 32 | UInt64(position)
        heap.append(entry)
        heap.withUnsafeMutableBufferPointer { heap in
            var child = heap.count - 1
            while child > 0, case let parent = (child - 1) / 2, entry < heap[parent] {
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = entry
        }
    }

    private mutating func pop() -> UInt64? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < last else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        return first
    }
}
