/// The rules of a game and how it is written down.
///
/// A game is text, and each seat has a text of its own, its view: what the opening shows that seat, its own moves
/// and what it sees of the others', in the order in which they happened. A view only ever grows at its end, so a model
/// that continues text can play it. Hidden cards and sealed moves are simply not in the views of those who must not
/// know them. Chance has no place during play: the opening holds the whole deal. Every conformer obeys the laws in
/// `GameLawTests`.
public protocol Game: Sendable {
    /// The name in an arena's YAML: `tic-tac-toe`.
    var name: String { get }
    /// The rules and the text form in words, for a person or a model that has never seen the game.
    var rules: String { get }
    /// How many seats a room has.
    var seatCount: Int { get }
    /// The most tokens that one move takes when every character is a token; a move has no end token.
    var moveTokenLimit: Int { get }
    /// The most steps that a game takes; a step asks every seat that is to move once.
    var stepLimit: Int { get }
    /// Every character that a view can hold, each once, in the order of a character vocabulary; ASCII.
    var alphabet: String { get }
    /// What a seat can win and lose, in the game's own unit.
    var payoffRange: ClosedRange<Double> { get }
    /// Whether the payoffs of the seats always sum to zero.
    var isZeroSum: Bool { get }
    /// Every text that a room may start from: legal, and the game not over. Always the same order.
    var openings: [String] { get }
    /// The openings that stand for chance, before anybody moved: a game of its own begins with any of them, all equally
    /// likely. Tic-tac-toe has one, the empty board.
    var deals: [String] { get }
    /// Openings with one key lie on one side of the split into training, gate and held-out prompts.
    ///
    /// Where a few deals are all there is, a side without some of them would be another game. There the key is the mark
    /// that tells copies of one deal apart, and every side has every deal.
    /// - Returns: nil where the text is no opening.
    func splitKey(of opening: String) -> String?
    /// The position after an opening and the moves since, whether or not it starts with one of `openings`.
    ///
    /// Moves stand one after another; those of one step in the order of their seats.
    /// - Returns: nil where a move is not legal, or follows the end of the game.
    func position(after text: String) -> (any GamePosition)?
    /// The moves of a seat that has seen this and is to move, as `GamePosition.legalMoves(of:)` gives them.
    /// - Returns: nil where no seat that is to move can have this view.
    func legalMoves(inView view: String) -> [String]?
    /// A view as a picture for a person; nil where the text is the best there is.
    func picture(ofView view: String) -> String?
    /// The rules that play this game, the expert of `noisy_expert` and of crowds first. Names are distinct.
    var strategies: [GameStrategy] { get }
}

/// A moment of a game. Immutable: a step gives another position.
public protocol GamePosition: Sendable {
    /// Who moves next, ascending, from 0. Several at once do not see one another's moves. Empty once the game is over.
    var seatsToMove: [Int] { get }
    /// A name of the position, equal for all openings and transcripts that reach it.
    var key: String { get }
    /// How many characters each move has that is legal now.
    var moveLength: Int { get }
    /// All that a seat has been shown, its own moves included.
    func view(of seat: Int) -> String
    /// The moves that a seat may make, always in the same order; empty where it is not to move.
    func legalMoves(of seat: Int) -> [String]
    /// What each seat has won once the game is over, in the game's own unit; nil before.
    var payoffs: [Double]? { get }
    /// The position after one step.
    /// - Parameter moves: one for each of `seatsToMove`, in that order.
    /// - Returns: nil where a move is not legal, whatever the text holds, or where there are too many or too few.
    func playing(_ moves: [String]) -> (any GamePosition)?
}

extension Game {
    /// Most games' split is by the position that an opening reaches: orders of moves that lead to one lie on one side.
    public func splitKey(of opening: String) -> String? { position(after: opening)?.key }

    /// Most games are played as text by people too.
    public func picture(ofView view: String) -> String? { nil }

    /// Most openings are deals and nothing else.
    public var deals: [String] { openings }

    /// Points per seat, 0 … 1: the payoffs on the scale of `payoffRange`. Where there are only wins, draws and losses,
    /// these are 1, ½ and 0.
    /// - Returns: nil before the game is over.
    public func scores(at position: any GamePosition) -> [Double]? {
        let (low, high) = (payoffRange.lowerBound, payoffRange.upperBound)
        return position.payoffs?.map { ($0 - low) / (high - low) }
    }

    /// The referee: replays what was played and says who won.
    ///
    /// - Parameter opening: the text that the room started from.
    /// - Parameter transcript: the moves since, without the opening.
    /// - Returns: points per seat as in `scores(at:)`; nil where a move is illegal or the game is not over. Whose fault
    ///   that is, is a forfeit, and not for the rules to say.
    public func scores(opening: String, transcript: String) -> [Double]? {
        position(after: opening + transcript).flatMap(scores(at:))
    }

    /// The position that moves lead to from a start, cut into moves by their lengths.
    func position(from start: any GamePosition, playing text: some StringProtocol) -> (any GamePosition)? {
        var position = start
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let (seats, length) = (position.seatsToMove, position.moveLength)
            guard !seats.isEmpty, rest.count >= seats.count * length else { return nil }
            let moves = seats.indices.map { _ in
                let move = String(decoding: rest.prefix(length), as: UTF8.self)
                rest = rest.dropFirst(length)
                return move
            }
            guard let next = position.playing(moves) else { return nil }
            position = next
        }
        return position
    }
}

/// The marks at the end of an opening that tell copies of one deal apart. No view holds them.
enum DealMark {
    /// So many that each side of the split has some.
    static let all = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

    /// Each deal once with each mark.
    static func marked(_ deals: [String]) -> [String] { all.flatMap { mark in deals.map { $0 + String(mark) } } }

    /// Each deal once, with the first mark.
    static func first(_ deals: [String]) -> [String] { deals.map { $0 + String(all[0]) } }
}
