import AgonAgents
public import AgonCore
import AgonGames
import AgonJudging
import AgonTraining
import AgonTransformer
import Foundation

/// An arena with everything it names loaded and checked, before anything starts.
public struct Arena: Sendable {
    public let configuration: ArenaConfiguration
    /// Who takes part, in the file's order.
    public let entrants: [Entrant]
    let agents: [String: AgentConfiguration]
    /// The models that transformer agents start from, by agent. Agents of one base share its memory.
    let models: [String: ModelFolder]
    /// The chat templates of the agents that are asked through one.
    let chatTemplates: [String: ChatTemplate]
    /// Version 0 of each transformer agent. Views of one base share its memory.
    let starts: [String: Transformer]
    /// The adapters that agents come with.
    let adapters: [String: Adapter]
    /// What the agents with `strategy: fixed` say.
    let fixedAnswers: [String: FixedAnswers]
    /// SHA-256 of each agent's weights file, joined with that of its adapter, or of its program or its fixed answers; empty for other scripted agents.
    let modelHashes: [String: String]
    /// SHA-256 of the config and tokenizer of each agent's model, and the format of its weights where it is narrow.
    let modelForms: [String: String]
    /// The agents whose answers come from outside this process.
    var outsiders: [String: any OutsidePolicy]
    let judges: ArenaJudges
    let prompts: any PromptSource
    let game: (any Game)?
    /// Whether a prompt's answers can be checked against gold by comparing.
    let hasGold: Bool
    /// Whether each prompt has something that judges can go by: gold, or tests.
    private let hasReferences: Bool
    /// The task whose gold this is; nil for games and prompt files.
    let task: (any PromptTask)?
    let promptFile: PromptFile?
    /// The kernel path that this process computes on.
    let kernels: Kernels

    /// Loads an arena and everything it names.
    /// - Throws: `AgentError`, `TransformerError` or `TournamentError`, one sentence naming the file.
    public init(file: String) throws { try self.init(ArenaConfiguration(file: file)) }

    /// Loads everything that a configuration names.
    /// - Throws: as `init(file:)`.
    public init(_ configuration: ArenaConfiguration) throws {
        let file = configuration.file
        self.configuration = configuration
        kernels = try Kernels.current
        let contest = try Contest(configuration)
        (prompts, game, task, promptFile, hasReferences) = (contest.prompts, contest.game, contest.task, contest.file, contest.hasGold)

        var agents: [String: AgentConfiguration] = [:]
        var models: [String: ModelFolder] = [:]
        var chatTemplates: [String: ChatTemplate] = [:]
        var hashes: [String: String] = [:]
        var forms: [String: String] = [:]
        var bases = Bases(kernels: kernels)
        var starts: [String: Transformer] = [:]
        var adapters: [String: Adapter] = [:]
        var fixed: [String: FixedAnswers] = [:]
        for name in configuration.agents {
            let folder = ArenaConfiguration.sibling("agents", name, of: file)
            guard FileManager.default.fileExists(atPath: folder) else {
                throw Arena.missingAgent(name, folder, file)
            }
            let agent = try AgentConfiguration(folder: folder)
            agents[agent.name] = agent
            hashes[agent.name] = try Arena.programHash(agent)
            if !agent.answersFile.isEmpty {
                let answers = try FixedAnswers(path: agent.answersFile)
                (fixed[agent.name], hashes[agent.name]) = (answers, answers.hash)
            }
            guard case .transformer(let path) = agent.kind else { continue }
            let (model, base) = try bases.load(path, agent.weights)
            guard model.config.head == .language else {
                throw Arena.noLanguageModel(agent, path)
            }
            models[agent.name] = model
            chatTemplates[agent.name] = try agent.chatTemplate(of: model)
            starts[agent.name] = base
            hashes[agent.name] = try FileHash.weights(in: path)
            forms[agent.name] = try FileHash.form(in: path, weights: agent.weights)
            guard let (adapter, hash) = try Arena.adapter(of: agent, model) else { continue }
            adapters[agent.name] = adapter
            starts[agent.name] = base.adapted(by: adapter)
            hashes[agent.name, default: ""] += " " + hash
        }
        self.agents = agents
        self.models = models
        self.chatTemplates = chatTemplates
        self.starts = starts
        self.adapters = adapters
        fixedAnswers = fixed
        (modelHashes, modelForms) = (hashes, forms)
        outsiders = try Arena.outsiders(agents, game: game)
        entrants = zip(configuration.agents, configuration.agentNames).map { path, name in
            let role: Entrant.Role = models[name] == nil ? .scripted : configuration.anchors.contains(path) ? .anchor : .learner
            return Entrant(name: name, role: role, tier: agents[name]?.tier ?? "", owner: agents[name]?.owner ?? "")
        }
        judges = try ArenaJudges(configuration.judge, arena: file, kernels: kernels)
        hasGold = hasReferences && judges.tester == nil
        try checkTogether()
        try checkPlayability()
        try checkMemory(TournamentOptions(threads: 1))
        releaseMatrices()
    }

    static func noLanguageModel(_ agent: AgentConfiguration, _ model: String) -> AgentError {
        AgentError(.badModel, "\(agent.file):\(agent.sourceLine): \(model) is a judge's model (it has a score head): an agent needs a language model.")
    }

    private static func missingAgent(_ name: String, _ folder: String, _ file: String) -> AgentError {
        let siblings = try? FileManager.default.contentsOfDirectory(atPath: folder.parentFolder)
        let hint = NearestName.of((folder as NSString).lastPathComponent, among: siblings ?? [])
            .map { "did you mean `\($0)`?" } ?? "create it, for example with `agon new agent \(name) --from AGENT`."
        return AgentError(.badValue, "\(file): agent `\(name)` has no folder \(folder): \(hint)")
    }

    /// What needs the loaded parts to be checked.
    private func checkTogether() throws {
        let file = configuration.file
        try checkAdapters()
        try checkWeights()
        guard entrants.count > 1 else {
            throw AgentError(.badValue, "\(file): an arena needs at least two agents.")
        }
        let judge = configuration.judge
        if judge.options.labels == .soft, !configuration.training.method.takesSoftLabels {
            throw AgentError(.badValue, "\(file): `judge.labels` is soft, but nothing would read the labels: use `training.algorithm: dpo` with loss_type sigmoid or cdpo, or `labels: hard`.")
        }
        if let tester = judges.tester, promptFile == nil || !hasReferences {
            throw AgentError(.badValue, "\(file): judge `\(tester.name)` runs tests: use `prompts` with a file that gives every line its tests as `answer`.")
        }
        if judges.tester != nil, judge.canaryRoomCount > 0, judge.gold == .answer {
            throw AgentError(.badValue, "\(file): canaries need gold, and these prompts have tests instead: let `judge.gold` name a judge of kind tests, or `votes`.")
        }
        if judge.canaryRoomCount > 0 && judge.gold == .answer || judge.kind == .exact, !hasGold {
            throw AgentError(.badValue, "\(file): canaries and the exact judge need gold: give every line of the prompts file an `answer`\(judge.kind == .exact ? "" : ", or let `judge.gold` name a judge or `votes`").")
        }
        for entrant in entrants where entrant.role == .scripted && outsiders[entrant.name] == nil && game == nil && !hasGold {
            if case .scripted("echo", _)? = agents[entrant.name]?.kind { continue }
            if fixedAnswers[entrant.name] != nil { continue }
            throw AgentError(.badValue, "\(file): scripted agent `\(entrant.name)` answers from gold, which these prompts do not have.")
        }
        try checkStages()
        try checkPromptCount(.gate, configuration.gate.promptCount, "gate")
        try checkPromptCount(.heldOut, configuration.evaluationPromptCount, "evaluation")
        for name in entrants.map(\.name) { try checkReadability(name) }
        if configuration.ahead != nil, outsiders[referencePolicy.agent] != nil {
            throw AgentError(.badValue, "\(file): progress is measured against `\(referencePolicy.agent)`, which cannot be asked while it plays rounds ahead: let a model or a scripted agent be the first anchor, or use `sync_mode: sequential`.")
        }
    }

    /// Fewer distinct prompts than this measure nothing, however often each is asked.
    static let leastPromptCount = 8

    private func checkPromptCount(_ side: PromptSide, _ count: Int, _ key: String) throws(AgentError) {
        let needed = min(count, Arena.leastPromptCount)
        // Draws with replacement repeat prompts however many there are.
        let distinct = promptFile?.count(of: side) ?? Set(prompts.prompts(side, count: needed, seed: Seed(run: 0)).map(\.id)).count
        guard distinct < needed else { return }
        throw AgentError(
            .badValue,
            "\(configuration.file): \(distinct) distinct prompts fall to `\(key)`, at least \(needed) are needed: give more prompts (one in five is held out for `evaluation`, one in five of the rest is the gate's), or set `\(key).prompts` to 0.")
    }

    /// What would otherwise stop the first round.
    private func checkPlayability() throws {
        for entrant in entrants where entrant.role == .scripted {
            _ = try Roster.policy(PolicyID(agent: entrant.name, version: 0), parameters: nil, arena: self, threads: 1)
        }
        guard configuration.judge.canaryRoomCount <= roomsPerRound || roomsPerRound == 0 else {
            throw AgentError(.badValue, "\(configuration.file): `judge.canaries` is \(configuration.judge.canaryRoomCount), but a round has \(roomsPerRound) rooms.")
        }
        guard roomsPerRound > 0 else {
            throw AgentError(.badValue, "\(configuration.file): no room would be played: raise the numbers of rooms in `schedule`.")
        }
        if let judge = judges.members.first(where: { agents[$0.name] != nil }) {
            throw AgentError(
                .badValue,
                "\(configuration.file): judge and agent are both called `\(judge.name)`, so their versions would share a folder: rename one of the folders.")
        }
    }

    /// The policy that ratings and measurements are read against: the first anchor, else the first agent's version 0.
    public var referencePolicy: PolicyID {
        let anchor = configuration.anchors.first.flatMap(configuration.agents.firstIndex(of:)) ?? 0
        return PolicyID(agent: entrants[anchor].name, version: 0)
    }

    /// Each agent's kind, as its file names it.
    public var kinds: [String: String] { agents.mapValues(\.kind.name) }

    /// The agents whose policies train.
    public var learners: [String] { entrants.filter { $0.role == .learner }.map(\.name) }

    /// What the rooms are about, resolved by name.
    private struct Contest {
        var prompts: any PromptSource
        var game: (any Game)?
        var task: (any PromptTask)?
        var file: PromptFile?
        var hasGold: Bool

        init(_ configuration: ArenaConfiguration) throws {
            switch configuration.contest {
            case .game(let name):
                guard let game = Games.named(name) else {
                    throw Contest.unknown("game", name, Games.names, configuration)
                }
                let seats = game.seatCount
                guard configuration.agents.count >= seats else {
                    throw AgentError(.badValue, "\(configuration.file): \(game.name) seats \(seats), but there are \(configuration.agents.count) agents: name more.")
                }
                if seats > 2 {
                    guard case .roundRobin = configuration.schedule else {
                        throw AgentError(.badValue, "\(configuration.file): \(game.name) seats \(seats), and only `schedule.kind: round_robin` fills tables of more than two: choose it.")
                    }
                }
                self.game = game
                (prompts, hasGold) = (OpeningSource(game: game), true)
            case .task(let name):
                guard let task = PromptTasks.named(name) else {
                    throw Contest.unknown("task", name, PromptTasks.names, configuration)
                }
                self.task = task
                (prompts, hasGold) = (TaskSource(task: task), true)
            case .prompts(let path):
                let file = try PromptFile(path: path, drawing: configuration.drawing)
                self.file = file
                (prompts, hasGold) = (file, file.hasGold)
            }
        }

        private static func unknown(_ key: String, _ name: String, _ known: [String], _ configuration: ArenaConfiguration) -> AgentError {
            let hint = NearestName.of(name, among: known).map { "did you mean `\($0)`?" } ?? "known are \(known.joined(separator: ", "))."
            return AgentError(.badValue, "\(configuration.file): there is no \(key) `\(name)`: \(hint)")
        }
    }
}
