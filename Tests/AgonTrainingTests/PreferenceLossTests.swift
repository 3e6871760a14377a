import Foundation
import Testing

@testable import AgonTraining

@Suite struct PreferenceLossTests {
    /// The sixteen golden pairs.
    static func goldenBatch() throws -> PreferenceBatch {
        let lines = try Fixture.lines(GoldenLogProbs.self, "logps-tied.jsonl")
        return PreferenceBatch(
            policyChosen: lines.map(\.policyChosen), policyRejected: lines.map(\.policyRejected),
            referenceChosen: lines.map(\.referenceChosen), referenceRejected: lines.map(\.referenceRejected),
            chosenCounts: lines.map(\.chosenTokens), rejectedCounts: lines.map(\.rejectedTokens))
    }

    @Test(arguments: try GoldenLoss.cases().filter(\.readsSumsOnly))
    func `a loss has TRL's value for the batch, for each pair and for the rewards`(golden: GoldenLoss) throws {
        let loss = try golden.options.loss()
        let value = try loss.evaluate(Self.goldenBatch())
        #expect(isClose(value.loss, golden.loss))
        // TRL's float32 sums of 40 nats are off by up to 4e-6 each, which β multiplies.
        let absolute = 1e-6 * max(1, 2 * loss.beta)
        for (ours, theirs) in [
            (value.pairLosses, golden.per_pair_loss), (value.chosenRewards, golden.rewards_chosen),
            (value.rejectedRewards, golden.rewards_rejected),
        ] {
            for (our, their) in zip(ours, theirs ?? []) { #expect(isClose(our, their, absolute: absolute)) }
        }
    }

    /// Options that each loss reads, so that every path of every loss is differentiated.
    private static func variants(_ type: PreferenceLossType) -> [PreferenceLossOptions] {
        let smoothing = type.readsLabelSmoothing ? 0.1 : nil
        var variants = [PreferenceLossOptions(labelSmoothing: smoothing)]
        if type.readsMargin {
            for divergence in [PreferenceDivergence.forwardKL, .jsDivergence, .alpha(0.5), .alpha(2)] {
                variants.append(.init(labelSmoothing: smoothing, divergence: divergence))
            }
        }
        if type.takesSoftLabels {
            variants.append(.init(labelSmoothing: smoothing, lengthAlpha: 0.05))
            variants.append(.init(labelSmoothing: smoothing, dpopLambda: 5))
        }
        if type == .discopop { variants.append(.init(discopopTau: 0.5)) }
        return variants
    }

    @Test(arguments: PreferenceLossType.allCases)
    func `the gradient of a loss is its finite difference`(type: PreferenceLossType) throws {
        for options in Self.variants(type) {
            var batch = try Self.goldenBatch()
            if !type.couplesBatch { batch.weights = (0..<batch.count).map { 0.25 + 0.1 * Double($0) } }
            if type.takesSoftLabels { batch.labels = (0..<batch.count).map { Double($0) / 15 } }
            let loss = try PreferenceLoss([type], weights: [0.7], beta: 0.3, options: options)
            let value = try loss.evaluate(batch)
            let step = 1e-5
            for pair in 0..<batch.count {
                for (side, gradient) in [
                    (\PreferenceBatch.policyChosen, value.chosenGradients[pair]),
                    (\PreferenceBatch.policyRejected, value.rejectedGradients[pair]),
                    (\PreferenceBatch.chosenLogLikelihoods, value.likelihoodGradients[pair]),
                ] {
                    var (above, below) = (batch, batch)
                    above[keyPath: side][pair] += step
                    below[keyPath: side][pair] -= step
                    let difference = try (loss.evaluate(above).loss - loss.evaluate(below).loss) / (2 * step)
                    #expect(isClose(gradient, difference, relative: 1e-6, absolute: 1e-8), "\(options)")
                }
            }
        }
    }

    @Test func `a policy that equals its reference has a DPO loss of ln 2 whatever the data`() throws {
        var batch = try Self.goldenBatch()
        batch.policyChosen = batch.referenceChosen
        batch.policyRejected = batch.referenceRejected
        let value = try PreferenceLoss([.sigmoid], beta: 0.1).evaluate(batch)
        #expect(abs(value.loss - log(2)) < 1e-15)
    }

    @Test(arguments: [1e4, -1e4]) func `log-ratios of ten thousand nats neither overflow nor vanish`(
        ratio: Double
    ) throws {
        let batch = PreferenceBatch(
            policyChosen: [ratio], policyRejected: [-ratio], referenceChosen: [0], referenceRejected: [0],
            chosenCounts: [5], rejectedCounts: [5])
        for type in PreferenceLossType.allCases {
            let options = PreferenceLossOptions(labelSmoothing: type.readsLabelSmoothing ? 0.1 : nil)
            let value = try PreferenceLoss([type], beta: 1, options: options).evaluate(batch)
            #expect(value.loss.isFinite)
        }
        let value = try PreferenceLoss([.sigmoid], beta: 1).evaluate(batch)
        #expect(value.loss == (ratio > 0 ? 0 : 2e4))
        #expect(value.chosenGradients == [ratio > 0 ? 0 : -1])
    }

    @Test func `a weight scales its pair's loss and gradient and leaves the others`() throws {
        var batch = try Self.goldenBatch()
        let loss = try PreferenceLoss([.sigmoid], beta: 0.1)
        let plain = try loss.evaluate(batch)
        batch.weights[3] = 0.5
        let weighted = try loss.evaluate(batch)
        #expect(weighted.chosenGradients[3] == 0.5 * plain.chosenGradients[3])
        #expect(weighted.chosenGradients[4] == plain.chosenGradients[4])
        #expect(abs(plain.loss - weighted.loss - 0.5 * plain.pairLosses[3] / 16) < 1e-15)
    }

    @Test func `a log-probability that is not a number is an error that names its pair`() throws {
        var batch = try Self.goldenBatch()
        batch.policyRejected[7] = .nan
        let error = #expect(throws: TrainingError.self) {
            try PreferenceLoss([.sigmoid], beta: 0.1).evaluate(batch)
        }
        #expect(error?.code == .nonFiniteLoss)
        #expect(error?.message.contains("pair 7") == true)
    }

    @Test func `an unknown loss lists the ones there are`() {
        let error = #expect(throws: TrainingError.self) { try PreferenceLossType(named: "sigmiod") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("sigmiod") == true)
        #expect(error?.message.contains("sigmoid, cdpo, hinge, ipo, sigmoid_norm") == true)
    }

    @Test func `soft labels blend a pair with its opposite, and a tie pulls to a margin of zero`() throws {
        var batch = try Self.goldenBatch()
        let loss = try PreferenceLoss([.sigmoid], beta: 0.1)
        let plain = try loss.evaluate(batch)
        batch.labels = batch.labels.map { _ in 0.5 }
        let tied = try loss.evaluate(batch)
        for pair in 0..<batch.count {
            let margin = plain.chosenRewards[pair] - plain.rejectedRewards[pair]
            #expect(tied.chosenGradients[pair] * margin >= 0)
        }
        batch.labels = batch.labels.map { _ in 0.9 }
        let soft = try loss.evaluate(batch)
        let smoothed = try PreferenceLoss([.cdpo], beta: 0.1, options: .init(labelSmoothing: 0.1))
            .evaluate(Self.goldenBatch())
        #expect(isClose(soft.loss, smoothed.loss, relative: 1e-12, absolute: 0))
        #expect(zip(soft.chosenGradients, smoothed.chosenGradients).allSatisfy { isClose($0, $1, absolute: 1e-15) })
    }

    @Test func `the length term pushes a longer winner less`() throws {
        var batch = try Self.goldenBatch()
        batch.chosenCounts = batch.chosenCounts.map { _ in 12 }
        batch.rejectedCounts = batch.rejectedCounts.map { _ in 4 }
        let plain = try PreferenceLoss([.sigmoid], beta: 0.1).evaluate(batch)
        let corrected = try PreferenceLoss([.sigmoid], beta: 0.1, options: .init(lengthAlpha: 0.05)).evaluate(batch)
        for (less, more) in zip(corrected.chosenGradients, plain.chosenGradients) { #expect(abs(less) < abs(more)) }
    }
}
