/// What a pattern says.
indirect enum PatternTree {
    case set(ScalarSet)
    case check(Pattern.Assertion)
    case sequence([PatternTree])
    case either(PatternTree, PatternTree)
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Reads a pattern by recursive descent; groups nest at most 64 deep.
struct PatternParser {
    private let symbols: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    init(_ text: some StringProtocol) { symbols = Array(text.unicodeScalars) }

    /// Nil where the pattern is malformed or uses what is not supported.
    mutating func tree() -> PatternTree? {
        guard symbols.count <= 10_000, let tree = alternatives(), place == symbols.count else { return nil }
        return tree
    }

    private var next: Unicode.Scalar? { place < symbols.count ? symbols[place] : nil }

    private mutating func take(_ symbol: Unicode.Scalar) -> Bool {
        guard next == symbol else { return false }
        place += 1
        return true
    }

    private mutating func alternatives() -> PatternTree? {
        guard depth < 64 else { return nil }
        depth += 1
        defer { depth -= 1 }
        guard var tree = sequence() else { return nil }
        while take("|") {
            guard let other = sequence() else { return nil }
            tree = .either(tree, other)
        }
        return tree
    }

    private mutating func sequence() -> PatternTree? {
        var parts: [PatternTree] = []
        while let symbol = next, symbol != "|", symbol != ")" {
            guard let part = repeated() else { return nil }
            parts.append(part)
        }
        return .sequence(parts)
    }

    private mutating func repeated() -> PatternTree? {
        guard var part = atom() else { return nil }
        var isLoop = false
        while let symbol = next, ["*", "+", "?", "{"].contains(symbol) {
            // After one quantifier only a lazy mark may stand.
            if isLoop { return take("?") && !["*", "+", "?", "{"].contains(next ?? "a") ? part : nil }
            if case .check = part { return nil }
            guard let (least, most) = bounds() else { return nil }
            part = .repeated(part, least: least, most: most)
            isLoop = true
        }
        return part
    }

    private mutating func bounds() -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard take("{"), let least = count() else { return nil }
        if take("}") { return (least, least) }
        guard take(",") else { return nil }
        if take("}") { return (least, nil) }
        guard let most = count(), take("}"), least <= most else { return nil }
        return (least, most)
    }

    private mutating func count() -> Int? {
        let digits = symbols[place...].prefix { ScalarSet.digit.contains($0.value) }
        guard !digits.isEmpty, digits.count <= 4 else { return nil }
        place += digits.count
        return digits.reduce(0) { $0 * 10 + Int($1.value - 0x30) }
    }

    private mutating func atom() -> PatternTree? {
        guard let symbol = next else { return nil }
        place += 1
        switch symbol {
        case ".": return .set(.any)
        case "^": return .check(.start)
        case "$": return .check(.end)
        case "[": return bracket().map(PatternTree.set)
        case "\\":
            if take("b") { return .check(.wordBoundary) }
            if take("B") { return .check(.noWordBoundary) }
            return escape().map(PatternTree.set)
        case "(":
            if take("?"), !take(":") { return nil }
            guard let tree = alternatives(), take(")") else { return nil }
            return tree
        case ")", "*", "+", "?", "{", "}", "]": return nil
        case _: return .set(ScalarSet(ranges: [symbol.value...symbol.value]))
        }
    }

    /// What stands after a backslash.
    private mutating func escape() -> ScalarSet? {
        guard let symbol = next else { return nil }
        place += 1
        func only(_ scalar: Unicode.Scalar) -> ScalarSet { ScalarSet(ranges: [scalar.value...scalar.value]) }
        switch symbol {
        case "d": return .digit
        case "D": return ScalarSet.digit.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "s": return .space
        case "S": return ScalarSet.space.inverted
        case "n": return only("\n")
        case "t": return only("\t")
        case "r": return only("\r")
        case _: return symbol.isASCII && !ScalarSet.word.contains(symbol.value) ? only(symbol) : nil
        }
    }

    private mutating func bracket() -> ScalarSet? {
        var set = ScalarSet(ranges: [], isNegated: take("^"))
        while let symbol = next {
            place += 1
            if symbol == "]" { return set.ranges.isEmpty ? nil : set }
            var low = symbol.value
            if symbol == "\\" {
                guard let escaped = escape() else { return nil }
                set.ranges += escaped.plainRanges
                guard let only = escaped.ranges.first, escaped.ranges.count == 1, only.count == 1 else { continue }
                low = only.lowerBound
            } else {
                set.ranges.append(low...low)
            }
            guard next == "-", place + 1 < symbols.count, symbols[place + 1] != "]" else { continue }
            place += 1
            guard let high = upperEnd(), low <= high else { return nil }
            set.ranges.append(low...high)
        }
        return nil
    }

    private mutating func upperEnd() -> UInt32? {
        guard let symbol = next else { return nil }
        place += 1
        guard symbol == "\\" else { return symbol.value }
        guard let escaped = escape(), !escaped.isNegated, let only = escaped.ranges.first, escaped.ranges.count == 1,
            only.count == 1
        else { return nil }
        return only.lowerBound
    }
}
