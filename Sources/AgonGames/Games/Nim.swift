/// Three heaps, taken from in turn; who takes the last wins.
///
///     357 a2 b5    "357a2b5" : 3, 5 and 7 lie there, two go from the first heap, all five from the second
///
/// An opening is the three heaps, 1 to 7 each; a move is the heap's letter and how many to take. Seat 0 begins.
public struct Nim: OpenGame {
    public init() {}

    public var name: String { "nim" }
    public var rules: String {
        """
        Three heaps, called a, b and c. In turn, each player takes as many as it likes from one heap, at least one. \
        Who takes the last of all wins. The text begins with the sizes of the heaps, three digits; a move is the \
        heap's letter and the number taken, such as b2.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 2 }
    public var stepLimit: Int { 21 }
    public var alphabet: String { "1234567abc" }
    public var payoffRange: ClosedRange<Double> { -1...1 }
    public var isZeroSum: Bool { true }

    /// All 343 triples of heaps.
    public var openings: [String] {
        (1...7).flatMap { a in (1...7).flatMap { b in (1...7).map { c in "\(a)\(b)\(c)" } } }
    }

    /// `perfect`, by the nim-sum.
    public var strategies: [GameStrategy] {
        [strategy("perfect", "leaves a nim-sum of zero where it can, otherwise plays any move") { $0.bestMoves() }]
    }

    public func board(after text: String) -> NimBoard? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 3, bytes[..<3].allSatisfy((UInt8(ascii: "1")...UInt8(ascii: "7")).contains) else { return nil }
        var board = NimBoard(heaps: bytes[..<3].map { Int($0 - UInt8(ascii: "0")) })
        for start in stride(from: 3, to: bytes.count, by: 2) {
            let move = String(decoding: bytes[start..<min(start + 2, bytes.count)], as: UTF8.self)
            guard let next = board.playing(move) else { return nil }
            board = next
        }
        return board
    }

    /// The payoff of seat 0 under perfect play: 1 where the side to move can leave a nim-sum of zero and it is seat 0,
    /// or cannot and it is seat 1; −1 otherwise. Nil where the text is not legal.
    /// - Source: Bouton, Annals of Mathematics 3, 1901, pp. 35–39.
    public func value(after text: String) -> Double? {
        board(after: text).map { board in (board.nimSum != 0) == (board.mover == 0) ? 1 : -1 }
    }
}

/// Three heaps and who takes next.
public struct NimBoard: GameBoard, Hashable {
    private(set) var heaps: [Int]
    private(set) var mover = 0

    init(heaps: [Int]) { self.heaps = heaps }

    public static let moveLength = 2

    public var seatToMove: Int? { isOver ? nil : mover }
    public var key: String { heaps.map(String.init).joined() + "/\(mover)" }
    public var legalMoves: [String] { moves.map { Self.text(heap: $0.heap, count: $0.count) } }

    /// Who was to move found nothing to take.
    public var payoffs: [Double]? { isOver ? (mover == 0 ? [-1, 1] : [1, -1]) : nil }

    public func playing(_ move: String) -> NimBoard? {
        let bytes = Array(move.utf8)
        guard bytes.count == 2, (UInt8(ascii: "a")...UInt8(ascii: "c")).contains(bytes[0]),
            (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(bytes[1])
        else { return nil }
        let (heap, count) = (Int(bytes[0] - UInt8(ascii: "a")), Int(bytes[1] - UInt8(ascii: "0")))
        return count <= heaps[heap] ? taking(count, from: heap) : nil
    }

    /// The heaps' sizes, added in base 2 without carrying. Zero: the side to move loses.
    var nimSum: Int { heaps.reduce(0, ^) }

    /// The moves that leave a nim-sum of zero; all moves where there is none.
    func bestMoves() -> [String] {
        let best = moves.filter { taking($0.count, from: $0.heap).nimSum == 0 }
        return (best.isEmpty ? moves : best).map { Self.text(heap: $0.heap, count: $0.count) }
    }

    private var isOver: Bool { heaps.allSatisfy { $0 == 0 } }

    private var moves: [(heap: Int, count: Int)] {
        heaps.indices.flatMap { heap in (0..<heaps[heap]).map { (heap, $0 + 1) } }
    }

    private func taking(_ count: Int, from heap: Int) -> NimBoard {
        var next = self
        next.heaps[heap] -= count
        next.mover = 1 - mover
        return next
    }

    private static func text(heap: Int, count: Int) -> String { ["a", "b", "c"][heap] + String(count) }
}
