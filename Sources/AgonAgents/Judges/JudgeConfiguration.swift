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
        /// Several judges as one.
        case panel
        /// A language model behind an endpoint.
        case llm
        /// The prompt's tests, which answers that are code are run against.
        case tests
        /// A program.
        case command
    }

    public var name: String
    public var summary: String
    public var kind: Kind
    /// The model's folder, resolved; read by judges that are models.
    public var model = ""
    /// What the model's matrices are held and multiplied as.
    public var weights = WeightFormat.float32
    /// `judge.yaml` and the line that names the format of the weights.
    public var weightsPlace = ""
    /// Whether the model reads prompts and answers through its folder's chat template, where it has one.
    public var usesChatTemplate = false
    /// What the judge goes by.
    public var rubric = PolicyComparer.generalRubric
    /// Scores, or a preference and ½, that are this close tie.
    public var tieMargin = 0.0
    /// What turns differences of scores into log-odds; nil where they are not to be read so.
    public var temperature: Double?
    /// What counts as equal to the gold answer.
    public var exactMode = ExactJudge.Mode.string
    /// The folders of a panel's members, resolved.
    public var members: [String] = []
    /// How a panel's votes become its verdict.
    public var rule = JudgePanelRule.weighted
    /// The endpoint of a language model, and how it is asked.
    public var languageModel: LanguageModelConfiguration?
    /// How answers are run against their tests.
    public var answerTests: AnswerTestsConfiguration?
    /// The program that judges.
    public var command: CommandConfiguration?
    /// `judge.yaml`, to name in errors.
    public var file: String

    /// Reads a judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(folder: String) throws {
        file = folder + "/judge.yaml"
        let text = try TextFile.read(file, limit: ConfigurationReader.byteLimit)
        let named = ConfigurationReader.topValue(of: "kind", in: text).flatMap(Kind.init(rawValue:))
        guard let kind = named else {
            // Whatever else it says is read by no kind: the complaint is about the kind.
            _ = try ConfigurationReader(text: text, file: file, section: Section("", JudgeKeys.unknown.keys + JudgeKeys.every)).text("kind")
            throw AgentError(.badValue, "\(file): this kind of judge is not known.")
        }
        let reader = try ConfigurationReader(text: text, file: file, section: JudgeKeys.section(kind))
        self.kind = kind
        name = AgentConfiguration.name(ofFolder: folder)
        summary = try reader.text("description")
        switch kind {
        case .rewardModel, .policy: try readModel(reader, folder)
        case .exact: exactMode = ExactJudge.Mode(rawValue: try reader.text("match")) ?? .string
        case .panel:
            rule = try JudgePanelRule(rawValue: reader.text("rule")) ?? .weighted
            members = try reader.list("members").map { Self.memberFolder($0, of: folder) }
            try Self.check(members, reader)
        case .llm: languageModel = try LanguageModelConfiguration(reader, folder: folder)
        case .tests: answerTests = try AnswerTestsConfiguration(reader, folder: folder)
        case .command: command = try CommandConfiguration(reader, folder: folder)
        }
    }

    private mutating func readModel(_ reader: ConfigurationReader, _ folder: String) throws {
        weights = try WeightFormat(named: reader.text("weights"))
        weightsPlace = reader.place("weights")
        model = RelativePath.resolved(try reader.text("model"), in: folder)
        usesChatTemplate = try reader.text("chat_template") == "auto"
        tieMargin = try reader.number("tie_margin")
        guard kind == .policy else {
            let temperature = try reader.number("temperature")
            self.temperature = temperature > 0 ? temperature : nil
            return
        }
        let rubric = try reader.text("rubric")
        if !rubric.isEmpty {
            self.rubric = try TextFile.read(RelativePath.resolved(rubric, in: folder), limit: AgentConfiguration.systemPromptLimit)
        }
        if tieMargin >= 0.5 {
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
