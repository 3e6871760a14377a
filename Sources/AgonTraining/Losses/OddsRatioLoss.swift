import Foundation

/// Odds-ratio preference optimisation: likelihood of the whole chosen text, and odds of chosen over rejected.
///
///     a, b     = lp⁺/n⁺, lp⁻/n⁻
///     log odds = (a − b) − (log(1 − e^a) − log(1 − e^b))
///     loss     = −(Σ log p over all chosen tokens, prompt included)/(their number) − β (1/B) Σ log σ(log odds)
///
/// No reference is needed. Learning the prompt too is the method's, not an oversight.
///
/// - Source: Hong et al. 2024, arXiv:2403.07691, eqs. 6 and 7.
public struct OddsRatioLoss: Sendable, Hashable {
    /// β, λ in the paper: weight of the odds ratio.
    public let beta: Double

    /// The nearest to 0 that an average may be. A policy that is certain of every token has infinite odds; in float32
    /// that happens, and beyond this point the difference is rounding.
    static let ceiling = -1e-7

    /// - Throws: `invalidConfiguration` for a β that is not positive.
    public init(beta: Double = 0.1) throws(TrainingError) {
        guard beta.isFinite, beta > 0 else {
            throw TrainingError(.invalidConfiguration, "beta must be a positive number, but is \(beta).")
        }
        self.beta = beta
    }

    /// What the loss reads of a batch, `[B]` each, in nats.
    public struct Batch: Sendable, Equatable {
        /// Σ log p over the completion's own tokens.
        public var chosen: [Double]
        public var rejected: [Double]
        public var chosenCounts: [Int]
        public var rejectedCounts: [Int]
        /// Σ log p over all tokens of the chosen sequence but its first, and how many these are.
        public var chosenTexts: [Double]
        public var chosenTextCounts: [Int]
        /// How much each pair's odds count.
        public var weights: [Double]

        public init(
            chosen: [Double], rejected: [Double], chosenCounts: [Int], rejectedCounts: [Int], chosenTexts: [Double],
            chosenTextCounts: [Int], weights: [Double]? = nil
        ) {
            self.chosen = chosen
            self.rejected = rejected
            self.chosenCounts = chosenCounts
            self.rejectedCounts = rejectedCounts
            self.chosenTexts = chosenTexts
            self.chosenTextCounts = chosenTextCounts
            self.weights = weights ?? Array(repeating: 1, count: chosen.count)
        }
    }

    /// A batch's loss with its gradient.
    public struct Value: Sendable, Equatable {
        public var loss: Double
        public var negativeLogLikelihood: Double
        /// log odds of each pair, `[B]`, and log σ of it.
        public var logOdds: [Double]
        public var logOddsRatios: [Double]
        /// ∂loss/∂`chosen`, ∂loss/∂`rejected`, `[B]`.
        public var chosenGradients: [Double]
        public var rejectedGradients: [Double]
        /// ∂loss/∂`chosenTexts`: the same for every pair.
        public var textGradient: Double
    }

    /// - Throws: `nonFiniteLoss`, naming the first pair whose loss is not finite.
    public func evaluate(_ batch: Batch, numbers: [Int]? = nil) throws(TrainingError) -> Value {
        let textCount = Double(max(1, batch.chosenTextCounts.reduce(0, +)))
        var value = Value(
            loss: 0, negativeLogLikelihood: -batch.chosenTexts.reduce(0, +) / textCount, logOdds: [],
            logOddsRatios: [], chosenGradients: [], rejectedGradients: [], textGradient: -1 / textCount)
        for pair in batch.chosen.indices {
            let counts = (Double(max(1, batch.chosenCounts[pair])), Double(max(1, batch.rejectedCounts[pair])))
            let high = min(batch.chosen[pair] / counts.0, Self.ceiling)
            let low = min(batch.rejected[pair] / counts.1, Self.ceiling)
            let odds = (high - low) - (log1mexp(high) - log1mexp(low))
            guard odds.isFinite, value.negativeLogLikelihood.isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The log odds of pair \(numbers?[pair] ?? pair) are \(odds) at log-probabilities "
                        + "\(batch.chosen[pair]) (chosen) and \(batch.rejected[pair]) (rejected).")
            }
            let share = batch.weights[pair] * beta / Double(batch.chosen.count)
            value.logOdds.append(odds)
            value.logOddsRatios.append(logSigmoid(odds))
            value.loss -= share * logSigmoid(odds)
            // d(log odds)/da = 1 + e^a/(1 − e^a) = 1/(1 − e^a).
            value.chosenGradients.append(share * sigmoid(-odds) / (expm1(high) * counts.0))
            value.rejectedGradients.append(-share * sigmoid(-odds) / (expm1(low) * counts.1))
        }
        value.loss += value.negativeLogLikelihood
        return value
    }
}
