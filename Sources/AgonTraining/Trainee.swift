import AgonCore
import AgonTransformer

/// A copy of a policy's weights in training: its gradient shards, its optimiser and its learning rate.
struct Trainee {
    /// The weights that the steps change; nobody else holds them until the run ends.
    let parameters: TrainedWeights
    let shards: GradientShards
    private var optimiser: AdamW
    private let rate: LearningRate
    private(set) var stepsDone = 0

    /// The peak learning rate and how it moves.
    struct LearningRate {
        let peak: Double
        let schedule: LearningRateSchedule
        let warmupSteps: Int
        let stepCount: Int

        func value(step: Int) -> Double {
            peak * schedule.factor(step: step, stepCount: stepCount, warmupSteps: warmupSteps)
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
        optimiser = AdamW(parameters.memory, options, kernels: kernels)
        self.rate = rate
    }

    /// One optimiser step.
    ///
    /// - Returns: `grad_norm` before clipping and `learning_rate`.
    /// - Throws: `nonFiniteLoss` where the gradient is not finite.
    mutating func step(_ gradient: any TensorMemory) throws(TrainingError) -> [String: Double] {
        let learningRate = rate.value(step: stepsDone)
        let norm = try optimiser.step(parameters.memory, gradient: gradient, learningRate: learningRate)
        stepsDone += 1
        return ["grad_norm": norm, "learning_rate": learningRate]
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
