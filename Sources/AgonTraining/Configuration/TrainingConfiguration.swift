/// How one update trains an agent. The names are those of TRL's configuration, in Swift's spelling.
public struct TrainingConfiguration: Sendable, Hashable {
    /// What turns data into a gradient: the values of the key `algorithm`.
    public typealias Algorithm = TrainingMethod.Algorithm

    /// What turns data into a gradient.
    public let method: TrainingMethod
    /// The peak learning rate.
    public let learningRate: Double
    /// How often each item is seen (`num_train_epochs`). For `grpo` and `ppo` this is the number of passes over one set
    /// of rollouts, elsewhere `num_iterations` and `num_ppo_epochs`.
    public let epochs: Int
    /// Items (pairs, completions, rollouts) per micro-batch. The last of an epoch may be shorter; its mean is over the
    /// items it has.
    public let batchSize: Int
    /// Micro-batches per step (`gradient_accumulation_steps`). A step's gradient is the mean of its micro-batches'
    /// means, as in TRL: an item of a short last micro-batch counts more. The last step of an epoch takes the
    /// micro-batches that are left.
    public let accumulationSteps: Int
    /// The most tokens of a sequence (`max_length`): longer ones lose their end; nil keeps all.
    public let maxLength: Int?
    public let optimiser: AdamWOptions
    public let schedule: LearningRateSchedule
    public let scheduleOptions: LearningRateOptions
    public let warmup: Warmup
    public let reference: ReferencePolicy
    public let guards: TrainingGuards
    /// Whether the products of the training pass round their operands to bfloat16 (`bf16`), the weights that the
    /// optimiser changes staying float32. The reference is read in the same way, so that what rounding does to both
    /// cancels out. An adapter's own matrices and their products stay float32, and a frozen base that is held in a
    /// narrower format keeps its own.
    public let usesBfloat16: Bool
    /// The share of prompts whose pairs no step sees (`eval_share`); they are measured before and after the update. Which
    /// prompts these are depends on the prompts alone (`TrainingPair.group`), so they are the same in every round.
    public let evalShare: Double
    /// Joined with the update's own seed: another number gives another order of the items.
    public let seed: UInt64

    /// Checks the settings against one another.
    ///
    /// - Throws: `invalidConfiguration`, naming the first setting that is out of range and its value.
    public init(
        method: TrainingMethod, learningRate: Double = 2e-4, epochs: Int = 1, batchSize: Int = 8,
        accumulationSteps: Int = 1, maxLength: Int? = nil, maxGradNorm: Double = 1, adamBeta1: Double = 0.9,
        adamBeta2: Double = 0.99, adamEpsilon: Double = 1e-8, weightDecay: Double = 0, schedule: LearningRateSchedule = .constant,
        scheduleOptions: LearningRateOptions = .init(), warmup: Warmup = .steps(0),
        reference: ReferencePolicy = .roundStart, guards: TrainingGuards = .none, evalShare: Double = 0,
        bf16: Bool = false, seed: UInt64 = 0
    ) throws(TrainingError) {
        try method.check(reference)
        try requireRange("learning_rate", learningRate, 0..<10)
        try requireRange("num_train_epochs", epochs, 1...10_000)
        try requireRange("batch_size", batchSize, 1...1_000_000)
        try requireRange("gradient_accumulation_steps", accumulationSteps, 1...1_000_000)
        if let maxLength { try requireRange("max_length", maxLength, 2...1_000_000_000) }
        if case .kto(let loss) = method, loss.usesMismatchedPairs, batchSize < 2 {
            throw TrainingError(
                .invalidConfiguration,
                "batch_size must be at least 2 for loss_type kto, which pairs prompts with other answers of the batch.")
        }
        try requireRange("eval_share", evalShare, 0..<1)
        if evalShare > 0, !method.readsPairs {
            throw TrainingError(
                .invalidConfiguration,
                "eval_share is ignored by algorithm \(method.algorithm.rawValue), which learns from no pairs; remove it or "
                    + "choose one of cpo, dpo, orpo, simpo.")
        }
        try warmup.check(schedule)
        try scheduleOptions.check(schedule, peak: learningRate)
        try guards.check(method)
        optimiser = try AdamWOptions(
            beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon, weightDecay: weightDecay,
            maxGradNorm: maxGradNorm)
        self.method = method
        self.learningRate = learningRate
        self.epochs = epochs
        self.batchSize = batchSize
        self.accumulationSteps = accumulationSteps
        self.maxLength = maxLength
        self.schedule = schedule
        self.scheduleOptions = scheduleOptions
        self.warmup = warmup
        self.reference = reference
        self.guards = guards
        usesBfloat16 = bf16
        self.evalShare = evalShare
        self.seed = seed
    }

    /// A DPO update without further options.
    ///
    /// - Parameter lossWeights: nil means 1 for each loss.
    /// - Throws: `invalidConfiguration`, naming the first setting that is out of range and its value.
    public init(
        lossTypes: [PreferenceLossType] = [.sigmoid], lossWeights: [Double]? = nil, beta: Double = 0.1,
        learningRate: Double = 2e-4, epochs: Int = 1, batchSize: Int = 8, maxGradNorm: Double = 1,
        adamBeta1: Double = 0.9, adamBeta2: Double = 0.99, adamEpsilon: Double = 1e-8, weightDecay: Double = 0,
        schedule: LearningRateSchedule = .constant, warmupSteps: Int = 0, reference: ReferencePolicy = .roundStart,
        seed: UInt64 = 0
    ) throws(TrainingError) {
        try self.init(
            method: .dpo(PreferenceLoss(lossTypes, weights: lossWeights, beta: beta)), learningRate: learningRate,
            epochs: epochs, batchSize: batchSize, maxGradNorm: maxGradNorm, adamBeta1: adamBeta1,
            adamBeta2: adamBeta2, adamEpsilon: adamEpsilon, weightDecay: weightDecay, schedule: schedule,
            warmup: .steps(warmupSteps), reference: reference, seed: seed)
    }

    /// Optimiser steps of an update on this many items.
    public func stepCount(items: Int) -> Int { stepsPerEpoch(items: items) * epochs }

    func stepsPerEpoch(items: Int) -> Int {
        let batches = (items + batchSize - 1) / batchSize
        return (batches + accumulationSteps - 1) / accumulationSteps
    }
}
