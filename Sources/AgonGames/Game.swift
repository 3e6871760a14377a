import AgonCore

/// The rules of a game and how its moves are written down.
///
/// A game is text: a transcript is an opening followed by moves, with nothing between them, so that a model
/// that continues text can play it. Chance and hidden cards have no place here; what a transcript says is all
/// there is to know. Every conformer obeys the laws in `GameLawTests`.
public protocol Game: Sendable {
    /// The name in an arena's YAML: `tic-tac-toe`.
    var name: String { get }
    /// How many seats a room has.
    var seatCount: Int { get }
    /// The most tokens that one move takes when every character is a token; a move has no end token.
    var moveTokenLimit: Int { get }
    /// Every character that a transcript can hold, each once, in the order of a character vocabulary.
    var alphabet: String { get }
    /// Every text that a room may start from: legal, and the game not over. Always the same order.
    var openings: [String] { get }
    /// The position after a transcript, whether or not it starts with one of `openings`.
    /// - Returns: nil where a move is not legal, or follows the end of the game.
    func position(after opening: String) -> (any GamePosition)?
}

/// A moment of a game. Immutable: playing a move gives another position.
public protocol GamePosition: Sendable {
    /// Whose turn it is, from 0; nil once the game is over.
    var seatToMove: Int? { get }
    /// A name of the position, equal for all transcripts that reach it.
    var key: String { get }
    /// The moves that may be played, always in the same order; empty once the game is over.
    var legalMoves: [String] { get }
    /// Points per seat once the game is over: 1 win, ½ draw, 0 loss; nil before.
    var scores: [Double]? { get }
    /// The position after one move.
    /// - Returns: nil where the move is not legal, whatever the text holds.
    func playing(_ move: String) -> (any GamePosition)?
    /// The legal moves that perfect play allows, by exact solving, in the order of `legalMoves`: never empty
    /// while the game runs, empty once it is over.
    func bestMoves() -> [String]
}

extension Game {
    /// The referee: replays what was played and says who won.
    ///
    /// - Parameter opening: the text that the room started from.
    /// - Parameter transcript: the moves since, without the opening.
    /// - Returns: points per seat as in `GamePosition.scores`; nil where a move is illegal or the game is not
    ///   over. Whose fault that is, is a forfeit, and not for the rules to say.
    public func scores(opening: String, transcript: String) -> [Double]? {
        position(after: opening + transcript)?.scores
    }
}

extension GamePosition {
    /// One of the best moves with probability `skill`, any legal move otherwise (which may be a best one too).
    /// - Returns: nil once the game is over.
    func move(skill: Double, using generator: inout SeededGenerator) -> String? {
        let isExpert = generator.unit() < skill
        return generator.element(of: isExpert ? bestMoves() : legalMoves)
    }
}
