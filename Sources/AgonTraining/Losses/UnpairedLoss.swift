/// The losses of answers that were called good or bad one by one, spelled as TRL's KTO trainer spells them.
public enum UnpairedLossType: String, Sendable, Hashable, Codable, CaseIterable {
    /// 1 − σ(β(c − z₀)) of a good answer, 1 − σ(β(z₀ − d)) of a bad one.
    case kto
    /// 1 − σ(βc) of a good answer, σ(βd) of a bad one; no z₀. D'Oosterlinck et al. 2024, arXiv:2408.06266, eq. 7.
    case apoZeroUnpaired = "apo_zero_unpaired"

    /// The loss of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let type = UnpairedLossType(rawValue: name) else {
            let valid = UnpairedLossType.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration,
                "loss_type \"\(name)\" is unknown to algorithm kto; the valid ones are \(valid).")
        }
        self = type
    }
}

/// Kahneman–Tversky optimisation: each answer is worth more or less than what the policy says on average.
///
///     z₀   = max(0, mean over mismatched pairs (prompt i, answer i − 1) of log π_θ − log π_ref)      no gradient
///     loss = (1/B) Σ w · ℓ,   w = desirable_weight or undesirable_weight
///
/// The weights should make up for unequal counts: w_d·n_d / (w_u·n_u) between 1 and 4/3.
///
/// - Source: Ethayarajh et al. 2024, arXiv:2402.01306, eqs. 7 and 8.
public struct UnpairedLoss: Sendable, Hashable {
    public let type: UnpairedLossType
    public let beta: Double
    /// `desirable_weight`.
    public let desirableWeight: Double
    /// `undesirable_weight`.
    public let undesirableWeight: Double

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(
        _ type: UnpairedLossType = .kto, beta: Double = 0.1, desirableWeight: Double = 1, undesirableWeight: Double = 1
    ) throws(TrainingError) {
        guard beta.isFinite, beta > 0 else {
            throw TrainingError(.invalidConfiguration, "beta must be a positive number, but is \(beta).")
        }
        try requireRange("desirable_weight", desirableWeight, 0..<1e6)
        try requireRange("undesirable_weight", undesirableWeight, 0..<1e6)
        self.type = type
        self.beta = beta
        self.desirableWeight = desirableWeight
        self.undesirableWeight = undesirableWeight
    }

    /// Whether the loss reads z₀.
    public var usesMismatchedPairs: Bool { type == .kto }

    /// A batch's loss with its gradient.
    public struct Value: Sendable, Equatable {
        public var loss: Double
        /// ∂loss/∂(log-ratio), `[B]`.
        public var gradients: [Double]
        /// β·log-ratio, `[B]`.
        public var rewards: [Double]
        /// z₀ in nats.
        public var kl: Double
    }

    /// - Parameters:
    ///   - logRatios: log π_θ − log π_ref of each answer, `[B]`, in nats.
    ///   - isDesirable: which answers are good, `[B]`.
    ///   - mismatched: log-ratios of the mismatched pairs; not read by `apo_zero_unpaired`.
    ///   - weights: how much each answer counts, `[B]`; nil means 1 for all.
    /// - Throws: `nonFiniteLoss`, naming the first answer whose log-ratio is not finite.
    public func evaluate(
        logRatios: [Double], isDesirable: [Bool], mismatched: [Double], weights: [Double]? = nil, numbers: [Int]? = nil
    ) throws(TrainingError) -> Value {
        let kl = usesMismatchedPairs ? max(0, mismatched.mean) : 0
        var value = Value(loss: 0, gradients: [], rewards: logRatios.map { beta * $0 }, kl: kl)
        for (index, ratio) in logRatios.enumerated() {
            guard ratio.isFinite, kl.isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The log-ratio of completion \(numbers?[index] ?? index) is \(ratio), at z₀ = \(kl).")
            }
            let sign: Double = isDesirable[index] ? 1 : -1
            let share = (weights?[index] ?? 1) * (isDesirable[index] ? desirableWeight : undesirableWeight)
                / Double(logRatios.count)
            let z = sign * beta * (ratio - kl)
            value.loss += share * sigmoid(-z)
            value.gradients.append(-share * sign * beta * sigmoidSlope(z))
        }
        return value
    }
}
