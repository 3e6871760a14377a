public import AgonCore

/// The form that a reply must have, where the server can be held to one.
public struct ChatSchema: Sendable, Hashable {
    /// Letters, digits, `_` and `-`.
    public var name: String
    /// A JSON Schema, as JSON text. Servers write the properties in its order.
    public var json: String

    public init(name: String, json: String) {
        self.name = name
        self.json = json
    }
}

/// One question to a server.
public struct ChatRequest: Sendable, Hashable {
    public var messages: [Message]
    /// Asked instead where the server is held to no form.
    public var plainMessages: [Message]?
    public var schema: ChatSchema?
    /// The most tokens that the answer may have.
    public var maxTokens: Int
    /// What the server's draws are seeded with, where it can be seeded.
    public var seed: Int?
    /// How many alternatives to the first token are asked for; 0 asks for none.
    public var topLogprobs: Int

    public init(
        messages: [Message], plainMessages: [Message]? = nil, schema: ChatSchema? = nil, maxTokens: Int,
        seed: Int? = nil, topLogprobs: Int = 0
    ) {
        self.messages = messages
        self.plainMessages = plainMessages
        self.schema = schema
        self.maxTokens = maxTokens
        self.seed = seed
        self.topLogprobs = topLogprobs
    }
}

/// A token that could have stood first, and how probable it was.
public struct TokenChance: Sendable, Hashable, Codable {
    public var token: String
    /// Its probability, 0 … 1.
    public var probability: Double

    public init(token: String, probability: Double) {
        self.token = token
        self.probability = probability
    }
}

/// What a server answered.
public struct ChatReply: Sendable, Hashable, Codable {
    /// Untrusted, at most as long as the settings allow; empty where the model said nothing.
    public var text: String
    /// Why it ended, in the server's word: `stop`, `length`; nil where it did not say.
    public var finish: String?
    /// Whether the server was held to JSON; else the plain messages were asked.
    public var isStructured: Bool
    /// The first token's alternatives, likeliest first; empty where none were asked for or the server has none.
    public var firstToken: [TokenChance]
    /// What it cost, retries included; a cached reply costs nothing.
    public var usage = JudgeUsage()

    public init(text: String, finish: String? = nil, isStructured: Bool = false, firstToken: [TokenChance] = []) {
        self.text = text
        self.finish = finish
        self.isStructured = isStructured
        self.firstToken = firstToken
    }

    private enum CodingKeys: String, CodingKey {
        case text, finish, isStructured, firstToken
    }
}

/// Who answers conversations: a server behind a `ChatClient`, or a stub in its place.
public protocol ChatAnswerer: Sendable {
    /// One result per request, in order. A request that is refused for its own sake is a failure among the results.
    /// - Throws: faults of the world, which concern every request.
    func replies(to requests: [ChatRequest]) async throws -> [Result<ChatReply, ConnectionError>]
}
