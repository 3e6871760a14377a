/// The settings of AdamW, under the names that the field uses.
public struct AdamWOptions: Sendable, Hashable {
    /// Decay rate of the mean of gradients.
    public var beta1: Double
    /// Decay rate of the mean of squared gradients.
    public var beta2: Double
    /// Added to the root of the mean square.
    public var epsilon: Double
    /// Decoupled weight decay: p ← p·(1 − lr·decay) before the step. Norm weights are never decayed.
    public var weightDecay: Double
    /// The greatest global L2 norm of a gradient; longer ones are scaled down. 0 turns it off.
    public var maxGradNorm: Double

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
        maxGradNorm: Double = 1
    ) throws(TrainingError) {
        try requireRange("adam_beta1", beta1, 0..<1)
        try requireRange("adam_beta2", beta2, 0..<1)
        try requireRange("adam_epsilon", epsilon, Double.leastNormalMagnitude..<1)
        try requireRange("weight_decay", weightDecay, 0..<1e6)
        try requireRange("max_grad_norm", maxGradNorm, 0..<Double.infinity)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.maxGradNorm = maxGradNorm
    }
}

/// Checks that a number lies in a half-open range; NaN never does.
func requireRange(_ name: String, _ value: Double, _ range: Range<Double>) throws(TrainingError) {
    guard range.contains(value) else {
        throw TrainingError(
            .invalidConfiguration,
            "\(name) must be at least \(range.lowerBound) and below \(range.upperBound), but is \(value).")
    }
}

/// Checks that a number lies between 0 and an upper bound, both included.
func requireRange(_ name: String, _ value: Double, through upper: Double) throws(TrainingError) {
    guard (0...upper).contains(value) else {
        throw TrainingError(.invalidConfiguration, "\(name) must be between 0 and \(upper), but is \(value).")
    }
}

/// Checks that a count lies in a closed range.
func requireRange(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(TrainingError) {
    guard range.contains(value) else {
        throw TrainingError(
            .invalidConfiguration,
            "\(name) must be between \(range.lowerBound) and \(range.upperBound), but is \(value).")
    }
}
