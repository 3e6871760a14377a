import AgonAgents
import AgonJudging
import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// Whether a file or folder is usable, and what it is.
public struct CheckResult: Sendable, Hashable, Codable {
    public var path: String
    public var kind: Catalog.Kind
    public var isUsable: Bool
    /// One sentence: what it is, or what is wrong with it and what to do.
    public var message: String
}

extension Catalog {
    /// Everything in the project, in the order agents, arenas, judges, pretraining files.
    public func everything() -> [String] { Kind.allCases.flatMap { paths($0) } }

    /// What stands at a path: the thing itself, or in a folder of things each of them.
    /// - Throws: `configuration` where nothing in it is of a known kind.
    public func things(at path: String) throws(TournamentError) -> [(path: String, kind: Kind)] {
        guard Catalog.isFolder(path) else { return [(Catalog.thing(file: path))] }
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let manager = FileManager.default
        if manager.fileExists(atPath: path + "/agent.yaml") { return [(path, .agent)] }
        if manager.fileExists(atPath: path + "/judge.yaml") { return [(path, .judge)] }
        let parent = (path.parentFolder as NSString).lastPathComponent
        if let kind = Kind.allCases.first(where: { $0.isFolder && $0.folder == parent }) { return [(path, kind)] }
        if let kind = Kind.allCases.first(where: { $0.isFolder && $0.folder == (path as NSString).lastPathComponent }) {
            return Catalog.paths(kind, in: path).map { ($0, kind) }
        }
        let files = Catalog.paths(.arena, in: path)
        guard !files.isEmpty else {
            throw TournamentError(
                .configuration,
                "\(path) is neither an agent (agent.yaml), nor a judge (judge.yaml), nor a folder of arenas or pretraining files.")
        }
        return files.map { Catalog.thing(file: $0) }
    }

    /// Loads a thing and everything that it names, without running it.
    public func check(_ path: String, as kind: Kind) -> CheckResult {
        do {
            let message = switch kind {
            case .agent: try Catalog.agent(path)
            case .arena: try Catalog.arena(path)
            case .judge: try Catalog.judge(path)
            case .pretraining: try Catalog.pretraining(path)
            }
            return CheckResult(path: path, kind: kind, isUsable: true, message: message)
        } catch {
            return CheckResult(path: path, kind: kind, isUsable: false, message: "\(error)")
        }
    }

    /// A YAML file's kind by its name, else by the kind that knows most of its keys, else by its folder.
    private static func thing(file: String) -> (path: String, kind: Kind) {
        let folder = file.parentFolder
        switch (file as NSString).lastPathComponent {
        case "agent.yaml": return (folder.isEmpty ? "." : folder, .agent)
        case "judge.yaml": return (folder.isEmpty ? "." : folder, .judge)
        default: break
        }
        let text = (try? TextFile.read(file, limit: ConfigurationReader.byteLimit)) ?? ""
        let keys = ConfigurationReader.topKeys(in: text)
        func known(_ section: Section) -> Int { section.keys.count { keys.contains($0.name) } }
        let (arena, pretraining) = (known(ArenaKeys.section), known(PretrainingConfiguration.section))
        if arena != pretraining { return (file, arena > pretraining ? .arena : .pretraining) }
        return (file, (folder as NSString).lastPathComponent == Kind.pretraining.folder ? .pretraining : .arena)
    }

    private static func agent(_ path: String) throws -> String {
        let agent = try AgentConfiguration(folder: path)
        switch agent.kind {
        case .scripted(let strategy, let skill):
            if !agent.answersFile.isEmpty {
                let count = try FixedAnswers(path: agent.answersFile).answers.count
                return "scripted agent \(agent.name) with \(ReportNumber.count(count)) fixed answers."
            }
            return "scripted agent \(agent.name) with strategy \(strategy)\(strategy == "noisy_expert" ? " and skill \(skill)" : "")."
        case .transformer(let folder):
            let model = try ModelFolder.load(folder)
            guard model.config.head == .language else { throw Arena.noLanguageModel(agent, folder) }
            let manner = try agent.chatTemplate(of: model) == nil ? "" : ", asked through its chat template"
            return "transformer agent \(agent.name) with \(weights(model, agent.weights)) from \(standardized(folder))\(manner)."
        case .process(let process):
            _ = try agent.outsidePolicy(game: nil)
            return "process agent \(agent.name): \(process.sentence), with the machine as its user has it."
        case .endpoint(let endpoint):
            _ = try agent.outsidePolicy(game: nil)
            return "endpoint agent \(agent.name): \(endpoint.sentence)."
        }
    }

    private static func arena(_ path: String) throws -> String {
        let arena = try Arena(file: path)
        try arena.checkMemory(.allCores)
        let (all, learning) = (arena.entrants.count, arena.learners.count)
        let settings = arena.configuration
        let memory = try arena.memoryPlan(.allCores)
        return "arena \(settings.name), \(settings.contestText): \(all) agents, \(learning) of them learn; "
            + "\(settings.roundCount) rounds of \(arena.roomsPerRound) rooms, judged by \(settings.judgeText). "
            + formats(arena) + (memory.total > 0 ? "It takes at most \(memory.text)." : "It takes no memory for models.") + sealing(arena.judges.sealingSentence)
    }

    private static func judge(_ path: String) throws -> String {
        let judge = try JudgeConfiguration(folder: path)
        _ = try Judges.load(path, threads: 1)
        let members = try judge.members.map(JudgeConfiguration.init(folder:))
        return try sentence(judge) + sealing(([judge] + members).compactMap(\.sealingSentence).first)
    }

    /// What is enforced on the programs that are run, and what is not.
    private static func sealing(_ sentence: String?) -> String { sentence.map { " \($0)" } ?? "" }

    private static func sentence(_ judge: JudgeConfiguration) throws -> String {
        switch judge.kind {
        case .exact: return "judge \(judge.name) by gold, as a \(judge.exactMode.rawValue)."
        case .panel:
            let members = judge.members.map(AgentConfiguration.name(ofFolder:)).joined(separator: ", ")
            return "panel \(judge.name) of \(members), joined by \(judge.rule.rawValue)."
        case .llm:
            return "llm judge \(judge.name), \(judge.languageModel?.sentence ?? "")."
        case .tests:
            return "judge \(judge.name) by tests: \(judge.answerTests?.sentence ?? "")."
        case .command:
            return "command judge \(judge.name): \(judge.command?.sentence ?? "")."
        case .rewardModel, .policy: break
        }
        let model = try judge.loadModel()
        let manner = try judge.chatTemplate(of: model) == nil ? "" : ", which reads through its chat template"
        return "\(judge.kind == .policy ? "policy " : "")judge \(judge.name) with \(weights(model, judge.weights)) from "
            + "\(standardized(judge.model))\(manner)."
    }

    private static func pretraining(_ path: String) throws -> String {
        let plan = try PretrainingPlan(Pretraining(PretrainingConfiguration(file: path)))
        return "pretraining of a \(plan.kind) with \(ReportNumber.count(plan.parameterCount)) parameters in "
            + "\(plan.stepCount) steps, into \(standardized(plan.output))."
    }

    private static func weights(_ model: ModelFolder, _ format: WeightFormat) -> String {
        "\(ReportNumber.count(ParameterLayout(model.config).count)) parameters"
            + (format == .float32 ? "" : " held as \(format.rawValue)")
    }

    /// Sentences for all whose weights or products are not float32; empty where there are none.
    private static func formats(_ arena: Arena) -> String {
        var held = arena.entrants.compactMap { entrant -> String? in
            guard let format = arena.starts[entrant.name]?.weights, format != .float32 else { return nil }
            return "\(entrant.name) as \(format.rawValue)"
        }
        for judge in arena.judges.members.map(\.configuration) where judge.isModel && judge.weights != .float32 {
            held.append("judge \(judge.name) as \(judge.weights.rawValue)")
        }
        return (held.isEmpty ? "" : "Weights are held: \(held.joined(separator: ", ")). ") + products(arena)
    }

    /// Says whose training multiplies in bf16: that of learners whose weights are float32.
    private static func products(_ arena: Arena) -> String {
        guard arena.configuration.training.usesBfloat16 else { return "" }
        let rounded = arena.learners.filter { arena.starts[$0]?.weights == .float32 }
        let whose = rounded.count == arena.learners.count ? "" : " of \(rounded.joined(separator: ", "))"
        return "Training\(whose) multiplies in bf16. "
    }
}
