public import AgonAgents
public import AgonCore
public import AgonGames
public import AgonJudging
public import AgonTraining
public import AgonTransformer
import Foundation

/// A contest's definition, as its file says it, checked.
public struct ArenaConfiguration: Sendable {
    /// What the rooms are about.
    public enum Contest: Sendable, Hashable {
        case game(String)
        case task(String)
        case prompts(file: String)
    }

    /// Who compares.
    public enum JudgeKind: String, Sendable, CaseIterable {
        case referee, exact, policy, panel, llm, tests, command
        case rewardModel = "reward_model"
    }

    /// Where the truth about canary rooms comes from.
    public enum Gold: Sendable, Hashable {
        /// The prompts' own answers.
        case answer
        /// What people vote on the canary rooms of closed rounds.
        case votes
        /// A judge that is trusted more than the arena's, by its folder.
        case judge(folder: String)
    }

    /// What an answer earns where an algorithm learns from rewards.
    public enum Reward: String, Sendable {
        case rank, score
    }

    /// How the judge judges, is measured and learns.
    public struct JudgeSettings: Sendable {
        public var kind: JudgeKind
        /// The judge's folder, resolved; empty for judges without one.
        public var folder: String
        /// Which pairs of a room are asked, and whether verdicts carry how sure they are.
        public var options: JudgingOptions
        public var gold: Gold
        public var canaryRoomCount: Int
        public var minAccuracy: Double
        /// Rounds of canaries that `minAccuracy` looks at.
        public var window: Int
        public var refreshStepCount: Int
        public var refreshLearningRate: Double
        public var refreshBatchSize: Int
        /// What happens when the judge looks exploited; nil: nobody watches.
        public var alarmAction: AlarmAction?
        public var alarm: RewardHackingAlarm.Options

        /// Pairs of this round's canaries in a step of the refresh, and as many of earlier ones.
        var refreshSideCount: Int { max(1, refreshBatchSize / 2) }
    }

    public var name: String
    public var summary: String
    public var contest: Contest
    public var agents: [String]
    public var anchors: [String]
    public var roundCount: Int
    public var seed: UInt64
    public var maxNewTokens: Int
    /// How prompts of a file are drawn.
    public var drawing: PromptPool.Drawing
    public var schedule: Schedule
    /// The stages that each table is played in; nil: everybody answers, once.
    public var stages: StagePlan?
    public var judge: JudgeSettings
    public var pairSelection: PairSelection
    public var pairRules: PairRules
    public var ownPairsOnly: Bool
    /// How many pairs of a training batch are a learner's own and how many are others'; nil: as `ownPairsOnly` says.
    public var share: BatchMix?
    public var initialRating: Double
    public var eloK: Double
    public var training: TrainingConfiguration
    public var reward: Reward
    /// `missing_eos_penalty`: what an answer loses of it that did not end before the token limit.
    public var missingEosPenalty: Double
    /// Steps between the checkpoints of an update; decides nothing.
    public var saveSteps: Int
    public var gate: Gate
    /// What ends a run before its last round.
    public var until: StopRules
    public var evaluationInterval: Int
    public var evaluationPromptCount: Int
    /// What learners train on their frozen models; nil where they train all weights.
    public var adapter: AdapterConfig?
    /// How rounds are played ahead; nil where each round waits for the one before.
    public var ahead: AsyncSettings?
    var limits: RoundLimits
    /// The file's path, to name in errors.
    public var file: String
    /// The file's text, stored with each run.
    public var text: String

    /// Reads and checks an arena file.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(file: String) throws {
        guard FileManager.default.fileExists(atPath: file) else {
            throw AgentError(.unreadable, "\(file) cannot be read: `agon arenas` lists the arenas there are.")
        }
        let text = try TextFile.read(file, limit: ConfigurationReader.byteLimit)
        try self.init(text: text, file: file)
    }

    /// Checks a text as if it stood in `file`, which need not exist yet.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(text: String, file: String) throws {
        let reader = try ConfigurationReader(text: text, file: file, section: ArenaKeys.section)
        self.file = file
        self.text = text
        name = try reader.text("name")
        guard FolderName.isValid(name) else { throw reader.error("name", FolderName.complaint(name)) }
        guard !ArenaConfiguration.takenNames.contains(name.lowercased()) else {
            throw reader.error("name", "`\(name)` is a folder beside the database already, where the arena's reports would lie: choose another name.")
        }
        summary = try reader.text("description")
        contest = try ArenaConfiguration.contest(reader)
        agents = try reader.list("agents")
        anchors = try reader.list("anchors")
        roundCount = try reader.integer("rounds")
        seed = UInt64(try reader.integer("seed"))
        maxNewTokens = try reader.integer("max_new_tokens")
        drawing = PromptPool.Drawing(rawValue: try reader.text("drawing")) ?? .withoutReplacement
        schedule = try ScheduleKeys.read(reader.reader("schedule"), rounds: reader.has("rounds") ? roundCount : nil)
        stages = try StageKeys.read(reader.reader("stages"))
        judge = try ArenaConfiguration.judge(reader.reader("judge"), arena: file)
        let pairs = try reader.reader("pairs")
        guard let selection = PairSelection(rawValue: try pairs.text("select")) else {
            throw pairs.error("select", "this selection is not known.")
        }
        pairSelection = selection
        ownPairsOnly = try pairs.text("from") == "own"
        pairRules = try ArenaConfiguration.pairRules(pairs)
        let rating = try reader.reader("rating")
        initialRating = try rating.number("initial")
        eloK = try rating.number("k")
        let training = try reader.reader("training")
        self.training = try TrainingKeys.read(training)
        adapter = try AdapterKeys.read(training)
        reward = Reward(rawValue: try training.text("reward")) ?? .rank
        missingEosPenalty = try training.number("missing_eos_penalty")
        saveSteps = try training.integer("save_steps")
        share = try ShareKeys.read(reader, self.training)
        gate = try GateKeys.read(reader.reader("gate"))
        until = try StopRules(reader.reader("until"))
        let evaluation = try reader.reader("evaluation")
        evaluationInterval = try evaluation.integer("every")
        evaluationPromptCount = try evaluation.integer("prompts")
        ahead = try AsyncSettings.read(reader)
        let limits = try reader.reader("limits")
        self.limits = RoundLimits(maxVoidShare: try limits.number("voids"), maxForfeitShare: try limits.number("forfeits"))
        try checkTogether(reader)
    }
}

extension ArenaConfiguration {
    /// Folders beside the database that are no arena's, in lower case: some file systems take case for nothing.
    private static let takenNames: Set<String> = ["versions", "training", "queries", "errors", "keys"]

    private static func contest(_ reader: ConfigurationReader) throws -> Contest {
        let game = try reader.text("game")
        let task = try reader.text("task")
        let prompts = try reader.text("prompts")
        guard [game, task, prompts].count(where: { !$0.isEmpty }) == 1 else {
            throw reader.error("name", "give exactly one of `game`, `task` and `prompts`.")
        }
        if !game.isEmpty { return .game(game) }
        if !task.isEmpty { return .task(task) }
        return .prompts(file: path(prompts, besides: reader.file))
    }

    private static func pairRules(_ reader: ConfigurationReader) throws -> PairRules {
        let similarity = try reader.number("max_similarity")
        let (ratio, cap) = (try reader.number("max_length_ratio"), try reader.integer("max_per_agent"))
        guard ratio == 0 || ratio >= 1 else {
            throw reader.error("max_length_ratio", "the longer side has at least as many tokens as the shorter: 0 is off, or give 1 or more.")
        }
        return PairRules(
            minimumScoreMargin: try reader.number("min_score_margin"), minimumPointsMargin: try reader.number("min_margin"),
            nearDuplicate: similarity < 1 ? NearDuplicateRule(threshold: similarity) : nil,
            maximumLengthRatio: ratio >= 1 ? ratio : nil, agentCap: cap > 0 ? cap : nil)
    }

    private static func judge(_ reader: ConfigurationReader, arena: String) throws -> JudgeSettings {
        guard let kind = JudgeKind(rawValue: try reader.text("kind")),
            let labels = PairLabels(rawValue: try reader.text("labels"))
        else { throw reader.error("kind", "this judge is not known.") }
        let folder = try reader.text("folder")
        if folder.isEmpty, kind != .referee, kind != .exact {
            throw reader.error("kind", "a \(kind.rawValue) judge needs `folder:`, a folder under `judges/`.")
        }
        let pairing: AnswerPairing = switch try reader.text("pairing") {
        case "sort": .sort
        case "budget": .budget(try reader.integer("pair_budget"))
        default: .all
        }
        let gold: Gold = switch try reader.text("gold") {
        case "answer": .answer
        case "votes": .votes
        case let name: .judge(folder: sibling("judges", name, of: arena))
        }
        let refresh = try reader.reader("refresh")
        let alarm = try reader.reader("alarm")
        return JudgeSettings(
            kind: kind, folder: folder.isEmpty ? "" : sibling("judges", folder, of: arena),
            options: JudgingOptions(pairing: pairing, labels: labels), gold: gold,
            canaryRoomCount: try reader.integer("canaries"),
            minAccuracy: try reader.number("min_accuracy"), window: try reader.integer("window"),
            refreshStepCount: try refresh.integer("steps"), refreshLearningRate: try refresh.number("learning_rate"),
            refreshBatchSize: try refresh.integer("batch_size"),
            alarmAction: AlarmAction(rawValue: try alarm.text("action")),
            alarm: RewardHackingAlarm.Options(
                falseAlarmRate: try alarm.number("false_alarm_rate"), accuracyTolerance: try alarm.number("accuracy_tolerance"),
                divergenceTolerance: try alarm.number("divergence_tolerance"),
                lengthTolerance: try alarm.number("length_tolerance"), markerTolerance: try alarm.number("marker_tolerance")))
    }

    /// What single keys cannot say: keys that contradict one another.
    private func checkTogether(_ reader: ConfigurationReader) throws {
        guard !agents.isEmpty else { throw reader.error("agents", "an arena needs at least two agents.") }
        let names = agentNames
        if let twice = names.first(where: { name in names.count(where: { $0 == name }) > 1 }) {
            throw reader.error("agents", "agent `\(twice)` stands twice in `agents`: copy its folder under another name.")
        }
        for anchor in anchors where !agents.contains(anchor) {
            let hint = NearestName.of(anchor, among: agents).map { ": did you mean `\($0)`?" } ?? ": add it to `agents`."
            throw reader.error("anchors", "anchor `\(anchor)` is not among `agents`\(hint)")
        }
        let isGame = if case .game = contest { true } else { false }
        let judgeReader = try reader.reader("judge")
        if isGame != (judge.kind == .referee) {
            throw judgeReader.error("kind", isGame ? "a game is judged by its `referee`." : "`referee` judges games; use another kind for prompts, such as `exact` or `reward_model`.")
        }
        if judge.refreshStepCount > 0, ![.rewardModel, .panel].contains(judge.kind) || judge.canaryRoomCount == 0 {
            throw judgeReader.error("kind", "`refresh` needs a reward_model judge, or a panel with one, and `canaries` to learn from.")
        }
        let scheduleReader = try reader.reader("schedule")
        if isGame, case .freeForAll = schedule {
            throw scheduleReader.error("kind", "a game has a fixed number of seats: use another kind, such as `round_robin`.")
        }
        try ScheduleKeys.check(scheduleReader, agents: agentNames)
        if case .freeForAll(let rooms, _) = schedule, judge.canaryRoomCount > rooms {
            throw judgeReader.error("canaries", "`canaries` is \(judge.canaryRoomCount), but a round has \(rooms) rooms.")
        }
        if isGame, reader.has("max_new_tokens") {
            throw reader.error("max_new_tokens", "the game says how long a move is: remove `max_new_tokens`.")
        }
        if share != nil, isGame || stages != nil {
            throw reader.error("share", "rollouts are shared as answers to prompts: remove `share`, or `\(isGame ? "game" : "stages")`.")
        }
        try until.check(reader.reader("until"), agents: names)
        try checkAsync(reader)
        try refuseUnread(reader, isGame: isGame)
    }

    /// Keys that the chosen kinds would not read: whoever gives one believes that it does something.
    private func refuseUnread(_ reader: ConfigurationReader, isGame: Bool) throws {
        let judgeReader = try reader.reader("judge")
        if case .prompts = contest {} else { try reader.refuse(["drawing"], belongingTo: "`prompts`") }
        if judge.kind == .referee {
            try judgeReader.refuse(["folder"], belongingTo: "judges of answers")
        }
        if judge.folder.isEmpty {
            try judgeReader.refuse(
                ["canaries", "min_accuracy", "window", "refresh", "gold", "labels", "pairing", "pair_budget"],
                belongingTo: "judges with a `folder`")
        }
        if ![.policy, .llm, .command, .panel].contains(judge.kind) {
            try judgeReader.refuse(["pairing", "labels"], belongingTo: "judges that compare answers: `policy`, `llm`, `command` and `panel`")
        }
        if case .budget = judge.options.pairing {} else {
            try judgeReader.refuse(["pair_budget"], belongingTo: "`pairing: budget`")
        }
        if judge.canaryRoomCount == 0 { try judgeReader.refuse(["min_accuracy", "window", "gold", "alarm"], belongingTo: "`canaries`") }
        if isGame { try reader.reader("pairs").refuse(["select"], belongingTo: "rooms of answers") }
    }

    /// The agents' names, in the order of `agents`, which may name folders by path.
    var agentNames: [String] { names(agents) }

    private func names(_ folders: [String]) -> [String] {
        folders.map { AgentConfiguration.name(ofFolder: ArenaConfiguration.sibling("agents", $0, of: file)) }
    }

    /// Everything in the file that decides a result, in one form; comments, paths, limits and the number of rounds do not.
    var decidingText: String {
        var bare = self
        (bare.file, bare.text, bare.summary, bare.judge.folder, bare.roundCount) = ("", "", "", "", 0)
        if case .prompts = contest { bare.contest = .prompts(file: "") }
        if case .judge = bare.judge.gold { bare.judge.gold = .judge(folder: "") }
        (bare.limits, bare.until) = (RoundLimits(), StopRules())
        bare.saveSteps = 0
        (bare.seed, bare.agents, bare.anchors) = (0, agentNames, names(anchors))
        // Whoever makes no use of a later choice has the same run as before there was one.
        return [", ahead: nil", ", stages: nil", ", share: nil", ", maxCost: nil"].reduce(String(describing: bare)) { $0.replacing($1, with: "") }
    }

    /// A path in a file is meant from that file's folder.
    static func path(_ path: String, besides file: String) -> String {
        RelativePath.resolved(path, in: file.parentFolder)
    }

    /// `agents/NAME` and `judges/NAME` lie beside the `arenas/` folder; a path with a slash is taken from the arena's file.
    static func sibling(_ kind: String, _ name: String, of arena: String) -> String {
        if name.contains("/") { return path(name, besides: arena) }
        let arenas = arena.parentFolder
        let root = arenas.isEmpty ? ".." : (arenas as NSString).appendingPathComponent("..")
        return URL(fileURLWithPath: root).standardizedFileURL.appendingPathComponent(kind).appendingPathComponent(name).path
    }
}
