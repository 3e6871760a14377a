import Foundation

/// How token losses become one number, spelled as TRL's GRPO `loss_type` spells them.
public enum PolicyLossNormalisation: String, Sendable, Hashable, Codable, CaseIterable {
    /// Σ over all tokens of the step, divided by their number, micro-batches included. Yu et al. 2025, arXiv:2503.14476.
    case dapo
    /// The same within each micro-batch.
    case bnpo
    /// Σ over all tokens, divided by rollouts × `max_completion_length`: no length bias. Liu et al. 2025,
    /// arXiv:2503.20783.
    case drGRPO = "dr_grpo"
    /// The mean over rollouts of their token means: long rollouts count less a token. Shao et al. 2024,
    /// arXiv:2402.03300.
    case grpo

    /// The normalisation of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let value = PolicyLossNormalisation(rawValue: name) else {
            let valid = PolicyLossNormalisation.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration,
                "loss_type \"\(name)\" is unknown to algorithm grpo; the valid ones are \(valid).")
        }
        self = value
    }
}

/// The clipped surrogate of PPO and GRPO over tokens, with the k3 estimate of the KL to a reference.
///
///     w    = π_θ/π_old of a token, or e^(mean log-ratio) of a rollout for importance level `sequence` (GSPO)
///     ℓ_t  = −min(min(w, δ)·A_t, clip(w, 1 − ε, 1 + ε_high)·A_t) + β·(e^(r−p) − (r − p) − 1)
///     loss = Σ a_t ℓ_t, with a_t by the normalisation
///
/// p and r are log π_θ and log π_ref. While π_θ is still π_old every w is 1, nothing is clipped and the gradient is
/// plain policy gradient.
///
/// - Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7; Shao et al. 2024, arXiv:2402.03300, eqs. 3 and 4; GSPO:
///   Zheng et al. 2025, arXiv:2507.18071, eq. 5; δ: `delta` of INTELLECT-2, arXiv:2505.07291.
public struct ClippedPolicyLoss: Sendable, Hashable {
    /// ε and ε_high: how far w may move before its gradient is cut, downwards and upwards.
    public let epsilon: Double
    public let epsilonHigh: Double
    /// δ: an upper bound on w where A < 0; nil means none.
    public let delta: Double?
    /// β: weight of the KL to the reference, 0 for none.
    public let beta: Double
    public let normalisation: PolicyLossNormalisation
    /// True for `importance_sampling_level: sequence`.
    public let isSequenceLevel: Bool
    /// The divisor of `dr_grpo`, in tokens.
    public let maxCompletionLength: Int?

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range or that nothing reads.
    public init(
        epsilon: Double = 0.2, epsilonHigh: Double? = nil, delta: Double? = nil, beta: Double = 0,
        normalisation: PolicyLossNormalisation = .dapo, isSequenceLevel: Bool = false, maxCompletionLength: Int? = nil
    ) throws(TrainingError) {
        try requireRange("epsilon", epsilon, 0..<1)
        try requireRange("epsilon_high", epsilonHigh ?? epsilon, 0..<1e6)
        try requireRange("beta", beta, 0..<1e6)
        if let delta { try requireRange("delta", delta, (1 + (epsilonHigh ?? epsilon))..<1e6) }
        guard (normalisation == .drGRPO) == (maxCompletionLength != nil) else {
            throw TrainingError(
                .invalidConfiguration,
                normalisation == .drGRPO
                    ? "max_completion_length must be given for loss_type dr_grpo, which divides by it."
                    : "max_completion_length is ignored by loss_type \(normalisation.rawValue); remove it or choose "
                        + "dr_grpo.")
        }
        if let maxCompletionLength { try requireRange("max_completion_length", maxCompletionLength, 1...1_000_000) }
        self.epsilon = epsilon
        self.epsilonHigh = epsilonHigh ?? epsilon
        self.delta = delta
        self.beta = beta
        self.normalisation = normalisation
        self.isSequenceLevel = isSequenceLevel
        self.maxCompletionLength = maxCompletionLength
    }

    /// Per rollout and own token, in nats: ragged `[B][T]`.
    public struct Batch: Sendable, Equatable {
        public var policy: [[Double]]
        /// log π_old of the version that drew the rollout.
        public var old: [[Double]]
        /// log π_ref; nil where β is 0.
        public var reference: [[Double]]?
        /// A_t.
        public var advantages: [[Double]]

        public init(policy: [[Double]], old: [[Double]], reference: [[Double]]? = nil, advantages: [[Double]]) {
            self.policy = policy
            self.old = old
            self.reference = reference
            self.advantages = advantages
        }
    }

    /// A batch's loss with its gradient and what was clipped.
    public struct Value: Sendable, Equatable {
        public var loss: Double
        /// ∂loss/∂(log π_θ) of each own token.
        public var gradients: [[Double]]
        /// Mean over tokens of the k3 estimate, 0 without a reference.
        public var kl: Double
        /// Shares of tokens (of rollouts at sequence level) whose gradient was cut below and above.
        public var lowClipRatio: Double
        public var highClipRatio: Double
    }

    /// - Parameter stepTokenShare: own tokens of the whole step divided by its micro-batches: what `dapo` divides by;
    ///   nil takes the batch's own count.
    /// - Throws: `nonFiniteLoss`, naming the first rollout with a loss that is not finite.
    public func evaluate(
        _ batch: Batch, stepTokenShare: Double? = nil, numbers: [Int]? = nil
    ) throws(TrainingError) -> Value {
        let tokenCount = Double(max(1, batch.policy.reduce(0) { $0 + $1.count }))
        var value = Value(loss: 0, gradients: [], kl: 0, lowClipRatio: 0, highClipRatio: 0)
        for rollout in batch.policy.indices {
            let count = Double(max(1, batch.policy[rollout].count))
            let share: Double =
                switch normalisation {
                case .dapo: 1 / (stepTokenShare ?? tokenCount)
                case .bnpo: 1 / tokenCount
                case .drGRPO: 1 / (Double(batch.policy.count) * Double(maxCompletionLength ?? 1))
                case .grpo: 1 / (Double(batch.policy.count) * count)
                }
            let before = value.loss
            var gradients = surrogate(rollout, batch, share, &value)
            if beta > 0, let reference = batch.reference?[rollout] {
                for (token, p) in batch.policy[rollout].enumerated() {
                    let difference = reference[token] - p
                    let kl = expm1(difference) - difference
                    value.loss += share * beta * kl
                    value.kl += kl / tokenCount
                    gradients[token] -= share * beta * expm1(difference)
                }
            }
            guard value.loss.isFinite, gradients.allSatisfy(\.isFinite) else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The loss of rollout \(numbers?[rollout] ?? rollout) is \(value.loss - before) at summed "
                        + "log-probabilities \(batch.policy[rollout].reduce(0, +)) now and "
                        + "\(batch.old[rollout].reduce(0, +)) when it was drawn.")
            }
            value.gradients.append(gradients)
        }
        let clippable = isSequenceLevel ? Double(max(1, batch.policy.count)) : tokenCount
        value.lowClipRatio /= clippable
        value.highClipRatio /= clippable
        return value
    }

    /// Adds a rollout's clipped loss and counts what was cut.
    ///
    /// - Returns: its derivatives in log π_θ of each token.
    private func surrogate(_ rollout: Int, _ batch: Batch, _ share: Double, _ value: inout Value) -> [Double] {
        let ratios = zip(batch.policy[rollout], batch.old[rollout]).map { $0 - $1 }
        let advantages = batch.advantages[rollout]
        var gradients = [Double](repeating: 0, count: ratios.count)
        if isSequenceLevel {
            let weight = exp(ratios.mean)
            var slope = 0.0
            for advantage in advantages {
                let part = clipped(weight, advantage)
                value.loss += share * part.loss
                slope += share * part.slope * weight / Double(max(1, ratios.count))
            }
            gradients = gradients.map { _ in slope }
            count(weight, advantages.first ?? 0, &value)
        } else {
            for (token, ratio) in ratios.enumerated() {
                let weight = exp(ratio)
                let part = clipped(weight, advantages[token])
                value.loss += share * part.loss
                gradients[token] = share * part.slope * weight
                count(weight, advantages[token], &value)
            }
        }
        return gradients
    }

    /// −min(min(w, δ)·A, clip(w)·A) and its derivative in w.
    private func clipped(_ weight: Double, _ advantage: Double) -> (loss: Double, slope: Double) {
        let bounded = min(weight, delta ?? .infinity)
        let plain = bounded * advantage
        let cut = min(max(weight, 1 - epsilon), 1 + epsilonHigh) * advantage
        guard plain > cut else { return (-plain, bounded == weight ? -advantage : 0) }
        return (-cut, 0)
    }

    private func count(_ weight: Double, _ advantage: Double, _ value: inout Value) {
        let bounded = min(weight, delta ?? .infinity)
        if bounded < 1 - epsilon, advantage < 0 { value.lowClipRatio += 1 }
        if bounded > 1 + epsilonHigh, advantage > 0 { value.highClipRatio += 1 }
    }
}
