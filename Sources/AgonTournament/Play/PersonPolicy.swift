import AgonCore
import AgonGames

/// What a person is asked in a seat.
public struct PlayQuestion: Sendable, Hashable {
    /// All that the seat has been shown.
    public var view: String
    /// The same as a picture for people; nil where the game has none.
    public var picture: String?
    /// What may be said; empty where anything may.
    public var moves: [String]
    /// What was said and may not be; nil at first.
    public var refused: String?
}

/// A person in a seat: asked until the move is legal.
struct PersonPolicy: Policy {
    let id: PolicyID
    let game: (any Game)?
    /// Nil: the person has gone.
    let ask: @Sendable (PlayQuestion) -> String?

    func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        try requests.map { request in
            let view = request.turns.reduce(into: request.prompt) { $0 += $1.text }
            var question = PlayQuestion(
                view: view, picture: game?.picture(ofView: view), moves: game?.legalMoves(inView: view) ?? [])
            while true {
                guard let said = ask(question) else { throw Interruption() }
                if question.moves.isEmpty || question.moves.contains(said) { return PolicyResponse(text: said) }
                question.refused = said
            }
        }
    }
}
