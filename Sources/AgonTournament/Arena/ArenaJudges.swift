import AgonAgents
import AgonCore
import AgonJudging
import AgonTransformer

/// The judges of an arena, loaded: the one that it names or the members of its panel, and the one that gives gold.
struct ArenaJudges: Sendable {
    /// A judge's folder with everything that it names.
    struct Member: Sendable {
        let configuration: JudgeConfiguration
        /// Nil for judges without one.
        let model: ModelFolder?
        /// The model as it judges, packed once for all rounds; nil where there is none, and where it learns.
        let frozen: Transformer?
        let chatTemplate: ChatTemplate?
        /// SHA-256 of the model's weights; empty without one.
        let hash: String
        /// What else of it decides.
        let form: String

        var name: String { configuration.name }

        /// - Parameter refreshes: whether the arena trains its reward models.
        init(folder: String, kernels: Kernels, refreshes: Bool) throws {
            configuration = try JudgeConfiguration(folder: folder)
            guard configuration.isModel else {
                (model, frozen, chatTemplate, hash) = (nil, nil, nil, "")
                form = try configuration.decidingText + (configuration.command.map { try FileHash.files($0.files) } ?? "")
                guard configuration.kind != .panel else { return }
                // What this machine lacks for it is found now.
                _ = try Judges.judge(
                    configuration, model: nil, transformer: nil, chatTemplate: nil, threads: 1, kernels: kernels, options: JudgingOptions())
                return
            }
            let model = try configuration.loadModel()
            self.model = model
            frozen = refreshes && configuration.kind == .rewardModel
                ? nil : Transformer(model.parameters, kernels: kernels, weights: configuration.weights)
            chatTemplate = try configuration.chatTemplate(of: model)
            hash = try FileHash.weights(in: configuration.model)
            form = try FileHash.form(in: configuration.model, weights: configuration.weights) + configuration.decidingText
        }

        /// An answer as a reward model reads it; nil where it cannot.
        func tokens(prompt: String, answer: String) -> [Int32]? {
            model.flatMap {
                RewardModel.tokens(
                    prompt: prompt, answer: answer, tokenizer: $0.tokenizer, config: $0.config, chatTemplate: chatTemplate)
            }
        }
    }

    /// The panel's own configuration; nil where one judge judges alone.
    let panel: JudgeConfiguration?
    /// The panel's members, or the judge alone; empty where the referee or the gold answer decides.
    let members: [Member]
    /// Who says what is true in canary rooms; nil where the prompts do, or people.
    let gold: Member?

    /// Members that are reward models, the kind that may learn.
    var learning: [Member] { members.filter { $0.configuration.kind == .rewardModel } }

    /// The first that runs answers against tests: then the prompts' answers are tests, and what passes all of them is right.
    var tester: Member? { (members + (gold.map { [$0] } ?? [])).first { $0.configuration.kind == .tests } }

    /// How programs are kept apart from this machine, where any are sealed.
    var sealingSentence: String? {
        (members + (gold.map { [$0] } ?? [])).compactMap(\.configuration.sealingSentence).first
    }

    init(_ settings: ArenaConfiguration.JudgeSettings, arena file: String, kernels: Kernels) throws {
        gold = if case .judge(let folder) = settings.gold {
            try Member(folder: folder, kernels: kernels, refreshes: false)
        } else {
            nil
        }
        if let gold, gold.configuration.kind == .panel {
            throw AgentError(.badValue, "\(file): `judge.gold` names \(gold.configuration.file), a panel: name one judge.")
        }
        guard !settings.folder.isEmpty else {
            (panel, members) = (nil, [])
            return
        }
        let judge = try JudgeConfiguration(folder: settings.folder)
        guard judge.kind.rawValue == settings.kind.rawValue else {
            throw AgentError(
                .badValue,
                "\(file): `judge.kind` is \(settings.kind.rawValue), but \(judge.file) is a judge of kind \(judge.kind.rawValue): make them agree.")
        }
        try Self.checkStyle(of: judge, settings, arena: file)
        panel = judge.kind == .panel ? judge : nil
        members = try (judge.kind == .panel ? judge.members : [settings.folder]).map {
            try Member(folder: $0, kernels: kernels, refreshes: settings.refreshStepCount > 0)
        }
        if let nested = members.first(where: { $0.configuration.kind == .panel }) {
            throw AgentError(.badValue, "\(judge.file): member `\(nested.name)` is a panel itself: name its members instead.")
        }
    }

    /// Not every style of asking a language model reads which pairs it is asked about, and how.
    private static func checkStyle(
        of judge: JudgeConfiguration, _ settings: ArenaConfiguration.JudgeSettings, arena file: String
    ) throws {
        guard let style = judge.languageModel?.options.style, style != .pairwise else { return }
        if settings.options.pairing != .all {
            throw AgentError(.badValue, "\(file): nothing would read `judge.pairing`: \(judge.file) has `style: \(style.rawValue)`, which asks about no pairs.")
        }
        if style == .pointwise, settings.options.labels != .hard {
            throw AgentError(.badValue, "\(file): nothing would read `judge.labels`: \(judge.file) has `style: pointwise`, which compares nothing.")
        }
    }
}
