/// How a training run of a fixed number of steps moves: supervised, or of a reward model.
public struct StepConfiguration: Sendable, Hashable {
    /// Optimiser steps.
    public let stepCount: Int
    /// The peak learning rate.
    public let learningRate: Double
    public let schedule: LearningRateSchedule
    /// Steps over which the learning rate rises from zero.
    public let warmupSteps: Int
    public let optimiser: AdamWOptions
    /// Each batch is cut into this many gradients that are added in order; part of the bits of a run.
    public let shardCount: Int

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range and its value.
    public init(
        stepCount: Int, learningRate: Double = 1e-3, schedule: LearningRateSchedule = .cosine, warmupSteps: Int = 20,
        adamBeta2: Double = 0.99, weightDecay: Double = 0, maxGradNorm: Double = 1, shardCount: Int = 2
    ) throws(TrainingError) {
        try requireRange("steps", stepCount, 0...1_000_000_000)
        try requireRange("learning_rate", learningRate, 0..<10)
        try Warmup.steps(warmupSteps).check(schedule)
        try LearningRateOptions().check(schedule, peak: learningRate)
        try requireRange("shards", shardCount, 1...64)
        optimiser = try AdamWOptions(beta2: adamBeta2, weightDecay: weightDecay, maxGradNorm: maxGradNorm)
        self.stepCount = stepCount
        self.learningRate = learningRate
        self.schedule = schedule
        self.warmupSteps = warmupSteps
        self.shardCount = shardCount
    }

    var rate: Trainee.LearningRate {
        .init(peak: learningRate, schedule: schedule, warmupSteps: warmupSteps, stepCount: stepCount)
    }
}
