public import AgonCore
public import AgonJudging
public import AgonTransformer

/// A judge's folder: `judges/NAME/judge.yaml` and the model that it names.
public struct JudgeConfiguration: Sendable {
    public var name: String
    public var summary: String
    /// The model's folder, resolved.
    public var model: String
    /// What the model's matrices are held and multiplied as.
    public var weights: WeightFormat
    /// `judge.yaml` and the line that names the format of the weights.
    public var weightsPlace: String

    /// The keys of `judge.yaml`.
    public static let section = Section(
        "",
        [
            Key("kind", .choice(["reward_model"], default: nil), "What judges: a native transformer with a score head."),
            Key("description", .text(default: ""), "One line for people."),
            Key("model", .text(default: "model"), "A folder in Hugging Face layout (LlamaForSequenceClassification with one label), relative to the judge's folder."),
            Key(
                "weights", .choice(WeightFormat.allCases.map(\.rawValue), default: WeightFormat.float32.rawValue),
                "What the matrices of a judge that does not learn are held and multiplied as, as in `agent.yaml`; with `refresh` it needs fp32."),
        ])

    /// Reads a judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(folder: String) throws {
        let reader = try ConfigurationReader(file: folder + "/judge.yaml", section: JudgeConfiguration.section)
        _ = try reader.text("kind")
        name = AgentConfiguration.name(ofFolder: folder)
        summary = try reader.text("description")
        weights = try WeightFormat(named: reader.text("weights"))
        weightsPlace = reader.place("weights")
        model = RelativePath.resolved(try reader.text("model"), in: folder)
    }
}

/// A native transformer with a score head that scores answers to prompts.
///
/// It reads `[bos] · prompt · answer · [eos]` and scores the last token. It sees one answer at a time, so
/// order cannot matter to it; a tie is a difference within the margin.
public struct RewardModel: Sendable {
    public let id: JudgeID
    public let transformer: Transformer
    let tokenizer: Tokenizer
    let threads: Int

    public init(id: JudgeID, transformer: Transformer, tokenizer: Tokenizer, threads: Int) {
        self.id = id
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.threads = threads
    }

    /// What the model reads for an answer; nil where it cannot: the answer has characters outside its vocabulary, or
    /// more tokens than the model has positions.
    public func tokens(prompt: String, answer: String) -> [Int32]? {
        RewardModel.tokens(prompt: prompt, answer: answer, tokenizer: tokenizer, config: transformer.config)
    }

    /// The same without a model at hand.
    public static func tokens(prompt: String, answer: String, tokenizer: Tokenizer, config: ModelConfig) -> [Int32]? {
        guard let prompt = try? tokenizer.encode(prompt, addSpecialTokens: false, parseSpecial: false),
            let answer = try? tokenizer.encode(answer, addSpecialTokens: false, parseSpecial: false)
        else { return nil }
        let tokens = (config.bosToken.map { [$0] } ?? []) + prompt + answer + config.eosTokens.prefix(1)
        return (1...config.maxPositionCount).contains(tokens.count) ? tokens : nil
    }

    /// Scores, nil where an answer cannot be read.
    public func scores(_ tasks: [JudgingTask]) throws -> [[Double?]] {
        let sequences = tasks.flatMap { task in task.answers.map { tokens(prompt: task.prompt, answer: $0) } }
        var scores = try transformer.scores(of: sequences.compactMap { $0 }, threads: threads).makeIterator()
        var readable = sequences.makeIterator()
        return tasks.map { task in
            task.answers.map { _ in
                guard let sequence = readable.next(), sequence != nil else { return nil }
                return scores.next().map(Double.init)
            }
        }
    }

    /// The model as a judge.
    public func judge(tieMargin: Double) -> ScoringJudge {
        ScoringJudge(id: id, needsReference: false, tieMargin: tieMargin) { tasks in try scores(tasks) }
    }
}
