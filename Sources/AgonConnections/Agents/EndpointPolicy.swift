public import AgonCore
import Foundation

/// A model behind an endpoint as a policy.
///
/// A prompt is the user's message, `system.md` the system's; a prompt of several messages is asked as it is, its system's in
/// place of `system.md`. In a game every question is a conversation of its own: the
/// rules, what the seat has seen so far, and its legal moves. With a cache the same question gets the same answer.
public struct EndpointPolicy: OutsidePolicy {
    public let id: PolicyID
    private let client: ChatClient
    private let system: String
    private let maxTokens: Int
    private let game: AgentGame?
    private let standing: AgentStanding

    /// - Parameters:
    ///   - loss: why it was lost in an earlier start of the run; nil where it was not.
    ///   - onLoss: told once, in a sentence, when it is lost.
    public init(
        id: PolicyID, client: ChatClient, system: String, maxTokens: Int, game: AgentGame?, loss: String? = nil,
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.id = id
        self.client = client
        self.system = system
        self.maxTokens = maxTokens
        self.game = game
        standing = AgentStanding(agent: id.agent, loss: loss, onLoss: onLoss)
    }

    public var roomLimit: Int? { nil }

    /// - Throws: `refused` where the server has never answered and refuses everything: a wrong address, key or model;
    ///   `CancellationError`.
    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        let responses = try await withThrowingTaskGroup(of: (Int, PolicyResponse).self) { group in
            var responses: [Int: PolicyResponse] = [:]
            for (index, request) in requests.enumerated() {
                if index >= client.settings.maxInflight, let (done, response) = try await group.next() { responses[done] = response }
                group.addTask { (index, try await self.response(request)) }
            }
            while let (done, response) = try await group.next() { responses[done] = response }
            return responses
        }
        return requests.indices.compactMap { responses[$0] }
    }

    /// Nothing is kept of a room.
    public func end(rooms: [UInt64]) async {}

    /// Nothing was started here.
    public func stop() async {}

    private func response(_ request: PolicyRequest) async throws -> PolicyResponse {
        if let loss = standing.loss { return PolicyResponse(text: "", failure: AnswerFailure(.disqualified, loss)) }
        do {
            let reply = try await client.reply(to: chat(request))
            standing.succeeded()
            let text = request.legalMoves.isEmpty ? reply.text : EndpointPolicy.move(in: reply.text, among: request.legalMoves)
            let isCut = reply.finish == "length" && request.legalMoves.isEmpty
            return PolicyResponse(text: text, finish: isCut ? .length : .stop, usage: reply.usage)
        } catch let error as ConnectionError {
            let known = client.usage
            guard [.unreachable, .refused, .rejected].contains(error.code),
                error.code != .refused || known.requestCount + known.cachedCount > 0
            else { throw error }
            let reason = "gave no answer: " + (error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message)
            // A question that is refused for its own sake says nothing of the server.
            if error.code != .rejected { standing.failed(reason) }
            return PolicyResponse(text: "", failure: AnswerFailure(.unreachable, reason))
        }
    }

    /// The conversation that a question becomes.
    func chat(_ request: PolicyRequest) -> ChatRequest {
        var (system, question) = (system, request.prompt)
        if let game, !request.legalMoves.isEmpty {
            let view = request.turns.reduce(into: request.prompt) { $0 += $1.text }
            system = [system, game.rules].filter { !$0.isEmpty }.joined(separator: "\n\n")
            question = view.isEmpty ? "Nothing was played yet." : "The game as you see it: \(view)"
            if let picture = game.picture(view) { question += "\n\n\(picture)" }
            question += "\n\nYour legal moves: \(request.legalMoves.joined(separator: ", ")). Answer with one of them and nothing else."
        }
        let turns = request.conversation?.messages ?? [Message(.user, question)]
        let keepsOwn = !system.isEmpty && request.conversation?.hasSystem != true
        let drawn = client.settings.temperature != 0
        return ChatRequest(
            messages: (keepsOwn ? [Message(.system, system)] : []) + turns,
            maxTokens: maxTokens, seed: drawn ? Int(request.seed.value >> 33) : nil)
    }

    /// The move that an answer names: the whole of it without what models like to put around, after their thoughts.
    /// - Returns: the answer as it is where it is no legal move.
    static func move(in text: String, among moves: [String]) -> String {
        if moves.contains(text) { return text }
        let said = text.range(of: "</think>", options: .backwards).map { text[$0.upperBound...] } ?? text[...]
        let decoration: Set<Character> = ["`", "*", "\"", "'", "."]
        let bare = said.drop { $0.isWhitespace || decoration.contains($0) }.reversed()
            .drop { $0.isWhitespace || decoration.contains($0) }.reversed()
        let move = String(bare)
        return moves.contains(move) ? move : text
    }
}
