import Foundation
import Testing

@testable import AgonTraining

@Suite struct ClippedPolicyLossTests {
    /// Ragged rollouts whose ratios lie on both sides of the clip range.
    private static func batch(seed: UInt64 = 1) -> ClippedPolicyLoss.Batch {
        var state = seed
        func draw(_ scale: Double) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Double(state >> 11) * 0x1p-53 * 2 - 1) * scale
        }
        let lengths = [3, 1, 6, 4, 2]
        func values(_ base: Double, _ scale: Double) -> [[Double]] {
            lengths.map { (0..<$0).map { _ in base + draw(scale) } }
        }
        let policy = values(-2, 1)
        return .init(
            policy: policy, old: policy.map { $0.map { $0 + draw(0.5) } },
            reference: policy.map { $0.map { $0 + draw(0.5) } },
            advantages: zip(lengths, [1, -0.7, 0.3, -1.5, 0]).map { [Double](repeating: $1, count: $0) })
    }

    private static func losses() throws -> [ClippedPolicyLoss] {
        var losses: [ClippedPolicyLoss] = []
        for normalisation in PolicyLossNormalisation.allCases {
            let length = normalisation == .drGRPO ? 8 : nil
            for isSequenceLevel in [false, true] {
                for beta in [0, 0.04] {
                    losses.append(
                        try .init(
                            epsilonHigh: 0.28, beta: beta, normalisation: normalisation,
                            isSequenceLevel: isSequenceLevel, maxCompletionLength: length))
                }
            }
        }
        return losses + [try .init(epsilon: 0.1, delta: 1.3)]
    }

    @Test(arguments: try losses())
    func `the gradient is the finite difference on every path`(loss: ClippedPolicyLoss) throws {
        let batch = Self.batch()
        let value = try loss.evaluate(batch, stepTokenShare: 20)
        for (rollout, tokens) in batch.policy.enumerated() {
            for token in tokens.indices {
                var (above, below) = (batch, batch)
                above.policy[rollout][token] += 1e-6
                below.policy[rollout][token] -= 1e-6
                let difference = try (loss.evaluate(above, stepTokenShare: 20).loss
                    - loss.evaluate(below, stepTokenShare: 20).loss) / 2e-6
                #expect(isClose(value.gradients[rollout][token], difference, relative: 1e-5, absolute: 1e-8))
            }
        }
    }

    @Test func `while the policy is the one that drew, nothing is clipped and the gradient is plain`() throws {
        var batch = Self.batch()
        batch.old = batch.policy
        let value = try ClippedPolicyLoss(normalisation: .bnpo).evaluate(batch)
        #expect(value.lowClipRatio == 0 && value.highClipRatio == 0)
        for (gradients, advantages) in zip(value.gradients, batch.advantages) {
            for (gradient, advantage) in zip(gradients, advantages) { #expect(gradient == -advantage / 16) }
        }
    }

    @Test func `a ratio beyond the range has no gradient where it would go further, and one where it would return`() throws {
        let loss = try ClippedPolicyLoss(normalisation: .bnpo)
        func gradient(_ ratio: Double, _ advantage: Double) throws -> Double {
            try loss.evaluate(.init(policy: [[log(ratio)]], old: [[0]], advantages: [[advantage]])).gradients[0][0]
        }
        #expect(try gradient(1.5, 1) == 0 && gradient(0.5, -1) == 0)
        #expect(try isClose(gradient(1.5, -1), 1.5) && isClose(gradient(0.5, 1), -0.5))
    }

    @Test func `normalisations differ by what a long rollout weighs`() throws {
        let batch = ClippedPolicyLoss.Batch(
            policy: [[0], [0, 0, 0]], old: [[0], [0, 0, 0]], advantages: [[1], [1, 1, 1]])
        func share(_ normalisation: PolicyLossNormalisation, _ length: Int? = nil) throws -> [Double] {
            try ClippedPolicyLoss(normalisation: normalisation, maxCompletionLength: length)
                .evaluate(batch, stepTokenShare: 10).gradients.map { -$0[0] }
        }
        #expect(try share(.grpo) == [0.5, 0.5 / 3])
        #expect(try share(.bnpo) == [0.25, 0.25])
        #expect(try share(.dapo) == [0.1, 0.1])
        #expect(try share(.drGRPO, 8) == [1.0 / 16, 1.0 / 16])
    }

    @Test func `advantages compare with the group, and equal rewards teach nothing`() {
        let rewards = [[1.0, 0, 0, 1], [3, 3, 3], [2]]
        let scaled = Advantages.relative(to: rewards, scale: .group)
        let deviation = (1.0 / 3).squareRoot()
        #expect(isClose(scaled[0][0], 0.5 / (deviation + 1e-4), relative: 1e-12))
        #expect(scaled[0][0] == -scaled[0][1] && scaled[1] == [0, 0, 0] && scaled[2] == [0])
        #expect(Advantages.relative(to: rewards, scale: .none)[0] == [0.5, -0.5, -0.5, 0.5])
        let batch = Advantages.relative(to: rewards, scale: .batch)
        #expect(isClose(batch[0][0], 0.5 / (Array(rewards.joined()).sampleDeviation + 1e-4), relative: 1e-12))
    }

    @Test func `a PPO-style return pays for the drift from a token on`() {
        let returns = Advantages.returns(
            reward: 2, baseline: 0.5, old: [-1, -2, -3], reference: [-1.5, -2, -1], klCoefficient: 0.1)
        #expect(zip(returns, [1.5 + 0.15, 1.5 + 0.2, 1.5 + 0.2]).allSatisfy { isClose($0, $1, relative: 1e-12) })
        let white = Array(Advantages.whitened([returns, [0, 1]]).joined())
        #expect(abs(white.mean) < 1e-12 && isClose(white.sampleDeviation, 1, relative: 1e-6))
    }
}
