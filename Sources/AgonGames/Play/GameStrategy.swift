public import AgonCore

/// A rule that plays a game: how probable each move is, given what a seat has seen. It never changes.
public struct GameStrategy: Sendable {
    /// The name in an agent's YAML: `tit_for_tat`.
    public let name: String
    /// What it does, in one sentence for lists.
    public let summary: String
    private let kind: Kind

    private enum Kind: Sendable {
        case rule(@Sendable (String) -> MoveChances?)
        /// The first rule with a probability, the second otherwise.
        indirect case blend(probability: Double, GameStrategy, GameStrategy)
    }

    /// - Parameter chances: the moves of a seat with this view; nil where no seat that is to move has it. It must be pure.
    public init(name: String, summary: String, chances: @escaping @Sendable (_ view: String) -> MoveChances?) {
        self.name = name
        self.summary = summary
        kind = .rule(chances)
    }

    /// A rule with a probability, another otherwise.
    init(name: String, summary: String, _ probability: Double, _ one: GameStrategy, else other: GameStrategy) {
        self.name = name
        self.summary = summary
        kind = .blend(probability: probability, one, other)
    }

    /// How probable each legal move is; nil where no seat that is to move has this view.
    public func chances(inView view: String) -> MoveChances? {
        switch kind {
        case .rule(let chances): return chances(view)
        case .blend(let probability, let one, let other):
            guard let first = one.chances(inView: view), let second = other.chances(inView: view) else { return nil }
            return MoveChances(
                first.moves,
                weights: first.moves.map { probability * first[$0] + (1 - probability) * second[$0] })
        }
    }

    /// One move, drawn; nil where no seat that is to move has this view.
    public func move(inView view: String, using generator: inout SeededGenerator) -> String? {
        switch kind {
        case .rule(let chances): return chances(view)?.draw(using: &generator)
        case .blend(let probability, let one, let other):
            let isFirst = generator.unit() < probability
            return (isFirst ? one : other).move(inView: view, using: &generator)
        }
    }
}

extension Game {
    /// Every name that `strategy(named:skill:)` knows: those of every game first.
    public var strategyNames: [String] { ["random", "first_legal", "noisy_expert"] + strategies.map(\.name) }

    /// The rule of a name in an agent's YAML.
    ///
    /// `random`: any legal move, all equally likely. `first_legal`: the first of them. `noisy_expert`: a move of the
    /// game's expert with probability `skill`, any legal move otherwise (which may be the expert's too).
    ///
    /// Nil where the name is unknown, or where `noisy_expert` has no skill in 0 … 1. The others read none.
    public func strategy(named name: String, skill: Double? = nil) -> GameStrategy? {
        switch name {
        case "random":
            return GameStrategy(name: name, summary: "any legal move, all equally likely") { view in
                legalMoves(inView: view).map { MoveChances(evenly: $0) }
            }
        case "first_legal":
            return GameStrategy(name: name, summary: "the first of the legal moves") { view in
                legalMoves(inView: view).map { MoveChances($0, evenlyAmong: [$0[0]]) }
            }
        case "noisy_expert":
            guard let skill, (0...1).contains(skill), let expert = strategies.first,
                let random = strategy(named: "random")
            else { return nil }
            return GameStrategy(
                name: name, summary: "\(expert.name) with probability `skill`, any legal move otherwise", skill, expert,
                else: random)
        default: return strategies.first { $0.name == name }
        }
    }
}
