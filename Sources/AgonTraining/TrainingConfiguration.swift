/// The policy that a DPO loss holds the trained one to.
public enum ReferencePolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// The agent's own version at the start of the round: each round may move on from the last.
    case roundStart = "round_start"
    /// The agent's version 0: all rounds together stay near where it began.
    case base

    /// The reference of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let reference = ReferencePolicy(rawValue: name) else {
            let valid = ReferencePolicy.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration, "reference \"\(name)\" is unknown; the valid ones are \(valid).")
        }
        self = reference
    }
}

/// How one update trains an agent. The names are those of TRL's configuration, in Swift's spelling.
public struct TrainingConfiguration: Sendable, Hashable {
    /// What turns pairs into a gradient.
    public enum Algorithm: String, Sendable, Hashable, Codable, CaseIterable {
        case dpo

        /// The algorithm of that name.
        ///
        /// - Throws: `invalidConfiguration`, listing the valid names.
        public init(named name: String) throws(TrainingError) {
            guard let algorithm = Algorithm(rawValue: name) else {
                let valid = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
                throw TrainingError(
                    .invalidConfiguration, "algorithm \"\(name)\" is unknown; the valid ones are \(valid).")
            }
            self = algorithm
        }
    }

    public let algorithm: Algorithm
    /// `loss_type`, `loss_weights` and `beta`.
    public let loss: PreferenceLoss
    /// The peak learning rate.
    public let learningRate: Double
    /// How often each pair is seen (`num_train_epochs`).
    public let epochs: Int
    /// Pairs per step. The last batch of an epoch may be shorter; its mean is over the pairs it has.
    public let batchSize: Int
    public let optimiser: AdamWOptions
    public let schedule: LearningRateSchedule
    /// Steps over which the learning rate rises from zero.
    public let warmupSteps: Int
    public let reference: ReferencePolicy
    /// Joined with the update's own seed: another number gives another order of the pairs.
    public let seed: UInt64

    /// Checks the settings against one another.
    ///
    /// - Parameter lossWeights: nil means 1 for each loss.
    /// - Throws: `invalidConfiguration`, naming the first setting that is out of range and its value.
    public init(
        algorithm: Algorithm = .dpo, lossTypes: [PreferenceLossType] = [.sigmoid], lossWeights: [Double]? = nil,
        beta: Double = 0.1, learningRate: Double = 2e-4, epochs: Int = 1, batchSize: Int = 8,
        maxGradNorm: Double = 1, adamBeta1: Double = 0.9, adamBeta2: Double = 0.99, adamEpsilon: Double = 1e-8,
        weightDecay: Double = 0, schedule: LearningRateSchedule = .constant, warmupSteps: Int = 0,
        reference: ReferencePolicy = .roundStart, seed: UInt64 = 0
    ) throws(TrainingError) {
        loss = try PreferenceLoss(lossTypes, weights: lossWeights, beta: beta)
        try requireRange("learning_rate", learningRate, 0..<10)
        try requireRange("num_train_epochs", epochs, 1...10_000)
        try requireRange("batch_size", batchSize, 1...1_000_000)
        try requireRange("warmup_steps", warmupSteps, 0...1_000_000_000)
        optimiser = try AdamWOptions(
            beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon, weightDecay: weightDecay,
            maxGradNorm: maxGradNorm)
        self.algorithm = algorithm
        self.learningRate = learningRate
        self.epochs = epochs
        self.batchSize = batchSize
        self.schedule = schedule
        self.warmupSteps = warmupSteps
        self.reference = reference
        self.seed = seed
    }
}

/// The settings under the names of the configuration file, for the record of an update.
extension TrainingConfiguration: Encodable {
    private enum CodingKeys: String, CodingKey {
        case algorithm, beta, reference, seed
        case lossTypes = "loss_type"
        case lossWeights = "loss_weights"
        case learningRate = "learning_rate"
        case epochs = "num_train_epochs"
        case batchSize = "batch_size"
        case maxGradNorm = "max_grad_norm"
        case adamBeta1 = "adam_beta1"
        case adamBeta2 = "adam_beta2"
        case adamEpsilon = "adam_epsilon"
        case weightDecay = "weight_decay"
        case schedule = "lr_scheduler_type"
        case warmupSteps = "warmup_steps"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(algorithm, forKey: .algorithm)
        try container.encode(loss.types, forKey: .lossTypes)
        try container.encode(loss.weights, forKey: .lossWeights)
        try container.encode(loss.beta, forKey: .beta)
        try container.encode(learningRate, forKey: .learningRate)
        try container.encode(epochs, forKey: .epochs)
        try container.encode(batchSize, forKey: .batchSize)
        try container.encode(optimiser.maxGradNorm, forKey: .maxGradNorm)
        try container.encode(optimiser.beta1, forKey: .adamBeta1)
        try container.encode(optimiser.beta2, forKey: .adamBeta2)
        try container.encode(optimiser.epsilon, forKey: .adamEpsilon)
        try container.encode(optimiser.weightDecay, forKey: .weightDecay)
        try container.encode(schedule, forKey: .schedule)
        try container.encode(warmupSteps, forKey: .warmupSteps)
        try container.encode(reference, forKey: .reference)
        try container.encode(seed, forKey: .seed)
    }
}
