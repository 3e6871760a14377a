/// Tic-tac-toe in which every mark is auctioned: sealed bids, and the winner pays the loser.
///
///     4451          the opening: X has 4 chips, O has 4, X holds square 5, O holds square 1; 00 for neither
///     "X445132" "9" seat 0's view: its side, the opening, its bid, the other's bid, the square that it took for 3
///
/// Seat 0 is X. In each auction both bid from 0 to what they have, unseen by the other. The higher bid wins, is paid to
/// the other side, and its owner marks a free square. Equal bids: X wins the first auction, the third and so on, O the
/// others.
/// - Source: Develin and Payne, "Discrete bidding games", Electronic Journal of Combinatorics 17, 2010, R85, with
///   another rule for equal bids.
public struct BidTicTacToe: Game {
    public init() {}

    public var name: String { "bid-tac-toe" }
    public var rules: String {
        """
        Tic-tac-toe on squares 1 to 9 in which every mark is auctioned. Both players bid in secret, a digit from 0 to \
        the chips they have; the higher bid is paid to the other player, and its owner marks a free square. Of equal \
        bids X's wins in the first auction, O's in the second, and so on in turn. Three marks in a row win. The text is \
        your side (X or O), the chips of X and of O, the squares that X and O hold at the start (0 for none), and then \
        for each auction your bid, the other's bid and the square; a move is one digit.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 18 }
    public var alphabet: String { "0123456789XO" }
    public var payoffRange: ClosedRange<Double> { -1...1 }
    public var isZeroSum: Bool { true }

    /// 3 to 5 chips each that differ by at most one, at most 9 in all, with no marks or one of each side.
    public var openings: [String] {
        let chips = ["33", "34", "43", "44", "45", "54"]
        let marks = ["00"] + (1...9).flatMap { x in (1...9).filter { $0 != x }.map { "\(x)\($0)" } }
        return chips.flatMap { chips in marks.map { chips + $0 } }
    }

    public func position(after text: String) -> (any GamePosition)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 4, let start = BidTicTacToePosition(opening: String(decoding: bytes[..<4], as: UTF8.self))
        else { return nil }
        return position(from: start, playing: String(decoding: bytes[4...], as: UTF8.self))
    }

    public func legalMoves(inView view: String) -> [String]? {
        Self.position(inView: view).map { $0.position.legalMoves(of: $0.seat) }
    }

    /// `richman`: bids what half a turn is worth were chips real numbers, and marks the square that is worth most.
    public var strategies: [GameStrategy] {
        [
            GameStrategy(name: "richman", summary: "bids by Richman's values, the part below one chip by chance, and takes the best square") { view in
                guard let (position, seat) = Self.position(inView: view) else { return nil }
                return RichmanValues.shared.chances(at: position, seat: seat)
            }
        ]
    }

    /// The position of a seat that is to move, with its bids and the other's told from its side.
    private static func position(inView view: String) -> (position: BidTicTacToePosition, seat: Int)? {
        var bytes = Array(view.utf8)[...]
        guard let side = bytes.popFirst(), let seat = [UInt8(ascii: "X"): 0, UInt8(ascii: "O"): 1][side], bytes.count >= 4,
            var position = BidTicTacToePosition(opening: String(decoding: bytes.prefix(4), as: UTF8.self))
        else { return nil }
        bytes = bytes.dropFirst(4)
        while !bytes.isEmpty {
            let moves = bytes.prefix(position.seatsToMove.count).map { String(decoding: [$0], as: UTF8.self) }
            guard !moves.isEmpty, let next = position.stepped(seat == 0 ? moves : moves.reversed()) else { return nil }
            position = next
            bytes = bytes.dropFirst(moves.count)
        }
        return position.seatsToMove.contains(seat) ? (position, seat) : nil
    }
}

/// A board, chips, and whether an auction or a mark comes next.
struct BidTicTacToePosition: GamePosition, Hashable {
    /// Squares of X and O; bit 0 is square 1.
    private(set) var marks: [UInt16] = [0, 0]
    private(set) var chips: [Int]
    private(set) var auctionIndex = 0
    /// Who won the auction and has its mark to make.
    private(set) var marker: Int?
    /// By seat.
    private var views: [String]

    /// - Returns: nil where the text is not four digits with one square each or none, and at most 9 chips in all.
    init?(opening: String) {
        let digits = opening.utf8.map { Int($0) - Int(UInt8(ascii: "0")) }
        guard digits.count == 4, digits.allSatisfy((0...9).contains), digits[0] + digits[1] <= 9,
            (digits[2] == 0) == (digits[3] == 0), digits[2] == 0 || digits[2] != digits[3]
        else { return nil }
        chips = [digits[0], digits[1]]
        if digits[2] != 0 { marks = [1 << UInt16(digits[2] - 1), 1 << UInt16(digits[3] - 1)] }
        views = ["X" + opening, "O" + opening]
    }

    var seatsToMove: [Int] { payoffs != nil ? [] : marker.map { [$0] } ?? [0, 1] }
    var key: String { "\(marks[0])/\(marks[1])/\(chips[0])/\(chips[1])/\(auctionIndex % 2)/\(marker.map(String.init) ?? "-")" }
    var moveLength: Int { 1 }

    var payoffs: [Double]? {
        if NineSquares.hasRow(marks[0]) { return [1, -1] }
        if NineSquares.hasRow(marks[1]) { return [-1, 1] }
        return freeSquares.isEmpty ? [0, 0] : nil
    }

    func view(of seat: Int) -> String { views[seat] }

    func legalMoves(of seat: Int) -> [String] {
        guard seatsToMove.contains(seat) else { return [] }
        return marker == nil ? (0...chips[seat]).map(String.init) : freeSquares.map { String($0 + 1) }
    }

    func playing(_ moves: [String]) -> (any GamePosition)? { stepped(moves) }

    /// The position after one step; nil where a move is not legal.
    func stepped(_ moves: [String]) -> BidTicTacToePosition? {
        let seats = seatsToMove
        guard !seats.isEmpty, moves.count == seats.count,
            zip(seats, moves).allSatisfy({ legalMoves(of: $0).contains($1) })
        else { return nil }
        let numbers = moves.compactMap { Int($0) }
        var next = self
        if let marker {
            next.marks[marker] |= 1 << UInt16(numbers[0] - 1)
            next.marker = nil
            for seat in 0..<2 { next.views[seat] += moves[0] }
        } else {
            let winner = numbers[0] == numbers[1] ? auctionIndex % 2 : numbers[0] > numbers[1] ? 0 : 1
            next.chips[winner] -= numbers[winner]
            next.chips[1 - winner] += numbers[winner]
            next.marker = winner
            next.auctionIndex += 1
            for seat in 0..<2 { next.views[seat] += moves[seat] + moves[1 - seat] }
        }
        return next
    }

    /// From 0.
    var freeSquares: [Int] { (0..<9).filter { (marks[0] | marks[1]) & (1 << UInt16($0)) == 0 } }
}
