public import AgonCore

/// A rule that answers prompts, because it is told the gold answer: no tokens, no learning, the same for ever.
///
/// Scripted answerers are the fixed points of a prompt arena: `perfect` is the ceiling, `random` has every
/// character right and the order by chance. A prompt without a gold answer gets the empty text, a forfeit.
public struct ScriptedAnswerer: Policy {
    /// What it does with the gold answer.
    public enum Strategy: Sendable, Hashable {
        /// Its characters in random order, which is right now and then.
        case random
        /// Says it.
        case perfect
        /// Says it with probability `skill` (0 … 1), its characters in random order otherwise.
        case noisyExpert(skill: Double)
        /// Says the prompt again; needs no gold.
        case echo

        /// Every name that `init(named:skill:)` knows, in the order of this list.
        public static let names = ["random", "perfect", "noisy_expert", "echo"]

        /// The strategy of a name in an agent's YAML.
        ///
        /// Nil where the name is unknown, or where `noisy_expert` has no skill in 0 … 1. The others read none.
        public init?(named name: String, skill: Double? = nil) {
            switch name {
            case "random": self = .random
            case "perfect": self = .perfect
            case "echo": self = .echo
            case "noisy_expert":
                guard let skill, (0...1).contains(skill) else { return nil }
                self = .noisyExpert(skill: skill)
            default: return nil
            }
        }
    }

    public let id: PolicyID
    private let strategy: Strategy
    private let goldAnswer: @Sendable (String) -> String?

    /// - Parameter goldAnswer: the gold answer to a prompt's text; nil where there is none. It must be pure.
    public init(id: PolicyID, strategy: Strategy, goldAnswer: @escaping @Sendable (String) -> String?) {
        self.id = id
        self.strategy = strategy
        self.goldAnswer = goldAnswer
    }

    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        requests.map { PolicyResponse(text: answer(to: $0)) }
    }

    /// At a stage it goes by the table's prompt: it proposes that very prompt, and as a critic names a right answer.
    private func answer(to request: PolicyRequest) -> String {
        if strategy == .echo { return request.prompt }
        guard let gold = goldAnswer(request.stage?.prompt ?? request.prompt) else { return "" }
        var generator = SeededGenerator(request.seed.child(.sample, request.turns.count))
        let saysGold =
            switch strategy {
            case .random, .echo: false
            case .perfect: true
            case .noisyExpert(let skill): generator.unit() < skill
            }
        let said = saysGold ? gold : String(generator.shuffled(Array(gold)))
        switch request.stage {
        case let stage? where stage.kind == .propose: return stage.prompt + said
        case let stage? where stage.kind == .critique:
            guard !stage.peers.isEmpty else { return "" }
            let right = saysGold ? stage.peers.firstIndex(of: gold) : nil
            return StageProtocol.naming(right ?? generator.index(below: stage.peers.count))
        default: return said
        }
    }
}
