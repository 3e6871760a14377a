public import AgonCore
public import AgonJudging
public import AgonTransformer

/// A native transformer with a score head that scores answers to prompts.
///
/// It reads `[bos] · prompt · answer · [eos]`, or the conversation that its chat template writes, and scores the last
/// token. It sees one answer at a time, so order cannot matter to it; a tie is a difference within the margin.
public struct RewardModel: Sendable {
    public let id: JudgeID
    public let transformer: Transformer
    let tokenizer: Tokenizer
    /// How the model wants a conversation written; nil for plain text.
    let chatTemplate: ChatTemplate?
    let threads: Int

    public init(
        id: JudgeID, transformer: Transformer, tokenizer: Tokenizer, chatTemplate: ChatTemplate? = nil, threads: Int
    ) {
        self.id = id
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.threads = threads
    }

    /// What the model reads for an answer; nil where it cannot: the answer has characters outside its vocabulary, or
    /// more tokens than the model has positions.
    public func tokens(prompt: String, answer: String) -> [Int32]? {
        RewardModel.tokens(
            prompt: prompt, answer: answer, tokenizer: tokenizer, config: transformer.config, chatTemplate: chatTemplate)
    }

    /// The same without a model at hand.
    public static func tokens(
        prompt: String, answer: String, tokenizer: Tokenizer, config: ModelConfig, chatTemplate: ChatTemplate? = nil
    ) -> [Int32]? {
        let messages = [ChatMessage(role: "user", content: prompt)]
        return tokens(
            prompt: messages, plainPrompt: prompt, answer: answer, tokenizer: tokenizer, config: config,
            chatTemplate: chatTemplate)
    }

    /// The same for a conversation, of which a model without a template reads the contents one after another.
    public static func tokens(
        prompt messages: [ChatMessage], plainPrompt: String, answer: String, tokenizer: Tokenizer, config: ModelConfig,
        chatTemplate: ChatTemplate?
    ) -> [Int32]? {
        let tokens: [Int32]
        if let chatTemplate {
            let conversation = messages + [ChatMessage(role: "assistant", content: answer)]
            guard let written = try? tokenizer.encode(chatTemplate.render(messages: conversation)) else { return nil }
            tokens = written
        } else {
            guard let prompt = try? tokenizer.encode(plainPrompt, addSpecialTokens: false, parseSpecial: false),
                let answer = try? tokenizer.encode(answer, addSpecialTokens: false, parseSpecial: false)
            else { return nil }
            tokens = (config.bosToken.map { [$0] } ?? []) + prompt + answer + config.eosTokens.prefix(1)
        }
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
