/// Two share out three kinds of things that each values in its own way, and neither knows how the other does.
///
///     122 204 611   the opening: one book, two hats, two balls; what each is worth to seat 0, and to seat 1
///     "122204" "102" "yes"   seat 0's view: the things, its values, its offer (it keeps the book and both balls), and a yes
///
/// Everything together is worth 10 to each. Seat 0 begins; a move is an offer, how many of each kind the speaker keeps,
/// or `yes` to the last offer. Six moves in all, of which the last is `yes` or `bye`. Without a yes nobody gets anything.
/// The payoff is what one's share is worth to oneself, 0 … 10; it is not zero-sum, both can gain from one deal.
/// - Source: after DeVault, Mell and Gratch 2015, and Lewis et al. 2017, arXiv:1706.05125.
public struct Negotiation: Game {
    public init() {}

    public var name: String { "negotiation" }
    public var rules: String {
        """
        Two players share out three kinds of things. Each knows what a thing of each kind is worth to itself, and not \
        what it is worth to the other; all things together are worth 10 to each. In turn, a player offers a split, \
        three digits: how many of each kind the speaker keeps, the other gets the rest. Instead of an offer, yes \
        accepts the last one. There are six moves; the last can only be yes or bye. Without a yes nobody gets anything. \
        Only what your own share is worth to you counts. The text is how many things there are of each kind, what each \
        is worth to you, and then what was said; a move is three characters.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 3 }
    public var stepLimit: Int { NegotiationTable.moveLimit }
    public var alphabet: String { "0123456789yesb" }
    public var payoffRange: ClosedRange<Double> { 0...10 }
    public var isZeroSum: Bool { false }

    /// Every five things in which each kind is there, with every pair of values up to 9 a thing that leave no kind
    /// without worth to both and at least one with worth to both.
    public var openings: [String] { Self.allOpenings }

    public func position(after text: String) -> (any GamePosition)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 9 else { return nil }
        let digits = bytes[..<9].map { Int($0) - Int(UInt8(ascii: "0")) }
        guard digits.allSatisfy((0...9).contains) else { return nil }
        let (counts, values) = (Array(digits[..<3]), [Array(digits[3..<6]), Array(digits[6...])])
        guard counts.allSatisfy({ $0 > 0 }), counts.reduce(0, +) <= NegotiationTable.thingLimit,
            values.allSatisfy({ Self.worth($0, counts) == 10 })
        else { return nil }
        return position(
            from: NegotiationPosition(values: values, table: NegotiationTable(counts: counts)),
            playing: String(decoding: bytes[9...], as: UTF8.self))
    }

    public func legalMoves(inView view: String) -> [String]? { Self.reading(view)?.table.legalMoves }

    /// `conceder` asks for less with every move; `stubborn` hardly does; `splitter` is content with half.
    public var strategies: [GameStrategy] {
        [
            seller("conceder", "asks for 9, then less with every move, and takes what it would ask for next", [9, 8, 7, 6, 5, 1]),
            seller("stubborn", "asks for all that has worth to it, and takes no less than 8 before the end", [10, 10, 9, 9, 8, 1]),
            seller("splitter", "asks for 6, and takes 5", [6, 5, 6, 5, 5, 1]),
        ]
    }

    /// A rule that takes the last offer where it is worth what it would ask for at this move, and otherwise asks for as
    /// little above that as it can, with the fewest things.
    private func seller(_ name: String, _ summary: String, _ demands: [Int]) -> GameStrategy {
        GameStrategy(name: name, summary: summary) { view in
            guard let (table, values) = Self.reading(view) else { return nil }
            let demand = demands[table.moveCount]
            let moves = table.legalMoves
            if let offer = table.offer, Self.worth(values, zip(table.counts, offer).map { $0 - $1 }) >= demand {
                return MoveChances(moves, evenlyAmong: ["yes"])
            }
            let asks = moves.compactMap { move -> (move: String, cost: Int)? in
                guard let share = NegotiationTable.share(move) else { return nil }
                let worth = Self.worth(values, share)
                return worth >= demand ? (move, worth * 100 + share.reduce(0, +)) : nil
            }
            let least = asks.map(\.cost).min()
            return MoveChances(moves, evenlyAmong: least.map { cost in asks.filter { $0.cost == cost }.map(\.move) } ?? ["bye"])
        }
    }

    /// What some things are worth.
    static func worth(_ values: [Int], _ counts: [Int]) -> Int { zip(values, counts).reduce(0) { $0 + $1.0 * $1.1 } }

    /// The table and a seat's values; nil where no seat that is to move has this view.
    private static func reading(_ view: String) -> (table: NegotiationTable, values: [Int])? {
        let bytes = Array(view.utf8)
        guard bytes.count >= 6, bytes.count.isMultiple(of: 3) else { return nil }
        let digits = bytes[..<6].map { Int($0) - Int(UInt8(ascii: "0")) }
        guard digits.allSatisfy((0...9).contains), digits[..<3].allSatisfy({ $0 > 0 }),
            digits[..<3].reduce(0, +) <= NegotiationTable.thingLimit
        else { return nil }
        var table = NegotiationTable(counts: Array(digits[..<3]))
        for start in stride(from: 6, to: bytes.count, by: 3) {
            guard table.play(String(decoding: bytes[start..<start + 3], as: UTF8.self)) else { return nil }
        }
        return table.isOver ? nil : (table, Array(digits[3...]))
    }

    private static let allOpenings: [String] = {
        func text(_ digits: [Int]) -> String { digits.map(String.init).joined() }
        let triples = (0...9).flatMap { a in (0...9).flatMap { b in (0...9).map { c in [a, b, c] } } }
        return triples.filter { $0.allSatisfy { $0 > 0 } && $0.reduce(0, +) == 5 }.flatMap { counts in
            let values = triples.filter { worth($0, counts) == 10 }
            return values.flatMap { one in
                values.filter { other in
                    zip(one, other).allSatisfy { $0 + $1 > 0 } && zip(one, other).contains { $0 > 0 && $1 > 0 }
                }.map { text(counts) + text(one) + text($0) }
            }
        }
    }()
}

/// The part of a negotiation that both see.
struct NegotiationTable: Sendable, Hashable {
    static let moveLimit = 6
    static let thingLimit = 9

    /// Things of each kind.
    let counts: [Int]
    private(set) var said = ""
    private(set) var moveCount = 0
    /// What the last speaker would keep; nil before the first offer.
    private(set) var offer: [Int]?
    private(set) var isOver = false
    private(set) var wasAccepted = false

    init(counts: [Int]) { self.counts = counts }

    var legalMoves: [String] {
        if isOver { return [] }
        if moveCount == Self.moveLimit - 1 { return ["yes", "bye"] }
        let offers = (0...counts[0]).flatMap { a in (0...counts[1]).flatMap { b in (0...counts[2]).map { "\(a)\(b)\($0)" } } }
        return offers + (offer == nil ? [] : ["yes"])
    }

    /// - Returns: false where the move is not legal; then nothing has changed.
    mutating func play(_ move: String) -> Bool {
        guard legalMoves.contains(move) else { return false }
        said += move
        moveCount += 1
        if let share = Self.share(move) {
            offer = share
        } else {
            (isOver, wasAccepted) = (true, move == "yes")
        }
        return true
    }

    /// What an offer keeps; nil where the move is none.
    static func share(_ move: String) -> [Int]? {
        let digits = move.compactMap(\.wholeNumberValue)
        return digits.count == 3 ? digits : nil
    }
}

/// The table and what nobody but its seat knows.
struct NegotiationPosition: GamePosition {
    /// By seat: what a thing of each kind is worth.
    let values: [[Int]]
    private var table: NegotiationTable

    init(values: [[Int]], table: NegotiationTable) {
        self.values = values
        self.table = table
    }

    var seatsToMove: [Int] { table.isOver ? [] : [table.moveCount % 2] }
    var key: String { ([table.counts] + values).map { $0.map(String.init).joined() }.joined() + table.said }
    var moveLength: Int { 3 }

    var payoffs: [Double]? {
        guard table.isOver else { return nil }
        guard table.wasAccepted, let offer = table.offer else { return [0, 0] }
        // Who spoke last said yes; the share is the other's.
        let proposer = table.moveCount % 2
        let rest = zip(table.counts, offer).map { $0 - $1 }
        return (0..<2).map { Double(Negotiation.worth(values[$0], $0 == proposer ? offer : rest)) }
    }

    func view(of seat: Int) -> String { (table.counts + values[seat]).map(String.init).joined() + table.said }

    func legalMoves(of seat: Int) -> [String] { seatsToMove == [seat] ? table.legalMoves : [] }

    func playing(_ moves: [String]) -> (any GamePosition)? {
        var next = self
        guard moves.count == 1, next.table.play(moves[0]) else { return nil }
        return next
    }
}
