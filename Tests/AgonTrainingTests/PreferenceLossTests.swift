import AgonTraining
import Foundation
import Testing

/// A line of `losses-tied.jsonl`, made by TRL.
private struct GoldenLoss: Decodable {
    struct Options: Decodable {
        let types: OneOrMany?
        let weights: [Double]?
        let beta: Double?

        enum CodingKeys: String, CodingKey {
            case types = "loss_type"
            case weights = "loss_weights"
            case beta
        }
    }

    let name: String
    let options: Options
    let loss: Double
    let pairLosses: [Double]?
    let chosenRewards: [Double]
    let rejectedRewards: [Double]

    enum CodingKeys: String, CodingKey {
        case name = "case"
        case options, loss
        case pairLosses = "per_pair_loss"
        case chosenRewards = "rewards_chosen"
        case rejectedRewards = "rewards_rejected"
    }
}

@Suite struct PreferenceLossTests {
    /// The sixteen golden pairs.
    static func goldenBatch() throws -> PreferenceBatch {
        let lines = try Fixture.lines(GoldenLogProbs.self, "logps-tied.jsonl")
        return PreferenceBatch(
            policyChosen: lines.map(\.policyChosen), policyRejected: lines.map(\.policyRejected),
            referenceChosen: lines.map(\.referenceChosen), referenceRejected: lines.map(\.referenceRejected),
            chosenCounts: lines.map(\.chosenTokens), rejectedCounts: lines.map(\.rejectedTokens))
    }

    @Test(arguments: [
        "sigmoid", "sigmoid_beta0.5", "hinge", "hinge_beta0.5", "ipo", "ipo_beta0.5", "nca_pair", "bco_pair",
        "sppo_hard", "apo_zero", "apo_down", "sft", "sigmoid_norm", "sigmoid_norm_beta5", "mpo_multi",
        "rpo_sigmoid_sft",
    ])
    func `a loss has TRL's value for the batch, for each pair and for the rewards`(name: String) throws {
        let line = try #require(
            try String(contentsOf: Fixture.url("losses-tied.jsonl"), encoding: .utf8).split(separator: "\n")
                .first { $0.contains("\"case\": \"\(name)\"") })
        let golden = try JSONDecoder().decode(GoldenLoss.self, from: Data(line.utf8))
        let types = try (golden.options.types?.values ?? ["sigmoid"]).map(PreferenceLossType.init(named:))
        let loss = try PreferenceLoss(types, weights: golden.options.weights, beta: golden.options.beta ?? 0.1)
        let value = try loss.evaluate(Self.goldenBatch())
        #expect(isClose(value.loss, golden.loss))
        // TRL's float32 sums of 40 nats are off by up to 4e-6 each, which β multiplies.
        let absolute = 1e-6 * max(1, 2 * loss.beta)
        for (ours, theirs) in [
            (value.pairLosses, golden.pairLosses), (value.chosenRewards, golden.chosenRewards),
            (value.rejectedRewards, golden.rejectedRewards),
        ] {
            for (our, their) in zip(ours, theirs ?? []) { #expect(isClose(our, their, absolute: absolute)) }
        }
    }

    @Test(arguments: PreferenceLossType.allCases)
    func `the gradient of a loss is its finite difference`(type: PreferenceLossType) throws {
        var batch = try Self.goldenBatch()
        batch.weights = (0..<batch.count).map { 0.25 + 0.1 * Double($0) }
        let loss = try PreferenceLoss([type], weights: [0.7], beta: 0.3)
        let value = try loss.evaluate(batch)
        let step = 1e-5
        for pair in 0..<batch.count {
            for (side, gradient) in [
                (\PreferenceBatch.policyChosen, value.chosenGradients[pair]),
                (\PreferenceBatch.policyRejected, value.rejectedGradients[pair]),
            ] {
                var (above, below) = (batch, batch)
                above[keyPath: side][pair] += step
                below[keyPath: side][pair] -= step
                let difference = try (loss.evaluate(above).loss - loss.evaluate(below).loss) / (2 * step)
                #expect(isClose(gradient, difference, relative: 1e-6, absolute: 1e-8))
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
            let value = try PreferenceLoss([type], beta: 1).evaluate(batch)
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
        #expect(error?.message.contains("sigmoid, hinge, ipo, sigmoid_norm") == true)
    }
}
