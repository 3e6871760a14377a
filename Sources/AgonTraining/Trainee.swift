import AgonTransformer

/// A copy of a model's parameters in training: its gradient shards, its optimiser and its learning rate.
struct Trainee {
    /// The weights that the steps change; nobody else holds them until the run ends.
    let parameters: Parameters
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

    init(
        copying start: Parameters, _ options: AdamWOptions, _ rate: LearningRate, kernels: Kernels, shardCount: Int,
        threads: Int
    ) {
        parameters = start.copy()
        shards = GradientShards(start.config, kernels: kernels, shardCount: shardCount, threads: threads)
        optimiser = AdamW(start.config, options, kernels: kernels)
        self.rate = rate
    }

    /// One optimiser step.
    ///
    /// - Returns: `grad_norm` before clipping and `learning_rate`.
    /// - Throws: `nonFiniteLoss` where the gradient is not finite.
    mutating func step(_ gradient: Parameters) throws(TrainingError) -> [String: Double] {
        let learningRate = rate.value(step: stepsDone)
        let norm = try optimiser.step(parameters, gradient: gradient, learningRate: learningRate)
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
