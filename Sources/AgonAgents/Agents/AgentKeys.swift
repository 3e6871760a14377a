import AgonConnections

/// The keys of `agent.yaml` by its kind.
public enum AgentKeys {
    /// What answers, by the name that a file uses.
    static let kinds = ["transformer", "scripted", "process", "endpoint"]

    static let common = [
        Key("kind", .choice(kinds, default: nil), "What answers: a model, a built-in rule, a program of any language, or a model behind an endpoint."),
        Key("description", .text(default: ""), "One line for people."),
        Key("tier", .text(default: ""), "What it paid to enter, in any words: in an arena whose schedule is a `ladder` only agents of one tier meet."),
        Key("owner", .text(default: ""), "Whose it is: a `ladder` never pairs two agents of one owner. Empty: nobody else's."),
    ]

    /// Of an agent that is a program.
    public static let process = Section(
        "",
        common + [
            Key("command", .list(default: nil), "The program and its arguments, word by word: a name in `PATH`, or a path from its folder."),
            Key("folder", .text(default: "."), "Where it runs, relative to the agent's folder."),
            Key("per_room", .boolean(default: false), "Whether each room has a process of its own, which ends with it; else the processes stay for the whole run."),
            Key("copies", .integer(1...256, default: 1), "How many processes answer at a time; with `per_room`, how many rooms are played at a time."),
            Key("seconds", .number(0.001...86_400, default: AgentProgramLimits().seconds), unit: "s", "How long one answer may take."),
            Key("start_seconds", .number(0.001...86_400, default: AgentProgramLimits().startSeconds), unit: "s", "How long it may take from its start to its greeting."),
            Key("room_seconds", .number(0.001...864_000, default: nil), unit: "s", absent: "no limit", "How long all its answers in one seat of one room may take together."),
            Key("output_kib", .integer(1...1_048_576, default: AgentProgramLimits().lineBytes >> 10), unit: "KiB", "The most that it may write for one answer."),
            Key("memory_mib", .integer(1...1_048_576, default: nil), unit: "MiB", absent: "no limit", "Memory of all that one process of it has started, together."),
            Key("processes", .integer(1...65_536, default: nil), absent: "no limit", "Processes and threads that one process of it may have at one time."),
            Key("environment", .list(default: []), "The *names* of further variables that it gets beside `PATH`, `HOME` and `LANG`; they must be set."),
        ])

    /// Of an agent that is a model behind an endpoint.
    public static let endpoint = Section(
        "",
        common + EndpointKeys.server + [
            Key("temperature", .number(0...10, default: 1), "Divides the logits; 0 takes the likeliest."),
            Key("top_p", .number(0.0001...1, default: 1), unit: "probability", "Draws among the likeliest tokens that together reach this probability; 1 is off."),
            Key("max_tokens", .integer(1...1_000_000, default: 512), unit: "tokens", "The most tokens of an answer, thoughts included; an arena's `max_new_tokens` is for models that are run here."),
        ] + EndpointKeys.connection("agent"))

    /// The keys of a file, by the kind that it says it is.
    static func section(of text: String) -> Section {
        switch ConfigurationReader.topValue(of: "kind", in: text) {
        case "process": process
        case "endpoint": endpoint
        default: AgentConfiguration.section
        }
    }
}

/// The keys that judges and agents behind an endpoint have alike.
enum EndpointKeys {
    static let server = [
        Key("url", .text(default: ""), "The server's address up to and with the version, such as http://127.0.0.1:11434/v1."),
        Key("model", .text(default: ""), "The model's name as the server knows it."),
        Key("api_key_env", .text(default: ""), "The *name* of the environment variable that holds the API key; the key itself stands in no file."),
    ]

    /// - Parameter owner: whose folder paths are relative to.
    static func connection(_ owner: String) -> [Key] {
        [
            Key("connect_timeout", .number(0.001...86_400, default: 10), unit: "s", "How long a try may take to be connected."),
            Key("timeout", .number(0.001...86_400, default: 120), unit: "s", "How long a try may take in all."),
            Key("retries", .integer(0...1_000, default: 5), "How often a request is sent again after a fault that may pass, with waits that double."),
            Key("max_inflight", .integer(1...1_024, default: 4), "How many requests are with the server at a time."),
            Key("requests_per_minute", .number(0.001...1e9, default: nil), absent: "no limit", "At most this many tries per minute."),
            Key("tokens_per_minute", .number(0.001...1e12, default: nil), absent: "no limit", "At most this many prompt and completion tokens per minute."),
            Key("price_prompt", .number(0...1e9, default: 0), unit: "per million tokens", "What prompt tokens cost."),
            Key("price_completion", .number(0...1e9, default: 0), unit: "per million tokens", "What completion tokens cost."),
            Key("cache", .text(default: "cache"), "A folder, relative to the \(owner)'s folder, that keeps replies, so that a second run asks nothing twice; `none` keeps none."),
        ]
    }

    /// The server that a file names, and how patiently it is asked.
    /// - Parameter folder: whose paths are relative to.
    /// - Throws: `AgentError`, one sentence naming file and line.
    static func settings(_ reader: ConfigurationReader, folder: String, owner: String) throws -> ChatSettings {
        if let name = try ["url", "model"].first(where: { try reader.text($0).isEmpty }) {
            throw AgentError(.missingKey, "\(reader.place("kind")): \(owner) needs `\(name):`.")
        }
        var settings = ChatSettings(url: try reader.text("url"), model: try reader.text("model"))
        let variable = try reader.text("api_key_env")
        settings.apiKeyVariable = variable.isEmpty ? nil : variable
        settings.temperature = try reader.number("temperature")
        settings.connectTimeout = try reader.number("connect_timeout")
        settings.timeout = try reader.number("timeout")
        settings.retryCount = try reader.integer("retries")
        settings.maxInflight = try reader.integer("max_inflight")
        settings.requestsPerMinute = reader.has("requests_per_minute") ? try reader.number("requests_per_minute") : nil
        settings.tokensPerMinute = reader.has("tokens_per_minute") ? try reader.number("tokens_per_minute") : nil
        settings.promptPrice = try reader.number("price_prompt")
        settings.completionPrice = try reader.number("price_completion")
        let cache = try reader.text("cache")
        settings.cacheFolder = cache == "none" ? nil : RelativePath.resolved(cache, in: folder)
        return settings
    }
}

/// Where a file names a server and its key, for errors about them.
struct EndpointPlaces: Sendable, Hashable {
    private let url: String
    private let key: String

    init(_ reader: ConfigurationReader) { (url, key) = (reader.place("url"), reader.place("api_key_env")) }

    /// A client, with what is wrong told by file and line.
    /// - Throws: `AgentError` where the address or the key cannot be; `ConnectionError` where the cache cannot be made.
    func client(_ settings: ChatSettings, environment: [String: String]) throws -> ChatClient {
        do {
            return try ChatClient(settings, environment: environment)
        } catch {
            guard error.code == .badSetting else { throw error }
            let isKey = error.message.hasPrefix("the environment variable")
            throw AgentError(.badValue, "\(isKey ? key : url): \(error.message)", underlying: error)
        }
    }
}
