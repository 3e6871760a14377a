/// The preference losses, spelled as TRL's `loss_type` spells them, and our own `cdpo`.
///
/// Each is one function of a pair in `PairLoss`, or of a whole batch in `SortedLoss`; a new one is a case here and a
/// function there. z = β(g(c) − g(d)), with c and d the log-ratios of the chosen and the rejected side and g the score
/// of the divergence; ε is `label_smoothing`.
public enum PreferenceLossType: String, Sendable, Hashable, Codable, CaseIterable {
    /// DPO: −log σ(z). Rafailov et al. 2023, arXiv:2305.18290, eq. 7.
    case sigmoid
    /// Conservative DPO: −(1 − ε) log σ(z) − ε log σ(−z), with ε the share of labels thought flipped. Mitchell 2023.
    case cdpo
    /// Sequence likelihood calibration: max(0, 1 − z). Zhao et al. 2023, arXiv:2305.10425.
    case hinge
    /// Identity preference optimisation: (g(c)/n⁺ − g(d)/n⁻ − 1/(2β))². Azar et al. 2023, arXiv:2310.12036, eq. 17.
    case ipo
    /// Length-normalised DPO: −log σ(β(g(c)/n⁺ − g(d)/n⁻)); wants β of about 2 to 10. Lambert et al. 2024,
    /// arXiv:2411.15124.
    case sigmoidNorm = "sigmoid_norm"
    /// Exact optimisation: KL of (σ(z), σ(−z)) from (1 − ε, ε); needs ε > 0. Ji et al. 2024, arXiv:2402.00856, eq. 16.
    case exoPair = "exo_pair"
    /// Noise-contrastive alignment: −log σ(βc) − ½ log σ(−βc) − ½ log σ(−βd). Chen et al. 2024, arXiv:2402.05369.
    case ncaPair = "nca_pair"
    /// Unbiased under flipped labels: (−(1 − ε) log σ(z) + ε log σ(−z)) / (1 − 2ε); may be negative. Chowdhury et al.
    /// 2024, arXiv:2403.00409.
    case robust
    /// Binary classification: −log σ(βc) − log σ(−βd). Jung et al. 2024, arXiv:2404.04656, without the moving shift.
    case bcoPair = "bco_pair"
    /// Self-play with hard wins: (c − 1/(2β))² + (d + 1/(2β))². Wu et al. 2024, arXiv:2405.00675.
    case sppoHard = "sppo_hard"
    /// Optimal transport of the paired margins: sorted policy margins against sorted reference margins. Couples the
    /// batch. Melnyk et al. 2024, arXiv:2406.05882.
    case aot
    /// Optimal transport of the two sides: sorted c against sorted d. Same source.
    case aotUnpaired = "aot_unpaired"
    /// Anchored, for winners better than the policy: 1 − σ(βc) + σ(βd). D'Oosterlinck et al. 2024, arXiv:2408.06266.
    case apoZero = "apo_zero"
    /// Anchored, for a policy better than the winners: σ(βc) + 1 − σ(β(c − d)). Same source.
    case apoDown = "apo_down"
    /// Found by search: a mixture of −log σ(z) and e^−z by σ(z/τ). Lu et al. 2024, arXiv:2406.08414, eq. 5.
    case discopop
    /// Next-token loss of the chosen side: −Σ log π_θ(own chosen tokens) / number of them, over the batch.
    case sft

    /// The loss of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let type = PreferenceLossType(rawValue: name) else {
            let valid = PreferenceLossType.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration, "loss_type \"\(name)\" is unknown; the valid ones are \(valid).")
        }
        self = type
    }

    /// Whether the loss compares sorted quantities of the whole batch, so that no pair has a loss of its own.
    public var couplesBatch: Bool { self == .aot || self == .aotUnpaired }

    /// Whether the loss reads the margin z, the place where divergences act.
    var readsMargin: Bool {
        switch self {
        case .sigmoid, .cdpo, .hinge, .ipo, .sigmoidNorm, .exoPair, .robust, .discopop: true
        case .ncaPair, .bcoPair, .sppoHard, .aot, .aotUnpaired, .apoZero, .apoDown, .sft: false
        }
    }

    /// Whether the loss reads `label_smoothing`.
    var readsLabelSmoothing: Bool {
        switch self {
        case .cdpo, .exoPair, .robust, .aot, .aotUnpaired: true
        default: false
        }
    }

    /// Whether the loss is a logistic loss of z that takes soft labels, R-DPO's length term and DPOP's penalty.
    var takesSoftLabels: Bool { self == .sigmoid || self == .cdpo }
}
