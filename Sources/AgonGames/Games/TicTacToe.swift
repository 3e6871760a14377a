/// Three in a row on nine squares.
///
///     1 2 3
///     4 5 6        "519" : X takes the middle, O a corner, X the corner across
///     7 8 9
///
/// Seat 0 plays X and moves first; a move is one digit. After an opening of one or three moves it is seat 1
/// that moves next.
public struct TicTacToe: OpenGame {
    public init() {}

    public var name: String { "tic-tac-toe" }
    public var rules: String {
        """
        Three in a row on nine squares, numbered 1 to 9 from the top left, row by row. The first player has X, the \
        second O; they take free squares in turn, and three of one's own in a row, a column or a diagonal win. The \
        text is the squares taken so far, in order; a move is one digit.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 9 }
    public var alphabet: String { "123456789" }
    public var payoffRange: ClosedRange<Double> { -1...1 }
    public var isZeroSum: Bool { true }
    public var deals: [String] { [""] }

    /// The 586 legal sequences of up to three moves, shorter ones first. None of them can end a game.
    public var openings: [String] { Self.allOpenings }

    /// `perfect`, by exact solving.
    public var strategies: [GameStrategy] {
        [strategy("perfect", "wins as soon as it can, loses as late as it must") { $0.bestMoves() }]
    }

    /// The squares with X, O and the numbers of those that are free.
    public func picture(ofView view: String) -> String? {
        guard board(after: view) != nil else { return nil }
        let moves = Array(view)
        let squares = (1...9).map { square in
            moves.firstIndex(of: Character("\(square)")).map { $0.isMultiple(of: 2) ? "X" : "O" } ?? "\(square)"
        }
        return (0..<3).map { row in squares[(3 * row)..<(3 * row + 3)].joined(separator: " ") }.joined(separator: "\n")
    }

    public func board(after text: String) -> TicTacToePosition? {
        var position = TicTacToePosition()
        for byte in text.utf8 {
            guard let next = position.playing(byte: byte) else { return nil }
            position = next
        }
        return position
    }

    private static let allOpenings: [String] = {
        var longest = [""]
        var all = longest
        for _ in 0..<3 {
            longest = longest.flatMap { opening in
                "123456789".filter { !opening.contains($0) }.map { opening + String($0) }
            }
            all += longest
        }
        return all
    }()
}

/// The squares of X and of O as two sets of nine bits; bit 0 is square 1.
public struct TicTacToePosition: GameBoard, Hashable {
    private(set) var crosses: UInt16 = 0
    private(set) var noughts: UInt16 = 0

    public static let moveLength = 1

    public var seatToMove: Int? { isOver ? nil : crosses.nonzeroBitCount - noughts.nonzeroBitCount }

    public var key: String { "\(crosses)/\(noughts)" }

    public var legalMoves: [String] { freeSquares.map(Self.text(square:)) }

    public var payoffs: [Double]? {
        if NineSquares.hasRow(crosses) { return [1, -1] }
        if NineSquares.hasRow(noughts) { return [-1, 1] }
        return isFull ? [0, 0] : nil
    }

    public func playing(_ move: String) -> TicTacToePosition? {
        let bytes = move.utf8
        guard bytes.count == 1, let byte = bytes.first else { return nil }
        return playing(byte: byte)
    }

    /// The legal moves that perfect play allows, in the order of `legalMoves`; empty once the game is over.
    func bestMoves() -> [String] {
        let values = freeSquares.map { (square: $0, value: -TicTacToeSolution.shared.value(of: playing(square: $0))) }
        guard let best = values.map(\.value).max() else { return [] }
        return values.filter { $0.value == best }.map { Self.text(square: $0.square) }
    }

    /// The squares 0 … 8 that may be taken; none once the game is over.
    var freeSquares: [Int] {
        isOver ? [] : (0..<9).filter { (crosses | noughts) & (1 << UInt16($0)) == 0 }
    }

    /// The position after the move written as one ASCII digit; nil where it is not legal.
    func playing(byte: UInt8) -> TicTacToePosition? {
        guard (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte), !isOver else { return nil }
        let square = Int(byte - UInt8(ascii: "1"))
        guard (crosses | noughts) & (1 << UInt16(square)) == 0 else { return nil }
        return playing(square: square)
    }

    /// The position after taking a free square.
    func playing(square: Int) -> TicTacToePosition {
        var next = self
        if crosses.nonzeroBitCount == noughts.nonzeroBitCount {
            next.crosses |= 1 << UInt16(square)
        } else {
            next.noughts |= 1 << UInt16(square)
        }
        return next
    }

    private var isFull: Bool { crosses | noughts == 0b111_111_111 }
    private var isOver: Bool { isFull || NineSquares.hasRow(crosses) || NineSquares.hasRow(noughts) }

    private static func text(square: Int) -> String { String(square + 1) }
}

/// What the games on nine squares share: squares as bits, bit 0 is square 1.
enum NineSquares {
    private static let rows: [UInt16] = [
        0b000_000_111, 0b000_111_000, 0b111_000_000, 0b001_001_001, 0b010_010_010, 0b100_100_100, 0b100_010_001,
        0b001_010_100,
    ]

    /// Whether three of the squares are in a row.
    static func hasRow(_ squares: UInt16) -> Bool { rows.contains { squares & $0 == $0 } }
}
