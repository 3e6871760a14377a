/// Poker with three cards: jack, queen, king, one for each seat, one bet.
///
///     JQ·     the deal: seat 0 has the jack, seat 1 the queen; the last letter tells copies of a deal apart
///     "Jpb"   seat 0's view: its card, its pass, the other's bet
///
/// Both put in 1. A move is p (check or fold) or b (bet 1 or call). The value for seat 0 is −1/18.
/// - Source: Kuhn, "A simplified two-person poker", Contributions to the Theory of Games 1, 1950.
public struct KuhnPoker: Game {
    public init() {}

    public var name: String { "kuhn-poker" }
    public var rules: String {
        """
        Poker with the three cards J, Q and K. Each of two players has put in 1 and holds one card. In turn, a player \
        says p (checks, or folds to a bet) or b (bets 1, or calls a bet). After two passes or a call the higher card \
        wins what was put in. The text is your card and then what was said so far; a move is one letter.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 3 }
    public var alphabet: String { "JQKpb" }
    public var payoffRange: ClosedRange<Double> { -2...2 }
    public var isZeroSum: Bool { true }
    public var openings: [String] { DealMark.marked(Self.cardDeals) }
    public var deals: [String] { DealMark.first(Self.cardDeals) }

    public func splitKey(of opening: String) -> String? {
        position(after: opening).map { _ in String(opening.dropFirst(2).prefix(1)) }
    }

    public func position(after text: String) -> (any GamePosition)? {
        let characters = Array(text)
        guard characters.count >= 3, DealMark.all.contains(characters[2]),
            let first = KuhnPosition.cards.firstIndex(of: characters[0]),
            let second = KuhnPosition.cards.firstIndex(of: characters[1]), first != second
        else { return nil }
        return position(from: KuhnPosition(hands: [first, second]), playing: String(characters[3...]))
    }

    public func legalMoves(inView view: String) -> [String]? { Self.card(inView: view).map { _ in ["p", "b"] } }

    /// `equilibrium`: nothing that anybody does wins more against it than the game's value.
    public var strategies: [GameStrategy] {
        [
            GameStrategy(name: "equilibrium", summary: "Kuhn's equilibrium with a jack that bets one time in six") { view in
                Self.card(inView: view).map { card in
                    let bet = Self.equilibriumBet(card: card, history: String(view.dropFirst()))
                    return MoveChances(["p", "b"], weights: [1 - bet, bet])
                }
            }
        ]
    }

    /// The probability of b. Of Kuhn's family α = 1/6: seat 0 bets a jack with α, a king with 3α, and calls with a queen
    /// with α + 1/3.
    private static func equilibriumBet(card: Int, history: String) -> Double {
        switch (history, card) {
        case ("", 0): 1.0 / 6
        case ("", 2): 0.5
        case ("pb", 1): 0.5
        case ("p", 0): 1.0 / 3
        case ("b", 1): 1.0 / 3
        case ("pb", 2), ("p", 2), ("b", 2): 1
        default: 0
        }
    }

    /// The card of a seat that is to move, 0 … 2; nil where none can have this view.
    private static func card(inView view: String) -> Int? {
        guard let first = view.first, ["", "p", "b", "pb"].contains(view.dropFirst()) else { return nil }
        return KuhnPosition.cards.firstIndex(of: first)
    }

    private static let cardDeals = ["JQ", "JK", "QJ", "QK", "KJ", "KQ"]
}

/// Two cards and what was said.
struct KuhnPosition: GamePosition {
    static let cards: [Character] = ["J", "Q", "K"]

    /// By seat, 0 … 2, higher wins.
    let hands: [Int]
    private(set) var history = ""

    init(hands: [Int]) { self.hands = hands }

    var seatsToMove: [Int] { payoffs == nil ? [history.utf8.count % 2] : [] }
    var key: String { hands.map { String(Self.cards[$0]) }.joined() + history }
    var moveLength: Int { 1 }

    var payoffs: [Double]? {
        let winner = hands[0] > hands[1] ? 1.0 : -1.0
        let gain: Double
        switch history {
        case "pp": gain = winner
        case "bb", "pbb": gain = 2 * winner
        case "bp": gain = 1
        case "pbp": gain = -1
        default: return nil
        }
        return [gain, -gain]
    }

    func view(of seat: Int) -> String { String(Self.cards[hands[seat]]) + history }

    func legalMoves(of seat: Int) -> [String] { seatsToMove == [seat] ? ["p", "b"] : [] }

    func playing(_ moves: [String]) -> (any GamePosition)? {
        guard !seatsToMove.isEmpty, moves == ["p"] || moves == ["b"] else { return nil }
        var next = self
        next.history += moves[0]
        return next
    }
}
