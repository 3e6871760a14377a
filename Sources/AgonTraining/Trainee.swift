import AgonCore
import AgonTransformer

/// What an update trains: a copy of a policy's weights with its gradient shards, its optimiser and its learning rate.
///
/// The update loop and the objectives know no more of it than this: sequences in, log-probabilities out; derivatives
/// in; a step; a model to measure; tensors to save.
struct Trainee {
    /// The weights that the steps change; nobody else holds them until the run ends.
    let parameters: TrainedWeights
    private let shards: GradientShards
    private var optimiser: AdamW
    private let rate: LearningRate
    private(set) var stepsDone = 0

    /// The peak learning rate and how it moves.
    struct LearningRate {
        let peak: Double
        let schedule: LearningRateSchedule
        var options = LearningRateOptions()
        let warmupSteps: Int
        let stepCount: Int

        func value(step: Int) -> Double {
            peak
                * schedule.factor(
                    step: step, stepCount: stepCount, warmupSteps: warmupSteps, options: options, peak: peak)
        }
    }

    /// - Parameter dropoutSeed: the root of the addresses of an adapter's dropout.
    init(
        copying start: some TrainablePolicy, _ options: AdamWOptions, _ rate: LearningRate, kernels: Kernels,
        shardCount: Int, threads: Int, dropoutSeed: Seed = Seed(run: 0)
    ) {
        parameters = start.trained.copy()
        shards = GradientShards(
            parameters, kernels: kernels, shardCount: shardCount, threads: threads, dropoutSeed: dropoutSeed)
        optimiser = AdamW(parameters.memory, options, kernels: kernels.withThreads(threads))
        self.rate = rate
    }

    /// log p of each own token under the weights of this moment.
    ///
    /// - Parameter isTraining: false measures: without dropout, and without a trace in what training draws.
    func logProbs(
        of sequences: [TokenSequence], statistics: Bool, collision: Bool = false, isTraining: Bool = true
    ) throws -> GradientShards.LogProbs {
        try shards.logProbs(
            of: sequences, parameters, statistics: statistics, collision: collision, isTraining: isTraining,
            step: stepsDone)
    }

    /// The score of each sequence under the weights of this moment.
    func scores(of sequences: [[Int32]]) throws -> [Float] { try shards.scores(of: sequences, parameters) }

    /// Adds the gradient of the last `logProbs` to the step's.
    func accumulate(dLogProbs: [[Float]]) throws { try shards.accumulate(dLogProbs: dLogProbs) }

    /// Adds the gradient of the last `scores` to the step's.
    func accumulate(dScores: [Float]) throws { try shards.accumulate(dScores: dScores) }

    /// The gradient accumulated since the last step, which the next `accumulate` overwrites.
    func accumulated() -> any TensorMemory { shards.total() }

    /// One optimiser step along all that was accumulated.
    ///
    /// - Returns: `grad_norm` before clipping and `learning_rate`.
    /// - Throws: `nonFiniteLoss` where the gradient is not finite.
    mutating func step() throws(TrainingError) -> [String: Double] {
        let learningRate = rate.value(step: stepsDone)
        let norm = try optimiser.step(parameters.memory, gradient: accumulated(), learningRate: learningRate)
        stepsDone += 1
        return ["grad_norm": norm, "learning_rate": learningRate]
    }

    /// What must be saved to go on later, by the name of its file.
    var tensors: [(file: String, memory: any TensorMemory)] {
        [
            ("model.safetensors", parameters.memory), ("adam_mean.safetensors", optimiser.mean),
            ("adam_mean_square.safetensors", optimiser.meanSquare),
        ]
    }

    /// Goes on after as many steps as the tensors have seen.
    mutating func resume(after stepCount: Int) {
        stepsDone = stepCount
        optimiser.stepCount = stepCount
    }
}

/// Names the step that an engine's error came from.
func inStep<Value>(_ step: Int, _ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as TransformerError {
        throw TrainingError(.invalidData, "A sequence of step \(step + 1) does not fit the model.", underlying: error)
    }
}
