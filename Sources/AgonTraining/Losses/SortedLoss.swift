/// Alignment by optimal transport: quantile is compared with quantile, so that no pair has a loss of its own.
///
///     aot           δ = sorted(log π_θ⁺ − log π_θ⁻) − sorted(log π_ref⁺ − log π_ref⁻)
///     aot_unpaired  δ = sorted(c) − sorted(d)
///     loss          −(1 − ε) log σ(βδ) − ε log σ(−βδ)          averaged over the B quantiles
///
/// A batch of few pairs has coarse quantiles: use large ones. Equal values are ordered by their index.
///
/// - Source: Melnyk et al. 2024, arXiv:2406.05882, eqs. 8 and 10.
enum SortedLoss {
    /// The losses of the quantiles, and each pair's derivatives before the mean.
    struct Value {
        /// `[B]`, at the pair whose chosen quantity has that rank.
        var losses: [Double]
        var chosenGradients: [Double]
        var rejectedGradients: [Double]
    }

    static func evaluate(_ type: PreferenceLossType, _ batch: PreferenceBatch, beta: Double, smoothing: Double) -> Value {
        let indices = Array(0..<batch.count)
        let chosen = indices.map { batch.policyChosen[$0] - batch.referenceChosen[$0] }
        let rejected = indices.map { batch.policyRejected[$0] - batch.referenceRejected[$0] }
        let (upper, lower): ([Double], [Double])
        if type == .aot {
            upper = indices.map { batch.policyChosen[$0] - batch.policyRejected[$0] }
            lower = indices.map { batch.referenceChosen[$0] - batch.referenceRejected[$0] }
        } else {
            (upper, lower) = (chosen, rejected)
        }
        let zeros = [Double](repeating: 0, count: batch.count)
        var value = Value(losses: zeros, chosenGradients: zeros, rejectedGradients: zeros)
        for (high, low) in zip(order(upper), order(lower)) {
            let z = beta * (upper[high] - lower[low])
            value.losses[high] = -(1 - smoothing) * logSigmoid(z) - (smoothing == 0 ? 0 : smoothing * logSigmoid(-z))
            let slope = beta * (smoothing * sigmoid(z) - (1 - smoothing) * sigmoid(-z))
            value.chosenGradients[high] += slope
            // The reference's quantiles have no gradient; the rejected side of the policy's margin has.
            value.rejectedGradients[type == .aot ? high : low] -= slope
        }
        return value
    }

    private static func order(_ values: [Double]) -> [Int] {
        values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    }
}
