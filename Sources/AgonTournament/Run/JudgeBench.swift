import AgonAgents
import AgonCore
import AgonGames
import AgonJudging
import AgonStore
import AgonTransformer
import Synchronization

/// Makes the judge that a room is brought to: the arena's, with the newest weights of those that learn and with what
/// canaries say of a panel's members.
///
/// Judges that do not learn are made once, so that they keep their connections. A member that left the panel stays away for
/// the rest of the run, however often that is started: else whether a process died would decide who judges.
final class JudgeBench: Sendable {
    private let arena: Arena
    private let threads: Int
    /// By name.
    private let fixed: [String: any Judge]
    /// Who says what is true in canary rooms, where a judge does.
    let gold: (any Judge)?
    private let lost: Mutex<[String: Loss]>
    private let onLoss: @Sendable (PanelLoss) -> Void

    /// Why a member is away, and whether the store knows.
    private struct Loss {
        let sentence: String
        var isStored: Bool
    }

    /// - Parameters:
    ///   - losses: the members that left in earlier rounds.
    ///   - onLoss: told once of each member that leaves a panel.
    init(
        arena: Arena, threads: Int, losses: [JudgeLossRecord] = [], onLoss: @escaping @Sendable (PanelLoss) -> Void = { _ in }
    ) throws {
        self.arena = arena
        self.threads = threads
        self.onLoss = onLoss
        let away = losses.map { ($0.judge, Loss(sentence: $0.sentence, isStored: true)) }
        lost = Mutex(Dictionary(away, uniquingKeysWith: { first, _ in first }))
        let options = arena.configuration.judge.options
        func made(_ member: ArenaJudges.Member) throws -> any Judge {
            try Judges.judge(
                member.configuration, model: member.model, transformer: member.frozen, chatTemplate: member.chatTemplate, threads: threads,
                kernels: arena.kernels, options: options)
        }
        fixed = try Dictionary(
            uniqueKeysWithValues: arena.judges.members.filter { $0.model == nil || $0.frozen != nil }
                .map { ($0.name, try made($0)) })
        gold = try arena.judges.gold.map(made)
    }

    /// - Parameter learned: the weights of the members that are reward models.
    func judge(_ learned: [RunState.LearnedJudge], experience: PanelExperience = PanelExperience()) -> any Judge {
        guard !arena.judges.members.isEmpty else { return rule }
        let members = arena.judges.members.map { member in self.member(member, learned) }
        guard let panel = arena.judges.panel else { return members[0] }
        // A panel changes when a member does: its version counts all their refreshes.
        let id = JudgeID(name: panel.name, version: learned.reduce(0) { $0 + $1.id.version })
        return Judges.panel(id: id, members: members, rule: panel.rule, experience: experience) { loss in
            let isNew = self.lost.withLock { lost in
                guard lost[loss.judge.name] == nil else { return false }
                lost[loss.judge.name] = Loss(sentence: loss.message, isStored: false)
                return true
            }
            if isNew { self.onLoss(loss) }
        }
    }

    /// The members that left since this was last asked, for the store.
    func losses(round: Int) -> [JudgeLossRecord] {
        lost.withLock { lost in
            let new = lost.filter { !$0.value.isStored }.sorted { $0.key < $1.key }
            for (name, _) in new { lost[name]?.isStored = true }
            return new.map { JudgeLossRecord(round: round, judge: $0.key, sentence: $0.value.sentence) }
        }
    }

    private func member(_ member: ArenaJudges.Member, _ learned: [RunState.LearnedJudge]) -> any Judge {
        if let loss = lost.withLock({ $0[member.name] }) { return LostJudge(id: JudgeID(name: member.name), message: loss.sentence) }
        if let judge = fixed[member.name] { return judge }
        guard let weights = learned.first(where: { $0.id.name == member.name }), let model = member.model else {
            preconditionFailure("judge \(member.name) has no weights")
        }
        // What a temperature was fitted to is gone once the judge learns.
        return RewardModel(
            id: weights.id,
            transformer: Transformer(weights.parameters, kernels: arena.kernels, weights: member.configuration.weights),
            tokenizer: model.tokenizer, chatTemplate: member.chatTemplate, threads: threads
        ).judge(tieMargin: member.configuration.tieMargin)
    }

    /// The judge of an arena that names no folder.
    private var rule: any Judge {
        guard let game = arena.game else { return ExactJudge.judge(id: JudgeID(name: "exact"), mode: .string) }
        return ScoringJudge(id: JudgeID(name: "referee"), needsReference: false, tieMargin: 0) { tasks in
            tasks.map { task in
                let scores = task.answers.first.flatMap { game.scores(opening: task.prompt, transcript: $0) }
                return task.answers.indices.map { seat in scores?[seat] }
            }
        }
    }
}

/// A member that left the panel: it says so again.
struct LostJudge: Judge {
    let id: JudgeID
    let message: String
    let needsReference = false

    func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] { throw JudgingError(.memberLost, message) }
}
