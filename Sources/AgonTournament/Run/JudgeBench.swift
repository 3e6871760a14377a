import AgonAgents
import AgonCore
import AgonGames
import AgonJudging
import AgonTransformer
import Synchronization

/// Makes the judge that a room is brought to: the arena's, with the newest weights of those that learn and with what
/// canaries say of a panel's members.
///
/// Judges that do not learn are made once, so that they keep their connections, and a member that left the panel stays
/// away until the run is started again.
final class JudgeBench: Sendable {
    private let arena: Arena
    private let threads: Int
    /// By name.
    private let fixed: [String: any Judge]
    /// Who says what is true in canary rooms, where a judge does.
    let gold: (any Judge)?
    private let lost = Mutex<[String: String]>([:])
    private let onLoss: @Sendable (PanelLoss) -> Void

    /// - Parameter onLoss: told once of each member that leaves a panel.
    init(arena: Arena, threads: Int, onLoss: @escaping @Sendable (PanelLoss) -> Void = { _ in }) throws {
        self.arena = arena
        self.threads = threads
        self.onLoss = onLoss
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
            let isNew = self.lost.withLock { $0.updateValue(loss.message, forKey: loss.judge.name) == nil }
            if isNew { self.onLoss(loss) }
        }
    }

    private func member(_ member: ArenaJudges.Member, _ learned: [RunState.LearnedJudge]) -> any Judge {
        if let message = lost.withLock({ $0[member.name] }) { return LostJudge(id: JudgeID(name: member.name), message: message) }
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

    func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] { throw JudgingError(.panelLost, message) }
}
