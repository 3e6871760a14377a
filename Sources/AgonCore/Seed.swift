/// The address of a random decision, folded into 64 bits: `run/round/room/seat/sample`.
///
/// Whoever needs randomness asks for a child of the seed it was handed, so what a seat draws depends on where
/// it sits and never on what ran before it: rooms may be played in any order, at any width, or again.
public struct Seed: Sendable, Hashable, Codable {
    /// The folded address.
    public let value: UInt64

    /// The root of a run's addresses.
    public init(run: UInt64) { value = Seed.mix(run ^ 0x5851_F42D_4C95_7F2D) }

    private init(value: UInt64) { self.value = value }

    /// The levels of an address. Each has its own constant, so that round 3, room 5 is not round 5, room 3.
    public enum Level: UInt64, Sendable {
        case round = 1, room, seat, sample, prompt, shuffle, gate, evaluation, training, judge, canary, schedule
    }

    /// The seed one level down.
    public func child(_ level: Level, _ index: Int) -> Seed {
        let label = Seed.mix(level.rawValue &* 0x9E37_79B9_7F4A_7C15)
        return Seed(value: Seed.mix(value ^ label) &+ Seed.mix(UInt64(bitPattern: Int64(index)) ^ label))
    }

    /// The seed of a named thing, for agents whose place in a list may change between runs.
    public func child(_ level: Level, named name: String) -> Seed {
        child(level, Seed.number(of: name))
    }

    /// A number for a name, the same on every machine and for ever: FNV-1a of its UTF-8.
    static func number(of name: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: hash)
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection whose outputs look independent.
    static func mix(_ input: UInt64) -> UInt64 {
        var word = input &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// A stream of random numbers from one seed: SplitMix64, with draws of our own.
///
/// The standard library may change how `shuffled(using:)` consumes its generator from one release to the
/// next; a run must replay for ever, so every draw that a run decides by is spelled out here.
public struct SeededGenerator: Sendable {
    private var state: UInt64

    public init(_ seed: Seed) { state = seed.value }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        defer { state = state &+ 0x9E37_79B9_7F4A_7C15 }
        return Seed.mix(state)
    }

    /// A number in 0 ..< `bound`, unbiased (Lemire's multiply and reject).
    /// - Precondition: `bound` is positive.
    public mutating func index(below bound: Int) -> Int {
        precondition(bound > 0, "a draw needs at least one outcome, bound is \(bound)")
        let width = UInt64(bound)
        while true {
            let (high, low) = next().multipliedFullWidth(by: width)
            if low >= width || low >= (0 &- width) % width { return Int(high) }
        }
    }

    /// A number in [0, 1), 53 random bits.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// The elements in random order (Fisher–Yates, from the end).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(last, index(below: last + 1))
        }
        return result
    }

    /// One of the elements, nil where there is none.
    public mutating func element<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[index(below: elements.count)]
    }
}
