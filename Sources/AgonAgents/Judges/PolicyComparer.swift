import AgonCore
public import AgonJudging
public import AgonTransformer
import Foundation

/// A native language model that compares two answers by how probable their names are as its next token.
///
/// After a prompt that shows the answers as A and B, with P the probability of the next token summed over the spellings
/// of a name:
///
///     preference = P(A) / (P(A) + P(B))       that the answer shown first is the better one
///
/// A `BothOrdersJudge` asks in both orders and joins the two. Nothing is generated and nothing is parsed. What the model
/// cannot read is void: characters that its vocabulary lacks, or more tokens than it has positions.
public struct PolicyComparer: PairComparer {
    /// A preference this close to ½ is a tie.
    public let tieMargin: Double
    let transformer: Transformer
    let tokenizer: Tokenizer
    let chatTemplate: ChatTemplate?
    let prompt: PolicyPrompt
    let names: AnswerNames
    let threads: Int

    /// - Parameters:
    ///   - configuration: rubric, names of the answers and tie margin.
    ///   - folder: the model, for its tokenizer.
    ///   - transformer: the same model, packed.
    /// - Throws: `badModel` where the tokenizer lacks the names or cannot spell the judge's own words.
    public init(
        _ configuration: JudgeConfiguration, folder: ModelFolder, transformer: Transformer, threads: Int
    ) throws {
        tieMargin = configuration.tieMargin
        self.transformer = transformer
        self.threads = threads
        tokenizer = folder.tokenizer
        chatTemplate = try configuration.chatTemplate(of: folder)
        prompt = PolicyPrompt(rubric: configuration.rubric, names: configuration.answerNames)
        names = try AnswerNames(configuration.answerNames, tokenizer: tokenizer, model: configuration.model)
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
        // Neighbours that begin alike are computed once: the spellings of the names cost nothing beside the context.
        let replies = names.first + names.second
        let sequences = contexts.compactMap { $0 }.flatMap { context in
            replies.map { TokenSequence(prompt: context, completion: [$0]) }
        }
        let logProbs = try transformer.logProbs(of: sequences, threads: threads).map { Double($0[0]) }
        var next = 0
        return contexts.map { context in
            guard context != nil else { return nil }
            defer { next += replies.count }
            let (middle, end) = (next + names.first.count, next + replies.count)
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
        if let chatTemplate {
            let messages = [ChatMessage(role: "user", content: prompt.request(comparison))]
            return try tokenizer.encode(chatTemplate.render(messages: messages, addGenerationPrompt: true))
        }
        let text = try tokenizer.encode(prompt.plain(comparison), addSpecialTokens: false, parseSpecial: false)
        return (transformer.config.bosToken.map { [$0] } ?? []) + text
    }

    /// log Σ exp.
    private static func logSum(_ values: ArraySlice<Double>) -> Double {
        let greatest = values.max() ?? -.infinity
        guard greatest.isFinite else { return greatest }
        return greatest + log(values.reduce(0) { $0 + exp($1 - greatest) })
    }
}
