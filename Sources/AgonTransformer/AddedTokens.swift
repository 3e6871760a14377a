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

    private let tokens: [AddedToken]
    /// For each first byte, the indices of the tokens that begin with it, longest first.
    private let candidates: [[Int]]

    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        var candidates = [[Int]](repeating: [], count: 256)
        for (index, token) in tokens.enumerated() {
            if let first = token.content.bytes.first { candidates[Int(first)].append(index) }
        }
        self.candidates = candidates.map { list in
            list.sorted { tokens[$0].content.bytes.count > tokens[$1].content.bytes.count }
        }
    }

    /// Cuts text at the tokens in it.
    ///
    /// - Parameter skipSpecial: treats the spelling of special tokens as plain text.
    func segments(_ text: [UInt8], skipSpecial: Bool) -> [Segment] {
        guard !text.isEmpty else { return [] }
        guard !tokens.isEmpty else { return [.text(0..<text.count)] }
        return text.withUnsafeBufferPointer { bytes in
            var segments: [Segment] = []
            var (index, textStart) = (0, 0)
            while index < bytes.count {
                guard let token = match(bytes, at: index, skipSpecial: skipSpecial) else {
                    index += 1
                    continue
                }
                let end = index + token.content.bytes.count
                guard !token.singleWord || isSingleWord(bytes, index, end) else {
                    index = end
                    continue
                }
                let start = max(textStart, token.stripsLeft ? spaceStart(bytes, before: index) : index)
                if textStart < start { segments.append(.text(textStart..<start)) }
                segments.append(.token(token.id))
                textStart = token.stripsRight ? spaceEnd(bytes, after: end) : end
                index = textStart
            }
            if textStart < bytes.count { segments.append(.text(textStart..<bytes.count)) }
            return segments
        }
    }

    private func match(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, skipSpecial: Bool) -> AddedToken? {
        for candidate in candidates[Int(bytes[index])] {
            let token = tokens[candidate]
            if skipSpecial, token.isSpecial { continue }
            if bytes[index...].starts(with: token.content.bytes) { return token }
        }
        return nil
    }

    private func isSingleWord(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let cursor = ScalarCursor(bytes: bytes)
        if start > 0, ScalarClass.isWord(cursor.scalar(before: start).scalar) { return false }
        return end == bytes.count || !ScalarClass.isWord(cursor.scalar(at: end).scalar)
    }

    private func spaceStart(_ bytes: UnsafeBufferPointer<UInt8>, before index: Int) -> Int {
        let cursor = ScalarCursor(bytes: bytes)
        var start = index
        while start > 0 {
            let (scalar, previous) = cursor.scalar(before: start)
            guard ScalarClass(scalar) == .space else { break }
            start = previous
        }
        return start
    }

    private func spaceEnd(_ bytes: UnsafeBufferPointer<UInt8>, after index: Int) -> Int {
        let cursor = ScalarCursor(bytes: bytes)
        var end = index
        while end < bytes.count {
            let (scalar, next) = cursor.scalar(at: end)
            guard ScalarClass(scalar) == .space else { break }
            end = next
        }
        return end
    }
}
