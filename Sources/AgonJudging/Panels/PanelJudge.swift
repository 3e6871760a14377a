public import AgonCore

/// A member that left a panel.
public struct PanelLoss: Sendable, Hashable {
    public var judge: JudgeID
    /// Its place among the members, from 0.
    public var member: Int
    /// One sentence: who, and why.
    public var message: String
}

/// What the members of a panel said, in counts.
public struct PanelReport: Sendable, Hashable {
    /// Votes of members, voids and the empty votes of lost members included.
    public var voteCount = 0
    /// Votes that were unreadable or never given.
    public var voidVoteCount = 0
    /// Pairs on which the panel has no verdict.
    public var voidPairCount = 0
    /// Groups of answers that beat one another in a circle and so became ties: majorities can do that though no member does.
    public var cycleCount = 0
    /// Members that are gone, by place.
    public var lost: [PanelLoss] = []

    public init() {}
}

/// Several judges as one: each is asked about everything, a rule joins their votes.
///
/// A member that throws leaves the panel for the rest of the panel's life: its votes are void with the reason, `onLoss`
/// is told once, and the others go on. Members that need no gold answer do not see it. Members are asked at the same
/// time and joined by their place, so the verdicts do not hang on who answers first.
public struct PanelJudge: Judge {
    public let id: JudgeID
    public let members: [any Judge]
    public let rule: PanelRule
    private let onLoss: @Sendable (PanelLoss) -> Void
    private let attendance = PanelAttendance()

    /// - Parameter onLoss: called once for each member that is lost, from any thread.
    /// - Precondition: there are members, each with its own id, and the rule is for so many.
    public init(
        id: JudgeID, members: [any Judge], rule: PanelRule, onLoss: @escaping @Sendable (PanelLoss) -> Void = { _ in }
    ) {
        precondition(!members.isEmpty, "a panel needs members")
        precondition(Set(members.map(\.id) + [id]).count == members.count + 1, "the judges of a panel need ids of their own")
        precondition(
            rule.memberCount.map { $0 == members.count } ?? true, "the rule is for another number of members")
        self.id = id
        self.members = members
        self.rule = rule
        self.onLoss = onLoss
    }

    /// A panel whose members weigh what canaries say of them, see `JudgeAccuracy.weight`.
    /// - Parameter accuracies: by judge; one that is missing was never seen.
    public init(
        id: JudgeID, members: [any Judge], accuracies: [JudgeID: JudgeAccuracy],
        onLoss: @escaping @Sendable (PanelLoss) -> Void = { _ in }
    ) {
        let weights = members.map { accuracies[$0.id, default: JudgeAccuracy()].weight }
        self.init(id: id, members: members, rule: .weighted(weights), onLoss: onLoss)
    }

    public var needsReference: Bool { members.contains { $0.needsReference } }

    /// One judgement per task, in order, with the votes of all members.
    /// - Throws: `panelLost` where the last member is lost; `CancellationError`.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        try await judgeWithReport(tasks).judgements
    }

    /// The judgements, and how the members did.
    /// - Throws: as `judge(_:)`.
    public func judgeWithReport(
        _ tasks: [JudgingTask]
    ) async throws -> (judgements: [Judgement], report: PanelReport) {
        var report = PanelReport()
        guard !tasks.isEmpty else { return ([], report) }
        let replies = try await ask(tasks)
        for (member, reply) in replies.enumerated() {
            if case .lost(let message) = reply {
                report.lost.append(PanelLoss(judge: members[member].id, member: member, message: message))
            }
        }
        guard report.lost.count < members.count else {
            throw JudgingError(
                .panelLost,
                "Panel \(id) has lost all of its \(members.count) members; the first: \(report.lost[0].message)")
        }
        let judgements = tasks.indices.map { join(tasks[$0], replies: replies, at: $0, report: &report) }
        return (judgements, report)
    }

    /// What a member came back with.
    private enum Reply: Sendable {
        case judgements([Judgement])
        case lost(String)
    }

    private func ask(_ tasks: [JudgingTask]) async throws -> [Reply] {
        let before = await attendance.lost
        var replies = members.indices.map { before[$0].map(Reply.lost) }
        try await withThrowingTaskGroup(of: (Int, Reply).self) { group in
            for (index, member) in members.enumerated() where before[index] == nil {
                group.addTask { (index, try await PanelJudge.ask(member, tasks)) }
            }
            for try await (index, reply) in group { replies[index] = reply }
        }
        for index in members.indices {
            guard case .lost(let message) = replies[index], await attendance.leave(index, message) else { continue }
            onLoss(PanelLoss(judge: members[index].id, member: index, message: message))
        }
        return replies.compactMap { $0 }
    }

    /// A member's judgements; a fault of the world, and a reply that does not fit the tasks, lose it.
    private static func ask(_ member: any Judge, _ tasks: [JudgingTask]) async throws -> Reply {
        let shown = member.needsReference
            ? tasks : tasks.map { JudgingTask(id: $0.id, prompt: $0.prompt, answers: $0.answers) }
        do {
            let judgements = try await member.judge(shown)
            let fits = judgements.count == tasks.count
                && zip(tasks, judgements).allSatisfy { task, judgement in
                    let count = task.answers.count
                    return judgement.verdicts.map { [$0.first, $0.second] } == seatPairs(count).map { [$0.first, $0.second] }
                        && judgement.votes.allSatisfy { 0 <= $0.first && $0.first < $0.second && $0.second < count }
                }
            return fits
                ? .judgements(judgements)
                : .lost("Judge \(member.id) left the panel: its judgements do not fit the \(tasks.count) tasks.")
        } catch let error as CancellationError {
            throw error
        } catch let error as JudgingError where error.code == .memberLost {
            return .lost(error.message)
        } catch {
            return .lost("Judge \(member.id) left the panel: \(error)")
        }
    }

    private func join(_ task: JudgingTask, replies: [Reply], at index: Int, report: inout PanelReport) -> Judgement {
        let pairs = seatPairs(task.answers.count)
        var votes: [Vote] = []
        var usages: [JudgeUsage?] = []
        var said: [[PairVerdict]?] = []
        for (member, reply) in zip(members, replies) {
            switch reply {
            case .judgements(let judgements):
                let judgement = judgements[index]
                said.append(judgement.verdicts)
                usages.append(judgement.usage)
                votes += judgement.votes
                if !judgement.votes.contains(where: { $0.judge == member.id }) {
                    votes += judgement.verdicts.map {
                        Vote(
                            judge: member.id, first: $0.first, second: $0.second, verdict: $0.verdict,
                            preference: $0.preference)
                    }
                }
                report.voidVoteCount += judgement.verdicts.count { $0.verdict == .void }
            case .lost(let message):
                said.append(nil)
                votes += pairs.map {
                    Vote(judge: member.id, first: $0.first, second: $0.second, verdict: .void, reason: message)
                }
                report.voidVoteCount += pairs.count
            }
        }
        report.voteCount += members.count * pairs.count
        var judgement = Judgement(
            verdicts: pairs.enumerated().map { place, pair in
                let joined = rule.join(said.map { $0?[place] })
                return PairVerdict(
                    first: pair.first, second: pair.second, verdict: joined.verdict, preference: joined.preference)
            }, votes: votes, usage: JudgeUsage.sum(usages))
        report.voidPairCount += judgement.verdicts.count { $0.verdict == .void }
        report.cycleCount += judgement.tieCycles(answerCount: task.answers.count).groups.count
        return judgement
    }
}

/// Who has left a panel. An actor, since a panel may be asked from several tasks at once.
private actor PanelAttendance {
    /// Why each lost member left, by place.
    private(set) var lost: [Int: String] = [:]

    /// Notes a loss; false where it was known.
    func leave(_ member: Int, _ message: String) -> Bool {
        guard lost[member] == nil else { return false }
        lost[member] = message
        return true
    }
}
