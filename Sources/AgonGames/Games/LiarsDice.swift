/// Three seats, one hidden die each, bids that rise until one is called a lie.
///
///     426·          the deal: the dice of seats 0, 1 and 2; the last letter tells copies of a deal apart
///     "4" "12" "23" "!!"   seat 0's view: its die, "one two", "two threes", and seat 2 does not believe it
///
/// A bid is how many dice and which face; the next bid has more dice, or as many and a higher face. Who calls a true bid
/// a lie loses, otherwise who made the bid does. The loser pays 1, the others get ½ each. Seat 0 begins.
public struct LiarsDice: Game {
    public init() {}

    public var name: String { "liars-dice" }
    public var rules: String {
        """
        Three players hold one hidden die each. In turn, each bids how many of the three dice show at least which \
        face, as two digits: 23 says that at least two dice show a three. A bid has more dice than the last, or as many \
        and a higher face. Instead of bidding a player may say !! to call the last bid a lie: if it is true, the player \
        who said so loses, otherwise the bidder. The text is your die and then what was said; a move is two characters.
        """
    }
    public var seatCount: Int { LiarsDicePosition.seatCount }
    public var moveTokenLimit: Int { 2 }
    public var stepLimit: Int { LiarsDicePosition.bids.count + 1 }
    public var alphabet: String { "123456!" }
    public var payoffRange: ClosedRange<Double> { -1...0.5 }
    public var isZeroSum: Bool { true }
    public var openings: [String] { DealMark.marked(Self.rolls) }
    public var deals: [String] { DealMark.first(Self.rolls) }

    public func splitKey(of opening: String) -> String? {
        position(after: opening).map { _ in String(opening.dropFirst(3).prefix(1)) }
    }

    public func position(after text: String) -> (any GamePosition)? {
        let characters = Array(text)
        guard characters.count >= 4, DealMark.all.contains(characters[3]) else { return nil }
        let dice = characters[..<3].compactMap { "123456".contains($0) ? $0.wholeNumberValue : nil }
        guard dice.count == 3 else { return nil }
        return position(from: LiarsDicePosition(dice: dice), playing: String(characters[4...]))
    }

    public func legalMoves(inView view: String) -> [String]? {
        Self.reading(view).map { LiarsDicePosition.moves(after: $0.bid) }
    }

    /// `odds`: believes what is likely by its own die.
    public var strategies: [GameStrategy] {
        [
            GameStrategy(name: "odds", summary: "makes the bid likeliest to be true by its own die, or calls a lie where that is likelier") { view in
                Self.reading(view).map { reading in
                    let moves = LiarsDicePosition.moves(after: reading.bid)
                    let chances = moves.map { move -> Double in
                        if let bid = LiarsDicePosition.bids.firstIndex(of: move) { return Self.chance(of: bid, die: reading.die) }
                        return reading.bid.map { 1 - Self.chance(of: $0, die: reading.die) } ?? 0
                    }
                    let best = chances.max() ?? 0
                    return MoveChances(moves, evenlyAmong: zip(moves, chances).filter { $0.1 == best }.map(\.0))
                }
            }
        ]
    }

    /// The probability that a bid is true to who holds a die and knows nothing of the other two.
    private static func chance(of bid: Int, die: Int) -> Double {
        let (count, face) = (bid / 6 + 1, bid % 6 + 1)
        switch count - (face == die ? 1 : 0) {
        case ...0: return 1
        case 1: return 11.0 / 36
        case 2: return 1.0 / 36
        default: return 0
        }
    }

    /// A seat's die and the last bid; nil where no seat that is to move has this view.
    private static func reading(_ view: String) -> (die: Int, bid: Int?)? {
        let characters = Array(view)
        guard let first = characters.first, "123456".contains(first), let die = first.wholeNumberValue else { return nil }
        var bid: Int?
        for start in stride(from: 1, to: characters.count, by: 2) {
            let move = String(characters[start..<min(start + 2, characters.count)])
            guard let next = LiarsDicePosition.bids.firstIndex(of: move), next > bid ?? -1 else { return nil }
            bid = next
        }
        return (die, bid)
    }

    private static let rolls = (1...6).flatMap { a in (1...6).flatMap { b in (1...6).map { c in "\(a)\(b)\(c)" } } }
}

/// Three dice and the bids.
struct LiarsDicePosition: GamePosition {
    static let seatCount = 3
    /// All bids, each higher than those before it.
    static let bids = (1...seatCount).flatMap { count in (1...6).map { face in "\(count)\(face)" } }
    static let lie = "!!"

    let dice: [Int]
    private(set) var bidIndices: [Int] = []
    private(set) var wasCalled = false

    init(dice: [Int]) { self.dice = dice }

    var seatsToMove: [Int] { wasCalled ? [] : [bidIndices.count % Self.seatCount] }
    var key: String { dice.map(String.init).joined() + said }
    var moveLength: Int { 2 }

    var payoffs: [Double]? {
        guard wasCalled, let bid = bidIndices.last else { return nil }
        let isTrue = dice.count { $0 == bid % 6 + 1 } > bid / 6
        let loser = (bidIndices.count - (isTrue ? 0 : 1)) % Self.seatCount
        return dice.indices.map { $0 == loser ? -1 : 0.5 }
    }

    func view(of seat: Int) -> String { String(dice[seat]) + said }

    func legalMoves(of seat: Int) -> [String] { seatsToMove == [seat] ? Self.moves(after: bidIndices.last) : [] }

    func playing(_ moves: [String]) -> (any GamePosition)? {
        guard !wasCalled, moves.count == 1, Self.moves(after: bidIndices.last).contains(moves[0]) else { return nil }
        var next = self
        if let bid = Self.bids.firstIndex(of: moves[0]) { next.bidIndices.append(bid) } else { next.wasCalled = true }
        return next
    }

    /// The higher bids, and the call where there is a bid.
    static func moves(after bid: Int?) -> [String] { Array(bids[((bid ?? -1) + 1)...]) + (bid == nil ? [] : [lie]) }

    private var said: String { bidIndices.map { Self.bids[$0] }.joined() + (wasCalled ? Self.lie : "") }
}
