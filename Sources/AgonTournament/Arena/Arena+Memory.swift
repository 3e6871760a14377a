import AgonAgents
import AgonCore
import AgonScheduling
import AgonTraining
import AgonTransformer
import Foundation

/// How much memory a run takes, from the sizes of what it loads.
extension Arena {
    /// Sequences of one policy that are generated side by side on one thread.
    private static let slotCount = 64

    /// The plan of a whole run: bases that agents share, every agent's newest version, the judge, and all learners in
    /// training.
    ///
    /// - Throws: what an adapter's settings throw that do not fit their model.
    func memoryPlan(_ options: TournamentOptions) throws -> MemoryPlan {
        var plan = judgePlan
        for base in distinctBases {
            var held = MemoryPlan.answering(
                base.config, weights: base.weights, keepsMatrices: base.keepsMatrices, slotCount: 0, length: 0)
            if base.isRepeated { held.parameters = 0 }
            plan = plan + held
        }
        plan.keyValueCache = largestCache(options)
        for name in learners {
            guard let model = models[name] else { continue }
            let adapterCount = try adapters[name]?.parameterCount
                ?? configuration.adapter.map { try $0.parameterCount(for: model.config) }
            // An agent that trains all its weights has a model of its own, and so has each version of the pool,
            // and each that plays a round ahead.
            for _ in 0..<(adapterCount == nil ? 1 + poolSize + (configuration.ahead.map { $0.lead + 1 } ?? 0) : 0) { plan = plan + .answering(model.config, slotCount: 0, length: 0) }
            plan = plan + training(name, model, adapterCount: adapterCount, ownCount: ownTokenCount(model.config))
        }
        return plan
    }

    /// Refuses an arena whose run would not fit into this machine's memory.
    /// - Throws: `AgentError` that says what takes how much, and what to do.
    func checkMemory(
        _ options: TournamentOptions, physical: UInt64 = ProcessInfo.processInfo.physicalMemory
    ) throws {
        let plan = try memoryPlan(options)
        guard plan.total > physical else { return }
        throw AgentError(
            .badValue,
            "\(configuration.file): a run takes up to \(plan.text), but this machine has \(MemoryPlan.mebibytes(Int(physical))) MiB: lower `training.batch_size`, `training.max_length` or `--threads`, or train adapters with `training.lora_r`, on `weights: int8` in agent.yaml.")
    }

    /// The judges, and where they learn their newest versions beside those that were loaded, and the largest training: they
    /// learn one after another.
    private var judgePlan: MemoryPlan {
        var plan = MemoryPlan.zero
        var trainings: [MemoryPlan] = []
        for member in judges.members + (judges.gold.map { [$0] } ?? []) {
            guard let config = member.model?.config else { continue }
            var held = MemoryPlan.answering(
                config, weights: member.configuration.weights, keepsMatrices: member.frozen == nil, slotCount: 0, length: 0)
            if member.frozen == nil {
                held.parameters *= 2
                trainings.append(
                    .training(
                        config, adapterCount: nil, sequenceCount: 4 * configuration.judge.refreshSideCount,
                        length: config.maxPositionCount, ownCount: 0))
            }
            plan = plan + held
        }
        return plan + (trainings.max { $0.total < $1.total } ?? .zero)
    }

    /// The largest cache of the agents': bases answer one after another, and each frees its cache when it has answered.
    private func largestCache(_ options: TournamentOptions) -> Int {
        let slotCount = min(Arena.slotCount * options.threads, requestCount(options))
        return starts.compactMap { name, start -> Int? in
            guard let model = models[name] else { return nil }
            let length = longestPrompt(name, model).map { $0 + ownTokenCount(model.config) }
            return MemoryPlan.answering(
                start.config, slotCount: slotCount, length: length ?? start.config.maxPositionCount).keyValueCache
        }.max() ?? 0
    }

    /// The most answers that are asked for at once: a wave's rooms, or a contest of two on held-out prompts, which plays
    /// each prompt in both seatings.
    private func requestCount(_ options: TournamentOptions) -> Int {
        let pairings = scheduler.pairings(round: 1, entrants: entrants, seed: Seed(run: configuration.seed))
        let seatCount = pairings.reduce(0) { max($0, $1.seats.count) }
        return max(
            min(options.roomsPerWave, pairings.count) * seatCount,
            4 * max(configuration.gate.promptCount, configuration.evaluationPromptCount))
    }

    /// Each model in memory once for each format of its matrices; `isRepeated` where the weights that they were packed
    /// from are those of one before it.
    private var distinctBases: [(config: ModelConfig, weights: WeightFormat, keepsMatrices: Bool, isRepeated: Bool)] {
        var (seen, packed): (Set<ObjectIdentifier>, Set<ObjectIdentifier>) = ([], [])
        return starts.sorted { $0.key < $1.key }.compactMap { _, start in
            guard packed.insert(start.baseIdentity).inserted else { return nil }
            return (
                start.config, start.weights, keepsMatrices(start.parameters),
                !seen.insert(ObjectIdentifier(start.parameters)).inserted
            )
        }
    }

    /// Own tokens of the longest rollout: in a game they may be all of it.
    private func ownTokenCount(_ config: ModelConfig) -> Int {
        game == nil ? min(configuration.maxNewTokens, config.maxPositionCount) : config.maxPositionCount
    }

    private func training(_ name: String, _ model: ModelFolder, adapterCount: Int?, ownCount: Int) -> MemoryPlan {
        let settings = configuration.training
        let longest = longestPrompt(name, model).map { $0 + ownCount } ?? model.config.maxPositionCount
        let sequences = settings.method.readsPairs ? 2 * settings.batchSize : settings.batchSize
        let plan = MemoryPlan.training(
            model.config, adapterCount: adapterCount, weights: starts[name]?.weights ?? .float32,
            products: settings.usesBfloat16 ? .bfloat16 : .float32, sequenceCount: sequences,
            length: min(longest, settings.maxLength ?? .max), ownCount: min(ownCount, settings.maxLength ?? .max))
        guard case .dpo(_, let sync?, _) = settings.method else { return plan }
        return plan + .following(model.config, adapterCount: adapterCount, sync)
    }

    /// Tokens of the longest prompt with all that the agent is told before it; nil where the prompts are not a list.
    private func longestPrompt(_ name: String, _ model: ModelFolder) -> Int? {
        guard let longest = filePrompts.max(by: { $0.text.utf8.count < $1.text.utf8.count }), let agent = agents[name] else { return nil }
        return try? agent.contextTokenCount(longest, model, chatTemplates[name]) + 8
    }
}
