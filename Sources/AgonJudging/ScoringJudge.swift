public import AgonCore

/// A judge that scores each answer alone, so that order cannot matter: referees, exact match, reward models.
///
///     verdict = first   where score_first − score_second > tieMargin
///               second  where score_second − score_first > tieMargin
///               tie     otherwise
///               void    where either score is nil or not finite
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
            return judgement(scores)
        }
    }

    private func judgement(_ scores: [Double?]) -> Judgement {
        let usable = scores.map { $0.flatMap { $0.isFinite ? $0 : nil } }
        var verdicts: [PairVerdict] = []
        for (first, second) in seatPairs(usable.count) {
            verdicts.append(
                PairVerdict(first: first, second: second, verdict: verdict(usable[first], usable[second])))
        }
        return Judgement(verdicts: verdicts, scores: usable.map { $0 ?? .nan })
    }

    private func verdict(_ first: Double?, _ second: Double?) -> Verdict {
        guard let first, let second else { return .void }
        if first - second > tieMargin { return .first }
        return second - first > tieMargin ? .second : .tie
    }
}

/// Every pair of `count` seats once, in the order (0, 1), (0, 2) … (1, 2) …, in which every record keeps them.
func seatPairs(_ count: Int) -> [(first: Int, second: Int)] {
    (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
}
