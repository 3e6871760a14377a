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
/// arXiv:2404.19733; Razin et al. 2024, arXiv:2410.08847); [`sigmoid`, `bco_pair`, `sft`] × [0.8, 0.2, 1] is MPO
/// (Wang et al. 2024, arXiv:2411.10442).
///
/// - Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7; the others at `PreferenceLossType`.
public struct PreferenceLoss: Sendable, Hashable {
    /// The losses that are added.
    public let types: [PreferenceLossType]
    /// One factor per loss.
    public let weights: [Double]
    /// β: how firmly the policy is held to the reference; greater is firmer.
    public let beta: Double
    public let options: PreferenceLossOptions

    /// - Parameter weights: one finite factor per loss; nil means 1 for all.
    /// - Throws: `invalidConfiguration`, naming the setting that is out of range or that no loss reads.
    public init(
        _ types: [PreferenceLossType], weights: [Double]? = nil, beta: Double,
        options: PreferenceLossOptions = PreferenceLossOptions()
    ) throws(TrainingError) {
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
        try options.check(types)
        self.types = types
        self.weights = weights
        self.beta = beta
        self.options = options
    }

    /// Whether the losses compare whole batches, so that pairs cannot be weighed.
    public var couplesBatch: Bool { types.contains(where: \.couplesBatch) }

    /// Whether a pair's label may be anything but 1.
    public var takesSoftLabels: Bool { types.allSatisfy { $0.takesSoftLabels || $0 == .sft } }

    /// The loss of a batch, its gradient and the pairs' rewards.
    ///
    /// - Parameter numbers: the pairs' numbers in messages; nil counts from 0.
    /// - Throws: `nonFiniteLoss`, naming the first pair whose loss or gradient is not finite.
    public func evaluate(
        _ batch: PreferenceBatch, numbers: [Int]? = nil
    ) throws(TrainingError) -> PreferenceLossValue {
        let count = batch.count
        let zeros = Array(repeating: 0.0, count: count)
        var value = PreferenceLossValue(
            loss: 0, pairLosses: zeros, chosenGradients: zeros, rejectedGradients: zeros, likelihoodGradients: zeros,
            chosenRewards: (0..<count).map { beta * (batch.policyChosen[$0] - batch.referenceChosen[$0]) },
            rejectedRewards: (0..<count).map { beta * (batch.policyRejected[$0] - batch.referenceRejected[$0]) })
        for (type, weight) in zip(types, weights) { add(type, weight, batch, to: &value) }
        for pair in 0..<count {
            let (loss, chosen) = (value.pairLosses[pair], value.chosenGradients[pair])
            guard loss.isFinite, chosen.isFinite, value.rejectedGradients[pair].isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The loss of pair \(numbers?[pair] ?? pair) is \(loss) at log-ratios "
                        + "\(value.chosenRewards[pair] / beta) (chosen) and \(value.rejectedRewards[pair] / beta) "
                        + "(rejected).")
            }
            let share = batch.weights[pair] / Double(count)
            value.loss += share * loss
            value.chosenGradients[pair] *= share
            value.rejectedGradients[pair] *= share
            value.likelihoodGradients[pair] *= share
        }
        return value
    }

    /// Adds one loss of every pair, and its derivatives, before weights and mean of the batch.
    private func add(
        _ type: PreferenceLossType, _ weight: Double, _ batch: PreferenceBatch, to value: inout PreferenceLossValue
    ) {
        if type == .sft { return addLikelihood(weight, batch, to: &value) }
        if type.couplesBatch {
            let sorted = SortedLoss.evaluate(type, batch, beta: beta, smoothing: options.labelSmoothing ?? 0)
            for pair in 0..<batch.count {
                value.pairLosses[pair] += weight * sorted.losses[pair]
                value.chosenGradients[pair] += weight * sorted.chosenGradients[pair]
                value.rejectedGradients[pair] += weight * sorted.rejectedGradients[pair]
            }
            return
        }
        for pair in 0..<batch.count {
            let part = PairLoss.of(
                type,
                at: PairPoint(
                    chosenLogRatio: batch.policyChosen[pair] - batch.referenceChosen[pair],
                    rejectedLogRatio: batch.policyRejected[pair] - batch.referenceRejected[pair],
                    chosenCount: Double(batch.chosenCounts[pair]), rejectedCount: Double(batch.rejectedCounts[pair]),
                    label: batch.labels[pair], beta: beta, options: options))
            let factor = weight * (batch.importance?[pair] ?? 1)
            value.pairLosses[pair] += factor * part.loss
            value.chosenGradients[pair] += factor * part.chosenGradient
            value.rejectedGradients[pair] += factor * part.rejectedGradient
        }
    }

    /// A token mean over the batch, written as a mean over pairs.
    private func addLikelihood(_ weight: Double, _ batch: PreferenceBatch, to value: inout PreferenceLossValue) {
        let meanCount = batch.chosenCounts.map(Double.init).mean
        for pair in 0..<batch.count {
            let factor = weight * (batch.importance?[pair] ?? 1) / meanCount
            value.pairLosses[pair] -= factor * batch.chosenLogLikelihoods[pair]
            value.likelihoodGradients[pair] -= factor
        }
    }
}
