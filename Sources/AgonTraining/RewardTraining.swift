public import AgonCore
public import AgonTransformer

/// Two token sequences of which the first is better.
public struct RewardPair: Sendable, Hashable {
    public var chosen: [Int32]
    public var rejected: [Int32]
    /// By how much the chosen score should exceed the other before the loss lets go.
    public var margin: Double

    public init(chosen: [Int32], rejected: [Int32], margin: Double = 0) {
        self.chosen = chosen
        self.rejected = rejected
        self.margin = margin
    }
}

/// Training of a model with a score head, so that it scores the better of two sequences higher.
public enum RewardTraining {
    /// A score model that begins as a language model: its embedding and layers, and a small random head.
    ///
    /// - Throws: `invalidConfig` never in practice: the sizes are those of a valid model.
    public static func scoreModel(from language: Parameters, seed: UInt64) throws(TransformerError) -> Parameters {
        let config = try language.config.replacing(head: .score)
        let parameters = Parameters.initialised(config, seed: seed)
        for tensor in language.layout.tensors {
            if let target = parameters[tensor.name] { _ = target.update(fromContentsOf: language.memory(of: tensor)) }
        }
        return parameters
    }

    /// Trains a copy of a score model on pairs that are drawn step by step.
    ///
    /// Equal arguments give equal bits on one kernel path, whatever the thread count, also where the run was killed and
    /// goes on from its folder. The metrics are `loss`,
    /// `accuracy` (share of pairs with r⁺ > r⁻, a tie counts half), `margin` (mean r⁺ − r⁻), `min_reward`, `mean_reward`,
    /// `max_reward`, `grad_norm`, `learning_rate`, each the mean over the steps, `num_tokens`, and `loss/first`, `loss/last`.
    ///
    /// - Parameters:
    ///   - model: the weights to start from; read only.
    ///   - threads: how many threads share a batch's shards; changes no bit.
    ///   - folder: where metrics and checkpoints are written, and from where a killed run goes on; nil writes nothing.
    ///   - corpus: what the batches are drawn from, in words, with every number that decides. A checkpoint of a run on
    ///     another corpus is refused; beside these words only the first batch tells them apart.
    ///   - batch: the pairs of a step, drawn from the seed that it is handed. They must depend on both alone: a run that
    ///     goes on does not ask for the steps that are done.
    /// - Throws: `nonFiniteLoss`, naming the step and the pair; `invalidData` for an empty batch or a sequence that
    ///   does not fit the model; `checkpointFailed`; what `progress` throws.
    /// - Precondition: the model's head is `score`.
    public static func run(
        _ model: Parameters, loss: RewardLoss, configuration: StepConfiguration, seed: Seed, threads: Int = 1,
        kernels: Kernels? = nil, folder: TrainingFolder? = nil, corpus: String = "", progress: ProgressCallback? = nil,
        batch: @escaping (_ step: Int, _ seed: Seed) throws -> [RewardPair]
    ) throws -> TrainingOutcome {
        precondition(model.config.head == .score, "reward training needs a model with a score head")
        guard configuration.stepCount > 0 else {
            return TrainingOutcome(parameters: model, stepCount: 0, metrics: [:], steps: [])
        }
        let kernels = try kernels ?? .current
        let trainee = Trainee(
            copying: model, configuration.optimiser, configuration.rate, kernels: kernels,
            shardCount: configuration.shardCount, threads: threads)
        var steps = RewardSteps(trainee: trainee, stepCount: configuration.stepCount, loss: loss) {
            try batch($0, seed.child(.training, $0))
        }
        var record = TrainingRecord(folder: folder, seed: seed.value)
        if (folder?.saveSteps ?? 0) > 0 {
            var fingerprint = Fingerprint()
            fingerprint.add(model.trained)
            fingerprint.add(configuration, corpus: corpus, seed: seed, kernels: kernels)
            fingerprint.add("\(loss)")
            fingerprint.add(try steps.batch(0))
            record.fingerprint = fingerprint.text
        }
        let log = try steps.run(record, progress: progress)
        return TrainingOutcome(
            parameters: steps.trainee.parameters, stepCount: log.steps.count, metrics: log.metrics, steps: log.steps)
    }

    /// A few small steps on the pairs of the day, with old pairs among them so that nothing is forgotten.
    ///
    /// Each step's batch is `newCount` of the new pairs and `replayCount` of the old ones, drawn with replacement
    /// from the seed. Where one side has no pairs the other fills its place; without any pair nothing happens.
    ///
    /// - Parameters:
    ///   - newPairs: pairs of the round's canaries, decided by gold.
    ///   - replay: pairs of earlier rounds and of the pretraining.
    /// - Throws: as `run`.
    /// - Precondition: the model's head is `score`.
    public static func refresh(
        _ model: Parameters, newPairs: [RewardPair], replay: [RewardPair], newCount: Int = 16, replayCount: Int = 16,
        loss: RewardLoss, configuration: StepConfiguration, seed: Seed, threads: Int = 1,
        kernels: Kernels? = nil, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        guard !(newPairs.isEmpty && replay.isEmpty), newCount + replayCount > 0 else {
            return TrainingOutcome(parameters: model, stepCount: 0, metrics: [:], steps: [])
        }
        return try run(
            model, loss: loss, configuration: configuration, seed: seed, threads: threads, kernels: kernels,
            progress: progress
        ) { _, seed in
            var generator = SeededGenerator(seed)
            let new = newPairs.isEmpty ? replay : newPairs
            let old = replay.isEmpty ? newPairs : replay
            return (0..<newCount).map { _ in new[generator.index(below: new.count)] }
                + (0..<replayCount).map { _ in old[generator.index(below: old.count)] }
        }
    }

    /// Share of pairs whose chosen side a score model scores higher, a tie counting half; nil without pairs.
    ///
    /// - Throws: `invalidRequest` for a sequence that does not fit the model.
    public static func accuracy(
        of model: Transformer, on pairs: [RewardPair], threads: Int = 1
    ) throws(TransformerError) -> Double? {
        guard !pairs.isEmpty else { return nil }
        let scores = try model.scores(of: pairs.flatMap { [$0.chosen, $0.rejected] }, threads: threads)
        return accuracy(scores.map(Double.init))
    }

    /// From the scores of chosen, rejected, chosen, rejected …
    fileprivate static func accuracy(_ scores: [Double]) -> Double {
        var points = 0.0
        for index in stride(from: 0, to: scores.count, by: 2) {
            let (chosen, rejected) = (scores[index], scores[index + 1])
            points += chosen > rejected ? 1 : (chosen == rejected ? 0.5 : 0)
        }
        return points / Double(scores.count / 2)
    }
}

/// The steps of a reward model's run.
private struct RewardSteps: TrainingRun {
    var trainee: Trainee
    let stepCount: Int
    var tokenCount = 0
    let loss: RewardLoss
    let batch: (_ step: Int) throws -> [RewardPair]

    mutating func step() throws -> TrainingStep {
        let pairs = try batch(trainee.stepsDone)
        guard !pairs.isEmpty else {
            throw TrainingError(.invalidData, "The batch of step \(trainee.stepsDone + 1) has no pair.")
        }
        let sequences = pairs.flatMap { [$0.chosen, $0.rejected] }
        let scores = try trainee.scores(of: sequences).map(Double.init)
        let (chosen, rejected) = sides(scores)
        let value: RewardLoss.Value
        do {
            value = try loss.evaluate(chosen: chosen, rejected: rejected, margins: pairs.map(\.margin))
        } catch {
            throw TrainingError(error.code, "Step \(trainee.stepsDone + 1): \(error.message)")
        }
        try trainee.accumulate(
            dScores: pairs.indices.flatMap {
                [Float(value.chosenGradients[$0]), Float(value.rejectedGradients[$0])]
            })
        var metrics = try trainee.step()
        metrics["loss"] = value.loss
        metrics["accuracy"] = RewardTraining.accuracy(scores)
        metrics["margin"] = (chosen.reduce(0, +) - rejected.reduce(0, +)) / Double(pairs.count)
        metrics["min_reward"] = scores.min()
        metrics["mean_reward"] = scores.mean
        metrics["max_reward"] = scores.max()
        tokenCount += sequences.reduce(0) { $0 + $1.count }
        metrics["num_tokens"] = Double(tokenCount)
        return TrainingStep(metrics: metrics, itemCount: pairs.count)
    }
}
