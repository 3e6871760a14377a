/// What turns an update's data into a gradient: the `algorithm:` of a configuration with all that belongs to it alone.
public enum TrainingMethod: Sendable, Hashable {
    /// Direct preference optimisation and its family, from pairs.
    ///
    /// `precomputesReference` makes one pass of the reference over all pairs before the first step; otherwise a pair's
    /// reference log-probabilities are computed when it is first met, and kept. Both give the same bits.
    case dpo(PreferenceLoss, sync: ReferenceSync? = nil, precomputesReference: Bool = false)
    /// Answers that were called good or bad one by one.
    case kto(UnpairedLoss)
    /// Pairs without a reference; SimPO is one of its losses.
    case cpo(ContrastiveLoss)
    /// CPO with the loss `simpo` and SimPO's defaults.
    case simpo(ContrastiveLoss)
    /// Odds ratios and likelihood, from pairs without a reference.
    case orpo(OddsRatioLoss)
    /// Groups of rollouts of one prompt, each compared with its group's mean.
    case grpo(ClippedPolicyLoss, scale: RewardScale = .group)
    /// The clipped update of PPO. There is no value network: the baseline is the mean reward of the rollout's role or
    /// group, and the KL to the reference is paid within the reward.
    case ppo(ProximalOptions)
    /// Likelihood of given sequences.
    case sft

    /// The names of the configuration's `algorithm:`.
    public enum Algorithm: String, Sendable, Hashable, Codable, CaseIterable {
        case dpo, kto, cpo, simpo, orpo, grpo, ppo, sft

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

    /// The name.
    public var algorithm: Algorithm {
        switch self {
        case .dpo: .dpo
        case .kto: .kto
        case .cpo: .cpo
        case .simpo: .simpo
        case .orpo: .orpo
        case .grpo: .grpo
        case .ppo: .ppo
        case .sft: .sft
        }
    }

    /// Whether a pair's label may be anything but 1.
    public var takesSoftLabels: Bool {
        if case .dpo(let loss, _, _) = self { loss.takesSoftLabels } else { false }
    }

    /// Whether an item of a batch is a pair: two sequences.
    public var readsPairs: Bool {
        switch self {
        case .dpo, .cpo, .simpo, .orpo: true
        case .kto, .grpo, .ppo, .sft: false
        }
    }

    /// Whether a reference policy is compared with.
    public var usesReference: Bool {
        switch self {
        case .dpo, .kto: true
        case .grpo(let loss, _): loss.beta > 0
        case .ppo(let options): options.klCoefficient > 0
        case .cpo, .simpo, .orpo, .sft: false
        }
    }

    /// Checks what the parts do not know of one another.
    func check(_ reference: ReferencePolicy) throws(TrainingError) {
        switch self {
        case .dpo(_, let sync?, _) where sync.isMean && reference == .base:
            throw TrainingError(
                .invalidConfiguration,
                "ref_model_sync bema makes the reference a mean of the update's own weights, so that reference base would "
                    + "be gone at the first sync; choose reference round_start, or ref_model_sync mixup.")
        case .dpo(_, let sync, let precomputes) where sync != nil && precomputes:
            throw TrainingError(
                .invalidConfiguration,
                "precompute_ref_log_probs keeps log-probabilities that sync_ref_model makes stale; remove one of them.")
        case .simpo(let loss) where loss.type != .simpo:
            throw TrainingError(
                .invalidConfiguration,
                "algorithm simpo has the loss simpo, but loss_type is \(loss.type.rawValue); choose algorithm cpo.")
        default: return
        }
    }
}

/// What is particular to the PPO-style update.
public struct ProximalOptions: Sendable, Hashable {
    /// What a rollout's reward is compared with.
    public enum Baseline: String, Sendable, Hashable, Codable, CaseIterable {
        /// The mean reward of its role over the update: right where two sides of a game have unequal chances.
        case role
        /// The mean reward of its group.
        case group
    }

    /// ε: `cliprange`.
    public let clipRange: Double
    /// `kl_coef`: the price of one nat of drift from the reference.
    public let klCoefficient: Double
    public let baseline: Baseline
    /// `whiten_advantages`: mean 0 and deviation 1 over all tokens.
    public let whitensAdvantages: Bool

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(
        clipRange: Double = 0.2, klCoefficient: Double = 0.05, baseline: Baseline = .role,
        whitensAdvantages: Bool = true
    ) throws(TrainingError) {
        try requireRange("cliprange", clipRange, Double.leastNormalMagnitude..<1)
        try requireRange("kl_coef", klCoefficient, 0..<1e6)
        self.clipRange = clipRange
        self.klCoefficient = klCoefficient
        self.baseline = baseline
        self.whitensAdvantages = whitensAdvantages
    }
}
