/// Summed log-probabilities of a batch's pairs: everything that a preference loss reads.
public struct PreferenceBatch: Sendable, Equatable {
    /// Σ log π_θ over the own tokens of each side, `[B]`, in nats; the only values with a gradient. Under `ld_alpha`
    /// tokens beyond the shorter length are counted that much here and in the reference.
    public var policyChosen: [Double]
    public var policyRejected: [Double]
    /// The same under the frozen reference policy, `[B]`.
    public var referenceChosen: [Double]
    public var referenceRejected: [Double]
    /// Own tokens of each side, `[B]`, at least 1.
    public var chosenCounts: [Int]
    public var rejectedCounts: [Int]
    /// Σ log π_θ over all own chosen tokens, each counted once, `[B]`; what `sft` reads.
    public var chosenLogLikelihoods: [Double]
    /// How much each pair counts, `[B]`; 1 for all is the plain mean.
    public var weights: [Double]
    /// How probable it is that the chosen side is better, `[B]`, 0 … 1; read by `sigmoid` and `cdpo` only.
    public var labels: [Double]
    /// The factors of `use_weighting`, `[B]`; nil without it.
    public var importance: [Double]?

    /// - Parameter chosenLogLikelihoods: nil means `policyChosen`.
    /// - Precondition: all arrays have the same length and all counts are positive.
    public init(
        policyChosen: [Double], policyRejected: [Double], referenceChosen: [Double], referenceRejected: [Double],
        chosenCounts: [Int], rejectedCounts: [Int], chosenLogLikelihoods: [Double]? = nil, weights: [Double]? = nil,
        labels: [Double]? = nil, importance: [Double]? = nil
    ) {
        let count = policyChosen.count
        self.chosenLogLikelihoods = chosenLogLikelihoods ?? policyChosen
        self.weights = weights ?? Array(repeating: 1, count: count)
        self.labels = labels ?? Array(repeating: 1, count: count)
        self.importance = importance
        precondition(
            [
                policyRejected.count, referenceChosen.count, referenceRejected.count, chosenCounts.count,
                rejectedCounts.count, self.weights.count, self.chosenLogLikelihoods.count, self.labels.count,
                importance?.count ?? count,
            ].allSatisfy { $0 == count }, "a preference batch needs one value per pair in each array")
        precondition(
            (chosenCounts + rejectedCounts).allSatisfy { $0 > 0 }, "each side of a pair needs an own token")
        self.policyChosen = policyChosen
        self.policyRejected = policyRejected
        self.referenceChosen = referenceChosen
        self.referenceRejected = referenceRejected
        self.chosenCounts = chosenCounts
        self.rejectedCounts = rejectedCounts
    }

    /// B: how many pairs there are.
    public var count: Int { policyChosen.count }
}

/// A batch's loss with its gradient.
public struct PreferenceLossValue: Sendable, Equatable {
    /// (1/B) Σ weight · pair loss.
    public var loss: Double
    /// Each pair's loss before its weight, `[B]`; their weighted mean is `loss`. A loss that couples the batch puts
    /// each quantile's loss at the pair whose chosen side has that rank.
    public var pairLosses: [Double]
    /// ∂loss/∂`policyChosen` and ∂loss/∂`policyRejected`, `[B]`.
    public var chosenGradients: [Double]
    public var rejectedGradients: [Double]
    /// ∂loss/∂`chosenLogLikelihoods`, `[B]`.
    public var likelihoodGradients: [Double]
    /// Implicit rewards β(log π_θ − log π_ref) of each side, `[B]`, without the divergence.
    public var chosenRewards: [Double]
    public var rejectedRewards: [Double]
}
