/// Summed log-probabilities of a batch's pairs: everything that a preference loss reads.
public struct PreferenceBatch: Sendable, Equatable {
    /// Σ log π_θ over the own tokens of each side, `[B]`, in nats; the only values with a gradient.
    public var policyChosen: [Double]
    public var policyRejected: [Double]
    /// The same under the frozen reference policy, `[B]`.
    public var referenceChosen: [Double]
    public var referenceRejected: [Double]
    /// Own tokens of each side, `[B]`, at least 1.
    public var chosenCounts: [Int]
    public var rejectedCounts: [Int]
    /// How much each pair counts, `[B]`; 1 for all is the plain mean.
    public var weights: [Double]

    /// - Precondition: all arrays have the same length and all counts are positive.
    public init(
        policyChosen: [Double], policyRejected: [Double], referenceChosen: [Double], referenceRejected: [Double],
        chosenCounts: [Int], rejectedCounts: [Int], weights: [Double]? = nil
    ) {
        let count = policyChosen.count
        let weights = weights ?? Array(repeating: 1, count: count)
        precondition(
            [
                policyRejected.count, referenceChosen.count, referenceRejected.count, chosenCounts.count,
                rejectedCounts.count, weights.count,
            ].allSatisfy { $0 == count }, "a preference batch needs one value per pair in each array")
        precondition(
            (chosenCounts + rejectedCounts).allSatisfy { $0 > 0 }, "each side of a pair needs an own token")
        self.policyChosen = policyChosen
        self.policyRejected = policyRejected
        self.referenceChosen = referenceChosen
        self.referenceRejected = referenceRejected
        self.chosenCounts = chosenCounts
        self.rejectedCounts = rejectedCounts
        self.weights = weights
    }

    /// B: how many pairs there are.
    public var count: Int { policyChosen.count }
}

/// A batch's loss with its gradient.
public struct PreferenceLossValue: Sendable, Equatable {
    /// (1/B) Σ weight · pair loss.
    public var loss: Double
    /// Each pair's loss before its weight, `[B]`; their weighted mean is `loss`.
    public var pairLosses: [Double]
    /// ∂loss/∂(Σ log π_θ) of each side, `[B]`. Every own token of the side has this same derivative.
    public var chosenGradients: [Double]
    public var rejectedGradients: [Double]
    /// Implicit rewards β(log π_θ − log π_ref) of each side, `[B]`.
    public var chosenRewards: [Double]
    public var rejectedRewards: [Double]
}

/// A weighted sum of preference losses, with its gradient.
///
/// With the log-ratios c and d (log π_θ − log π_ref of the chosen and the rejected side), DPO's `sigmoid` is
///
///     margin = β · (c − d)
///     loss   = −log σ(margin)                  averaged over the B pairs
///
/// While π_θ still equals π_ref this is ln 2 ≈ 0.6931 whatever the data. A first step that reports anything else
/// compares two tokenizations, two masks or two checkpoints: look there first.
///
/// Several losses are added with their weights: [`sigmoid`, `sft`] × [1, w] is DPO regularised by the likelihood
/// of the chosen side, which keeps both log-probabilities from falling together (Pang et al. 2024,
/// arXiv:2404.19733; Razin et al. 2024, arXiv:2410.08847).
///
/// - Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7; the others at `PreferenceLossType`.
public struct PreferenceLoss: Sendable, Hashable {
    /// The losses that are added.
    public let types: [PreferenceLossType]
    /// One factor per loss.
    public let weights: [Double]
    /// β: how firmly the policy is held to the reference; greater is firmer.
    public let beta: Double

    /// - Parameter weights: one finite factor per loss; nil means 1 for all.
    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(_ types: [PreferenceLossType], weights: [Double]? = nil, beta: Double) throws(TrainingError) {
        let weights = weights ?? Array(repeating: 1, count: types.count)
        guard !types.isEmpty else {
            throw TrainingError(.invalidConfiguration, "loss_type must name at least one loss, but is empty.")
        }
        guard weights.count == types.count else {
            throw TrainingError(
                .invalidConfiguration,
                "loss_weights must have one value per loss_type (\(types.count)), but has \(weights.count).")
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw TrainingError(.invalidConfiguration, "loss_weights must be finite, but are \(weights).")
        }
        guard beta.isFinite, beta > 0 else {
            throw TrainingError(.invalidConfiguration, "beta must be a positive number, but is \(beta).")
        }
        self.types = types
        self.weights = weights
        self.beta = beta
    }

    /// The loss of a batch, its gradient and the pairs' rewards.
    ///
    /// - Parameter numbers: the pairs' numbers in messages; nil counts from 0.
    /// - Throws: `nonFiniteLoss`, naming the first pair whose loss or gradient is not finite.
    public func evaluate(
        _ batch: PreferenceBatch, numbers: [Int]? = nil
    ) throws(TrainingError) -> PreferenceLossValue {
        let count = batch.count
        let meanChosenCount = Double(batch.chosenCounts.reduce(0, +)) / Double(max(count, 1))
        let zeros = Array(repeating: 0.0, count: count)
        var value = PreferenceLossValue(
            loss: 0, pairLosses: zeros, chosenGradients: zeros, rejectedGradients: zeros, chosenRewards: zeros,
            rejectedRewards: zeros)
        for pair in 0..<count {
            let point = PairPoint(
                chosenLogRatio: batch.policyChosen[pair] - batch.referenceChosen[pair],
                rejectedLogRatio: batch.policyRejected[pair] - batch.referenceRejected[pair],
                chosenLogProb: batch.policyChosen[pair], chosenCount: Double(batch.chosenCounts[pair]),
                rejectedCount: Double(batch.rejectedCounts[pair]), meanChosenCount: meanChosenCount, beta: beta)
            let total = sum(at: point)
            guard total.loss.isFinite, total.chosenGradient.isFinite, total.rejectedGradient.isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The loss of pair \(numbers?[pair] ?? pair) is \(total.loss) at log-ratios \(point.chosenLogRatio) (chosen) and "
                        + "\(point.rejectedLogRatio) (rejected).")
            }
            let share = batch.weights[pair] / Double(count)
            value.loss += share * total.loss
            value.pairLosses[pair] = total.loss
            value.chosenGradients[pair] = share * total.chosenGradient
            value.rejectedGradients[pair] = share * total.rejectedGradient
            value.chosenRewards[pair] = beta * point.chosenLogRatio
            value.rejectedRewards[pair] = beta * point.rejectedLogRatio
        }
        return value
    }

    private func sum(at point: PairPoint) -> PairLoss {
        var total = PairLoss()
        for (type, weight) in zip(types, weights) {
            let part = PairLoss.of(type, at: point)
            total.loss += weight * part.loss
            total.chosenGradient += weight * part.chosenGradient
            total.rejectedGradient += weight * part.rejectedGradient
        }
        return total
    }
}
