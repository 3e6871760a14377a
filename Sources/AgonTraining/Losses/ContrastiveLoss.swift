import Foundation

/// The reference-free losses of a pair, spelled as TRL's CPO trainer spells them.
public enum ContrastiveLossType: String, Sendable, Hashable, Codable, CaseIterable {
    /// CPO: −(1 − ε) log σ(βδ) − ε log σ(−βδ) with δ = r⁺ − r⁻ of summed log-probabilities. Xu et al. 2024,
    /// arXiv:2401.08417, eq. 3.
    case sigmoid
    /// max(0, 1 − βδ).
    case hinge
    /// (δ − 1/(2β))² of log-probabilities per token.
    case ipo
    /// The sigmoid loss of βδ − γ, of log-probabilities per token. Meng et al. 2024, arXiv:2405.14734, eq. 6.
    case simpo

    /// The loss of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let type = ContrastiveLossType(rawValue: name) else {
            let valid = ContrastiveLossType.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration,
                "loss_type \"\(name)\" is unknown to algorithm cpo; the valid ones are \(valid).")
        }
        self = type
    }

    /// Whether log-probabilities are divided by the number of tokens.
    var averagesTokens: Bool { self == .ipo || self == .simpo }
    /// Whether the loss reads `label_smoothing`.
    var readsLabelSmoothing: Bool { self == .sigmoid || self == .simpo }
}

/// Contrastive preference optimisation and its relatives: a preference loss without a reference, and the likelihood of
/// the chosen side beside it.
///
///     r    = lp, or lp/n for `ipo` and `simpo`; with AlphaPO's α ≠ 0: (1 − e^(−αr))/α
///     loss = (1/B) Σ f(r⁺ − r⁻) + cpo_alpha · (−Σ lp⁺ / Σ n⁺)
///
/// SimPO is `simpo` with `cpo_alpha` 0; its paper uses β of 2 to 2.5 and γ/β of 0.3 to 0.8.
///
/// - Source: `ContrastiveLossType`; AlphaPO: Gupta et al. 2025, arXiv:2501.03884, eq. 7.
public struct ContrastiveLoss: Sendable, Hashable {
    public let type: ContrastiveLossType
    public let beta: Double
    /// `cpo_alpha`: weight of the chosen side's negative log-likelihood per token.
    public let likelihoodWeight: Double
    /// `label_smoothing`, ε.
    public let labelSmoothing: Double
    /// `simpo_gamma`, γ: the margin that a win must exceed.
    public let gamma: Double
    /// `alpha` of AlphaPO; 0 leaves log-probabilities as they are.
    public let alpha: Double

    /// - Parameters:
    ///   - gamma: nil means 0.5 for `simpo`; others refuse it.
    ///   - labelSmoothing: nil means 0; refused where the loss does not read it.
    /// - Throws: `invalidConfiguration`, naming the setting that is out of range or that the loss does not read.
    public init(
        _ type: ContrastiveLossType, beta: Double, likelihoodWeight: Double = 1, labelSmoothing: Double? = nil,
        gamma: Double? = nil, alpha: Double = 0
    ) throws(TrainingError) {
        guard beta.isFinite, beta > 0 else {
            throw TrainingError(.invalidConfiguration, "beta must be a positive number, but is \(beta).")
        }
        if labelSmoothing != nil, !type.readsLabelSmoothing {
            throw TrainingError(
                .invalidConfiguration,
                "label_smoothing is ignored by loss_type \(type.rawValue) of algorithm cpo; remove it or choose "
                    + "sigmoid or simpo.")
        }
        if gamma != nil, type != .simpo {
            throw TrainingError(
                .invalidConfiguration,
                "simpo_gamma is ignored by loss_type \(type.rawValue); remove it or choose simpo.")
        }
        try requireRange("cpo_alpha", likelihoodWeight, 0..<1e6)
        try requireRange("label_smoothing", labelSmoothing ?? 0, 0..<0.5)
        try requireRange("simpo_gamma", gamma ?? 0, 0..<1e6)
        try requireRange("alpha", alpha, -100..<100)
        self.type = type
        self.beta = beta
        self.likelihoodWeight = likelihoodWeight
        self.labelSmoothing = labelSmoothing ?? 0
        self.gamma = type == .simpo ? gamma ?? 0.5 : 0
        self.alpha = alpha
    }

    /// Summed log-probabilities of a batch's pairs, `[B]` each, in nats, and their token counts.
    public struct Batch: Sendable, Equatable {
        public var chosen: [Double]
        public var rejected: [Double]
        public var chosenCounts: [Int]
        public var rejectedCounts: [Int]
        /// How much each pair's preference counts.
        public var weights: [Double]

        public init(
            chosen: [Double], rejected: [Double], chosenCounts: [Int], rejectedCounts: [Int], weights: [Double]? = nil
        ) {
            self.chosen = chosen
            self.rejected = rejected
            self.chosenCounts = chosenCounts
            self.rejectedCounts = rejectedCounts
            self.weights = weights ?? Array(repeating: 1, count: chosen.count)
        }
    }

    /// A batch's loss with its gradient.
    public struct Value: Sendable, Equatable {
        public var loss: Double
        /// The preference part alone, `[B]`, before weights.
        public var pairLosses: [Double]
        /// The chosen side's negative log-likelihood per token, before `cpo_alpha`.
        public var negativeLogLikelihood: Double
        /// ∂loss/∂(summed log-probability) of each side, `[B]`.
        public var chosenGradients: [Double]
        public var rejectedGradients: [Double]
        /// β·r of each side, `[B]`.
        public var chosenRewards: [Double]
        public var rejectedRewards: [Double]
    }

    /// - Throws: `nonFiniteLoss`, naming the first pair whose loss or gradient is not finite.
    public func evaluate(_ batch: Batch, numbers: [Int]? = nil) throws(TrainingError) -> Value {
        let tokenCount = Double(max(1, batch.chosenCounts.reduce(0, +)))
        var value = Value(
            loss: 0, pairLosses: [], negativeLogLikelihood: -batch.chosen.reduce(0, +) / tokenCount,
            chosenGradients: [], rejectedGradients: [], chosenRewards: [], rejectedRewards: [])
        for pair in batch.chosen.indices {
            let high = reward(batch.chosen[pair], batch.chosenCounts[pair])
            let low = reward(batch.rejected[pair], batch.rejectedCounts[pair])
            let (loss, slope) = preference(high.value - low.value)
            guard loss.isFinite, (slope * high.slope).isFinite, (slope * low.slope).isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The loss of pair \(numbers?[pair] ?? pair) is \(loss) at log-probabilities "
                        + "\(batch.chosen[pair]) (chosen) and \(batch.rejected[pair]) (rejected).")
            }
            let share = batch.weights[pair] / Double(batch.chosen.count)
            value.pairLosses.append(loss)
            value.loss += share * loss
            value.chosenGradients.append(share * slope * high.slope - likelihoodWeight / tokenCount)
            value.rejectedGradients.append(-share * slope * low.slope)
            value.chosenRewards.append(beta * high.value)
            value.rejectedRewards.append(beta * low.value)
        }
        if likelihoodWeight > 0 { value.loss += likelihoodWeight * value.negativeLogLikelihood }
        return value
    }

    /// r and its derivative in the summed log-probability.
    private func reward(_ sum: Double, _ count: Int) -> (value: Double, slope: Double) {
        let scale = type.averagesTokens ? 1 / Double(max(1, count)) : 1
        let value = sum * scale
        guard alpha != 0 else { return (value, scale) }
        return (-expm1(-alpha * value) / alpha, scale * exp(-alpha * value))
    }

    /// f(δ) and f′(δ).
    private func preference(_ difference: Double) -> (loss: Double, slope: Double) {
        switch type {
        case .sigmoid, .simpo:
            let z = beta * difference - gamma
            let flipped = labelSmoothing == 0 ? 0 : labelSmoothing * logSigmoid(-z)
            return (
                -(1 - labelSmoothing) * logSigmoid(z) - flipped,
                beta * (labelSmoothing * sigmoid(z) - (1 - labelSmoothing) * sigmoid(-z))
            )
        case .hinge:
            let z = beta * difference
            return (max(0, 1 - z), z < 1 ? -beta : 0)
        case .ipo:
            let distance = difference - 1 / (2 * beta)
            return (distance * distance, 2 * distance)
        }
    }
}
