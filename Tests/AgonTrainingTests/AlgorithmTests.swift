import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// Every algorithm, from data to weights.
@Suite struct AlgorithmTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let method: TrainingMethod
        let data: TrainingData
        var learningRate = 3e-3
        var epochs = 12
        var testDescription: String { method.algorithm.rawValue }
    }

    static func cases() throws -> [Case] {
        let pairs = TrainingData.pairs(ToyTask.pairs(count: 48, seed: 2))
        let groups = TrainingData.groups(ToyTask.groups(count: 24, size: 4, seed: 2))
        let right = TrainingData.sequences(ToyTask.pairs(count: 48, seed: 2).map(\.chosen))
        return [
            Case(method: .dpo(try PreferenceLoss([.sigmoid], beta: 0.3)), data: pairs),
            Case(method: .kto(try UnpairedLoss(beta: 0.3)), data: .labelled(ToyTask.labelled(count: 96, seed: 2))),
            Case(method: .cpo(try ContrastiveLoss(.sigmoid, beta: 0.3)), data: pairs),
            Case(method: .simpo(try ContrastiveLoss(.simpo, beta: 2, likelihoodWeight: 0)), data: pairs),
            Case(method: .orpo(try OddsRatioLoss()), data: pairs),
            Case(method: .grpo(try ClippedPolicyLoss(beta: 0.01)), data: groups, learningRate: 1e-2),
            Case(method: .ppo(try ProximalOptions(klCoefficient: 0.01)), data: groups, learningRate: 1e-2),
            Case(method: .sft, data: right),
        ]
    }

    private func train(_ test: Case, threads: Int = 1, epochs: Int? = nil) throws -> TrainingOutcome {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        return try PolicyUpdate.run(
            policy: policy, reference: .model(Transformer(policy.copy(), kernels: .current)), data: test.data,
            configuration: TrainingConfiguration(
                method: test.method, learningRate: test.learningRate, epochs: epochs ?? test.epochs, batchSize: 8,
                schedule: .linear), seed: Seed(run: 7), shardCount: 2, threads: threads)
    }

    /// Mean log p of the right answer's digit, less that of the wrong ones.
    private func preference(_ parameters: Parameters) throws -> Double {
        let model = Transformer(parameters, kernels: try .current)
        let digits = Array(0..<10)
        let right = try model.logProbs(of: digits.map { ToyTask.answer($0, ($0 + 1) % 10) }).map { Double($0[0]) }
        let wrong = try model.logProbs(of: digits.map { ToyTask.answer($0, ($0 + 5) % 10) }).map { Double($0[0]) }
        return right.mean - wrong.mean
    }

    @Test(arguments: try cases())
    func `an update makes the better answers likelier than the others`(test: Case) throws {
        let before = try preference(Parameters.initialised(ToyTask.config, seed: 1))
        let outcome = try train(test)
        let after = try preference(outcome.parameters)
        #expect(after > before + 0.5, "\(before) to \(after)")
        #expect(outcome.stepCount == outcome.steps.count && outcome.stop == nil)
        for name in ["loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "entropy", "mean_token_accuracy"] {
            #expect(outcome.steps.allSatisfy { $0[name]?.isFinite == true }, "\(name)")
        }
    }

    @Test(arguments: try cases()) func `threads change no bit`(test: Case) throws {
        let one = try train(test, epochs: 1)
        let two = try train(test, threads: 2, epochs: 1)
        #expect(one.parameters.values.elementsEqual(two.parameters.values) && one.steps == two.steps)
    }

    @Test func `data of the wrong kind is refused by name`() throws {
        for test in try Self.cases() {
            for other in try Self.cases() where other.data != test.data {
                var mixed = test
                mixed = Case(method: test.method, data: other.data)
                let isSameKind: Bool =
                    switch (test.data, other.data) {
                    case (.pairs, .pairs), (.labelled, .labelled), (.groups, .groups), (.sequences, .sequences): true
                    default: false
                    }
                if isSameKind { continue }
                let error = #expect(throws: TrainingError.self) { try train(mixed, epochs: 1) }
                #expect(error?.code == .invalidData)
                #expect(error?.message.contains("Algorithm \(test.method.algorithm.rawValue) cannot learn") == true)
            }
        }
    }

    @Test func `a step's gradient is the mean of its micro-batches' means`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let pairs = ToyTask.pairs(count: 6, seed: 3)
        func run(batch: Int, accumulation: Int) throws -> TrainingOutcome {
            try PolicyUpdate.run(
                policy: policy, reference: .model(Transformer(policy.copy(), kernels: .current)),
                data: .pairs(pairs),
                configuration: TrainingConfiguration(
                    method: .dpo(PreferenceLoss([.sigmoid], beta: 0.3)), batchSize: batch,
                    accumulationSteps: accumulation), seed: Seed(run: 1))
        }
        let (whole, parts) = (try run(batch: 6, accumulation: 1), try run(batch: 2, accumulation: 3))
        #expect(whole.stepCount == 1 && parts.stepCount == 1)
        #expect(isClose(try #require(parts.metrics["grad_norm"]), try #require(whole.metrics["grad_norm"])))
        // Of six items in micro-batches of four, the last two weigh as much together as the first four.
        #expect(try run(batch: 3, accumulation: 1).stepCount == 2)
        #expect(try run(batch: 4, accumulation: 2).stepCount == 1)
    }

    @Test func `dapo divides by the tokens of the whole step, so accumulating changes rounding only`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        func run(batch: Int, accumulation: Int) throws -> Double {
            try #require(
                try PolicyUpdate.run(
                    policy: policy, reference: .model(Transformer(policy.copy(), kernels: .current)),
                    data: .groups(ToyTask.groups(count: 2, size: 4, seed: 2)),
                    configuration: TrainingConfiguration(
                        method: .grpo(ClippedPolicyLoss()), batchSize: batch, accumulationSteps: accumulation),
                    seed: Seed(run: 1)
                ).metrics["grad_norm"])
        }
        #expect(try isClose(run(batch: 3, accumulation: 3), run(batch: 8, accumulation: 1), relative: 1e-4))
    }
}
