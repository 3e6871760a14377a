public import AgonCore
public import AgonJudging
public import AgonTransformer
import Foundation

/// A native language model that compares two answers by how probable their labels are as its next token.
///
/// After a prompt that shows both answers, with P the probability of the next token summed over a label's spellings:
///
///     shown(x, y) = P(A) / (P(A) + P(B))                    x shown as A, y as B
///     preference  = ½ (shown(x, y) + 1 − shown(y, x))       that x is the better one
///
/// The verdict is decided where both orders agree and the preference is further than the tie margin from ½; otherwise
/// it is a tie. Nothing is generated and nothing is parsed. What the model cannot read is void: characters that its
/// vocabulary lacks, or more tokens than it has positions.
public struct PolicyJudge: Judge {
    public let id: JudgeID
    public let needsReference = false
    /// A preference this close to ½ ties.
    public let tieMargin: Double
    let transformer: Transformer
    let tokenizer: Tokenizer
    let chatTemplate: ChatTemplate?
    let prompt: PolicyPrompt
    let labels: PolicyLabels
    let threads: Int

    /// - Parameters:
    ///   - configuration: rubric, labels and tie margin.
    ///   - folder: the model, for its tokenizer.
    ///   - transformer: the same model, packed.
    /// - Throws: `badModel` where the tokenizer lacks the labels or cannot spell the judge's own words.
    public init(
        _ configuration: JudgeConfiguration, folder: ModelFolder, transformer: Transformer, threads: Int
    ) throws {
        id = JudgeID(name: configuration.name)
        tieMargin = configuration.tieMargin
        self.transformer = transformer
        self.threads = threads
        tokenizer = folder.tokenizer
        chatTemplate = try configuration.chatTemplate(of: folder)
        prompt = PolicyPrompt(rubric: configuration.rubric, labels: configuration.labels)
        labels = try PolicyLabels(configuration.labels, tokenizer: tokenizer, model: configuration.model)
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
        // Neighbours that begin alike are computed once: the spellings of the labels cost nothing beside the context.
        let replies = labels.first + labels.second
        let sequences = contexts.compactMap { $0 }.flatMap { context in
            replies.map { TokenSequence(prompt: context, completion: [$0]) }
        }
        let logProbs = try transformer.logProbs(of: sequences, threads: threads).map { Double($0[0]) }
        var next = 0
        return contexts.map { context in
            guard context != nil else { return nil }
            defer { next += replies.count }
            let (middle, end) = (next + labels.first.count, next + replies.count)
            let odds = Self.logSum(logProbs[middle..<end]) - Self.logSum(logProbs[next..<middle])
            return odds.isNaN ? nil : 1 / (1 + exp(odds))
        }
    }

    /// One judgement per task, with the replies of both orders as its votes.
    /// - Throws: faults of the world only.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        let comparisons = tasks.flatMap { task in
            pairs(task).map { first, second in
                Comparison(id: task.id, prompt: task.prompt, first: task.answers[first], second: task.answers[second])
            }
        }
        let shown = try shownPreferences(comparisons.flatMap { [$0, $0.swapped] })
        var next = 0
        return tasks.map { task in
            let votes = pairs(task).map { first, second in
                defer { next += 2 }
                return vote(first, second, straight: shown[next], swapped: shown[next + 1].map { 1 - $0 })
            }
            let verdicts = votes.map {
                PairVerdict(first: $0.first, second: $0.second, verdict: $0.verdict, preference: $0.preference)
            }
            return Judgement(verdicts: verdicts, votes: votes)
        }
    }

    /// Joins what the two orders say of `first`.
    private func vote(_ first: Int, _ second: Int, straight: Double?, swapped: Double?) -> Vote {
        guard let straight, let swapped else {
            return Vote(
                judge: id, first: first, second: second, verdict: .void, straight: .void, swapped: .void,
                reason: "The model cannot read the comparison.")
        }
        let preference = (straight + swapped) / 2
        func side(_ value: Double, margin: Double = 0) -> Verdict {
            value > 0.5 + margin ? .first : value < 0.5 - margin ? .second : .tie
        }
        let (one, other) = (side(straight), side(swapped))
        return Vote(
            judge: id, first: first, second: second, verdict: one == other ? side(preference, margin: tieMargin) : .tie,
            straight: one, swapped: other, preference: preference)
    }

    private func pairs(_ task: JudgingTask) -> [(first: Int, second: Int)] {
        task.answers.indices.flatMap { first in task.answers.indices.dropFirst(first + 1).map { (first, $0) } }
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
