public import AgonCore
public import AgonTransformer

/// Next-token training: −log p of the own tokens, as for a model made from nothing.
public enum SupervisedTraining {
    /// Trains a copy of a model.
    ///
    ///     loss = −(1/N) Σ log p(token)          over the N own tokens of the batch
    ///
    /// Mark every token but the first as own to learn whole texts. Equal arguments give equal bits on one kernel
    /// path, whatever the thread count, also where the run was killed and goes on from its folder. The metrics are `loss`,
    /// `mean_token_accuracy` (share of own tokens that were the likeliest), `entropy`, `grad_norm`, `learning_rate`, each
    /// the mean over the steps, `num_tokens`, and `loss/first`, `loss/last`.
    ///
    /// - Parameters:
    ///   - model: the weights to start from, or an adapter on its base as `TrainedWeights`; read only.
    ///   - threads: how many threads share a batch's shards; changes no bit.
    ///   - folder: where metrics and checkpoints are written, and from where a killed run goes on; nil writes nothing.
    ///   - kernels: nil takes the path of an adapter's base, or the process's.
    ///   - corpus: what the batches are drawn from, in words, with every number that decides. A checkpoint of a run on
    ///     another corpus is refused; beside these words only the first batch tells them apart.
    ///   - batch: the sequences of a step, drawn from the seed that it is handed. They must depend on both alone: a run
    ///     that goes on does not ask for the steps that are done.
    /// - Throws: `nonFiniteLoss`, naming the step and the sequence; `invalidData` for a batch without own tokens or
    ///   a sequence that does not fit the model; `invalidConfiguration` for kernels that are not those of an adapter's
    ///   base; `checkpointFailed`; what `progress` throws.
    public static func run(
        _ model: some TrainablePolicy, configuration: StepConfiguration, seed: Seed, threads: Int = 1,
        kernels: Kernels? = nil, folder: TrainingFolder? = nil, corpus: String = "", progress: ProgressCallback? = nil,
        batch: @escaping (_ step: Int, _ seed: Seed) throws -> [TokenSequence]
    ) throws -> TrainingOutcome {
        guard configuration.stepCount > 0 else {
            return TrainingOutcome(parameters: model, stepCount: 0, metrics: [:], steps: [])
        }
        let kernels = try model.trained.path(kernels)
        let trainee = Trainee(
            copying: model.trained.multiplied(in: kernels.products), configuration.optimiser, configuration.rate,
            kernels: kernels, shardCount: configuration.shardCount, threads: threads, dropoutSeed: seed.child(.sample, 0))
        var steps = SupervisedSteps(trainee: trainee, stepCount: configuration.stepCount) {
            try batch($0, seed.child(.training, $0))
        }
        var record = TrainingRecord(folder: folder, seed: seed.value)
        if (folder?.saveSteps ?? 0) > 0 {
            var fingerprint = Fingerprint()
            fingerprint.add(model.trained)
            fingerprint.add(configuration, corpus: corpus, seed: seed, kernels: kernels)
            fingerprint.add(.sequences(try steps.batch(0)))
            record.fingerprint = fingerprint.text
        }
        let log = try steps.run(record, progress: progress)
        return TrainingOutcome(
            parameters: steps.trainee.parameters.onBase(of: model.trained), stepCount: log.steps.count,
            metrics: log.metrics, steps: log.steps)
    }
}

/// The steps of a supervised run.
private struct SupervisedSteps: TrainingRun {
    var trainee: Trainee
    let stepCount: Int
    var tokenCount = 0
    let batch: (_ step: Int) throws -> [TokenSequence]

    mutating func step() throws -> TrainingStep {
        let sequences = try batch(trainee.stepsDone)
        let count = sequences.reduce(0) { $0 + $1.ownCount }
        guard count > 0 else {
            throw TrainingError(
                .invalidData, "The \(sequences.count) sequences of step \(trainee.stepsDone + 1) have no own token.")
        }
        let objective = SupervisedObjective(drawn: sequences)
        let forward = try trainee.logProbs(of: sequences, statistics: true)
        let value: ObjectiveValue
        do {
            value = try objective.evaluate(
                Array(sequences.indices), forward, probes: [], StepContext(ownTokenCount: count))
        } catch {
            throw TrainingError(error.code, "Step \(trainee.stepsDone + 1): \(error.message)")
        }
        try trainee.accumulate(dLogProbs: value.dLogProbs)
        var metrics = try trainee.step().merging(value.metrics) { first, _ in first }
        metrics["loss"] = value.loss
        tokenCount += sequences.reduce(0) { $0 + $1.tokens.count }
        metrics["num_tokens"] = Double(tokenCount)
        return TrainingStep(metrics: metrics, itemCount: sequences.count)
    }
}
