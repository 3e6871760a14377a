/// The prisoner's dilemma, played again and again by two who never know when it ends.
///
///     "08·"       the opening: eight rounds; the last letter tells copies apart. Nobody is shown it
///     "CDDC"      a seat's view: its own move and then the other's, round by round
///
/// In each round both say C (cooperate) or D (defect) unseen by the other. Points of one round: 3 each for C and C, 1
/// each for D and D, 5 for D against C and 0 for C against D. The payoff is the mean over the rounds, 0 … 5. It is not a
/// game to beat anybody in: tit for tat never has more than who it plays with.
/// - Source: Axelrod, "Effective choice in the prisoner's dilemma", Journal of Conflict Resolution 24, 1980.
public struct PrisonersDilemma: Game {
    public init() {}

    public var name: String { "prisoners-dilemma" }
    public var rules: String {
        """
        The prisoner's dilemma over an unknown number of rounds, at least 5 and at most 14. In each round both players \
        say C (cooperate) or D (defect) without seeing the other's choice. Both C: 3 points each. Both D: 1 each. D \
        against C: 5 for D, 0 for C. Only your own mean counts. The text is, round by round, your move and then the \
        other's; a move is one letter.
        """
    }
    public var seatCount: Int { 2 }
    public var moveTokenLimit: Int { 1 }
    public var stepLimit: Int { 14 }
    public var alphabet: String { "CD" }
    public var payoffRange: ClosedRange<Double> { 0...5 }
    public var isZeroSum: Bool { false }
    public var openings: [String] { DealMark.marked(Self.lengths) }
    public var deals: [String] { DealMark.first(Self.lengths) }

    public func splitKey(of opening: String) -> String? {
        position(after: opening).map { _ in String(opening.dropFirst(2).prefix(1)) }
    }

    public func position(after text: String) -> (any GamePosition)? {
        let characters = Array(text)
        guard characters.count >= 3, DealMark.all.contains(characters[2]),
            Self.lengths.contains(String(characters[..<2])), let length = Int(String(characters[..<2]))
        else { return nil }
        return position(from: PrisonersDilemmaPosition(roundCount: length), playing: String(characters[3...]))
    }

    public func legalMoves(inView view: String) -> [String]? { Self.rounds(view).map { _ in ["C", "D"] } }

    /// The family of tit for tat, the plain one first, and the two that listen to nobody.
    public var strategies: [GameStrategy] {
        [
            rule("tit_for_tat", "cooperates, then does what the other did last") { $0.last?.other == "D" ? 1 : 0 },
            rule("suspicious_tit_for_tat", "defects, then does what the other did last") { $0.last?.other == "C" ? 0 : 1 },
            rule("tit_for_two_tats", "defects after two defections in a row") { rounds in
                rounds.count >= 2 && rounds.suffix(2).allSatisfy { $0.other == "D" } ? 1 : 0
            },
            rule("generous_tit_for_tat", "tit for tat that forgives one defection in three") {
                $0.last?.other == "D" ? 2.0 / 3 : 0
            },
            rule("grim", "cooperates until the other defects, then never again") { rounds in
                rounds.contains { $0.other == "D" } ? 1 : 0
            },
            rule("win_stay_lose_shift", "cooperates, then again where both did the same, and defects otherwise") { rounds in
                rounds.last.map { $0.own == $0.other ? 0 : 1 } ?? 0
            },
            rule("always_cooperate", "cooperates whatever happens") { _ in 0 },
            rule("always_defect", "defects whatever happens") { _ in 1 },
        ]
    }

    private typealias Round = (own: Character, other: Character)

    private func rule(
        _ name: String, _ summary: String, defects: @escaping @Sendable ([Round]) -> Double
    ) -> GameStrategy {
        GameStrategy(name: name, summary: summary) { view in
            Self.rounds(view).map { rounds in
                let chance = defects(rounds)
                return MoveChances(["C", "D"], weights: [1 - chance, chance])
            }
        }
    }

    /// The rounds of a view; nil where no seat that is to move has it.
    private static func rounds(_ view: String) -> [Round]? {
        let characters = Array(view)
        guard characters.count.isMultiple(of: 2), characters.count < 2 * 14,
            characters.allSatisfy({ $0 == "C" || $0 == "D" })
        else { return nil }
        return stride(from: 0, to: characters.count, by: 2).map { (characters[$0], characters[$0 + 1]) }
    }

    private static let lengths = (5...14).map { $0 < 10 ? "0\($0)" : "\($0)" }
}

/// What both did so far.
struct PrisonersDilemmaPosition: GamePosition {
    let roundCount: Int
    /// By seat.
    private var moves = ["", ""]

    init(roundCount: Int) { self.roundCount = roundCount }

    var seatsToMove: [Int] { moves[0].utf8.count < roundCount ? [0, 1] : [] }
    var key: String { "\(roundCount)/\(moves[0])/\(moves[1])" }
    var moveLength: Int { 1 }

    var payoffs: [Double]? {
        guard seatsToMove.isEmpty else { return nil }
        return (0..<2).map { seat in
            let points = zip(moves[seat], moves[1 - seat]).reduce(0) { sum, round in
                switch round {
                case ("C", "C"): sum + 3
                case ("D", "C"): sum + 5
                case ("D", "D"): sum + 1
                default: sum
                }
            }
            return Double(points) / Double(roundCount)
        }
    }

    func view(of seat: Int) -> String { zip(moves[seat], moves[1 - seat]).map { "\($0)\($1)" }.joined() }

    func legalMoves(of seat: Int) -> [String] { seatsToMove.contains(seat) ? ["C", "D"] : [] }

    func playing(_ step: [String]) -> (any GamePosition)? {
        guard !seatsToMove.isEmpty, step.count == 2, step.allSatisfy({ $0 == "C" || $0 == "D" }) else { return nil }
        var next = self
        for seat in 0..<2 { next.moves[seat] += step[seat] }
        return next
    }
}
