import AgonAgents
import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// What agents begin with, and what of it is trained.
extension Arena {
    /// The models of agents in memory: one for each folder, and its matrices once for each format that they are held in.
    /// All agents that start from it share them.
    struct Bases {
        private var folders: [String: (model: ModelFolder, bases: [WeightFormat: Transformer])] = [:]
        private let kernels: Kernels

        init(kernels: Kernels) { self.kernels = kernels }

        mutating func load(_ path: String, _ weights: WeightFormat) throws -> (model: ModelFolder, base: Transformer) {
            let key = URL(fileURLWithPath: path).standardizedFileURL.path
            let known = try folders[key] ?? (ModelFolder.load(path), [:])
            let base = known.bases[weights]
                ?? Transformer(known.model.parameters, kernels: kernels, weights: weights)
            folders[key] = (known.model, known.bases.merging([weights: base]) { first, _ in first })
            return (known.model, base)
        }
    }

    /// Gives back the float32 matrices of bases that nobody trains as a whole: they are read packed alone. What adapters
    /// read of them in training is made before.
    func releaseMatrices() {
        let products: WeightFormat = configuration.training.usesBfloat16 ? .bfloat16 : .float32
        for name in learners where trainsAdapter(name) { starts[name]?.prepareTraining(products: products) }
        for start in starts.values where !keepsMatrices(start.parameters) { start.parameters.releaseMatrices() }
        for judge in judges.members + (judges.gold.map { [$0] } ?? []) { judge.frozen?.parameters.releaseMatrices() }
    }

    /// Whether a learner that trains all its weights begins with these.
    func keepsMatrices(_ parameters: Parameters) -> Bool {
        learners.contains { !trainsAdapter($0) && starts[$0]?.parameters === parameters }
    }

    /// The adapter that an agent comes with, and its hash.
    static func adapter(of agent: AgentConfiguration, _ model: ModelFolder) throws -> (Adapter, hash: String)? {
        guard let path = agent.adapter else { return nil }
        do {
            return (try Adapter.load(path, for: model.config), try FileHash.weights(in: path))
        } catch let error as TransformerError {
            throw AgentError(.badModel, "\(agent.file): \(error.message)", underlying: error)
        }
    }

    /// What a learner trains, as it is before the first round.
    ///
    /// - Parameter seed: the run's; a new adapter's random matrices are drawn from it.
    func startingWeights(_ name: String, seed: Seed) throws -> TrainedWeights? {
        guard let model = models[name], let start = starts[name] else { return nil }
        let base = start.withoutAdapter
        if let adapter = adapters[name] { return .adapter(adapter, base: base) }
        guard let config = configuration.adapter else { return .parameters(model.parameters) }
        return .adapter(
            try Adapter.initialised(config, for: base, seed: seed.child(.training, named: name).value), base: base)
    }

    /// The model of some weights of an agent; nil for version 0.
    func transformer(_ name: String, _ weights: TrainedWeights?) -> Transformer? {
        guard let start = starts[name] else { return nil }
        switch weights {
        case nil: return start
        case .parameters(let parameters)? where parameters === start.parameters: return start
        case .some(let weights): return weights.transformer(kernels: kernels)
        }
    }

    /// The folder of the model that an agent starts from, as its file names it.
    func basePath(_ name: String) -> String? {
        guard case .transformer(let path)? = agents[name]?.kind else { return nil }
        return path
    }

    /// Whether a learner trains an adapter, and not all its weights.
    func trainsAdapter(_ name: String) -> Bool { adapters[name] != nil || configuration.adapter != nil }

    /// Weights that are trained are float32, and `bf16` must change somebody's products.
    func checkWeights() throws(AgentError) {
        for name in learners where !trainsAdapter(name) {
            guard let agent = agents[name], agent.weights != .float32 else { continue }
            throw AgentError(
                .badValue,
                "\(agent.file):\(agent.weightsLine): \(name) trains all its weights in \(configuration.file), so they "
                    + "cannot be held as \(agent.weights.rawValue): set `training.lora_r` there, so that it trains an adapter "
                    + "on them, name it among the `anchors`, or remove `weights`; for products in bfloat16 set `training.bf16`.")
        }
        if configuration.judge.refreshStepCount > 0,
            let judge = judges.learning.map(\.configuration).first(where: { $0.weights != .float32 })
        {
            throw AgentError(
                .badValue,
                "\(judge.weightsPlace): \(judge.name) learns in \(configuration.file), so its weights cannot be held as "
                    + "\(judge.weights.rawValue): remove `weights`, or `judge.refresh` there.")
        }
        let formats = learners.compactMap { agents[$0]?.weights }
        if configuration.training.usesBfloat16, !formats.contains(.float32) {
            throw AgentError(
                .badValue,
                "\(configuration.file): nothing would read `training.bf16`: "
                    + (formats.isEmpty ? "nobody learns" : "all learners train adapters on bf16 or int8 weights, which keep their format")
                    + ": remove it.")
        }
    }

    /// Adapters that learners are to get must fit their models.
    func checkAdapters() throws {
        for name in learners where adapters[name] == nil {
            guard let config = configuration.adapter, let model = models[name] else { continue }
            do {
                try config.checkTargets(of: model.config)
            } catch {
                throw AgentError(.badValue, "\(configuration.file): \(error.message)", underlying: error)
            }
        }
    }
}
