import AgonAgents
import AgonCore
public import AgonTraining
import AgonTransformer
import Foundation

/// What `agon train` is asked for.
public struct OfflineTrainingOptions: Sendable {
    /// In which words the model is asked.
    public enum Context: String, Sendable, CaseIterable {
        /// As an arena asks the agent: through its chat template where it has one, else after its beginning token, and
        /// with its system prompt.
        case agent
        /// As TRL's trainers ask on the same file: plain text with what the tokenizer's post-processor adds, a
        /// conversation through the chat template, without the agent's system prompt.
        case trl
    }

    /// The file with preferences.
    public var pairs: String
    /// The agent's folder.
    public var agent: String
    /// A file with the keys of an arena's `training:` section, at its top or in that section; nil for the defaults.
    public var configuration: String?
    /// The folder to write; nil takes the next free number under `versions/offline/` of `home`.
    public var out: String?
    /// The folder of the database, beside which versions lie.
    public var home: String
    public var context: Context
    public var seed: UInt64

    public init(
        pairs: String, agent: String, configuration: String? = nil, out: String? = nil, home: String = "leaderboard",
        context: Context = .agent, seed: UInt64 = 1
    ) {
        self.pairs = pairs
        self.agent = agent
        self.configuration = configuration
        self.out = out
        self.home = home
        self.context = context
        self.seed = seed
    }
}

/// One update of one agent on a file, by the same algorithms as in arenas and written like their versions.
///
/// Killed at any moment and started again with the same arguments it ends with the same bits, from its last checkpoint
/// where `save_steps` is set.
public struct OfflineTraining: Sendable {
    let agent: AgentConfiguration
    let model: ModelFolder
    let modelPath: String
    let start: Transformer
    let weights: TrainedWeights
    let training: TrainingConfiguration
    let data: OfflineData
    let options: OfflineTrainingOptions
    let kernels: Kernels
    private let saveSteps: Int

    /// Loads and checks everything that the options name.
    /// - Throws: `AgentError`, `TransformerError` or `TournamentError`, one sentence naming the file.
    public init(_ options: OfflineTrainingOptions) throws {
        self.options = options
        kernels = try Kernels.current
        agent = try AgentConfiguration(folder: options.agent)
        guard case .transformer(let path) = agent.kind else {
            throw AgentError(.badValue, "\(agent.file) is no transformer agent: only those can be trained.")
        }
        modelPath = path
        let reader = try OfflineTraining.section(options.configuration)
        training = try TrainingKeys.read(reader)
        let adapterConfig = try AdapterKeys.read(reader)
        saveSteps = try reader.integer("save_steps")
        var bases = Arena.Bases(kernels: kernels)
        let (model, base) = try bases.load(path, agent.weights)
        guard model.config.head == .language else { throw Arena.noLanguageModel(agent, path) }
        self.model = model
        let root = Seed(run: options.seed).child(.training, named: agent.name)
        if let (adapter, _) = try Arena.adapter(of: agent, model) {
            (start, weights) = (base.adapted(by: adapter), .adapter(adapter, base: base))
        } else if let adapterConfig {
            let adapter = try Adapter.initialised(adapterConfig, for: base, seed: root.value)
            (start, weights) = (base, .adapter(adapter, base: base))
        } else {
            (start, weights) = (base, .parameters(model.parameters))
        }
        let algorithm = training.method.algorithm
        guard algorithm != .grpo, algorithm != .ppo else {
            throw AgentError(
                .badValue,
                "\(reader.place("algorithm")): \(algorithm.rawValue) learns from its own answers while they are drawn, which no file has: choose dpo, cpo, simpo, orpo, kto or sft.")
        }
        data = try OfflineData(
            options.pairs,
            PairTokenizer(
                tokenizer: model.tokenizer, beginToken: model.config.bosToken, endToken: model.endToken(),
                chatTemplate: agent.chatTemplate(of: model), system: agent.system, context: options.context), algorithm)
        try checkTogether(adapterConfig != nil)
    }

    /// The section with the keys: a whole arena, a file with `training:`, or the keys themselves.
    private static func section(_ file: String?) throws -> ConfigurationReader {
        guard let file else { return try ConfigurationReader(text: "algorithm: dpo\n", file: "--config", section: TrainingKeys.section) }
        let text = try TextFile.read(file, limit: ConfigurationReader.byteLimit)
        let keys = ConfigurationReader.topKeys(in: text)
        guard keys.contains("training") else {
            return try ConfigurationReader(text: text, file: file, section: TrainingKeys.section)
        }
        let only = Section("", [Key("training", .section(TrainingKeys.section), "How learners learn.")])
        let section = keys.count == 1 ? only : ArenaKeys.section
        return try ConfigurationReader(text: text, file: file, section: section).reader("training")
    }

    /// What only shows when all parts are there.
    private func checkTogether(_ isNewAdapter: Bool) throws {
        guard data.data.count > 0 else {
            throw AgentError(.badValue, "\(options.pairs) holds nothing that algorithm \(training.method.algorithm.rawValue) learns from.")
        }
        let limit = model.config.maxPositionCount
        if let maxLength = training.maxLength, maxLength > limit {
            throw AgentError(.badValue, "`max_length` is \(maxLength), but \(modelPath) reads \(limit) tokens: lower it.")
        }
        guard training.maxLength != nil || data.longest.count <= limit else {
            throw AgentError(
                .badValue,
                "\(data.longest.place): prompt and answer have \(data.longest.count) tokens, but \(modelPath) reads \(limit): set `max_length`, so that longer ones lose their end.")
        }
        let isAdapter = if case .adapter = weights { true } else { false }
        guard isAdapter || agent.weights == .float32 else {
            throw AgentError(
                .badValue,
                "\(agent.file):\(agent.weightsLine): all weights would be trained, so they cannot be held as \(agent.weights.rawValue): set `lora_r`, or remove `weights`.")
        }
        if isAdapter, case .dpo(_, .some, _) = training.method {
            throw AgentError(.badValue, "`sync_ref_model` mixes whole models, but \(agent.name) trains an adapter: remove it.")
        }
    }

    /// Where the version is written, and where its training is written down.
    var folders: (version: String, training: TrainingFolder, number: Int?) {
        let folder = CheckpointFolder(root: options.home, runID: "offline")
        if let out = options.out { return (out, TrainingFolder(path: out + ".training", saveSteps: saveSteps), nil) }
        var number = 1
        while FileManager.default.fileExists(atPath: "\(options.home)/\(folder.path(agent.name, number))") { number += 1 }
        return (
            "\(options.home)/\(folder.path(agent.name, number))",
            folder.training(agent.name, round: number, saveSteps: saveSteps), number
        )
    }

    /// What a training made.
    public struct Made: Sendable, Codable {
        /// The folder of the new version.
        public var version: String
        /// Where its `metrics.jsonl` lies.
        public var training: String
        public var stepCount: Int
        public var metrics: [String: Double]
        /// The guard's sentence, where one ended the training.
        public var stop: String?
    }

    /// Trains and writes the version, going on from the last checkpoint where this training was killed.
    /// - Throws: as `PolicyUpdate.run`.
    public func run(threads: Int, progress: @escaping ProgressCallback = { _ in }) throws -> Made {
        let (version, folder, number) = folders
        if options.out != nil, FileManager.default.fileExists(atPath: version) {
            throw TournamentError(.configuration, "\(version) exists already and is left as it is: choose another folder with --out.")
        }
        let outcome = try PolicyUpdate.run(
            policy: weights, reference: .model(start), base: start, data: data.data, configuration: training,
            seed: Seed(run: options.seed).child(.training, named: agent.name), threads: threads, kernels: kernels,
            folder: folder, progress: progress)
        guard outcome.stepCount > 0 else {
            throw TournamentError(.configuration, "Nothing was trained: \(outcome.stop?.sentence ?? "nothing of \(options.pairs) fits into `max_length`.")")
        }
        let record = UpdateRecord(
            round: 0, agent: agent.name, fromVersion: 0, toVersion: number ?? 1,
            decision: "Trained on \(options.pairs).", pairCount: data.data.count, stepCount: outcome.stepCount,
            metrics: outcome.metrics)
        let parent = try FileHash.weights(in: modelPath)
        try CheckpointFolder(root: options.home, runID: "offline").write(
            outcome.trained, like: model, to: version, name: agent.name, version: number ?? 1, round: 0, parent: parent,
            update: record, base: modelPath)
        try folder.removeCheckpoint()
        return Made(
            version: version, training: folder.path, stepCount: outcome.stepCount, metrics: outcome.metrics,
            stop: outcome.stop?.sentence)
    }
}
