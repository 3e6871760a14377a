import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct RewardTrainingTests {
    private static func pairs(count: Int, seed: UInt64) -> [RewardPair] {
        ToyTask.pairs(count: count, seed: seed).map {
            RewardPair(chosen: $0.chosen.tokens, rejected: $0.rejected.tokens)
        }
    }

    private static func judge() throws -> Parameters {
        try RewardTraining.scoreModel(from: Parameters.initialised(ToyTask.config, seed: 1), seed: 2)
    }

    @Test func `the gradient of the reward loss is its finite difference`() throws {
        let (chosen, rejected, margins) = ([0.3, -1.2, 4], [0.1, 0.9, -3.5], [0, 0.5, 1.0])
        let loss = try RewardLoss(centerCoefficient: 0.01)
        let value = try loss.evaluate(chosen: chosen, rejected: rejected, margins: margins)
        let step = 1e-6
        for pair in 0..<3 {
            var (above, below) = (chosen, chosen)
            above[pair] += step
            below[pair] -= step
            let slope = try loss.evaluate(chosen: above, rejected: rejected, margins: margins).loss
                - loss.evaluate(chosen: below, rejected: rejected, margins: margins).loss
            #expect(isClose(value.chosenGradients[pair], slope / (2 * step), relative: 1e-6, absolute: 1e-8))
            (above, below) = (rejected, rejected)
            above[pair] += step
            below[pair] -= step
            let other = try loss.evaluate(chosen: chosen, rejected: above, margins: margins).loss
                - loss.evaluate(chosen: chosen, rejected: below, margins: margins).loss
            #expect(isClose(value.rejectedGradients[pair], other / (2 * step), relative: 1e-6, absolute: 1e-8))
        }
    }

    @Test func `equal rewards cost ln 2, and rewards a thousand apart neither overflow nor vanish`() throws {
        let loss = try RewardLoss()
        #expect(try loss.evaluate(chosen: [2], rejected: [2], margins: [0]).loss == -log(0.5))
        #expect(try loss.evaluate(chosen: [-1000], rejected: [1000], margins: [0]).loss == 2000)
        #expect(try loss.evaluate(chosen: [1000], rejected: [-1000], margins: [0]).loss == 0)
        #expect(throws: TrainingError.self) { try loss.evaluate(chosen: [.nan], rejected: [0], margins: [0]) }
    }

    @Test func `a judge learns to score the right answer higher`() throws {
        let outcome = try RewardTraining.run(
            Self.judge(), loss: RewardLoss(centerCoefficient: 0.01),
            configuration: StepConfiguration(stepCount: 60, learningRate: 5e-3, warmupSteps: 4), seed: Seed(run: 5)
        ) { step, _ in Self.pairs(count: 16, seed: UInt64(step)) }
        let judge = Transformer(outcome.parameters, kernels: try .current)
        #expect(try RewardTraining.accuracy(of: judge, on: Self.pairs(count: 50, seed: 1000)) == 1)
        #expect(try #require(outcome.metrics["loss/last"]) < 0.1)
        #expect(outcome.steps.suffix(5).allSatisfy { $0["accuracy"] == 1 })
    }

    private struct Killed: Error {}

    @Test func `a judge's training killed at every step, one step a start, ends with the same bits and log`() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        func train(
            _ name: String, center: Double = 0.01, corpus: String = "", killAfter: Int? = nil
        ) throws -> TrainingOutcome {
            try RewardTraining.run(
                Self.judge(), loss: RewardLoss(centerCoefficient: center),
                configuration: StepConfiguration(stepCount: 6, learningRate: 5e-3, warmupSteps: 2), seed: Seed(run: 5),
                folder: TrainingFolder(path: "\(root)/\(name)", saveSteps: 1), corpus: corpus,
                progress: { if $0.step == killAfter { throw Killed() } }
            ) { step, _ in Self.pairs(count: 6, seed: UInt64(step)) }
        }
        let expected = try train("whole")
        for step in 1...6 { #expect(throws: Killed.self) { try train("killed", killAfter: step) } }
        let outcome = try train("killed")
        #expect(outcome.parameters.values.elementsEqual(expected.parameters.values))
        #expect(outcome.steps == expected.steps && outcome.metrics == expected.metrics)
        let logs = try ["whole", "killed"].map { try String(contentsOfFile: "\(root)/\($0)/metrics.jsonl", encoding: .utf8) }
        #expect(logs[0] == logs[1])
        #expect(throws: TrainingError.self) { try train("whole", center: 0) }
        #expect(throws: TrainingError.self) { try train("whole", corpus: "another") }
    }

    @Test func `a refresh learns the new pairs from a few steps, replayable and on any thread count`() throws {
        let judge = try Self.judge()
        let (new, old) = (Self.pairs(count: 12, seed: 1), Self.pairs(count: 100, seed: 2))
        let configuration = try StepConfiguration(
            stepCount: 12, learningRate: 3e-3, schedule: .constant, warmupSteps: 0)
        let outcomes = try [1, 2].map { threads in
            try RewardTraining.refresh(
                judge, newPairs: new, replay: old, newCount: 8, replayCount: 8, loss: RewardLoss(),
                configuration: configuration, seed: Seed(run: 9), threads: threads)
        }
        #expect(outcomes[0].parameters.values.elementsEqual(outcomes[1].parameters.values))
        #expect(outcomes[0].stepCount == 12)
        let before = try #require(
            try RewardTraining.accuracy(of: Transformer(judge, kernels: .current), on: new))
        let after = try #require(
            try RewardTraining.accuracy(of: Transformer(outcomes[0].parameters, kernels: .current), on: new))
        #expect(after > before && after > 0.9)
    }

    @Test func `a refresh without any pair keeps the judge`() throws {
        let judge = try Self.judge()
        let outcome = try RewardTraining.refresh(
            judge, newPairs: [], replay: [], loss: RewardLoss(), configuration: StepConfiguration(stepCount: 12),
            seed: Seed(run: 9))
        #expect(outcome.stepCount == 0 && outcome.parameters === judge)
    }

    @Test func `a score model keeps the layers of the language model it began as`() throws {
        let language = Parameters.initialised(ToyTask.config, seed: 1)
        let judge = try Self.judge()
        #expect(judge.config.head == .score)
        for tensor in language.layout.tensors {
            #expect(try #require(judge[tensor.name]).elementsEqual(language.memory(of: tensor)))
        }
        #expect(try #require(judge["score.weight"]).contains { $0 != 0 })
    }
}
