import AgonTraining
import Testing

/// A line of `losses-tied.jsonl`, made by TRL.
struct GoldenLoss: Decodable, Sendable, CustomTestStringConvertible {
    struct Options: Decodable, Sendable {
        let loss_type: OneOrMany?
        let loss_weights: [Double]?
        let beta, label_smoothing, f_alpha_divergence_coef, ld_alpha, discopop_tau: Double?
        let f_divergence_type: String?
        let use_weighting: Bool?
        let max_length: Int?
        let truncation_mode: String?

        func loss() throws -> PreferenceLoss {
            try PreferenceLoss(
                (loss_type?.values ?? ["sigmoid"]).map(PreferenceLossType.init(named:)), weights: loss_weights,
                beta: beta ?? 0.1,
                options: .init(
                    labelSmoothing: label_smoothing,
                    divergence: f_divergence_type.map {
                        try PreferenceDivergence(named: $0, alpha: f_alpha_divergence_coef)
                    }, ldAlpha: ld_alpha, usesWeighting: use_weighting ?? false, discopopTau: discopop_tau))
        }
    }

    let name: String
    let options: Options
    let loss: Double
    let metrics: [String: Double]
    let per_pair_loss: [Double]?
    let rewards_chosen, rewards_rejected: [Double]?
    let grad_norm: Double
    let grad_norms: [String: Double]

    enum CodingKeys: String, CodingKey {
        case name = "case"
        case options, loss, metrics, per_pair_loss, rewards_chosen, rewards_rejected, grad_norm, grad_norms
    }

    /// Whether the loss is a function of each side's summed log-probability.
    var readsSumsOnly: Bool { options.ld_alpha == nil && options.use_weighting == nil && options.max_length == nil }

    var testDescription: String { name }

    static func cases() throws -> [GoldenLoss] { try Fixture.lines(GoldenLoss.self, "losses-tied.jsonl") }
}
