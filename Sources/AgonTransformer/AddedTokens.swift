/// One entry of `added_tokens`: text that becomes one token before anything else looks at it.
struct AddedToken: Sendable, Equatable {
    let id: Int32
    let content: ByteString
    /// Left out by a decoder that skips special tokens.
    let isSpecial: Bool
    /// Only where no word character touches it.
    let singleWord: Bool
    /// Takes the space before it along.
    let stripsLeft: Bool
    /// Takes the space after it along.
    let stripsRight: Bool
    /// Looked for after normalisation rather than before.
    let isNormalized: Bool
}

/// Finds added tokens: the leftmost match, of those the longest.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text between tokens, or a token.
    enum Segment: Equatable {
        case text(Range<Int>)
        case token(Int32)
    }

    /// A place in the tree of the tokens' spellings.
    private struct Node {
        let byte: UInt8
        /// The token that ends here; −1 for none.
        var token: Int32 = -1
        /// Indices of nodes; 0 for none.
        var firstChild: Int32 = 0
        var nextSibling: Int32 = 0
    }

    private let tokens: [AddedToken]
    private var nodes = [Node(byte: 0)]
    /// Which bytes begin a token.
    private var begins = [Bool](repeating: false, count: 256)

    /// - Parameter spelling: what to look for instead of a token's content.
    init(_ tokens: [AddedToken], spelling: (AddedToken) -> [UInt8] = \.content.bytes) {
        self.tokens = tokens
        for (index, token) in tokens.enumerated() {
            var node = 0
            let bytes = spelling(token)
            guard let first = bytes.first else { continue }
            begins[Int(first)] = true
            for byte in bytes { node = child(of: node, byte) ?? addChild(to: node, byte) }
            if nodes[node].token < 0 { nodes[node].token = Int32(index) }
        }
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        var child = Int(nodes[node].firstChild)
        while child > 0, nodes[child].byte != byte { child = Int(nodes[child].nextSibling) }
        return child > 0 ? child : nil
    }

    private mutating func addChild(to node: Int, _ byte: UInt8) -> Int {
        nodes.append(Node(byte: byte, nextSibling: nodes[node].firstChild))
        nodes[node].firstChild = Int32(nodes.count - 1)
        return nodes.count - 1
    }

    /// Cuts text at the tokens in it.
    ///
    /// - Parameter outside: where the spelling of a special token is plain text.
    func segments(_ text: [UInt8], outside: TextRanges) -> [Segment] {
        guard !text.isEmpty else { return [] }
        guard !tokens.isEmpty else { return [.text(0..<text.count)] }
        return text.withUnsafeBufferPointer { bytes in
            let cursor = ScalarCursor(bytes: bytes)
            var segments: [Segment] = []
            var (index, textStart) = (0, 0)
            while index < bytes.count {
                guard begins[Int(bytes[index])], let (token, end) = match(bytes, at: index) else {
                    index += 1
                    continue
                }
                if token.isSpecial, outside.overlaps(index..<end) {
                    // A spelling that is only half outside must not swallow the token that the other half begins.
                    index = outside.contains(index..<end) ? end : index + 1
                    continue
                }
                let start = token.stripsLeft ? max(cursor.spaceStart(before: index), textStart) : index
                defer { index = end }
                guard !token.singleWord || isSingleWord(cursor, index, end) else { continue }
                if textStart < start { segments.append(.text(textStart..<start)) }
                segments.append(.token(token.id))
                textStart = token.stripsRight ? cursor.spaceEnd(after: end) : end
            }
            if textStart < bytes.count { segments.append(.text(textStart..<bytes.count)) }
            return segments
        }
    }

    /// The longest token that is spelled at `index`, and where it ends.
    private func match(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (token: AddedToken, end: Int)? {
        var (node, position) = (0, index)
        var found: (token: Int32, end: Int)?
        while position < bytes.count, let next = child(of: node, bytes[position]) {
            (node, position) = (next, position + 1)
            if nodes[node].token >= 0 { found = (nodes[node].token, position) }
        }
        return found.map { (tokens[Int($0.token)], $0.end) }
    }

    private func isSingleWord(_ cursor: ScalarCursor, _ start: Int, _ end: Int) -> Bool {
        if start > 0, cursor.flags(at: cursor.start(before: start)).flags & ScalarTable.word != 0 { return false }
        return end == cursor.bytes.count || cursor.flags(at: end).flags & ScalarTable.word == 0
    }
}
