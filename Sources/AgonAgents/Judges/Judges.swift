public import AgonCore
public import AgonJudging
public import AgonTransformer

/// How a judge goes about a room of several answers.
public struct JudgingOptions: Sendable, Hashable {
    /// Which pairs are asked, by judges that see order.
    public var pairing: AnswerPairing
    /// Whether verdicts carry how sure they are.
    public var labels: PairLabels

    public init(pairing: AnswerPairing = .all, labels: PairLabels = .hard) {
        self.pairing = pairing
        self.labels = labels
    }
}

/// Folders made judges.
public enum Judges {
    /// The judge of a folder, ready to be asked.
    ///
    /// - Parameters:
    ///   - threads: that one call may use; no verdict depends on them.
    ///   - kernels: the path that models compute on; nil takes the process's.
    ///   - onLoss: told of members that leave a panel.
    /// - Throws: `AgentError` or `TransformerError`, one sentence naming the file.
    public static func load(
        _ folder: String, threads: Int, kernels: Kernels? = nil, options: JudgingOptions = JudgingOptions(labels: .soft),
        onLoss: @escaping @Sendable (PanelLoss) -> Void = { _ in }
    ) throws -> any Judge {
        let configuration = try JudgeConfiguration(folder: folder)
        func made(_ configuration: JudgeConfiguration) throws -> any Judge {
            let model = configuration.isModel ? try configuration.loadModel() : nil
            return try judge(
                configuration, model: model, transformer: nil,
                chatTemplate: model.flatMap { try configuration.chatTemplate(of: $0) },
                threads: threads, kernels: kernels ?? .current, options: options)
        }
        guard configuration.kind == .panel else { return try made(configuration) }
        let members = try configuration.members.map { folder in
            let member = try JudgeConfiguration(folder: folder)
            guard member.kind != .panel else {
                throw AgentError(.badValue, "\(configuration.file): member `\(member.name)` is a panel itself: name its members instead.")
            }
            return try made(member)
        }
        return panel(
            id: JudgeID(name: configuration.name), members: members, rule: configuration.rule, experience: PanelExperience(),
            onLoss: onLoss)
    }

    /// One judge, with what it needs loaded.
    ///
    /// - Parameters:
    ///   - model: its model's folder, and the chat template that it reads through; nil for judges without.
    ///   - transformer: the model where it is packed already; nil packs it.
    /// - Precondition: it is no panel.
    public static func judge(
        _ configuration: JudgeConfiguration, model: ModelFolder?, transformer: Transformer?, chatTemplate: ChatTemplate?,
        threads: Int, kernels: Kernels, options: JudgingOptions
    ) throws -> any Judge {
        let id = JudgeID(name: configuration.name)
        func loaded() -> ModelFolder {
            guard let model else { preconditionFailure("judge \(configuration.name) needs a model") }
            return model
        }
        func packed() -> Transformer {
            transformer ?? Transformer(loaded().parameters, kernels: kernels, weights: configuration.weights)
        }
        switch configuration.kind {
        case .exact: return ExactJudge.judge(id: id, mode: configuration.exactMode)
        case .rewardModel:
            let judge = RewardModel(
                id: id, transformer: packed(), tokenizer: loaded().tokenizer, chatTemplate: chatTemplate, threads: threads
            ).judge(tieMargin: configuration.tieMargin)
            return configuration.temperature.map { CalibratedJudge(judge, temperature: $0) } ?? judge
        case .policy:
            let comparer = try PolicyComparer(configuration, folder: loaded(), transformer: packed(), threads: threads)
            return BothOrdersJudge(id: id, labels: options.labels, pairing: options.pairing, comparer: comparer)
        case .llm:
            guard let model = configuration.languageModel else { preconditionFailure("judge \(configuration.name) has no endpoint") }
            return try model.judge(id: id, labels: options.labels, pairing: options.pairing)
        case .tests:
            guard let tests = configuration.answerTests else { preconditionFailure("judge \(configuration.name) has no tests") }
            return try tests.judge(id: id)
        case .command:
            guard let command = configuration.command else { preconditionFailure("judge \(configuration.name) has no command") }
            return try command.judge(id: id, labels: options.labels, pairing: options.pairing)
        case .panel: preconditionFailure("a panel is made of its members")
        }
    }

    /// Several judges as one, by what canaries and earlier votes say of them.
    public static func panel(
        id: JudgeID, members: [any Judge], rule: JudgePanelRule, experience: PanelExperience,
        onLoss: @escaping @Sendable (PanelLoss) -> Void
    ) -> PanelJudge {
        let rule: PanelRule = switch rule {
        case .majority: .majority
        case .mean: .mean
        case .weighted: .weighted(members.map { experience.accuracies[$0.id.name, default: JudgeAccuracy()].weight })
        case .dawidSkene: .dawidSkene(DawidSkene(experience.items, judgeCount: members.count))
        }
        return PanelJudge(id: id, members: members, rule: rule, onLoss: onLoss)
    }
}

/// What is known of a panel's members from earlier rooms, by their names: a member that learned is still the same member.
public struct PanelExperience: Sendable {
    /// How often each was right on canaries.
    public var accuracies: [String: JudgeAccuracy]
    /// Votes on earlier pairs, in the order of the members, canaries with their truth.
    public var items: [DawidSkene.Item]

    public init(accuracies: [String: JudgeAccuracy] = [:], items: [DawidSkene.Item] = []) {
        self.accuracies = accuracies
        self.items = items
    }
}
