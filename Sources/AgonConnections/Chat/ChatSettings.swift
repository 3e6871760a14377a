public import AgonCore

/// How a server is asked to keep to a form: OpenAI's `response_format`.
public enum StructuredOutput: String, Sendable, Hashable, Codable, CaseIterable {
    /// The strictest form that the server takes, found out once by what it refuses.
    case auto
    /// The server is held to a schema.
    case jsonSchema = "json_schema"
    /// The server is held to JSON of any shape.
    case jsonObject = "json_object"
    /// The server is only told the form in words.
    case none
}

/// A server that speaks OpenAI chat completions, and how to treat it.
public struct ChatSettings: Sendable, Hashable {
    /// The address up to and with the version, such as `http://127.0.0.1:11434/v1`.
    public var url: String
    /// The model's name as the server knows it.
    public var model: String
    /// The *name* of the environment variable that holds the API key; nil where the server wants none.
    public var apiKeyVariable: String?
    /// Divides the logits; 0 takes the likeliest token; nil leaves it to the server.
    public var temperature: Double?
    /// Draws among the likeliest tokens that together reach this probability; nil leaves it to the server.
    public var topP: Double?
    /// Texts that end an answer.
    public var stop: [String] = []
    public var structured: StructuredOutput = .auto
    /// How long a try may take to be connected, in seconds.
    public var connectTimeout = 10.0
    /// How long a try may take from its first byte sent to its last byte received, in seconds.
    public var timeout = 120.0
    /// How often a request is sent again after a fault that may pass.
    public var retryCount = 5
    /// The wait before the first retry, doubled for each further one up to `longestDelay`, in seconds.
    public var firstDelay = 0.5
    public var longestDelay = 30.0
    /// The longest wait that a server may ask for by `Retry-After`, in seconds.
    public var longestRetryAfter = 300.0
    /// How many requests are with the server at a time.
    public var maxInflight = 4
    /// At most this many tries per minute; nil is no limit.
    public var requestsPerMinute: Double?
    /// At most this many prompt and completion tokens per minute; nil is no limit.
    public var tokensPerMinute: Double?
    /// Prices per million tokens, in whatever currency.
    public var promptPrice = 0.0
    public var completionPrice = 0.0
    /// The most bytes that a reply may have.
    public var replyByteLimit = 1_048_576
    /// Where replies are kept, so that nothing is asked twice; nil keeps none.
    public var cacheFolder: String?
    /// What the jitter of the waits is drawn from.
    public var seed = Seed(run: 0)

    public init(url: String, model: String) {
        self.url = url
        self.model = model
    }

    /// - Throws: `badSetting`, naming the first setting that cannot be.
    func check() throws(ConnectionError) {
        let positive: [(String, Double)] = [
            ("connect timeout", connectTimeout), ("timeout", timeout), ("first delay", firstDelay),
            ("longest delay", longestDelay), ("requests per minute", requestsPerMinute ?? 1),
            ("tokens per minute", tokensPerMinute ?? 1), ("reply limit", Double(replyByteLimit)),
            ("number of requests in flight", Double(maxInflight)),
        ]
        for (name, value) in positive where !(value > 0 && value <= 1e12) {
            throw ConnectionError(.badSetting, "the \(name) of \(model) is \(value): give a number above 0.")
        }
        let atLeastZero: [(String, Double)] = [
            ("number of retries", Double(retryCount)), ("prompt price", promptPrice),
            ("completion price", completionPrice), ("temperature", temperature ?? 0), ("top_p", topP ?? 1),
        ]
        for (name, value) in atLeastZero where !(value >= 0 && value.isFinite) {
            throw ConnectionError(.badSetting, "the \(name) of \(model) is \(value): give a number that is not below 0.")
        }
        if model.isEmpty {
            throw ConnectionError(.badSetting, "\(url) is given no model: name one as the server knows it.")
        }
    }
}
