import AgonCore
import AgonTransformer

/// GRPO and the PPO-style update: scored rollouts, the version that drew them, and a `ClippedPolicyLoss`.
///
/// Advantages are fixed before the first step, over all rollouts of the update; batches are then drawn from single
/// rollouts, as TRL does.
final class PolicyGradientObjective: Objective {
    private let rollouts: [ScoredRollout]
    private let loss: ClippedPolicyLoss
    private let frozen: ReferenceLogProbs?
    private let old: [[Float]]
    /// A_t of each rollout's own tokens.
    private let advantages: [[Double]]
    private let rewardMetrics: [String: Double]
    var reference: ReferenceLogProbs? { frozen }

    /// - Parameter policy: the version that drew the rollouts: the start of the update.
    /// - Throws: `invalidData` for a rollout without own tokens or with a reward that is not finite, and for a
    ///   reference that is known by sums.
    init(
        _ groups: [ScoredGroup], _ method: TrainingMethod, policy: Transformer, reference: ReferenceLogProbs?,
        threads: Int
    ) throws(TrainingError) {
        let rollouts = groups.flatMap(\.rollouts)
        try Self.check(rollouts)
        guard reference?.sums == nil else {
            throw TrainingError(
                .invalidData,
                "Algorithm \(method.algorithm.rawValue) needs a reference model, but was handed sums of pairs.")
        }
        let drawn = ReferenceLogProbs(.model(policy), threads: threads)
        let old = try drawn.logProbs(of: rollouts.map(\.sequence))
        switch method {
        case .grpo(let loss, let scale):
            self.loss = loss
            let relative = Advantages.relative(to: groups.map { $0.rollouts.map(\.reward) }, scale: scale).joined()
            advantages = zip(relative, old).map { [Double](repeating: $0, count: $1.count) }
        case .ppo(let options):
            loss = try ClippedPolicyLoss(epsilon: options.clipRange, normalisation: .bnpo)
            let held = try reference?.logProbs(at: Array(rollouts.indices), of: rollouts.map(\.sequence))
            advantages = Self.returns(groups, options, old: old, reference: held)
        default: preconditionFailure("\(method.algorithm.rawValue) is no policy gradient")
        }
        self.rollouts = rollouts
        self.old = old
        frozen = loss.beta > 0 ? reference : nil
        rewardMetrics = Self.describe(groups)
    }

    var itemCount: Int { rollouts.count }

    func sequences(of items: [Int]) -> [TokenSequence] { items.map { rollouts[$0].sequence } }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let held = try frozen?.logProbs(at: items, of: sequences(of: items))
        let value = try loss.evaluate(
            .init(
                policy: forward.values.map(double), old: items.map { double(old[$0]) },
                reference: held.map { $0.map(double) }, advantages: items.map { advantages[$0] }),
            stepTokenShare: Double(step.ownTokenCount) / Double(step.microBatchCount), numbers: items)
        var metrics = tokenMetrics(forward) { _ in true }.merging(rewardMetrics) { first, _ in first }
        let lengths = items.map { Double(old[$0].count) }
        metrics["completions/mean_length"] = lengths.mean
        metrics["completions/min_length"] = lengths.min()
        metrics["completions/max_length"] = lengths.max()
        metrics["clip_ratio/low_mean"] = value.lowClipRatio
        metrics["clip_ratio/high_mean"] = value.highClipRatio
        metrics["clip_ratio/region_mean"] = value.lowClipRatio + value.highClipRatio
        if held != nil { metrics["kl"] = value.kl }
        let drift = squaredDrift(forward.values, items.map { old[$0] })
        metrics["policy/approxkl_avg"] = drift
        return ObjectiveValue(
            loss: value.loss, dLogProbs: value.gradients.map { $0.map(Float.init) }, metrics: metrics,
            readings: GuardReadings(kl: drift))
    }

    private func double(_ values: [Float]) -> [Double] { values.map(Double.init) }

    private static func check(_ rollouts: [ScoredRollout]) throws(TrainingError) {
        for (index, rollout) in rollouts.enumerated() {
            guard rollout.sequence.own.contains(true) else {
                throw TrainingError(.invalidData, "Rollout \(index) has no own token; there is nothing to learn from it.")
            }
            guard rollout.reward.isFinite else {
                throw TrainingError(
                    .invalidData, "The reward of rollout \(index) must be finite, but is \(rollout.reward).")
            }
        }
    }

    /// The returns of all rollouts, each less its baseline.
    private static func returns(
        _ groups: [ScoredGroup], _ options: ProximalOptions, old: [[Float]], reference: [[Float]]?
    ) -> [[Double]] {
        let all = groups.flatMap(\.rollouts)
        let byRole = Dictionary(grouping: all, by: \.role).mapValues { $0.map(\.reward).mean }
        let baselines = groups.flatMap { group in
            let mean = group.rollouts.map(\.reward).mean
            return group.rollouts.map { options.baseline == .group ? mean : byRole[$0.role] ?? 0 }
        }
        let returns = all.indices.map { index in
            Advantages.returns(
                reward: all[index].reward, baseline: baselines[index], old: old[index].map(Double.init),
                reference: reference.map { $0[index].map(Double.init) }, klCoefficient: options.klCoefficient)
        }
        return options.whitensAdvantages ? Advantages.whitened(returns) : returns
    }

    private static func describe(_ groups: [ScoredGroup]) -> [String: Double] {
        let rewards = groups.map { $0.rollouts.map(\.reward) }
        return [
            "reward": Array(rewards.joined()).mean, "reward_std": rewards.map(\.sampleDeviation).mean,
            "frac_reward_zero_std": rewards.map { $0.sampleDeviation < 1e-8 ? 1 : 0 }.mean,
        ]
    }
}
