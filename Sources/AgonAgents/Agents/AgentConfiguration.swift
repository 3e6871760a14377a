public import AgonCore
import AgonGames
public import AgonTransformer
import Foundation

/// What an agent's folder says: `agents/NAME/agent.yaml` and, where there is one, `system.md`.
public struct AgentConfiguration: Sendable {
    /// What answers.
    public enum Kind: Sendable, Hashable {
        /// A model folder in Hugging Face layout, by its path.
        case transformer(model: String)
        /// A built-in rule, by its strategy's name and skill.
        case scripted(strategy: String, skill: Double)
        /// A program.
        case process(ProcessConfiguration)
        /// A model behind an endpoint.
        case endpoint(EndpointConfiguration)

        /// The word of `kind` in `agent.yaml`.
        public var name: String {
            switch self {
            case .transformer: "transformer"
            case .scripted: "scripted"
            case .process: "process"
            case .endpoint: "endpoint"
            }
        }
    }

    /// The folder's name.
    public var name: String
    public var kind = Kind.scripted(strategy: "random", skill: 0)
    /// A PEFT folder whose adapter the agent starts with, on top of its model; nil for the model alone.
    public var adapter: String?
    /// `strategy: fixed`: the file of its answers; empty for all others.
    public var answersFile = ""
    /// What the model's matrices are held and multiplied as. An adapter on top of them is float32.
    public var weights = WeightFormat.float32
    /// Whether the model is asked through its folder's chat template, where it has one.
    public var usesChatTemplate = false
    public var summary: String
    /// What it paid to enter, and whose it is; ladders read them.
    public var tier: String
    public var owner: String
    public var sampling = SamplingOptions()
    /// Put before every prompt; empty where there is no `system.md`.
    public var system: String
    /// `agent.yaml`, to name in errors.
    public var file: String
    /// The line that names the model or strategy.
    public var sourceLine = 1
    /// The line that names the format of the weights.
    public var weightsLine = 1
    /// The keys of `agent.yaml` with `kind: transformer` or `scripted`; the others have sections of their own.
    public static let section = Section(
        "",
        AgentKeys.common + [
            Key(
                "model", .text(default: ""),
                "transformer: a folder in Hugging Face layout (config.json, model.safetensors, tokenizer.json), relative to the agent's folder; or the folder of another agent, whose model it then starts from."),
            Key(
                "adapter", .text(default: ""),
                "transformer: a folder in PEFT's layout (adapter_config.json, adapter_model.safetensors), relative to the agent's folder, that is put on top of the model. Agents with one model and different adapters share the model's memory and decode in one batch."),
            Key(
                "weights", .choice(WeightFormat.allCases.map(\.rawValue), default: WeightFormat.float32.rawValue),
                "transformer: what the matrices of a frozen model are held and multiplied as, in answers and under an adapter that trains: fp32 is exact, bf16 has 8 significant bits in half of the memory, int8 one byte with a scale for each 64 inputs in a quarter. A learner that trains all its weights needs fp32; an adapter is fp32 always."),
            Key(
                "chat_template", .choice(["auto", "none"], default: "auto"),
                "transformer: auto asks a model whose folder has a chat template through it: system.md as the system message, the prompt as the user's, a game's turns as the conversation, a prompt's own messages as they are; none gives plain text, a prompt's messages each below its role."),
            Key(
                "strategy", .choice([""] + Games.strategyNames, default: ""),
                "scripted: the rule. Each game has `random`, `first_legal` and `noisy_expert` and some of its own, the expert first; another game's are refused by the arena. In prompt arenas `random` shuffles the gold answer's characters and `perfect` gives the gold answer; `echo` says the prompt again, and `fixed` gives the answers of a file."),
            Key("answers", .text(default: ""), "fixed: a file of lines `{\"prompt\": \"…\", \"answer\": \"…\"}`, relative to the agent's folder: what somebody said elsewhere takes part. A prompt that is not in it is a forfeit."),
            Key("skill", .number(0...1, default: 0.5), unit: "share", "noisy_expert: how often it answers like `perfect`, in a game like its expert; otherwise like `random`."),
            Key("temperature", .number(0...10, default: 1), "Divides the logits before a token is drawn; 0 takes the likeliest."),
            Key("top_k", .integer(0...1_000_000, default: 0), unit: "tokens", "Draws among the k likeliest tokens; 0 is off."),
            Key("top_p", .number(0.0001...1, default: 1), unit: "probability", "Draws among the likeliest tokens that together reach this probability; 1 is off."),
            Key("min_p", .number(0...1, default: 0), unit: "share", "Drops tokens less likely than this share of the likeliest; 0 is off."),
            Key("typical_p", .number(0.0001...1, default: 1), unit: "probability", "Draws among the tokens that surprise most nearly as much as the distribution does on average, and together reach this probability; 1 is off."),
            Key("repetition_penalty", .number(0.01...100, default: 1), "Before all of these, logits of tokens that were said, in the prompt or since, are divided by this where they are above zero and multiplied where they are below; 1 is off. Training sees the model's own probabilities, without any of these keys."),
        ])

    /// Reads an agent's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(folder: String) throws {
        let text = try TextFile.read(folder + "/agent.yaml", limit: ConfigurationReader.byteLimit)
        try self.init(text: text, folder: folder)
    }

    /// Checks a text as if it were the `agent.yaml` of a folder, which need not exist yet.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(text: String, folder: String) throws {
        let file = folder + "/agent.yaml"
        let reader = try ConfigurationReader(text: text, file: file, section: AgentKeys.section(of: text))
        name = AgentConfiguration.name(ofFolder: folder)
        self.file = file
        summary = try reader.text("description")
        (tier, owner) = (try reader.text("tier"), try reader.text("owner"))
        let systemFile = folder + "/system.md"
        system = FileManager.default.fileExists(atPath: systemFile) ? try AgentConfiguration.systemPrompt(systemFile) : ""
        switch try reader.text("kind") {
        case "process":
            guard system.isEmpty else {
                throw AgentError(.badValue, "\(systemFile): nothing would read it, since a program is shown the prompt alone: remove it.")
            }
            kind = .process(try ProcessConfiguration(reader, folder: folder))
            sourceLine = reader.line(of: "command")
        case "endpoint":
            kind = .endpoint(try EndpointConfiguration(reader, folder: folder))
            sourceLine = reader.line(of: "url")
        default: try readNative(reader, folder)
        }
    }

    /// Reads the keys of a model that is run here, or of a built-in rule.
    private mutating func readNative(_ reader: ConfigurationReader, _ folder: String) throws {
        weights = try WeightFormat(named: reader.text("weights"))
        weightsLine = reader.line(of: "weights")
        usesChatTemplate = try reader.text("chat_template") == "auto"
        sampling = SamplingOptions(
            temperature: try reader.number("temperature"), topK: try reader.integer("top_k"),
            topP: try reader.number("top_p"), minP: try reader.number("min_p"),
            typicalP: try reader.number("typical_p"), repetitionPenalty: try reader.number("repetition_penalty"))
        let model = try reader.text("model")
        let strategy = try reader.text("strategy")
        if try reader.text("kind") == "transformer" {
            guard !model.isEmpty else {
                throw reader.error("kind", "a transformer agent needs `model:`, the path of a model folder or of another agent's folder.")
            }
            if reader.has("strategy") { throw reader.error("strategy", "`strategy` belongs to scripted agents; remove it or set `kind: scripted`.") }
            kind = .transformer(model: try AgentConfiguration.modelFolder(model, from: folder, reader: reader, depth: 0))
            sourceLine = reader.line(of: "model")
            try reader.refuse(["skill"], belongingTo: "`strategy: noisy_expert`")
            try reader.refuse(["answers"], belongingTo: "`strategy: fixed`")
            let adapter = try reader.text("adapter")
            if !adapter.isEmpty { self.adapter = RelativePath.resolved(adapter, in: folder) }
        } else {
            guard !strategy.isEmpty else {
                throw reader.error("kind", "a scripted agent needs `strategy:`, one of random, first_legal, perfect, noisy_expert, echo, fixed.")
            }
            try reader.refuse(["weights"], belongingTo: "`kind: transformer`")
            if reader.has("adapter") { throw reader.error("adapter", "`adapter` belongs to transformer agents; remove it or set `kind: transformer`.") }
            if reader.has("model") { throw reader.error("model", "`model` belongs to transformer agents; remove it or set `kind: transformer`.") }
            try reader.refuse(
                ["temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty"],
                belongingTo: "`kind: transformer`")
            if strategy != "noisy_expert" { try reader.refuse(["skill"], belongingTo: "`strategy: noisy_expert`") }
            let answers = try reader.text("answers")
            if strategy != "fixed" { try reader.refuse(["answers"], belongingTo: "`strategy: fixed`") }
            guard strategy != "fixed" || !answers.isEmpty else {
                throw reader.error("strategy", "`fixed` needs `answers:`, a JSON Lines file with `prompt` and `answer` in each line.")
            }
            answersFile = answers.isEmpty ? "" : RelativePath.resolved(answers, in: folder)
            kind = .scripted(strategy: strategy, skill: try reader.number("skill"))
            sourceLine = reader.line(of: "strategy")
        }
    }
}

extension AgentConfiguration {
    /// The most bytes a system prompt may have.
    static let systemPromptLimit = 65_536

    private static func systemPrompt(_ file: String) throws -> String {
        try TextFile.read(file, limit: systemPromptLimit)
    }

    /// The name of the agent whose folder this is, however the path is written.
    public static func name(ofFolder path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    }

    /// Follows `model:` to a model folder; another agent's folder leads on to that agent's model.
    private static func modelFolder(_ model: String, from folder: String, reader: ConfigurationReader, depth: Int) throws -> String {
        let path = RelativePath.resolved(model, in: folder)
        guard PathKind(path) == .folder else {
            throw reader.error("model", "there is no folder `\(path)`: `model` is looked up from the agent's own folder \(folder).")
        }
        guard FileManager.default.fileExists(atPath: path + "/agent.yaml") else { return path }
        guard depth < 8 else {
            throw reader.error("model", "`model` leads through more than 8 agents: point one of them at a model folder.")
        }
        let text = try TextFile.read(path + "/agent.yaml", limit: ConfigurationReader.byteLimit)
        let other = try ConfigurationReader(text: text, file: path + "/agent.yaml", section: AgentKeys.section(of: text))
        let next = try other.text("kind") == "transformer" ? other.text("model") : ""
        guard !next.isEmpty else { throw other.error("kind", "`\(path)` is no transformer agent, so no other agent can start from its model.") }
        return try modelFolder(next, from: path, reader: other, depth: depth + 1)
    }
}
