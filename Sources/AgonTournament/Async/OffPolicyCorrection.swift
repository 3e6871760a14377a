import AgonCore
import Foundation

/// What is done about samples that an older version of the learner drew.
///
/// Read are a sample's own tokens: p, the probability of each under the version that drew it, which is stored with the
/// rollout, and q, the same under the version that learns. Both untempered. What drew nothing of its own is left alone:
/// sides of other agents are given texts, whoever learns.
public enum OffPolicyCorrection: String, Sendable, CaseIterable {
    case none
    /// A sample weighs exp(mean(log q − log p)), at most `weightLimit`; a pair the product over its own sides.
    ///
    /// The ratio of the sequences, length-normalised as in GSPO (Zheng et al. 2025, arXiv:2507.18071, eq. 7), so that its
    /// variance does not grow with the length; truncated from above (Ionides 2008, doi:10.1198/106186008X320456).
    case importance
    /// A pair is left out where a side has moved already as far as a step may move it, in the pair's direction:
    ///
    ///     mean(q − p) > maskHigh on the chosen side, or < −maskLow on the rejected side
    ///
    /// The mask that prime-rl puts on tokens by the sign of their advantage, here on sides, because a preference loss has
    /// no loss per token.
    case dppoMask = "dppo_mask"

    static let weightLimit = 2.0
    static let maskHigh = 0.2
    static let maskLow = 0.2

    /// How much a sample counts in its place; 0 leaves it out.
    ///
    /// - Parameters:
    ///   - drawn: log p of its own tokens in nats.
    ///   - now: log q of the same.
    ///   - isChosen: whether the loss makes it likelier.
    func weight(drawn: [Float], now: [Float], isChosen: Bool) -> Double {
        precondition(drawn.count == now.count, "a sample has a log-probability for each own token")
        guard !drawn.isEmpty else { return 1 }
        func mean(_ term: (Double, Double) -> Double) -> Double {
            zip(drawn, now).reduce(0) { $0 + term(Double($1.0), Double($1.1)) } / Double(drawn.count)
        }
        switch self {
        case .none: return 1
        case .importance: return min(OffPolicyCorrection.weightLimit, exp(mean { $1 - $0 }))
        case .dppoMask:
            let move = mean { exp($1) - exp($0) }
            return (isChosen ? move > OffPolicyCorrection.maskHigh : move < -OffPolicyCorrection.maskLow) ? 0 : 1
        }
    }

    /// r − log r − 1 with r = q/p, the mean over tokens: an estimate of KL(p ‖ q) in nats that is never below zero.
    /// Schulman's k3.
    static func divergence(drawn: [Float], now: [Float]) -> Double {
        zip(drawn, now).reduce(0) { sum, token in
            let log = Double(token.1) - Double(token.0)
            return sum + exp(log) - log - 1
        } / Double(max(1, drawn.count))
    }
}
