import AgonCore
import Foundation
import Testing

@testable import AgonTraining

/// Values and gradients of TRL's own loss functions on random data.
///
/// `Fixtures/losses-parity.jsonl` is one draw; `Tests/Parity/losses.py` makes others and hands them over in the
/// environment variable `AGON_PARITY_LOSSES`.
@Suite struct LossParityTests {
    struct Options: Decodable, Sendable {
        let loss_type: OneOrMany?
        let loss_weights: [Double]?
        let beta, label_smoothing, f_alpha_divergence_coef, ld_alpha, discopop_tau, cpo_alpha, simpo_gamma: Double?
        let alpha, desirable_weight, undesirable_weight, epsilon, epsilon_high, delta: Double?
        let center_rewards_coefficient: Double?
        let f_divergence_type, importance_sampling_level: String?
        let use_weighting: Bool?
        let max_completion_length: Int?

        var name: String { loss_type?.values.first ?? "" }
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let kind: String
        let options: Options
        let loss: Double
        /// Per sequence and token, or one value per sequence; all chosen sides come before all rejected ones.
        let gradient: [[Double]]
        let policy, collision, old, held: [[Double]]?
        let reference, sums, mismatched, advantages, margins: [Double]?
        let lengths: [Int]?
        let desirable: [Bool]?

        var testDescription: String { "\(kind) \(options.loss_type?.values.joined(separator: "+") ?? "")" }

        static func all() throws -> [Case] {
            let fixture = try Fixture.lines(Case.self, "losses-parity.jsonl")
            guard let path = ProcessInfo.processInfo.environment["AGON_PARITY_LOSSES"] else { return fixture }
            let drawn = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            return try fixture + drawn.map { try JSONDecoder().decode(Case.self, from: Data($0.utf8)) }
        }
    }

    @Test(arguments: try Case.all()) func `loss and gradient are TRL's`(test: Case) throws {
        let (loss, gradient) = try evaluate(test)
        // The one divergence that TRL computes in float32 only.
        let isSingle = test.options.f_divergence_type == "alpha_divergence"
        let (relative, absolute) = isSingle ? (3e-5, 3e-6) : (1e-6, 1e-7)
        #expect(isClose(loss, test.loss, relative: relative, absolute: absolute), "\(loss), TRL \(test.loss)")
        #expect(gradient.map(\.count) == test.gradient.map(\.count))
        for (ours, theirs) in zip(gradient.joined(), test.gradient.joined()) {
            #expect(isClose(ours, theirs, relative: 10 * relative, absolute: absolute), "\(ours), TRL \(theirs)")
        }
    }

    private func evaluate(_ test: Case) throws -> (Double, [[Double]]) {
        switch test.kind {
        case "dpo": return try preference(test)
        case "cpo": return try contrastive(test)
        case "orpo": return try oddsRatio(test)
        case "kto":
            let options = test.options
            let loss = try UnpairedLoss(
                .init(named: options.name), beta: #require(options.beta),
                desirableWeight: options.desirable_weight ?? 1, undesirableWeight: options.undesirable_weight ?? 1)
            let value = try loss.evaluate(
                logRatios: #require(test.sums), isDesirable: #require(test.desirable),
                mismatched: #require(test.mismatched))
            return (value.loss, value.gradients.map { [$0] })
        case "grpo": return try policyGradient(test)
        default:
            let (chosen, rejected) = halves(try #require(test.sums))
            let value = try RewardLoss(centerCoefficient: test.options.center_rewards_coefficient ?? 0).evaluate(
                chosen: chosen, rejected: rejected, margins: #require(test.margins))
            return (value.loss, (value.chosenGradients + value.rejectedGradients).map { [$0] })
        }
    }

    private func halves<Value>(_ values: [Value]) -> ([Value], [Value]) {
        (Array(values.prefix(values.count / 2)), Array(values.suffix(values.count / 2)))
    }

    /// Chosen, rejected, chosen, rejected … from all chosen, then all rejected.
    private func interleaved<Value>(_ values: [Value]) -> [Value] {
        let (chosen, rejected) = halves(values)
        return zip(chosen, rejected).flatMap { [$0, $1] }
    }

    private func preference(_ test: Case) throws -> (Double, [[Double]]) {
        let options = test.options
        let loss = try PreferenceLoss(
            #require(options.loss_type).values.map(PreferenceLossType.init(named:)), weights: options.loss_weights,
            beta: options.beta ?? 0.1,
            options: .init(
                labelSmoothing: options.label_smoothing,
                divergence: options.f_divergence_type.map {
                    try PreferenceDivergence(named: $0, alpha: options.f_alpha_divergence_coef)
                }, ldAlpha: options.ld_alpha, usesWeighting: options.use_weighting ?? false,
                discopopTau: options.discopop_tau))
        let policy = try #require(test.policy)
        let sequences = interleaved(policy).map {
            TokenSequence(prompt: [0], completion: [Int32](repeating: 1, count: $0.count))
        }
        let pairs = stride(from: 0, to: sequences.count, by: 2).map {
            TrainingPair(chosen: sequences[$0], rejected: sequences[$0 + 1])
        }
        let (chosen, rejected) = halves(try #require(test.reference))
        let objective = try PreferenceObjective(
            pairs, loss, ReferenceLogProbs(.logProbs(chosen: chosen, rejected: rejected), threads: 1))
        let forward = GradientShards.LogProbs(
            values: interleaved(policy).map { $0.map(Float.init) },
            logCollision: interleaved(try #require(test.collision)).map { $0.map(Float.init) })
        let value = try objective.evaluate(
            Array(pairs.indices), forward, probes: [], StepContext(ownTokenCount: 1))
        let gradients = sides(value.dLogProbs.map { $0.map(Double.init) })
        return (value.loss, gradients.chosen + gradients.rejected)
    }

    private func contrastive(_ test: Case) throws -> (Double, [[Double]]) {
        let options = test.options
        let loss = try ContrastiveLoss(
            .init(named: options.name), beta: #require(options.beta), likelihoodWeight: #require(options.cpo_alpha),
            labelSmoothing: options.label_smoothing, gamma: options.simpo_gamma, alpha: options.alpha ?? 0)
        let ((chosen, rejected), counts) = (halves(try #require(test.sums)), halves(try #require(test.lengths)))
        let value = try loss.evaluate(
            .init(chosen: chosen, rejected: rejected, chosenCounts: counts.0, rejectedCounts: counts.1))
        return (value.loss, (value.chosenGradients + value.rejectedGradients).map { [$0] })
    }

    /// TRL's function is of the odds alone, so the texts have log-probability zero here.
    private func oddsRatio(_ test: Case) throws -> (Double, [[Double]]) {
        let ((chosen, rejected), counts) = (halves(try #require(test.sums)), halves(try #require(test.lengths)))
        let value = try OddsRatioLoss(beta: #require(test.options.beta)).evaluate(
            .init(
                chosen: chosen, rejected: rejected, chosenCounts: counts.0, rejectedCounts: counts.1,
                chosenTexts: chosen.map { _ in 0 }, chosenTextCounts: counts.0))
        return (value.loss, (value.chosenGradients + value.rejectedGradients).map { [$0] })
    }

    private func policyGradient(_ test: Case) throws -> (Double, [[Double]]) {
        let options = test.options
        let loss = try ClippedPolicyLoss(
            epsilon: options.epsilon ?? 0.2, epsilonHigh: options.epsilon_high, delta: options.delta,
            beta: options.beta ?? 0, normalisation: .init(named: options.name),
            isSequenceLevel: options.importance_sampling_level == "sequence",
            maxCompletionLength: options.max_completion_length)
        let policy = try #require(test.policy)
        let advantages = try #require(test.advantages)
        let value = try loss.evaluate(
            .init(
                policy: policy, old: #require(test.old), reference: test.held,
                advantages: zip(policy, advantages).map { [Double](repeating: $1, count: $0.count) }))
        return (value.loss, value.gradients)
    }
}
