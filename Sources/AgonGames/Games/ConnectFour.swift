/// Four in a row on seven columns of six.
///
/// Seat 0 moves first; a move is the digit of a column, in which the piece falls to the lowest free place. A text is
/// the columns played so far: "4453".
public struct ConnectFour: OpenGame {
    public init() {}

    public var name: String { "connect-four" }
    public var rules: String {
        """
        Seven columns of six places, numbered 1 to 7. In turn, each player drops a piece into a column that is not \
        full; it falls to the lowest free place. Four of one's own in a row, a column or a diagonal win; a full board \
        is a draw. The text is the columns played so far, in order; a move is one digit.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 42 }
    public var alphabet: String { "1234567" }
    public var payoffRange: ClosedRange<Double> { -1...1 }
    public var isZeroSum: Bool { true }
    public var deals: [String] { [""] }

    /// The 400 sequences of up to three moves, shorter ones first.
    public var openings: [String] {
        var longest = [""]
        var all = longest
        for _ in 0..<3 {
            longest = longest.flatMap { opening in (1...7).map { opening + String($0) } }
            all += longest
        }
        return all
    }

    /// Searches of a stated depth; neither is perfect.
    public var strategies: [GameStrategy] {
        [4, 6].map { depth in
            strategy("alpha_beta_\(depth)", "looks \(depth) moves ahead, then counts the places that would make four") {
                ConnectFourSearch(depth: depth).bestMoves(on: $0)
            }
        }
    }

    /// The places with X, O and dots, the columns' numbers below.
    public func picture(ofView view: String) -> String? {
        guard board(after: view) != nil else { return nil }
        var columns = [[String]](repeating: [], count: 7)
        for (ply, move) in view.enumerated() { columns[(move.wholeNumberValue ?? 1) - 1].append(ply.isMultiple(of: 2) ? "X" : "O") }
        let rows = (0..<6).reversed().map { place in
            columns.map { place < $0.count ? $0[place] : "." }.joined(separator: " ")
        }
        return (rows + ["1 2 3 4 5 6 7"]).joined(separator: "\n")
    }

    public func board(after text: String) -> ConnectFourBoard? {
        var board = ConnectFourBoard()
        for byte in text.utf8 {
            guard let next = board.playing(byte: byte) else { return nil }
            board = next
        }
        return board
    }
}

/// The pieces of each side as bits: column c (from 0), place r (from 0, the lowest) is bit 7c + r. The seventh bit of a
/// column stays clear, so that no row runs on from one column into the next.
public struct ConnectFourBoard: GameBoard, Hashable {
    /// The pieces of whoever is to move, and those of the other side.
    private(set) var own: UInt64 = 0
    private(set) var other: UInt64 = 0

    public static let moveLength = 1

    public var seatToMove: Int? { isOver ? nil : mover }
    public var key: String { "\(mover == 0 ? own : other)/\(mover == 0 ? other : own)" }
    public var legalMoves: [String] { isOver ? [] : openColumns.map { String($0 + 1) } }

    public var payoffs: [Double]? {
        // Only the side that moved last can have four.
        if hasWinner { return mover == 0 ? [-1, 1] : [1, -1] }
        return isFull ? [0, 0] : nil
    }

    public func playing(_ move: String) -> ConnectFourBoard? {
        let bytes = move.utf8
        guard bytes.count == 1, let byte = bytes.first else { return nil }
        return playing(byte: byte)
    }

    /// The board after the move written as one ASCII digit; nil where it is not legal.
    func playing(byte: UInt8) -> ConnectFourBoard? {
        guard (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(byte), !isOver else { return nil }
        let column = Int(byte - UInt8(ascii: "1"))
        return isOpen(column) ? playing(column: column) : nil
    }

    /// The board after a piece in a column that is not full.
    func playing(column: Int) -> ConnectFourBoard {
        let taken = own | other
        var next = ConnectFourBoard()
        next.own = other
        // Adding the column's lowest bit to what is taken carries up to the first free place.
        next.other = own | ((taken + (1 << UInt64(7 * column))) & ~taken & Self.columnMask(column))
        return next
    }

    /// Whether the side that moved last has four in a row.
    var hasWinner: Bool {
        [1, 6, 7, 8].contains { step in
            let pairs = other & (other >> UInt64(step))
            return pairs & (pairs >> UInt64(2 * step)) != 0
        }
    }

    var isFull: Bool { (own | other).nonzeroBitCount == 42 }

    /// The columns that are not full, from 0.
    var openColumns: [Int] { (0..<7).filter(isOpen) }

    /// Free places, reachable or not, that would make four for some pieces.
    func threatCount(_ pieces: UInt64) -> Int {
        var threats: UInt64 = 0
        for step in [1, 6, 7, 8] {
            let step = UInt64(step)
            let (up, down) = (pieces << step, pieces >> step)
            let (upTwo, downTwo) = (up & (pieces << (2 * step)), down & (pieces >> (2 * step)))
            threats |= upTwo & (pieces << (3 * step)) | downTwo & (pieces >> (3 * step)) | upTwo & down | downTwo & up
        }
        return (threats & Self.places & ~(own | other)).nonzeroBitCount
    }

    private var mover: Int { (own | other).nonzeroBitCount % 2 }
    private var isOver: Bool { isFull || hasWinner }
    private func isOpen(_ column: Int) -> Bool { (own | other) & (1 << UInt64(7 * column + 5)) == 0 }

    private static func columnMask(_ column: Int) -> UInt64 { 0x3F << UInt64(7 * column) }
    private static let places: UInt64 = (0..<7).reduce(0) { $0 | columnMask($1) }
}

/// Alpha-beta search to a fixed depth.
struct ConnectFourSearch {
    let depth: Int

    /// More than any count of threats, and less than a win at the greatest depth.
    private static let winValue = 1000
    /// More than any value.
    private static let infinity = 1_000_000
    /// From the middle, where most fours run through: good moves first cut most.
    private static let columnOrder = [3, 2, 4, 1, 5, 0, 6]

    /// The moves of the greatest value, in the order of `legalMoves`; empty once the game is over.
    func bestMoves(on board: ConnectFourBoard) -> [String] {
        guard board.seatToMove != nil else { return [] }
        var (best, columns) = (-Self.infinity, [Int]())
        for column in Self.columnOrder where board.openColumns.contains(column) {
            // Anything below the best is told from it by a window that still holds the best itself.
            let value = -value(of: board.playing(column: column), depth: depth - 1, above: -Self.infinity, below: -best + 1)
            if value > best { (best, columns) = (value, []) }
            if value == best { columns.append(column) }
        }
        return columns.sorted().map { String($0 + 1) }
    }

    /// The value for the side to move: sooner wins are worth more, later losses less bad.
    private func value(of board: ConnectFourBoard, depth: Int, above low: Int, below high: Int) -> Int {
        if board.hasWinner { return -(Self.winValue + depth) }
        if board.isFull { return 0 }
        if depth == 0 { return board.threatCount(board.own) - board.threatCount(board.other) }
        var (best, low) = (-Self.infinity, low)
        for column in Self.columnOrder where board.openColumns.contains(column) {
            best = max(best, -value(of: board.playing(column: column), depth: depth - 1, above: -high, below: -low))
            low = max(low, best)
            if low >= high { break }
        }
        return best
    }
}
