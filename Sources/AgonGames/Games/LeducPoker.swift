/// Poker with six cards: two each of jack, queen and king, one for each seat, one on the table, two rounds of bets.
///
///     JqK·          the deal: seat 0 has a jack, seat 1 a queen, a king will lie on the table; capitals and small
///                   letters are the two suits, which never matter; the last letter tells copies of a deal apart
///     "JcrcKr"      seat 0's view: its card, three actions, the card on the table, seat 0's raise
///
/// Both put in 1. Actions: f folds, c checks or calls, r bets or raises by 2, in the second round by 4; at most two
/// raises a round; f only where there is something to call. A pair with the table wins, else the higher card; equal
/// cards share. Seat 0 begins both rounds. The value for seat 0 is about −0.0856.
/// - Source: Southey et al., "Bayes' bluff", UAI 2005, arXiv:1207.1411.
public struct LeducPoker: Game {
    public init() {}

    public var name: String { "leduc-poker" }
    public var rules: String {
        """
        Poker with the six cards J, J, Q, Q, K and K. Each of two players has put in 1 and holds one card. In turn, a \
        player says f (folds, only where there is a bet to call), c (checks or calls) or r (bets or raises by 2, at \
        most two times a round). After the first round a card is laid on the table for both, and a second round \
        follows, with raises of 4. A pair with the table wins, else the higher card; equal cards share. The text is \
        your card, what was said, the card on the table as a letter, and what was said since; a move is one letter.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 8 }
    public var alphabet: String { "JQKfcr" }
    public var payoffRange: ClosedRange<Double> { -13...13 }
    public var isZeroSum: Bool { true }
    public var openings: [String] { DealMark.marked(Self.cardDeals) }
    public var deals: [String] { DealMark.first(Self.cardDeals) }

    public func splitKey(of opening: String) -> String? {
        position(after: opening).map { _ in String(opening.dropFirst(3).prefix(1)) }
    }

    public func position(after text: String) -> (any GamePosition)? {
        let characters = Array(text)
        guard characters.count >= 4, DealMark.all.contains(characters[3]), Set(characters[..<3]).count == 3 else { return nil }
        let cards = characters[..<3].compactMap(Self.deck.firstIndex(of:))
        guard cards.count == 3 else { return nil }
        let ranks = cards.map { $0 / 2 }
        return position(
            from: LeducPosition(hands: [ranks[0], ranks[1]], table: ranks[2]), playing: String(characters[4...]))
    }

    public func legalMoves(inView view: String) -> [String]? {
        guard let betting = Betting(view), betting.seatToMove != nil else { return nil }
        return betting.legalMoves
    }

    /// `near_equilibrium`: 400 rounds of counterfactual regret minimisation, worked out when it is first asked. What the
    /// best answer to it wins beyond the game's value is below 0.002 a game.
    public var strategies: [GameStrategy] {
        [
            GameStrategy(name: "near_equilibrium", summary: "400 rounds of counterfactual regret minimisation") { view in
                legalMoves(inView: view) == nil ? nil : Self.nearEquilibrium[view]
            }
        ]
    }

    private static let nearEquilibrium: [String: MoveChances] = {
        guard let tree = GameTree(LeducPoker()) else { preconditionFailure("the tree of Leduc poker is small") }
        let profile = CounterfactualRegret.profile(of: tree, iterationCount: 400)
        return Dictionary(
            uniqueKeysWithValues: zip(tree.informationSets, profile.weights).map { set, weights in
                (set.view, MoveChances(set.moves, weights: weights))
            })
    }()

    private static let deck: [Character] = Array("JjQqKk")

    private static let cardDeals: [String] = deck.flatMap { first in
        deck.filter { $0 != first }.flatMap { second in
            deck.filter { $0 != first && $0 != second }.map { "\(first)\(second)\($0)" }
        }
    }

    /// The bets of both rounds, which everybody sees.
    struct Betting: Sendable {
        /// What each seat has put in.
        private(set) var stakes = [1, 1]
        /// Actions so far, the card on the table not among them.
        private(set) var actions: [Character] = []
        /// How many actions the first round had; nil while it runs.
        private(set) var firstRoundCount: Int?
        private(set) var isOver = false
        private(set) var folder: Int?
        private var raiseCount = 0

        init() {}

        /// Reads a view; nil where it is none.
        init?(_ view: String) {
            guard let card = view.first, Self.ranks.contains(card) else { return nil }
            var rest = view.dropFirst()
            var tableWasShown = false
            while let character = rest.popFirst() {
                if firstRoundCount != nil, !tableWasShown {
                    guard Self.ranks.contains(character) else { return nil }
                    tableWasShown = true
                } else if legalMoves.contains(String(character)) {
                    play(character)
                } else {
                    return nil
                }
            }
            if firstRoundCount != nil, !tableWasShown { return nil }
        }

        var seatToMove: Int? { isOver ? nil : roundActionCount % 2 }
        var legalMoves: [String] {
            guard !isOver else { return [] }
            return (stakes[0] != stakes[1] ? ["f"] : []) + ["c"] + (raiseCount < 2 ? ["r"] : [])
        }

        mutating func play(_ action: Character) {
            let seat = roundActionCount % 2
            actions.append(action)
            switch action {
            case "f": (isOver, folder) = (true, seat)
            case "r":
                stakes[seat] = stakes[1 - seat] + (firstRoundCount == nil ? 2 : 4)
                raiseCount += 1
            default:
                stakes[seat] = stakes[1 - seat]
                // A round ends with a call, or with the second check.
                guard roundActionCount > 1 else { return }
                if firstRoundCount == nil { (firstRoundCount, raiseCount) = (actions.count, 0) } else { isOver = true }
            }
        }

        private var roundActionCount: Int { actions.count - (firstRoundCount ?? 0) }

        static let ranks: [Character] = ["J", "Q", "K"]
    }
}

/// Three cards and the bets.
struct LeducPosition: GamePosition {
    /// By seat, 0 … 2.
    let hands: [Int]
    let table: Int
    private var betting = LeducPoker.Betting()

    init(hands: [Int], table: Int) {
        self.hands = hands
        self.table = table
    }

    var seatsToMove: [Int] { betting.seatToMove.map { [$0] } ?? [] }
    var key: String { (hands + [table]).map { String(LeducPoker.Betting.ranks[$0]) }.joined() + String(betting.actions) }
    var moveLength: Int { 1 }

    var payoffs: [Double]? {
        guard betting.isOver else { return nil }
        if let folder = betting.folder {
            let loss = Double(betting.stakes[folder])
            return folder == 0 ? [-loss, loss] : [loss, -loss]
        }
        // A pair beats every card.
        let strengths = hands.map { $0 == table ? 3 : $0 }
        let gain = Double(betting.stakes[0]) * Double((strengths[0] - strengths[1]).signum())
        return [gain, 0 - gain]
    }

    func view(of seat: Int) -> String {
        let first = betting.firstRoundCount ?? betting.actions.count
        let shown = betting.firstRoundCount == nil ? "" : String(LeducPoker.Betting.ranks[table])
        return String(LeducPoker.Betting.ranks[hands[seat]]) + String(betting.actions[..<first]) + shown
            + String(betting.actions[first...])
    }

    func legalMoves(of seat: Int) -> [String] { seat == betting.seatToMove ? betting.legalMoves : [] }

    func playing(_ moves: [String]) -> (any GamePosition)? {
        guard moves.count == 1, betting.legalMoves.contains(moves[0]), let action = moves[0].first else { return nil }
        var next = self
        next.betting.play(action)
        return next
    }
}
