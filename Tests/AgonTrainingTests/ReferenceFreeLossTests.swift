import AgonCore
import Foundation
import Testing

@testable import AgonTraining

/// Losses without a reference, against TRL's own functions and against finite differences.
@Suite struct ReferenceFreeLossTests {
    private struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        let trainer: String
        let loss_type: String?
        let beta: Double
        let simpo_gamma, label_smoothing, alpha, log_odds_ratio, log_odds_chosen: Double?
        let logps: String
        let per_pair_preference_loss, per_pair_or_term, rewards_chosen, rewards_rejected: [Double]?

        var testDescription: String { "\(trainer) \(loss_type ?? "") ε \(label_smoothing ?? 0) α \(alpha ?? 0)" }
    }

    private static func goldens() throws -> [Golden] { try Fixture.lines(Golden.self, "losses-reference-free.jsonl") }

    /// The log-probabilities per token behind the golden values: rewards of the plain `ipo` case are β times them.
    private static func averages() throws -> (chosen: [Double], rejected: [Double]) {
        let plain = try #require(try goldens().first { $0.loss_type == "ipo" })
        return (
            try #require(plain.rewards_chosen).map { $0 / plain.beta },
            try #require(plain.rewards_rejected).map { $0 / plain.beta }
        )
    }

    private static func batch() throws -> ContrastiveLoss.Batch {
        let pairs = try GoldenModel.pairs()
        let counts = (pairs.map(\.chosen.ownCount), pairs.map(\.rejected.ownCount))
        let averages = try averages()
        return .init(
            chosen: zip(averages.chosen, counts.0).map { $0 * Double($1) },
            rejected: zip(averages.rejected, counts.1).map { $0 * Double($1) }, chosenCounts: counts.0,
            rejectedCounts: counts.1)
    }

    private static func loss(_ golden: Golden) throws -> ContrastiveLoss {
        let type = try ContrastiveLossType(named: golden.loss_type ?? "")
        return try ContrastiveLoss(
            type, beta: golden.beta, labelSmoothing: type == .sigmoid || type == .simpo ? golden.label_smoothing : nil,
            gamma: type == .simpo ? golden.simpo_gamma : nil, alpha: golden.alpha ?? 0)
    }

    @Test(arguments: try goldens().filter { $0.trainer == "CPO" })
    private func `CPO and its relatives have TRL's losses and rewards`(golden: Golden) throws {
        let value = try Self.loss(golden).evaluate(Self.batch())
        for (ours, theirs) in zip(value.pairLosses, try #require(golden.per_pair_preference_loss)) {
            // AlphaPO raises the inputs, which are rounded to nine digits, to a power.
            #expect(isClose(ours, theirs, relative: golden.alpha == 0 ? 1e-5 : 1e-4, absolute: 2e-6))
        }
        for (ours, theirs) in zip(value.chosenRewards, try #require(golden.rewards_chosen)) {
            #expect(isClose(ours, theirs))
        }
        let tokens = try Self.batch()
        let likelihood = -tokens.chosen.reduce(0, +) / Double(tokens.chosenCounts.reduce(0, +))
        #expect(isClose(value.loss, value.pairLosses.mean + likelihood, relative: 1e-12))
    }

    @Test(arguments: ContrastiveLossType.allCases, [0.0, 0.25])
    func `the gradient of a contrastive loss is its finite difference`(type: ContrastiveLossType, alpha: Double) throws {
        var batch = try Self.batch()
        batch.weights = (0..<16).map { 0.25 + 0.1 * Double($0) }
        let loss = try ContrastiveLoss(
            type, beta: 0.4, likelihoodWeight: 0.3, labelSmoothing: type.readsLabelSmoothing ? 0.1 : nil,
            alpha: type.averagesTokens ? alpha : 0)
        let value = try loss.evaluate(batch)
        let step = 1e-5
        for pair in 0..<16 {
            for (side, gradient) in [
                (\ContrastiveLoss.Batch.chosen, value.chosenGradients[pair]),
                (\ContrastiveLoss.Batch.rejected, value.rejectedGradients[pair]),
            ] {
                var (above, below) = (batch, batch)
                above[keyPath: side][pair] += step
                below[keyPath: side][pair] -= step
                let difference = try (loss.evaluate(above).loss - loss.evaluate(below).loss) / (2 * step)
                #expect(isClose(gradient, difference, relative: 1e-6, absolute: 1e-8))
            }
        }
    }

    private static func oddsBatch() throws -> OddsRatioLoss.Batch {
        let plain = try batch()
        return .init(
            chosen: plain.chosen, rejected: plain.rejected, chosenCounts: plain.chosenCounts,
            rejectedCounts: plain.rejectedCounts, chosenTexts: plain.chosen.map { 2 * $0 },
            chosenTextCounts: plain.chosenCounts.map { 2 * $0 })
    }

    @Test func `ORPO has TRL's log odds`() throws {
        let golden = try #require(try Self.goldens().first { $0.trainer == "ORPO" })
        let value = try OddsRatioLoss(beta: golden.beta).evaluate(Self.oddsBatch())
        for (ours, theirs) in zip(value.logOddsRatios, try #require(golden.per_pair_or_term)) {
            #expect(isClose(golden.beta * ours, theirs))
        }
        #expect(isClose(value.logOddsRatios.mean, try #require(golden.log_odds_ratio)))
        #expect(isClose(value.logOdds.mean, try #require(golden.log_odds_chosen)))
        #expect(isClose(value.loss, value.negativeLogLikelihood - golden.beta * value.logOddsRatios.mean))
    }

    @Test func `the gradient of ORPO is its finite difference, also near certainty`() throws {
        var batch = try Self.oddsBatch()
        batch.chosen[3] = -0.004
        batch.rejected[5] = -0.02
        let loss = try OddsRatioLoss(beta: 0.3)
        let value = try loss.evaluate(batch)
        let step = 1e-6
        for pair in 0..<16 {
            for (side, gradient) in [
                (\OddsRatioLoss.Batch.chosen, value.chosenGradients[pair]),
                (\OddsRatioLoss.Batch.rejected, value.rejectedGradients[pair]),
                (\OddsRatioLoss.Batch.chosenTexts, value.textGradient),
            ] {
                var (above, below) = (batch, batch)
                above[keyPath: side][pair] += step
                below[keyPath: side][pair] -= step
                let difference = try (loss.evaluate(above).loss - loss.evaluate(below).loss) / (2 * step)
                #expect(isClose(gradient, difference, relative: 1e-5, absolute: 1e-8))
            }
        }
    }

    @Test func `a policy that is certain of every token has finite odds and gradients`() throws {
        let certain = OddsRatioLoss.Batch(
            chosen: [0], rejected: [0], chosenCounts: [3], rejectedCounts: [4], chosenTexts: [0], chosenTextCounts: [5])
        let value = try OddsRatioLoss().evaluate(certain)
        #expect(value.loss.isFinite && value.chosenGradients[0].isFinite && value.rejectedGradients[0].isFinite)
    }
}
