public import AgonConnections
public import AgonCore
public import AgonJudging
public import Foundation

/// The keys of a `judge.yaml` with `kind: llm`, as `LanguageModelConfiguration` reads them.
public enum LanguageModelKeys {
    static let keys = EndpointKeys.server + [
        Key("rubric", .text(default: "rubric.md"), "A text file, relative to the judge's folder, with the rule that is judged by."),
        Key("style", .choice(LanguageModelOptions.Style.allCases.map(\.rawValue), default: "pairwise"), "`pairwise` asks about two answers at a time, in both orders; `pointwise` grades each alone from 1 to 10; `listwise` orders a room's answers, once for each rotation of them, and joins by mean rank."),
        Key("logprobs", .boolean(default: false), "A pair is decided by the probabilities of A, B and T as first token instead of by what is written; needs a server that tells them, gives no reasons."),
        Key("reference", .boolean(default: false), "Shows the judge the prompt's gold answer."),
        Key("structured", .choice(StructuredOutput.allCases.map(\.rawValue), default: "auto"), "How the server is held to the form of a reply; auto takes the strictest that it does not refuse, none asks in words only."),
        Key("temperature", .number(0...10, default: 0), "Divides the logits; 0 takes the likeliest."),
        Key("max_tokens", .integer(1...1_000_000, default: 512), unit: "tokens", "The most tokens of a reply."),
        Key("max_characters", .integer(2...10_000_000, default: 24_000), unit: "characters", "Of a longer text the judge sees beginning and end; the same for all answers."),
    ] + EndpointKeys.connection("judge")

    /// A whole `judge.yaml` of this kind.
    public static let section = Section(
        "",
        [
            Key("kind", .choice(["llm"], default: nil), "What judges: a language model behind an endpoint."),
            Key("description", .text(default: ""), "One line for people."),
        ] + keys)
}

/// A judge's folder with `kind: llm`.
public struct LanguageModelConfiguration: Sendable {
    public var settings: ChatSettings
    public var options: LanguageModelOptions
    /// Whether the judge sees the gold answer.
    public var seesReference: Bool
    private let places: EndpointPlaces

    /// What is asked, in words.
    public var sentence: String { "model \(settings.model) at \(settings.url), \(options.style.rawValue)" }

    /// What of it decides a verdict: not how patiently it is asked, what it costs, and where replies are kept.
    var decidingText: String {
        "llm \(settings.url) \(settings.model) \(settings.temperature.map { "\($0)" } ?? "") \(settings.structured) \(seesReference) \(options)"
    }

    /// Reads the keys and the rubric.
    /// - Parameter reader: of a section that holds `LanguageModelKeys.keys`.
    /// - Parameter folder: the judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(_ reader: ConfigurationReader, folder: String) throws {
        settings = try EndpointKeys.settings(reader, folder: folder, owner: "a judge of kind llm")
        settings.structured = StructuredOutput(rawValue: try reader.text("structured")) ?? .auto
        places = EndpointPlaces(reader)
        seesReference = try reader.boolean("reference")
        let style = LanguageModelOptions.Style(rawValue: try reader.text("style")) ?? .pairwise
        let usesLogprobs = try reader.boolean("logprobs")
        if usesLogprobs, style != .pairwise {
            throw reader.error("logprobs", "only `style: pairwise` is decided by the probabilities of a letter: remove this key, or change `style`.")
        }
        let rubric = try TextFile.read(RelativePath.resolved(try reader.text("rubric"), in: folder), limit: 65_536)
        guard rubric.contains(where: { !$0.isWhitespace }) else {
            throw reader.error("rubric", "the rubric is empty: write by what the judge shall judge.")
        }
        options = LanguageModelOptions(
            style: style,
            prompts: JudgePrompts(rubric: rubric, characterLimit: try reader.integer("max_characters")),
            maxTokens: try reader.integer("max_tokens"), usesLogprobs: usesLogprobs, needsSeed: settings.temperature != 0)
    }

    /// The judge, with a client of its own.
    /// - Throws: `AgentError` naming file and line where the address or the key cannot be; `ConnectionError` where the
    ///   cache cannot be made.
    public func judge(
        id: JudgeID, labels: PairLabels = .hard, pairing: AnswerPairing = .all,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> LanguageModelJudge {
        var options = options
        options.labels = labels
        options.pairing = pairing
        return LanguageModelJudge(
            id: id, needsReference: seesReference, options: options, answerer: try client(environment: environment))
    }

    /// The client, with what is wrong told by file and line.
    public func client(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ChatClient {
        try places.client(settings, environment: environment)
    }
}
