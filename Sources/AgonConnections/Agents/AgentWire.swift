import AgonCore
import Foundation

/// The lines between Agon and an agent's program. The protocol is in `docs/process-agents.md`.
enum AgentWire {
    /// The version of the protocol.
    static let version = 1

    /// What a program is greeted with.
    struct Greeting: Encodable {
        var agon = AgentWire.version
        var agent: String
        var game: String?
        var rules: String?

        init(agent: String, game: AgentGame?) {
            (self.agent, self.game, rules) = (agent, game?.name, game?.rules)
        }
    }

    /// What a program answers to the greeting.
    struct Handshake: Decodable {
        var agon: Int
    }

    /// One question. Ids are text and seeds have 53 bits: larger numbers do not survive every language's JSON.
    struct Question: Encodable {
        struct Turn: Encodable {
            var by: String
            var text: String
        }

        var id: String
        var room: String
        var seat: Int
        var prompt: String
        var messages: [Message]?
        var turns: [Turn]?
        var moves: [String]?
        var seed: UInt64
        var maxTokens: Int

        private enum CodingKeys: String, CodingKey {
            case id, room, seat, prompt, messages, turns, moves, seed
            case maxTokens = "max_tokens"
        }

        init(_ request: PolicyRequest) {
            id = AgentWire.id(request)
            (room, seat, prompt) = ("\(request.room)", request.seat, request.prompt)
            messages = request.conversation?.messages
            if !request.legalMoves.isEmpty {
                moves = request.legalMoves
                turns = request.turns.map { turn in
                    if case .own = turn { Turn(by: "you", text: turn.text) } else { Turn(by: "others", text: turn.text) }
                }
            }
            (seed, maxTokens) = (request.seed.value >> 11, request.maxNewTokens)
        }
    }

    /// What a program answers. Room and seat need not be there; where they are, they must be those of the question.
    private struct Answer: Decodable {
        var id: String
        var text: String
        var room: String?
        var seat: Int?
    }

    /// What a line from a program is.
    enum Reading: Equatable {
        case text(String)
        /// The answer to another question, with its id.
        case other(id: String)
        case failure(AnswerFailure)
    }

    /// The same for the same question: its draws have an address of their own.
    static func id(_ request: PolicyRequest) -> String { "\(request.seed.value)" }

    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Reads an answer as if it were hostile.
    static func read(_ bytes: [UInt8], to request: PolicyRequest) -> Reading {
        guard String(bytes: bytes, encoding: .utf8) != nil else {
            return .failure(AnswerFailure(.garbled, "wrote a line that is not UTF-8"))
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
            return .failure(AnswerFailure(.garbled, "wrote a line that is no answer: `\(excerpt(bytes))`"))
        }
        guard answer.id == id(request) else { return .other(id: answer.id) }
        if let room = answer.room, room != "\(request.room)" {
            return .failure(AnswerFailure(.misaddressed, "answered for another room"))
        }
        if let seat = answer.seat, seat != request.seat {
            return .failure(AnswerFailure(.misaddressed, "answered for seat \(seat) instead of \(request.seat)"))
        }
        return .text(answer.text)
    }

    /// The beginning of what was written, fit to stand in a sentence.
    static func excerpt(_ bytes: some Collection<UInt8>) -> String {
        ChatWire.excerpt(String(decoding: bytes.prefix(80), as: UTF8.self))
    }
}
