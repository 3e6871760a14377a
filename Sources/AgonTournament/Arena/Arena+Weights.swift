import AgonAgents
import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// What agents begin with, and what of it is trained.
extension Arena {
    /// The models of agents in memory: one for each folder, which all agents that start from it share.
    struct Bases {
        private var folders: [String: (model: ModelFolder, base: Transformer)] = [:]
        private let kernels: Kernels

        init(kernels: Kernels) { self.kernels = kernels }

        mutating func load(_ path: String) throws -> (model: ModelFolder, base: Transformer) {
            let key = URL(fileURLWithPath: path).standardizedFileURL.path
            if let known = folders[key] { return known }
            let model = try ModelFolder.load(path)
            let loaded = (model, Transformer(model.parameters, kernels: kernels))
            folders[key] = loaded
            return loaded
        }
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

    /// Adapters that learners have or are to get must fit their models and the training.
    func checkAdapters() throws {
        if case .dpo(_, .some, _) = configuration.training.method,
            let name = learners.first(where: { adapters[$0] != nil || configuration.adapter != nil })
        {
            throw AgentError(
                .badValue,
                "\(configuration.file): `sync_ref_model` mixes whole models, but \(name) trains an adapter: remove it, "
                    + "or train all weights (no `lora_r`, no `adapter` in its agent.yaml).")
        }
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
