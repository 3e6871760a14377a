/// A string as templates see it: code points, as Python counts them, each with a mark of where it came from.
///
/// Text from outside, such as a message, keeps its mark through every filter and method, so that the spelling of a
/// special token in a message never becomes that token. Comparison ignores the marks.
struct TemplateText: Hashable, Sendable {
    private static let outsideBit: UInt32 = 1 << 31

    /// Code points, those from outside with the highest bit set.
    private(set) var units: [UInt32]
    /// Set by the filter `safe`: joined with other text, Jinja would begin to escape HTML.
    var isSafe = false

    init(units: [UInt32] = []) { self.units = units }

    init(_ text: some StringProtocol, isOutside: Bool = false) {
        units = text.unicodeScalars.map { $0.value | (isOutside ? Self.outsideBit : 0) }
    }

    init(joining parts: [TemplateText], separator: TemplateText = TemplateText()) {
        units = Array(parts.map(\.units).joined(separator: separator.units))
    }

    static func == (left: TemplateText, right: TemplateText) -> Bool {
        left.units.count == right.units.count && left.starts(with: right, at: 0)
    }

    func hash(into hasher: inout Hasher) { for unit in units { hasher.combine(unit & ~Self.outsideBit) } }

    /// By code points.
    func precedes(_ other: TemplateText) -> Bool {
        units.lazy.map { $0 & ~Self.outsideBit }.lexicographicallyPrecedes(other.units.lazy.map { $0 & ~Self.outsideBit })
    }

    var count: Int { units.count }

    var isEmpty: Bool { units.isEmpty }

    var string: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: units.map(Self.scalar))
        return String(text)
    }

    static func scalar(_ unit: UInt32) -> Unicode.Scalar { Unicode.Scalar(unit & ~outsideBit) ?? "\u{FFFD}" }

    func scalar(_ index: Int) -> Unicode.Scalar { Self.scalar(units[index]) }

    /// The text as UTF-8, which of it is from outside, and where the given positions of it lie.
    func encoded(at positions: [Int]) -> (bytes: [UInt8], outside: TextRanges, offsets: [Int]) {
        var (bytes, outside): ([UInt8], TextRanges) = ([], TextRanges())
        bytes.reserveCapacity(units.count)
        var starts: [Int] = []
        starts.reserveCapacity(units.count + 1)
        for unit in units {
            let start = bytes.count
            starts.append(start)
            bytes.append(contentsOf: Array(String(Self.scalar(unit)).utf8))
            if unit & Self.outsideBit != 0 { outside.append(start..<bytes.count) }
        }
        starts.append(bytes.count)
        return (bytes, outside, positions.map { starts[$0] })
    }

    mutating func append(_ other: TemplateText) { units.append(contentsOf: other.units) }

    static func + (left: TemplateText, right: TemplateText) -> TemplateText {
        TemplateText(units: left.units + right.units)
    }

    subscript(range: Range<Int>) -> TemplateText { TemplateText(units: Array(units[range])) }

    /// Each code point as a text.
    var characters: [TemplateText] { units.map { TemplateText(units: [$0]) } }

    /// The text with each code point replaced by others, which are from outside where it was.
    func mapping(_ transform: (Int, Unicode.Scalar) -> String.UnicodeScalarView) -> TemplateText {
        var result: [UInt32] = []
        result.reserveCapacity(units.count)
        for (index, unit) in units.enumerated() {
            for scalar in transform(index, Self.scalar(unit)) { result.append(scalar.value | unit & Self.outsideBit) }
        }
        return TemplateText(units: result)
    }
}

extension TemplateText {
    func starts(with other: TemplateText, at start: Int) -> Bool {
        guard start >= 0, start + other.count <= count else { return false }
        for index in 0..<other.count where (units[start + index] ^ other.units[index]) & ~Self.outsideBit != 0 { return false }
        return true
    }

    func ends(with other: TemplateText) -> Bool { starts(with: other, at: count - other.count) }

    /// The first occurrence at or after `start`, found in time that grows with the two lengths (Knuth, Morris, Pratt 1977).
    func firstIndex(of other: TemplateText, from start: Int = 0) -> Int? {
        guard start <= count - other.count else { return nil }
        guard !other.isEmpty else { return start }
        let pattern = other.units.map { $0 & ~Self.outsideBit }
        // The length of the longest proper beginning of each prefix that also ends it.
        var borders = [0]
        for index in 1..<max(pattern.count, 1) {
            var border = borders[index - 1]
            while border > 0, pattern[index] != pattern[border] { border = borders[border - 1] }
            borders.append(pattern[index] == pattern[border] ? border + 1 : 0)
        }
        var matched = 0
        for index in start..<count {
            let unit = units[index] & ~Self.outsideBit
            while matched > 0, unit != pattern[matched] { matched = borders[matched - 1] }
            if unit == pattern[matched] { matched += 1 }
            if matched == pattern.count { return index + 1 - matched }
        }
        return nil
    }

    func lastIndex(of other: TemplateText) -> Int? {
        reversed.firstIndex(of: other.reversed).map { count - other.count - $0 }
    }

    var reversed: TemplateText { TemplateText(units: units.reversed()) }

    /// Every occurrence from left to right, without overlap.
    func indices(of other: TemplateText, limit: Int = .max) -> [Int] {
        var (result, index): ([Int], Int) = ([], 0)
        while result.count < limit, let found = firstIndex(of: other, from: index) {
            result.append(found)
            index = found + max(other.count, 1)
        }
        return result
    }

    /// Python's `str.isspace`.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        (0x1C...0x1F).contains(scalar.value) || scalar.properties.isWhitespace
    }

    /// Python's `str.strip` and its one-sided kin; nil strips space.
    func stripped(_ characters: TemplateText?, left: Bool = true, right: Bool = true) -> TemplateText {
        let set = characters.map { Set($0.units.map { $0 & ~Self.outsideBit }) }
        func isStripped(_ index: Int) -> Bool {
            set?.contains(units[index] & ~Self.outsideBit) ?? Self.isSpace(scalar(index))
        }
        var (start, end) = (0, count)
        while left, start < end, isStripped(start) { start += 1 }
        while right, start < end, isStripped(end - 1) { end -= 1 }
        return self[start..<end]
    }

    /// Python's `str.split`; without a separator at runs of space, of which the ends give nothing.
    func split(_ separator: TemplateText?, limit: Int, fromEnd: Bool = false) -> [TemplateText] {
        guard let separator else { return splitAtSpace(limit: limit, fromEnd: fromEnd) }
        if fromEnd { return reversed.split(separator.reversed, limit: limit).reversed().map(\.reversed) }
        let cuts = indices(of: separator, limit: limit)
        var (parts, start): ([TemplateText], Int) = ([], 0)
        for cut in cuts {
            parts.append(self[start..<cut])
            start = cut + separator.count
        }
        return parts + [self[start..<count]]
    }

    private func splitAtSpace(limit: Int, fromEnd: Bool) -> [TemplateText] {
        var words: [Range<Int>] = []
        var start: Int?
        for index in 0...count {
            if index < count, !Self.isSpace(scalar(index)) {
                start = start ?? index
            } else if let begin = start {
                words.append(begin..<index)
                start = nil
            }
        }
        guard words.count > limit else { return words.map { self[$0] } }
        if fromEnd {
            let kept = words.suffix(limit)
            let head = self[0..<words[words.count - limit - 1].upperBound]
            return [head] + kept.map { self[$0] }
        }
        return words.prefix(limit).map { self[$0] } + [self[words[limit].lowerBound..<count]]
    }

    private static let lineEnds: Set<UInt32> = [0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029]

    /// How many characters end a line.
    var lineEndCount: Int { units.count { Self.lineEnds.contains($0 & ~Self.outsideBit) } }

    /// Python's `str.splitlines` without the line ends.
    var lines: [TemplateText] {
        let ends = Self.lineEnds
        var (parts, start, index): ([TemplateText], Int, Int) = ([], 0, 0)
        while index < count {
            guard ends.contains(scalar(index).value) else {
                index += 1
                continue
            }
            parts.append(self[start..<index])
            if scalar(index) == "\r", index + 1 < count, scalar(index + 1) == "\n" { index += 1 }
            index += 1
            start = index
        }
        return start < count ? parts + [self[start..<count]] : parts
    }

    func replacing(_ old: TemplateText, by new: TemplateText, limit: Int) -> TemplateText {
        if old.isEmpty {
            var result = TemplateText()
            for index in 0...count {
                if index < limit { result.append(new) }
                if index < count { result.units.append(units[index]) }
            }
            return result
        }
        return TemplateText(joining: split(old, limit: limit), separator: new)
    }
}

extension TemplateText {
    var uppercased: TemplateText { mapping { $1.properties.uppercaseMapping.unicodeScalars } }

    var lowercased: TemplateText {
        mapping { index, scalar in
            scalar == "\u{3A3}" && isFinalSigma(index) ? "\u{3C2}".unicodeScalars : scalar.properties.lowercaseMapping.unicodeScalars
        }
    }

    /// Whether the sigma at `index` ends a word (Unicode Standard, table 3-17).
    private func isFinalSigma(_ index: Int) -> Bool {
        func isCased(_ indices: some Sequence<Int>) -> Bool {
            indices.first { !scalar($0).properties.isCaseIgnorable }.map { scalar($0).properties.isCased } ?? false
        }
        return isCased((0..<index).reversed()) && !isCased(index + 1..<count)
    }

    /// The first character in title case, the rest lower.
    var capitalized: TemplateText {
        guard !isEmpty else { return self }
        return self[0..<1].mapping { $1.properties.titlecaseMapping.unicodeScalars } + TemplateText(units: Array(lowercased.units.dropFirst(self[0..<1].lowercased.count)))
    }

    /// Python's `str.title`: each run of cased characters begins in title case.
    var titled: TemplateText {
        var afterCased = false
        return mapping { index, scalar in
            defer { afterCased = scalar.properties.isCased }
            if !afterCased { return scalar.properties.titlecaseMapping.unicodeScalars }
            return self[index..<index + 1].lowercased.string.unicodeScalars
        }
    }
}
