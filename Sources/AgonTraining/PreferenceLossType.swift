/// The preference losses, spelled as TRL's `loss_type` spells them.
///
/// Each is one function of a pair in `PairLoss`; a new one is a case here and a function there.
public enum PreferenceLossType: String, Sendable, Hashable, Codable, CaseIterable {
    /// DPO: −log σ(β(c − d)). Rafailov et al. 2023, arXiv:2305.18290, eq. 7.
    case sigmoid
    /// Sequence likelihood calibration: max(0, 1 − β(c − d)). Zhao et al. 2023, arXiv:2305.10425.
    case hinge
    /// Identity preference optimisation: (c/n⁺ − d/n⁻ − 1/(2β))². Azar et al. 2023, arXiv:2310.12036, eq. 17.
    case ipo
    /// Length-normalised DPO: −log σ(β(c/n⁺ − d/n⁻)); wants β of about 2 to 10. Lambert et al. 2024, arXiv:2411.15124.
    case sigmoidNorm = "sigmoid_norm"
    /// Noise-contrastive alignment: −log σ(βc) − ½ log σ(−βc) − ½ log σ(−βd). Chen et al. 2024, arXiv:2402.05369.
    case ncaPair = "nca_pair"
    /// Binary classification: −log σ(βc) − log σ(−βd). Jung et al. 2024, arXiv:2404.04656, without the moving shift.
    case bcoPair = "bco_pair"
    /// Self-play with hard wins: (c − 1/(2β))² + (d + 1/(2β))². Wu et al. 2024, arXiv:2405.00675.
    case sppoHard = "sppo_hard"
    /// Anchored, for winners better than the policy: 1 − σ(βc) + σ(βd). D'Oosterlinck et al. 2024, arXiv:2408.06266.
    case apoZero = "apo_zero"
    /// Anchored, for a policy better than the winners: σ(βc) + 1 − σ(β(c − d)). Same source.
    case apoDown = "apo_down"
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

    /// Whether the loss reads the rejected side at all.
    public var usesRejected: Bool { self != .sft }
}
