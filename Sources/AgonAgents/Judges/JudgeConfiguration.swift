public import AgonJudging
public import AgonTransformer
import Foundation

/// A judge's folder: `judges/NAME/judge.yaml`, and the model or rubric that it names.
public struct JudgeConfiguration: Sendable {
    /// What judges.
    public enum Kind: String, Sendable, CaseIterable {
        /// A native transformer with a score head.
        case rewardModel = "reward_model"
        /// A native language model that is asked which answer is better.
        case policy
        /// The gold answer.
        case exact
    }

    public var name: String
    public var summary: String
    public var kind: Kind
    /// The model's folder, resolved; read by judges that are models.
    public var model: String
    /// What the model's matrices are held and multiplied as.
    public var weights: WeightFormat
    /// `judge.yaml` and the line that names the format of the weights.
    public var weightsPlace: String
    /// Whether the model reads prompts and answers through its folder's chat template, where it has one.
    public var usesChatTemplate: Bool
    /// What the judge goes by.
    public var rubric: String
    /// What the answer shown first and the one shown second are called.
    public var answerNames: [String]
    /// Scores, or a preference and ½, that are this close tie.
    public var tieMargin: Double
    /// What turns differences of scores into log-odds; nil where they are not to be read so.
    public var temperature: Double?
    /// What counts as equal to the gold answer.
    public var exactMode: ExactJudge.Mode
    /// `judge.yaml`, to name in errors.
    public var file: String

    /// The keys of `judge.yaml`.
    public static let section = Section(
        "",
        [
            Key("kind", .choice(Kind.allCases.map(\.rawValue), default: nil), "What judges. `reward_model`: a native transformer with a score head. `policy`: a native language model, which reads how probable either answer's name is as its next token, in both orders. `exact`: the gold answer."),
            Key("description", .text(default: ""), "One line for people."),
            Key("model", .text(default: "model"), "reward_model, policy: a folder in Hugging Face layout, relative to the judge's folder: for a reward_model ForSequenceClassification of Llama, Qwen2 or Qwen3 with one label, for a policy ForCausalLM."),
            Key(
                "weights", .choice(WeightFormat.allCases.map(\.rawValue), default: WeightFormat.float32.rawValue),
                "reward_model, policy: what the matrices of a judge that does not learn are held and multiplied as, as in `agent.yaml`; with `refresh` it needs fp32."),
            Key(
                "chat_template", .choice(["auto", "none"], default: "auto"),
                "reward_model, policy: auto shows a model whose folder has a chat template a conversation; none plain text."),
            Key("rubric", .text(default: ""), absent: "a general one", "policy: a text file, relative to the judge's folder, that says by what answers are compared."),
            Key("answer_names", .list(default: ["A", "B"]), "policy: what the two answers are called. The model's tokenizer must have each as a single token."),
            Key("tie_margin", .number(0...1_000_000, default: 0), "reward_model: scores that are this close tie. policy: so does a preference this close to one half, in either order. In an arena its own `judge.tie_margin` holds."),
            Key("temperature", .number(0...1_000_000, default: 0), "reward_model: a difference of scores divided by this is the logarithm of the odds that the first answer is better, as `agon judge train` found on pairs that the judge had not seen; 0: it says no more than its verdict."),
            Key("match", .choice(ExactJudge.Mode.allCases.map(\.rawValue), default: ExactJudge.Mode.string.rawValue), "exact: what counts as equal: the same text, or the same number however it is written."),
        ])

    /// Keys by the kinds that read them.
    private static let readers: [(names: [String], kinds: Set<Kind>)] = [
        (["model", "weights", "chat_template"], [.rewardModel, .policy]), (["tie_margin"], [.rewardModel, .policy]),
        (["temperature"], [.rewardModel]), (["rubric", "answer_names"], [.policy]), (["match"], [.exact]),
    ]

    /// Reads a judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(folder: String) throws {
        file = folder + "/judge.yaml"
        let reader = try ConfigurationReader(file: file, section: JudgeConfiguration.section)
        guard let kind = Kind(rawValue: try reader.text("kind")),
            let mode = ExactJudge.Mode(rawValue: try reader.text("match"))
        else { throw reader.error("kind", "this kind is not known.") }
        self.kind = kind
        for (names, kinds) in JudgeConfiguration.readers where !kinds.contains(kind) {
            try reader.refuse(names, belongingTo: kinds.map { "`kind: \($0.rawValue)`" }.sorted().joined(separator: " or "))
        }
        name = AgentConfiguration.name(ofFolder: folder)
        summary = try reader.text("description")
        weights = try WeightFormat(named: reader.text("weights"))
        weightsPlace = reader.place("weights")
        model = RelativePath.resolved(try reader.text("model"), in: folder)
        usesChatTemplate = try reader.text("chat_template") == "auto"
        let rubric = try reader.text("rubric")
        self.rubric = rubric.isEmpty
            ? PolicyPrompt.generalRubric
            : try TextFile.read(RelativePath.resolved(rubric, in: folder), limit: AgentConfiguration.systemPromptLimit)
        answerNames = try reader.list("answer_names")
        tieMargin = try reader.number("tie_margin")
        let temperature = try reader.number("temperature")
        self.temperature = temperature > 0 ? temperature : nil
        exactMode = mode
        guard answerNames.count == 2, answerNames[0] != answerNames[1], answerNames.allSatisfy({ !$0.isEmpty }) else {
            throw reader.error("answer_names", "give two different names, such as [A, B].")
        }
        if kind == .policy, tieMargin >= 0.5 {
            throw reader.error("tie_margin", "a preference is never further than 0.5 from one half: everything would tie.")
        }
    }

    /// Reads the model.
    /// - Throws: `AgentError` where its head is not the kind's; `TransformerError` where its folder is broken.
    public func loadModel() throws -> ModelFolder {
        let folder = try ModelFolder.load(model)
        switch (kind, folder.config.head) {
        case (.rewardModel, .language):
            throw AgentError(.badModel, "\(file): \(model) has no score head: a reward model needs ForSequenceClassification with one label.")
        case (.policy, .score):
            throw AgentError(.badModel, "\(file): \(model) has a score head: a policy judge needs a language model; for this one set `kind: reward_model`.")
        default: return folder
        }
    }

    /// The chat template that the model reads through; nil for plain text.
    ///
    /// The template is tried, so that one that refuses the judge's conversation is found before anything starts.
    /// - Throws: `AgentError`, naming the judge's file.
    public func chatTemplate(of folder: ModelFolder) throws -> ChatTemplate? {
        guard usesChatTemplate else { return nil }
        do throws(TransformerError) {
            guard let template = try folder.chatTemplate() else { return nil }
            let user = ChatMessage(role: "user", content: "")
            let messages = kind == .policy ? [user] : [user, ChatMessage(role: "assistant", content: "")]
            _ = try folder.tokenizer.encode(template.render(messages: messages, addGenerationPrompt: kind == .policy))
            return template
        } catch {
            throw AgentError(
                .badValue, "\(file): the model's chat template cannot be used: \(error.message) Or set `chat_template: none`.")
        }
    }
}
