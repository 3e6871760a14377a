public import AgonCore

/// A judge that scores each answer alone, so that order cannot matter: referees, exact match, reward models.
///
/// A difference of scores above the tie margin decides, see `Judgement(scoring:tieMargin:)`.
public struct ScoringJudge: Judge {
    /// One score per answer for each task, greater is better; nil where the answer cannot be scored.
    public typealias Scorer = @Sendable ([JudgingTask]) async throws -> [[Double?]]

    public let id: JudgeID
    public let needsReference: Bool
    /// Scores that are this close tie. In the scorer's unit, at least 0.
    public let tieMargin: Double
    private let scorer: Scorer

    /// - Precondition: `tieMargin` is at least 0.
    public init(id: JudgeID, needsReference: Bool, tieMargin: Double = 0, scorer: @escaping Scorer) {
        precondition(tieMargin >= 0, "a tie margin is at least 0, not \(tieMargin)")
        self.id = id
        self.needsReference = needsReference
        self.tieMargin = tieMargin
        self.scorer = scorer
    }

    /// One judgement per task, in order. Answers without a usable score are NaN in its `scores`.
    /// - Throws: what the scorer throws; `countMismatch` where it returned too few or too many scores.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        let scores = try await scorer(tasks)
        guard scores.count == tasks.count else {
            throw JudgingError(
                .countMismatch, "Judge \(id) was given \(tasks.count) tasks and returned scores for \(scores.count).")
        }
        return try zip(tasks, scores).enumerated().map { index, pair in
            let (task, scores) = pair
            guard scores.count == task.answers.count else {
                throw JudgingError(
                    .countMismatch,
                    "Judge \(id) scored \(scores.count) of the \(task.answers.count) answers of task \(index).")
            }
            return Judgement(scoring: scores, tieMargin: tieMargin)
        }
    }
}
