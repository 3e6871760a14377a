import AgonCore
public import AgonJudging
public import AgonTransformer
import Foundation

/// A native language model that compares two answers by how probable their letters are as its next token.
///
/// After a prompt that shows the answers as A and B, with P the probability of the next token summed over the spellings
/// of a letter:
///
///     preference = P(A) / (P(A) + P(B))       that the answer shown first is the better one
///
/// A `BothOrdersJudge` asks in both orders and joins the two. Nothing is generated and nothing is parsed. What the model
/// cannot read is void: characters that its vocabulary lacks, or more tokens than it has positions.
public struct PolicyComparer: PairComparer {
    /// For judges without a rubric of their own.
    static let generalRubric = """
        The better answer is the one that is right, does what was asked and wastes no words. Length and style do not count.
        """

    /// A preference this close to ½ is a tie.
    public let tieMargin: Double
    let transformer: Transformer
    let tokenizer: Tokenizer
    let chatTemplate: ChatTemplate?
    let prompts: JudgePrompts
    let letters: AnswerLetters
    let threads: Int

    /// - Parameters:
    ///   - configuration: rubric and tie margin.
    ///   - folder: the model, for its tokenizer.
    ///   - transformer: the same model, packed.
    /// - Throws: `badModel` where the tokenizer lacks the letters or cannot spell the judge's own words.
    public init(
        _ configuration: JudgeConfiguration, folder: ModelFolder, transformer: Transformer, threads: Int
    ) throws {
        tieMargin = configuration.tieMargin
        self.transformer = transformer
        self.threads = threads
        tokenizer = folder.tokenizer
        chatTemplate = try configuration.chatTemplate(of: folder)
        prompts = JudgePrompts(rubric: configuration.rubric)
        letters = try AnswerLetters(tokenizer, model: configuration.model)
        do {
            _ = try context(Comparison(id: 0, prompt: "", first: "", second: ""))
        } catch let error as TransformerError {
            throw AgentError(
                .badModel, "\(configuration.file): the model cannot read the judge's own words: \(error.message)",
                underlying: error)
        }
    }

    /// How probable it is that the answer shown first is the better one, as the model says in this order alone; nil where
    /// it cannot read the comparison. The same comparison gets the same bits whatever else is asked.
    /// - Throws: faults of the world only.
    public func shownPreferences(_ comparisons: [Comparison]) throws -> [Double?] {
        let limit = transformer.config.maxPositionCount
        let contexts = comparisons.map { comparison in
            (try? context(comparison)).flatMap { $0.count < limit ? $0 : nil }
        }
        // Neighbours that begin alike are computed once: the spellings of the letters cost nothing beside the context.
        let replies = letters.first + letters.second
        let sequences = contexts.compactMap { $0 }.flatMap { context in
            replies.map { TokenSequence(prompt: context, completion: [$0]) }
        }
        let logProbs = try transformer.logProbs(of: sequences, threads: threads).map { Double($0[0]) }
        var next = 0
        return contexts.map { context in
            guard context != nil else { return nil }
            defer { next += replies.count }
            let (middle, end) = (next + letters.first.count, next + replies.count)
            let odds = Self.logSum(logProbs[middle..<end]) - Self.logSum(logProbs[next..<middle])
            return odds.isNaN ? nil : 1 / (1 + exp(odds))
        }
    }

    /// One reply per comparison, in order, told by the order that is shown.
    /// - Throws: faults of the world only.
    public func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
        try shownPreferences(comparisons).map { preference in
            guard let preference else { return ComparisonReply(.void, reason: "The model cannot read the comparison.") }
            let verdict: Verdict =
                preference > 0.5 + tieMargin ? .first : preference < 0.5 - tieMargin ? .second : .tie
            return ComparisonReply(verdict, preference: preference)
        }
    }

    /// What the model reads before its reply.
    /// - Throws: `TransformerError` where it cannot be tokenised.
    func context(_ comparison: Comparison) throws -> [Int32] {
        let asked = prompts.pairwise(comparison, form: .letter)
        let text = asked.system + "\n\n" + asked.user
        if let chatTemplate {
            // One message: not every template takes a system's.
            let messages = [ChatMessage(role: "user", content: text)]
            return try tokenizer.encode(chatTemplate.render(messages: messages, addGenerationPrompt: true))
        }
        let plain = try tokenizer.encode(text + "\n\nThe better answer is", addSpecialTokens: false, parseSpecial: false)
        return (transformer.config.bosToken.map { [$0] } ?? []) + plain
    }

    /// log Σ exp.
    private static func logSum(_ values: ArraySlice<Double>) -> Double {
        let greatest = values.max() ?? -.infinity
        guard greatest.isFinite else { return greatest }
        return greatest + log(values.reduce(0) { $0 + exp($1 - greatest) })
    }
}
