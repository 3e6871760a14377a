/// Canonical composition, Unicode Normalization Form C, in the Unicode version of the tokenizers' own library.
///
/// Runs of characters that cannot change are copied; only what stands around a combining mark is taken apart.
/// - Source: Unicode Standard Annex 15; the Hangul arithmetic is that of section 3.12 of the Unicode Standard.
enum Composition {
    /// A stretch of the text that composition replaced.
    typealias Edit = (from: Range<Int>, to: Range<Int>)

    private struct Tables {
        /// Canonical combining classes of marks.
        var classes: [UInt32: UInt8] = [:]
        /// One canonical step of each code point that has one.
        var parts: [UInt32: [UInt32]] = [:]
        /// `first << 32 | second` to the code point that composes them.
        var pairs: [UInt64: UInt32] = [:]

        init() {
            func numbers(_ text: Substring, _ separator: Character) -> [UInt32] {
                text.split(separator: separator).compactMap { UInt32($0, radix: 16) }
            }
            for word in markText.split(whereSeparator: \.isWhitespace) {
                let sides = word.split(separator: ":")
                let range = numbers(sides[0], "-")
                for point in range[0]...range[1] { classes[point] = UInt8(sides[1], radix: 16) }
            }
            for (text, composes) in [(pairText, true), (singleText, false)] {
                for word in text.split(whereSeparator: \.isWhitespace) {
                    let sides = word.split(separator: "=")
                    let points = numbers(sides[1], "+")
                    guard let whole = UInt32(sides[0], radix: 16) else { continue }
                    parts[whole] = points
                    if composes { pairs[UInt64(points[0]) << 32 | UInt64(points[1])] = whole }
                }
            }
        }
    }

    private static let tables = Tables()

    /// The composed text and, in order, what was replaced.
    ///
    /// - Parameter text: valid UTF-8.
    static func compose(_ text: [UInt8]) -> (text: [UInt8], edits: [Edit]) {
        // Below U+0300 nothing composes.
        guard text.contains(where: { $0 >= 0xCC }) else { return (text, []) }
        return text.withUnsafeBufferPointer { bytes in
            let cursor = ScalarCursor(bytes: bytes)
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count)
            var edits: [Edit] = []
            var (index, copied, last) = (0, 0, 0)
            while index < bytes.count {
                let (flags, next) = cursor.flags(at: index)
                guard flags & ScalarTable.unstable != 0 else {
                    (last, index) = (index, next)
                    continue
                }
                // What precedes the first changing character may compose with it.
                let start = max(copied, last)
                var end = next
                while end < bytes.count, case let (flags, next) = cursor.flags(at: end),
                    flags & ScalarTable.unstable != 0
                { end = next }
                result.append(contentsOf: bytes[copied..<start])
                let from = result.count
                append(composing(start..<end, cursor), to: &result)
                edits.append((start..<end, from..<result.count))
                (copied, last, index) = (end, end, end)
            }
            result.append(contentsOf: bytes[copied...])
            return (result, edits)
        }
    }

    private static func append(_ scalars: [UInt32], to result: inout [UInt8]) {
        for value in scalars { UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}").map { result.append(contentsOf: $0) } }
    }

    private static func composing(_ range: Range<Int>, _ cursor: ScalarCursor) -> [UInt32] {
        let tables = tables
        var scalars: [(point: UInt32, class: UInt8)] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, next) = cursor.scalar(at: index)
            decompose(scalar, tables, into: &scalars)
            index = next
        }
        sortMarks(&scalars)
        return compose(scalars, tables)
    }

    private static func decompose(_ point: UInt32, _ tables: Tables, into result: inout [(point: UInt32, class: UInt8)]) {
        if case let syllable = point &- 0xAC00, syllable < 11172 {
            result.append((0x1100 + syllable / 588, 0))
            result.append((0x1161 + syllable % 588 / 28, 0))
            if syllable % 28 > 0 { result.append((0x11A7 + syllable % 28, 0)) }
        } else if let parts = tables.parts[point] {
            for part in parts { decompose(part, tables, into: &result) }
        } else {
            result.append((point, tables.classes[point] ?? 0))
        }
    }

    /// Puts each run of marks in the order of their classes; equal classes keep their order.
    private static func sortMarks(_ scalars: inout [(point: UInt32, class: UInt8)]) {
        var start = 0
        while start < scalars.count {
            guard scalars[start].class != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, scalars[end].class != 0 { end += 1 }
            let marks = scalars[start..<end].enumerated().sorted {
                ($0.element.class, $0.offset) < ($1.element.class, $1.offset)
            }
            for (offset, mark) in marks.enumerated() { scalars[start + offset] = mark.element }
            start = end
        }
    }

    private static func compose(_ scalars: [(point: UInt32, class: UInt8)], _ tables: Tables) -> [UInt32] {
        var result: [UInt32] = []
        var starter: Int?
        var lastClass: UInt8 = 0
        for scalar in scalars {
            if let starter, starter == result.count - 1 || (lastClass < scalar.class && lastClass != 0),
                let whole = pair(result[starter], scalar.point, tables)
            {
                result[starter] = whole
                continue
            }
            if scalar.class == 0 { starter = result.count }
            lastClass = scalar.class
            result.append(scalar.point)
        }
        return result
    }

    private static func pair(_ first: UInt32, _ second: UInt32, _ tables: Tables) -> UInt32? {
        if case let (lead, vowel) = (first &- 0x1100, second &- 0x1161), lead < 19, vowel < 21 {
            return 0xAC00 + (lead * 21 + vowel) * 28
        }
        if case let (syllable, tail) = (first &- 0xAC00, second &- 0x11A7), syllable < 11172, syllable % 28 == 0,
            (1..<28).contains(tail)
        {
            return first + tail
        }
        return tables.pairs[UInt64(first) << 32 | UInt64(second)]
    }
}
