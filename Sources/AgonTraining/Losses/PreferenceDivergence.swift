import Foundation

/// The divergence that holds the policy to its reference: how a log-ratio u becomes a score g(u).
///
/// - Source: Wang et al. 2023, arXiv:2309.16240; the names are those of TRL's `f_divergence_type`.
public enum PreferenceDivergence: Sendable, Hashable {
    /// g(u) = u: plain DPO.
    case reverseKL
    /// g(u) = 1 − e^−u.
    case forwardKL
    /// g(u) = log 2 + log σ(u).
    case jsDivergence
    /// g(u) = (e^((α − 1)u) − 1)/(α − 1), the exponent cut at 80; α = 1 is `reverseKL`.
    case alpha(Double)

    /// The names of the configuration.
    public static let names = ["reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"]

    /// The divergence of that name.
    ///
    /// - Parameter alpha: `f_alpha_divergence_coef`; nil means 0.5.
    /// - Throws: `invalidConfiguration` for an unknown name, and for a coefficient where none is read.
    public init(named name: String, alpha: Double? = nil) throws(TrainingError) {
        if let alpha {
            guard name == "alpha_divergence" else {
                throw TrainingError(
                    .invalidConfiguration,
                    "f_alpha_divergence_coef is ignored by f_divergence_type \(name); remove it or choose "
                        + "alpha_divergence.")
            }
            guard alpha.isFinite else {
                throw TrainingError(
                    .invalidConfiguration, "f_alpha_divergence_coef must be a finite number, but is \(alpha).")
            }
        }
        switch name {
        case "reverse_kl": self = .reverseKL
        case "forward_kl": self = .forwardKL
        case "js_divergence": self = .jsDivergence
        case "alpha_divergence": self = .alpha(alpha ?? 0.5)
        default:
            throw TrainingError(
                .invalidConfiguration,
                "f_divergence_type \"\(name)\" is unknown; the valid ones are "
                    + "\(PreferenceDivergence.names.joined(separator: ", ")).")
        }
    }

    /// The name of the configuration.
    public var name: String {
        switch self {
        case .reverseKL: "reverse_kl"
        case .forwardKL: "forward_kl"
        case .jsDivergence: "js_divergence"
        case .alpha: "alpha_divergence"
        }
    }

    /// g(u) and g′(u).
    func score(_ u: Double) -> (value: Double, slope: Double) {
        switch self {
        case .reverseKL: return (u, 1)
        case .forwardKL: return (1 - exp(-u), exp(-u))
        case .jsDivergence: return (log(2) + logSigmoid(u), sigmoid(-u))
        case .alpha(let alpha):
            let rate = alpha - 1
            guard abs(rate) >= 1e-6 else { return (u, 1) }
            let exponent = rate * u
            // The cut is TRL's: beyond it float32 overflows, and the score no longer moves.
            guard exponent <= 80 else { return ((exp(80) - 1) / rate, 0) }
            return (expm1(exponent) / rate, exp(exponent))
        }
    }
}
