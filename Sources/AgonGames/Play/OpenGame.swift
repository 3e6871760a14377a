/// A game in which everybody sees everything and one seat moves at a time. Its text is every seat's view.
public protocol OpenGame: Game {
    /// What the rules need to know of a position.
    associatedtype Board: GameBoard
    /// The board after an opening and the moves since; nil where a move is not legal.
    func board(after text: String) -> Board?
}

/// A position of an open game, without the text that led to it.
public protocol GameBoard: Sendable {
    /// Whose turn it is; nil once the game is over.
    var seatToMove: Int? { get }
    /// A name of the position, equal for all texts that reach it.
    var key: String { get }
    /// How many characters each move has.
    static var moveLength: Int { get }
    /// The moves that may be played, always in the same order; empty once the game is over.
    var legalMoves: [String] { get }
    /// What each seat has won once the game is over; nil before.
    var payoffs: [Double]? { get }
    /// The board after one move.
    /// - Returns: nil where the move is not legal, whatever the text holds.
    func playing(_ move: String) -> Self?
}

extension OpenGame {
    public func position(after text: String) -> (any GamePosition)? {
        board(after: text).map { OpenPosition(text: text, board: $0) }
    }

    public func legalMoves(inView view: String) -> [String]? {
        guard let board = board(after: view), board.seatToMove != nil else { return nil }
        return board.legalMoves
    }

    /// A rule that chooses among the moves of a board, all that it names equally likely.
    func strategy(
        _ name: String, _ summary: String, choosing: @escaping @Sendable (Board) -> [String]
    ) -> GameStrategy {
        GameStrategy(name: name, summary: summary) { view in
            guard let board = self.board(after: view), board.seatToMove != nil else { return nil }
            return MoveChances(board.legalMoves, evenlyAmong: choosing(board))
        }
    }
}

/// A board with the text that led to it, which all seats see.
struct OpenPosition<Board: GameBoard>: GamePosition {
    let text: String
    let board: Board

    var seatsToMove: [Int] { board.seatToMove.map { [$0] } ?? [] }
    var key: String { board.key }
    var moveLength: Int { Board.moveLength }
    var payoffs: [Double]? { board.payoffs }

    func view(of seat: Int) -> String { text }

    func legalMoves(of seat: Int) -> [String] { seat == board.seatToMove ? board.legalMoves : [] }

    func playing(_ moves: [String]) -> (any GamePosition)? {
        guard moves.count == 1 else { return nil }
        return board.playing(moves[0]).map { OpenPosition(text: text + moves[0], board: $0) }
    }
}
