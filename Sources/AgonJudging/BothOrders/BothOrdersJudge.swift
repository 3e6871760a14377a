public import AgonCore

/// A judge that asks a comparer about pairs of answers, each in both orders.
///
/// Agreement decides, disagreement is a tie, and one unreadable reply makes the pair void. A preference for the
/// first place therefore turns into ties, never into wins. With soft labels each verdict also carries
///
///     preference = (p_straight + 1 − p_swapped) / 2
///
/// where p is the comparer's probability that the answer shown first is better, 1, ½ or 0 where it gives none.
///
/// Which pairs are asked is the `pairing`. Answers that beat one another in a circle tie, see `Judgement.tieCycles`; the
/// votes keep what was said.
///
/// - Source: both orders, "conservative approach": Zheng et al. 2023, arXiv:2306.05685, §3.4.
public struct BothOrdersJudge: Judge {
    public let id: JudgeID
    public let needsReference: Bool
    public let labels: PairLabels
    public let pairing: AnswerPairing
    private let comparer: any PairComparer

    public init(
        id: JudgeID, needsReference: Bool = false, labels: PairLabels = .hard, pairing: AnswerPairing = .all,
        comparer: any PairComparer
    ) {
        self.id = id
        self.needsReference = needsReference
        self.labels = labels
        self.pairing = pairing
        self.comparer = comparer
    }

    /// One judgement per task, in order, without scores, with a vote for each pair that was asked.
    /// - Throws: what the comparer throws; `countMismatch` where it returned too few or too many replies.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        try await judgeWithTally(tasks).judgements
    }

    /// The judgements, and how much the order mattered.
    /// - Throws: as `judge(_:)`.
    public func judgeWithTally(_ tasks: [JudgingTask]) async throws -> (judgements: [Judgement], tally: OrderTally) {
        var rooms = tasks.map { RoomPairing($0, pairing) }
        var tally = OrderTally()
        while true {
            let questions = rooms.map(\.questions)
            guard questions.contains(where: { !$0.isEmpty }) else { break }
            let comparisons = zip(tasks, questions).flatMap { task, pairs in
                pairs.map { task.comparison($0.first, $0.second) }
            }
            var answers = try await replies(to: comparisons, tally: &tally)[...]
            for index in rooms.indices {
                let count = questions[index].count
                rooms[index].answer(Array(answers.prefix(count)))
                answers = answers.dropFirst(count)
            }
        }
        let judgements = rooms.map { room in
            var judgement = room.judgement(by: id, labels: labels)
            let cycles = judgement.tieCycles(answerCount: room.answerCount)
            tally.cycleCount += cycles.groups.count
            tally.cyclicPairCount += cycles.pairCount
            return judgement
        }
        return (judgements, tally)
    }

    /// Each comparison asked as it stands and swapped, in one batch.
    private func replies(to comparisons: [Comparison], tally: inout OrderTally) async throws -> [BothReplies] {
        let replies = try await comparer.compare(comparisons.flatMap { [$0, $0.swapped] })
        guard replies.count == 2 * comparisons.count else {
            throw JudgingError(
                .countMismatch,
                "Judge \(id) was asked \(2 * comparisons.count) comparisons and returned \(replies.count) replies.")
        }
        return comparisons.indices.map { index in
            let (straight, swapped) = (replies[2 * index], replies[2 * index + 1])
            return BothReplies(
                straight: straight, swapped: swapped, verdict: tally.join(straight.verdict, swapped.verdict))
        }
    }
}

extension JudgingTask {
    /// Two of the answers as a question, `first` shown first.
    func comparison(_ first: Int, _ second: Int) -> Comparison {
        Comparison(id: id, prompt: prompt, reference: reference, first: answers[first], second: answers[second])
    }
}

/// The replies on one pair, each told by the order that it was shown.
struct BothReplies {
    let straight: ComparisonReply
    let swapped: ComparisonReply
    /// What they came to, told by the straight order.
    let verdict: Verdict

    /// Mean of both orders' P(first is better); nil where void.
    var preference: Double? {
        guard let one = straight.probability, let other = swapped.probability else { return nil }
        return 0.5 + (one - other) / 2
    }

    /// Both orders' usage; nil where neither has any.
    var usage: JudgeUsage? { JudgeUsage.sum([straight.usage, swapped.usage]) }

    /// The reason for what they came to: that of the unreadable replies for a void, else of both where they differ.
    var reason: String {
        let told = verdict == .void ? [straight, swapped].filter { $0.verdict == .void } : [straight, swapped]
        var reasons: [String] = []
        for reply in told where !reply.reason.isEmpty && !reasons.contains(reply.reason) { reasons.append(reply.reason) }
        return reasons.joined(separator: "\n")
    }

    func vote(by judge: JudgeID, first: Int, second: Int, labels: PairLabels) -> Vote {
        let isGraded = labels == .soft || straight.preference != nil || swapped.preference != nil
        return Vote(
            judge: judge, first: first, second: second, verdict: verdict, straight: straight.verdict,
            swapped: swapped.verdict.flipped, preference: isGraded ? preference : nil, reason: reason)
    }
}

extension JudgeUsage {
    /// The sum of what is known, in order; nil where nothing is.
    static func sum(_ parts: [JudgeUsage?]) -> JudgeUsage? {
        let known = parts.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(into: JudgeUsage()) { $0 += $1 }
    }
}
