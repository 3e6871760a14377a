/// The Bradley–Terry loss of a reward model on one batch, with its gradient.
///
///     loss = (1/B) Σ [ −log σ(r⁺ − r⁻ − margin) + center · (r⁺ + r⁻)² ]
///
/// Only differences of rewards matter to the first term; the second keeps them from wandering off together.
///
/// - Source: Ouyang et al. 2022, arXiv:2203.02155, eq. 1; centring: Eisenstein et al. 2023, arXiv:2312.09244.
public struct RewardLoss: Sendable, Hashable {
    /// Coefficient of (r⁺ + r⁻)²; 0 turns it off.
    public let centerCoefficient: Double

    /// - Throws: `invalidConfiguration` for a coefficient that is negative or not finite.
    public init(centerCoefficient: Double = 0) throws(TrainingError) {
        try requireRange("center_rewards_coefficient", centerCoefficient, 0..<Double.infinity)
        self.centerCoefficient = centerCoefficient
    }

    /// A batch's loss with its gradient.
    public struct Value: Sendable, Equatable {
        public var loss: Double
        /// ∂loss/∂r⁺ and ∂loss/∂r⁻, `[B]`.
        public var chosenGradients: [Double]
        public var rejectedGradients: [Double]
    }

    /// - Parameters:
    ///   - chosen: r⁺ `[B]`.
    ///   - rejected: r⁻ `[B]`.
    ///   - margins: by how much r⁺ should exceed r⁻ `[B]`.
    /// - Throws: `nonFiniteLoss`, naming the first pair (from 0) whose rewards are not finite.
    /// - Precondition: the arrays have the same length.
    public func evaluate(chosen: [Double], rejected: [Double], margins: [Double]) throws(TrainingError) -> Value {
        precondition(
            chosen.count == rejected.count && chosen.count == margins.count,
            "a reward batch needs one value per pair in each array")
        var value = Value(loss: 0, chosenGradients: [], rejectedGradients: [])
        let share = 1 / Double(max(1, chosen.count))
        for pair in chosen.indices {
            let difference = chosen[pair] - rejected[pair] - margins[pair]
            let sum = chosen[pair] + rejected[pair]
            guard difference.isFinite, sum.isFinite else {
                throw TrainingError(
                    .nonFiniteLoss,
                    "The rewards of pair \(pair) are \(chosen[pair]) (chosen) and \(rejected[pair]) (rejected).")
            }
            value.loss += share * (centerCoefficient * sum * sum - logSigmoid(difference))
            let center = 2 * centerCoefficient * sum
            value.chosenGradients.append(share * (center - sigmoid(-difference)))
            value.rejectedGradients.append(share * (center + sigmoid(-difference)))
        }
        return value
    }
}
