public import AgonCore

/// A rule that plays a game: no tokens, no learning, the same for ever.
///
/// It knows nothing but the request: the position follows from the prompt and the turns by the rules. Where
/// they do not lead to a position with a move to make, it answers the empty text, which is a forfeit.
public struct ScriptedPlayer: Policy {
    /// How it chooses among the legal moves.
    public enum Strategy: Sendable, Hashable {
        /// Any legal move, all equally likely.
        case random
        /// The first of the legal moves.
        case firstLegal
        /// Any of the best moves, all equally likely.
        case perfect
        /// A best move with probability `skill` (0 … 1), any legal move otherwise.
        case noisyExpert(skill: Double)

        /// Every name that `init(named:skill:)` knows, in the order of this list.
        public static let names = ["random", "first_legal", "perfect", "noisy_expert"]

        /// The strategy of a name in an agent's YAML.
        ///
        /// Nil where the name is unknown, or where `noisy_expert` has no skill in 0 … 1. The others read none.
        public init?(named name: String, skill: Double? = nil) {
            switch name {
            case "random": self = .random
            case "first_legal": self = .firstLegal
            case "perfect": self = .perfect
            case "noisy_expert":
                guard let skill, (0...1).contains(skill) else { return nil }
                self = .noisyExpert(skill: skill)
            default: return nil
            }
        }
    }

    public let id: PolicyID
    private let game: any Game
    private let strategy: Strategy

    public init(id: PolicyID, game: any Game, strategy: Strategy) {
        self.id = id
        self.game = game
        self.strategy = strategy
    }

    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        requests.map { PolicyResponse(text: move(for: $0) ?? "") }
    }

    private func move(for request: PolicyRequest) -> String? {
        let transcript = request.turns.reduce(into: request.prompt) { $0 += $1.text }
        guard let position = game.position(after: transcript) else { return nil }
        // Turn by turn its own draws, even where a room asks all its moves with one seed.
        var generator = SeededGenerator(request.seed.child(.sample, request.turns.count))
        switch strategy {
        case .random: return generator.element(of: position.legalMoves)
        case .firstLegal: return position.legalMoves.first
        case .perfect: return generator.element(of: position.bestMoves())
        case .noisyExpert(let skill): return position.move(skill: skill, using: &generator)
        }
    }
}
