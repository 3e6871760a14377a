import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// From log-probabilities of tokens to a loss and back, for every algorithm.
@Suite struct ObjectiveGradientTests {
    private static let policy = Parameters.initialised(ToyTask.config, seed: 1)

    static func objective(_ name: String) throws -> any Objective {
        let pairs = ToyTask.pairs(count: 5, seed: 3)
        let kernels = try Kernels.current
        let other = Transformer(Parameters.initialised(ToyTask.config, seed: 5), kernels: kernels)
        let reference = ReferenceLogProbs(.model(other), threads: 1)
        switch name {
        case "dpo":
            return try PreferenceObjective(
                pairs, PreferenceLoss([.sigmoid, .sft], weights: [1, 0.3], beta: 0.4, options: .init(ldAlpha: 0.3)),
                reference)
        case "kto":
            return try UnpairedObjective(ToyTask.labelled(count: 6, seed: 3), UnpairedLoss(beta: 0.4), reference)
        case "cpo": return try ContrastiveObjective(pairs, ContrastiveLoss(.sigmoid, beta: 0.4))
        case "simpo":
            return try ContrastiveObjective(pairs, ContrastiveLoss(.simpo, beta: 2, likelihoodWeight: 0))
        case "orpo": return try OddsRatioObjective(pairs, OddsRatioLoss(beta: 0.5))
        case "grpo":
            return try PolicyGradientObjective(
                ToyTask.groups(count: 2, size: 3, seed: 3), .grpo(ClippedPolicyLoss(beta: 0.1)), policy: other,
                reference: reference, threads: 1)
        case "ppo":
            return try PolicyGradientObjective(
                ToyTask.groups(count: 2, size: 3, seed: 3), .ppo(ProximalOptions()), policy: other,
                reference: ReferenceLogProbs(.model(Transformer(policy, kernels: kernels)), threads: 1), threads: 1)
        default: return try SupervisedObjective(ToyTask.crowd(count: 4, seed: Seed(run: 3)))
        }
    }

    @Test(arguments: ["dpo", "kto", "cpo", "simpo", "orpo", "grpo", "ppo", "sft"])
    func `the derivative at each token is the finite difference`(name: String) throws {
        let objective = try Self.objective(name)
        let trainee = Trainee.measuring(Self.policy, kernels: try .current)
        let items = Array(0..<objective.itemCount)
        let sequences = objective.sequences(of: items)
        let probes = try trainee.logProbs(of: objective.probes(of: items), statistics: false).values
        var forward = try trainee.logProbs(of: sequences, statistics: true)
        let step = StepContext(ownTokenCount: sequences.reduce(0) { $0 + $1.ownCount })
        let value = try objective.evaluate(items, forward, probes: probes, step)
        #expect(value.dLogProbs.map(\.count) == forward.values.map(\.count))
        #expect(value.dLogProbs.joined().contains { $0 != 0 })
        let size: Float = 1.0 / 128
        for sequence in forward.values.indices {
            for token in forward.values[sequence].indices {
                let middle = forward.values[sequence][token]
                forward.values[sequence][token] = middle + size
                let above = try objective.evaluate(items, forward, probes: probes, step).loss
                forward.values[sequence][token] = middle - size
                let below = try objective.evaluate(items, forward, probes: probes, step).loss
                forward.values[sequence][token] = middle
                let difference = (above - below) / Double(2 * size)
                let ours = Double(value.dLogProbs[sequence][token])
                #expect(isClose(ours, difference, relative: 2e-3, absolute: 1e-4), "\(ours), \(difference)")
            }
        }
    }

    @Test func `a mismatched pair is a prompt with the answer of the item before it`() throws {
        let labelled = ToyTask.labelled(count: 3, seed: 3)
        let objective = try #require(try Self.objective("kto") as? UnpairedObjective)
        let probes = objective.probes(of: [0, 1, 2])
        for (index, probe) in probes.enumerated() {
            let before = labelled[(index + 2) % 3].sequence
            #expect(probe.tokens == Array(labelled[index].sequence.tokens[..<2] + before.tokens[2...]))
            #expect(probe.own == [false, false, true, true])
        }
    }

    @Test func `the weight of a likely pair is greater under use_weighting`() throws {
        let trainee = Trainee.measuring(Self.policy, kernels: try .current)
        let pairs = ToyTask.pairs(count: 8, seed: 3)
        let reference = ReferenceLogProbs(.model(Transformer(Self.policy, kernels: try .current)), threads: 1)
        let objective = try PreferenceObjective(
            pairs, PreferenceLoss([.sigmoid], beta: 0.1, options: .init(usesWeighting: true)), reference)
        let weighted = try (0..<8).map { try trainee.value(of: objective, items: [$0]).loss / log(2) }
        let sums = try sides(
            trainee.logProbs(of: pairs.flatMap { [$0.chosen, $0.rejected] }, statistics: false).values.map(sum))
        let likelihoods: [Double] = (0..<8).map { sums.chosen[$0] + sums.rejected[$0] }
        // All pairs have as many tokens and nearly one entropy, so the likelier pair weighs more.
        let order = (0..<8).sorted { likelihoods[$0] < likelihoods[$1] }
        #expect(weighted[order[0]] < weighted[order[7]])
        #expect(weighted.allSatisfy { $0 > 0 })
    }
}
