/// A regular expression that is matched in time linear in the text, whatever the pattern: no backtracking, so that no
/// answer can hang a judge.
///
/// Literals, `.` (no line break), `[a-z]`, `[^…]`, `\d \w \s \D \W \S` (ASCII), `\n \t \r`, escaped punctuation, `( )`,
/// `(?: )`, `|`, `* + ? {n} {n,} {n,m}` with or without a lazy `?` (which says nothing about whole matches), `^ $ \b \B`.
/// No back references and no look-around. Works on Unicode scalars.
///
/// - Source: Thompson 1968, Communications of the ACM 11, pp. 419–422.
struct Pattern {
    /// More states than this are refused, so that a text of n scalars takes at most so many times n steps.
    static let stateLimit = 1000

    /// One state of the automaton.
    enum State {
        case consume(ScalarSet, next: Int)
        /// Goes on to both without reading.
        case fork(Int, Int)
        case check(Assertion, next: Int)
        case accept
    }

    /// What must hold between two scalars.
    enum Assertion {
        case start, end, wordBoundary, noWordBoundary
    }

    private let states: [State]
    private let start: Int
    private let ignoresCase: Bool

    /// - Returns: nil where the pattern is malformed, uses what is not supported, or is too large.
    init?(_ text: some StringProtocol, ignoresCase: Bool = false) {
        var parser = PatternParser(text)
        guard let tree = parser.tree() else { return nil }
        var builder = Builder()
        guard let start = builder.states(for: tree, before: 0) else { return nil }
        states = builder.states
        self.start = start
        self.ignoresCase = ignoresCase
    }

    /// Whether all of the text matches.
    func matchesWhole(_ text: some StringProtocol) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var front = Front(count: states.count)
        add(start, at: 0, of: scalars, to: &front)
        for (index, scalar) in scalars.enumerated() {
            var next = Front(count: states.count, mark: front.mark + 1, marks: front.marks)
            let variants = ignoresCase ? Pattern.cases(of: scalar) : [scalar.value]
            for state in front.members {
                if case .consume(let set, let target) = states[state], variants.contains(where: set.contains) {
                    add(target, at: index + 1, of: scalars, to: &next)
                }
            }
            if next.members.isEmpty { return false }
            front = next
        }
        return front.members.contains { if case .accept = states[$0] { true } else { false } }
    }

    /// States that are reached at one place, each once.
    private struct Front {
        var members: [Int] = []
        var mark: Int
        /// Per state the mark of the last front that it joined.
        var marks: [Int]

        init(count: Int) { (mark, marks) = (1, Array(repeating: 0, count: count)) }

        init(count: Int, mark: Int, marks: [Int]) { (self.mark, self.marks) = (mark, marks) }
    }

    private func add(_ state: Int, at place: Int, of scalars: [Unicode.Scalar], to front: inout Front) {
        var open = [state]
        while let state = open.popLast() {
            guard front.marks[state] != front.mark else { continue }
            front.marks[state] = front.mark
            switch states[state] {
            case .fork(let one, let other): open += [other, one]
            case .check(let assertion, let next):
                if Pattern.holds(assertion, at: place, of: scalars) { open.append(next) }
            case .consume, .accept: front.members.append(state)
            }
        }
    }

    private static func holds(_ assertion: Assertion, at place: Int, of scalars: [Unicode.Scalar]) -> Bool {
        switch assertion {
        case .start: return place == 0
        case .end: return place == scalars.count
        case .wordBoundary, .noWordBoundary:
            let before = place > 0 && ScalarSet.word.contains(scalars[place - 1].value)
            let after = place < scalars.count && ScalarSet.word.contains(scalars[place].value)
            return (before != after) == (assertion == .wordBoundary)
        }
    }

    /// A scalar with its lower and upper case where those are single scalars.
    private static func cases(of scalar: Unicode.Scalar) -> [UInt32] {
        let properties = scalar.properties
        return [scalar.value]
            + [properties.lowercaseMapping, properties.uppercaseMapping].compactMap { mapping in
                mapping.unicodeScalars.count == 1 ? mapping.unicodeScalars.first?.value : nil
            }
    }

    /// Writes states from the end of the pattern to its start, so that each knows where it goes on to.
    private struct Builder {
        var states: [State] = [.accept]

        private mutating func append(_ state: State) -> Int? {
            guard states.count < Pattern.stateLimit else { return nil }
            states.append(state)
            return states.count - 1
        }

        /// The first state of a tree that goes on to `next`; nil where there would be too many.
        mutating func states(for tree: PatternTree, before next: Int) -> Int? {
            switch tree {
            case .set(let set): return append(.consume(set, next: next))
            case .check(let assertion): return append(.check(assertion, next: next))
            case .sequence(let parts):
                var target = next
                for part in parts.reversed() {
                    guard let first = states(for: part, before: target) else { return nil }
                    target = first
                }
                return target
            case .either(let one, let other):
                guard let left = states(for: one, before: next), let right = states(for: other, before: next)
                else { return nil }
                return append(.fork(left, right))
            case .repeated(let part, let least, let most): return loop(part, least, most, before: next)
            }
        }

        private mutating func loop(_ part: PatternTree, _ least: Int, _ most: Int?, before next: Int) -> Int? {
            var target = next
            if let most {
                for _ in least..<most {
                    guard let once = states(for: part, before: target), let fork = append(.fork(once, next)) else { return nil }
                    target = fork
                }
            } else {
                guard let fork = append(.fork(next, next)), let body = states(for: part, before: fork) else { return nil }
                states[fork] = .fork(body, next)
                target = fork
            }
            for _ in 0..<least {
                guard let once = states(for: part, before: target) else { return nil }
                // A part without states repeats for nothing.
                if once == target { break }
                target = once
            }
            return target
        }
    }
}

/// A set of Unicode scalars.
struct ScalarSet {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }

    static let digit = ScalarSet(ranges: [0x30...0x39])
    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = ScalarSet(ranges: [0x09...0x0D, 0x20...0x20])
    /// All but line breaks.
    static let any = ScalarSet(ranges: [0x0A...0x0D, 0x85...0x85, 0x2028...0x2029], isNegated: true)

    /// The scalars that are not in the set.
    var inverted: ScalarSet { ScalarSet(ranges: ranges, isNegated: !isNegated) }

    /// The set's own ranges, a negated one turned inside out.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isNegated else { return ranges }
        var start: UInt32 = 0
        var gaps: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if start < range.lowerBound { gaps.append(start...range.lowerBound - 1) }
            start = max(start, range.upperBound + 1)
        }
        return gaps + [start...0x10FFFF]
    }
}
