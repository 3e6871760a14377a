/// By what a group's rewards are divided after its mean is taken off, spelled as TRL's `scale_rewards`.
public enum RewardScale: String, Sendable, Hashable, Codable, CaseIterable {
    /// The deviation within the group.
    case group
    /// The deviation over all rollouts of the update.
    case batch
    /// Nothing: questions that are nearly always or never solved keep their small weight (Dr. GRPO).
    case none
}

/// How much better than expected each rollout was.
public enum Advantages {
    /// Added to a deviation, as in TRL, so that a group of equal rewards divides by something.
    static let epsilon = 1e-4

    /// Advantages relative to the rollout's group.
    ///
    ///     A = (r − mean of the group) / (deviation + 1e-4)
    ///
    /// The deviation has n − 1 in its denominator. A group of one, or of equal rewards, has advantage 0 and teaches
    /// nothing.
    ///
    /// - Parameter rewards: one array per group.
    /// - Source: Shao et al. 2024, arXiv:2402.03300, §4.1.2.
    public static func relative(to rewards: [[Double]], scale: RewardScale) -> [[Double]] {
        let all = Array(rewards.joined()).sampleDeviation
        return rewards.map { group in
            let mean = group.mean
            let divisor: Double =
                switch scale {
                case .group: group.sampleDeviation + epsilon
                case .batch: all + epsilon
                case .none: 1
                }
            return group.map { ($0 - mean) / divisor }
        }
    }

    /// Token advantages of a PPO-style update without a value network.
    ///
    ///     A_t = (r − baseline) − kl_coef · Σ_{s ≥ t} (log π_old(s) − log π_ref(s))
    ///
    /// That is the undiscounted return from token t on, less a baseline that does not depend on the tokens: GAE with
    /// λ = 1 and a constant value. `kl_coef` pays for drifting from the reference within the reward, as PPO does.
    ///
    /// - Parameters:
    ///   - reward: r, at the end of the rollout.
    ///   - baseline: what was expected.
    ///   - old: log π_old of each own token, in nats.
    ///   - reference: log π_ref of each; nil where `klCoefficient` is 0.
    /// - Source: Ziegler et al. 2019, arXiv:1909.08593, eq. 2; Ahmadian et al. 2024, arXiv:2402.14740, §3.
    public static func returns(
        reward: Double, baseline: Double, old: [Double], reference: [Double]?, klCoefficient: Double
    ) -> [Double] {
        var advantage = reward - baseline
        guard let reference, klCoefficient > 0 else { return old.map { _ in advantage } }
        var advantages = old
        for token in old.indices.reversed() {
            advantage -= klCoefficient * (old[token] - reference[token])
            advantages[token] = advantage
        }
        return advantages
    }

    /// The advantages of all tokens moved to mean 0 and divided by their deviation.
    public static func whitened(_ advantages: [[Double]]) -> [[Double]] {
        let all = Array(advantages.joined())
        let (mean, deviation) = (all.mean, all.sampleDeviation)
        return advantages.map { $0.map { ($0 - mean) / (deviation + 1e-8) } }
    }
}
