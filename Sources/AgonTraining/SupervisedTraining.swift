public import AgonCore
public import AgonTransformer

/// Next-token training: −log p of the own tokens, as for a model made from nothing.
public enum SupervisedTraining {
    /// Trains a copy of a model.
    ///
    ///     loss = −(1/N) Σ log p(token)          over the N own tokens of the batch
    ///
    /// Mark every token but the first as own to learn whole texts. Equal arguments give equal bits on one kernel
    /// path, whatever the thread count. The metrics are `loss`, `mean_token_accuracy` (share of own tokens that were
    /// the likeliest), `entropy`, `grad_norm`, `learning_rate`, each the mean over the steps, and `loss/first`,
    /// `loss/last`.
    ///
    /// - Parameters:
    ///   - model: the weights to start from, or an adapter on its base as `TrainedWeights`; read only.
    ///   - threads: how many threads share a batch's shards; changes no bit.
    ///   - batch: the sequences of a step, drawn from the seed that it is handed; called once a step, in order.
    /// - Throws: `nonFiniteLoss`, naming the step and the sequence; `invalidData` for a batch without own tokens or
    ///   a sequence that does not fit the model; what `progress` throws.
    public static func run(
        _ model: some TrainablePolicy, configuration: StepConfiguration, seed: Seed, threads: Int = 1,
        kernels: Kernels? = nil, progress: ProgressCallback? = nil,
        batch: (_ step: Int, _ seed: Seed) throws -> [TokenSequence]
    ) throws -> TrainingOutcome {
        guard configuration.stepCount > 0 else {
            return TrainingOutcome(parameters: model, stepCount: 0, metrics: [:], steps: [])
        }
        var trainee = Trainee(
            copying: model, configuration.optimiser, configuration.rate, kernels: try kernels ?? .current,
            shardCount: configuration.shardCount, threads: threads, dropoutSeed: seed.child(.sample, 0))
        var steps: [[String: Double]] = []
        for index in 0..<configuration.stepCount {
            let sequences = try batch(index, seed.child(.training, index))
            let metrics = try inStep(index) { try step(&trainee, sequences) }
            steps.append(metrics)
            try progress?(TrainingProgress(step: index + 1, stepCount: configuration.stepCount, metrics: metrics))
        }
        var metrics = means(over: steps)
        metrics["loss/first"] = steps.first?["loss"]
        metrics["loss/last"] = steps.last?["loss"]
        return TrainingOutcome(
            parameters: trainee.parameters, stepCount: steps.count, metrics: metrics, steps: steps)
    }

    private static func step(_ trainee: inout Trainee, _ sequences: [TokenSequence]) throws -> [String: Double] {
        let count = sequences.reduce(0) { $0 + $1.ownCount }
        guard count > 0 else {
            throw TrainingError(
                .invalidData, "The \(sequences.count) sequences of step \(trainee.stepsDone + 1) have no own token.")
        }
        let items = Array(sequences.indices)
        let objective = SupervisedObjective(drawn: sequences)
        let forward = try trainee.logProbs(of: sequences, statistics: true)
        let value: ObjectiveValue
        do {
            value = try objective.evaluate(items, forward, probes: [], StepContext(ownTokenCount: count))
        } catch {
            throw TrainingError(error.code, "Step \(trainee.stepsDone + 1): \(error.message)")
        }
        try trainee.accumulate(dLogProbs: value.dLogProbs)
        var metrics = try trainee.step().merging(value.metrics) { first, _ in first }
        metrics["loss"] = value.loss
        return metrics
    }
}
