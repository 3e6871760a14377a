import AgonConnections
import AgonCore
import AgonJudging

/// A program as the judge.
///
/// One that does not see order is asked about all answers of a room at once; one that does about two at a time, in both
/// orders. What it says that cannot be used is void, with the reason in the vote. A program that is lost is thrown.
struct CommandJudge: Judge {
    let id: JudgeID
    let needsReference: Bool
    /// Scores that are this close tie.
    let tieMargin: Double
    let labels: PairLabels
    let pairing: AnswerPairing
    let program: JudgeProgram

    func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        guard !tasks.isEmpty else { return [] }
        if try await program.handshake().seesOrder {
            return try await BothOrdersJudge(
                id: id, needsReference: needsReference, labels: labels, pairing: pairing,
                comparer: CommandComparer(program: program, tieMargin: tieMargin)
            ).judge(tasks)
        }
        var judgements: [Judgement] = []
        for task in tasks {
            var (judgement, reason) = try await program.ask(task).read(answerCount: task.answers.count, tieMargin: tieMargin)
            judgement.votes = judgement.verdicts.map {
                Vote(judge: id, first: $0.first, second: $0.second, verdict: $0.verdict, reason: reason)
            }
            _ = judgement.tieCycles(answerCount: task.answers.count)
            judgements.append(judgement)
        }
        return judgements
    }
}

/// A program that is shown two answers at a time.
private struct CommandComparer: PairComparer {
    let program: JudgeProgram
    let tieMargin: Double

    func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
        var replies: [ComparisonReply] = []
        for comparison in comparisons {
            // Each order of each pair has an id of its own, or a reply that comes late could be taken for another's.
            let id = Seed(run: comparison.id).child(
                .judge, named: "\(comparison.first.utf8.count) \(comparison.first)\(comparison.second)")
            let task = JudgingTask(
                id: id.value, prompt: comparison.prompt, reference: comparison.reference,
                answers: [comparison.first, comparison.second])
            let (judgement, reason) = try await program.ask(task).read(answerCount: 2, tieMargin: tieMargin)
            replies.append(ComparisonReply(judgement.verdicts[0].verdict, reason: reason))
        }
        return replies
    }
}

extension JudgeReply {
    /// The reply as a judgement without votes, and its reason, fit to be kept.
    fileprivate func read(answerCount: Int, tieMargin: Double) -> (Judgement, reason: String) {
        switch self {
        case .scores(let scores, let reason): return (Judgement(scoring: scores, tieMargin: tieMargin), JudgeReading.reason(reason))
        case .verdicts(let verdicts, let reason): return (Judgement(verdicts: verdicts), JudgeReading.reason(reason))
        case .unusable(let reason):
            var judgement = Judgement(scoring: [Double?](repeating: nil, count: answerCount))
            judgement.scores = nil
            return (judgement, JudgeReading.reason(reason))
        }
    }
}
