public import AgonCore

/// A rule that plays a game: no tokens, no learning, the same for ever.
///
/// It knows nothing but the request: prompt and turns together are its seat's view. Where they are no view of a seat
/// that is to move, it answers the empty text, which is a forfeit.
public struct ScriptedPlayer: Policy {
    public let id: PolicyID
    private let strategy: GameStrategy

    /// - Parameter strategy: a rule of the game that is played.
    public init(id: PolicyID, strategy: GameStrategy) {
        self.id = id
        self.strategy = strategy
    }

    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        requests.map { PolicyResponse(text: move(for: $0) ?? "") }
    }

    private func move(for request: PolicyRequest) -> String? {
        let view = request.turns.reduce(into: request.prompt) { $0 += $1.text }
        // Turn by turn its own draws, even where a room asks all its moves with one seed.
        var generator = SeededGenerator(request.seed.child(.sample, request.turns.count))
        return strategy.move(inView: view, using: &generator)
    }
}

/// What says the same whatever it is asked, or says it back: for prompts and games alike.
///
/// In a game most of what it says is illegal, which is what it is for: an opponent that forfeits.
public struct ParrotPolicy: Policy {
    /// What it says.
    public enum Answer: Sendable, Hashable {
        /// These texts in turn, one for each turn of its own, from the first again after the last.
        case fixed([String])
        /// The last turn that it was shown, or the prompt where there is none.
        case echo
    }

    public let id: PolicyID
    private let answer: Answer

    /// - Precondition: fixed answers are not an empty list.
    public init(id: PolicyID, answer: Answer) {
        if case .fixed(let texts) = answer { precondition(!texts.isEmpty, "\(id) has no answer to give") }
        self.id = id
        self.answer = answer
    }

    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        requests.map { request in
            switch answer {
            case .fixed(let texts):
                let turn = request.turns.count { if case .own = $0 { true } else { false } }
                return PolicyResponse(text: texts[turn % texts.count])
            case .echo:
                return PolicyResponse(text: request.turns.last?.text ?? request.prompt)
            }
        }
    }
}
