import AgonCore
import AgonJudging

/// A room of version 0 of the named agents.
func room(_ agents: [String], index: Int = 0, group: Int = 0, prompt: String = "p", isCanary: Bool = false) -> Room {
    Room(
        round: 3, index: index, group: group, prompt: Prompt(id: prompt, text: "question \(prompt)", reference: "42"),
        seats: agents.map { PolicyID(agent: $0, version: 0) }, isCanary: isCanary)
}

/// A rollout with tokens.
func rollout(_ text: String, forfeit: Forfeit? = nil, gold: Double? = nil, hasTokens: Bool = true) -> Rollout {
    Rollout(
        text: text, sequence: hasTokens ? TokenSequence(prompt: [1, 2], completion: [3]) : nil, forfeit: forfeit,
        gold: gold)
}

/// The result of a room whose valid answers a judge scores by the given numbers; nil forfeits.
func scored(_ agents: [String], _ scores: [Double?], in place: Room? = nil) throws -> RoomResult {
    let rollouts = scores.enumerated().map { seat, score in
        rollout("answer \(seat) of \(place?.index ?? 0)", forfeit: score == nil ? .empty : nil)
    }
    let valid = scores.compactMap { $0 }
    var verdicts: [PairVerdict] = []
    for first in valid.indices {
        for second in valid.indices where first < second {
            let verdict: Verdict =
                valid[first].isNaN || valid[second].isNaN
                ? .void : valid[first] == valid[second] ? .tie : valid[first] > valid[second] ? .first : .second
            verdicts.append(PairVerdict(first: first, second: second, verdict: verdict))
        }
    }
    return try RoomJudging.result(
        room: place ?? room(agents), rollouts: rollouts, judge: JudgeID(name: "points"),
        judgement: Judgement(verdicts: verdicts, scores: valid))
}

/// A result with verdicts set by hand, in the order (0, 1), (0, 2) … (1, 2) ….
func decided(_ agents: [String], _ verdicts: [Verdict], rollouts: [Rollout]? = nil, in place: Room? = nil) throws
    -> RoomResult
{
    var pairs: [PairVerdict] = []
    for first in agents.indices {
        for second in agents.indices where first < second {
            pairs.append(PairVerdict(first: first, second: second, verdict: verdicts[pairs.count]))
        }
    }
    return try RoomJudging.result(
        room: place ?? room(agents), rollouts: rollouts ?? agents.indices.map { rollout("answer \($0)") },
        judge: JudgeID(name: "hand"), judgement: Judgement(verdicts: pairs))
}

/// Prefers longer answers, and whatever is shown first where they are about as long; cannot read "?".
struct LengthComparer: PairComparer {
    func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
        comparisons.map { comparison in
            if comparison.first.contains("?") || comparison.second.contains("?") {
                return ComparisonReply(.void, reason: "unreadable")
            }
            if comparison.first == comparison.second { return ComparisonReply(.tie) }
            return ComparisonReply(comparison.first.count + 1 >= comparison.second.count ? .first : .second)
        }
    }
}

/// Replies by a rule, with what each cost.
struct RuleComparer: PairComparer {
    let rule: @Sendable (Comparison) -> ComparisonReply

    func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] { comparisons.map(rule) }
}

/// A judge whose verdict on each pair is a rule of the two texts.
struct RuleJudge: Judge {
    var id: JudgeID
    var needsReference = false
    let rule: @Sendable (JudgingTask, String, String) throws -> PairVerdict

    /// - Parameter rule: the verdict and preference on two texts; its seats do not matter.
    init(
        _ name: String, needsReference: Bool = false,
        rule: @escaping @Sendable (JudgingTask, String, String) throws -> PairVerdict
    ) {
        id = JudgeID(name: name)
        self.needsReference = needsReference
        self.rule = rule
    }

    func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        try tasks.map { task in
            Judgement(
                verdicts: try pairs(task.answers.count).map { first, second in
                    var said = try rule(task, task.answers[first], task.answers[second])
                    (said.first, said.second) = (first, second)
                    return said
                })
        }
    }
}

/// Every pair of seats once, in order.
func pairs(_ count: Int) -> [(Int, Int)] {
    (0..<count).flatMap { first in (0..<count).filter { $0 > first }.map { (first, $0) } }
}

/// A verdict without a place yet.
func said(_ verdict: Verdict, preference: Double? = nil) -> PairVerdict {
    PairVerdict(first: 0, second: 1, verdict: verdict, preference: preference)
}
