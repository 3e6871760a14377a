import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct SupervisedTrainingTests {
    private func train(steps: Int, seed: UInt64 = 1, threads: Int = 1) throws -> TrainingOutcome {
        try SupervisedTraining.run(
            Parameters.initialised(ToyTask.config, seed: 4),
            configuration: StepConfiguration(stepCount: steps, learningRate: 5e-3, warmupSteps: 5),
            seed: Seed(run: seed), threads: threads
        ) { _, seed in ToyTask.crowd(count: 24, seed: seed) }
    }

    @Test func `a model made from nothing comes to answer like its crowd`() throws {
        let outcome = try train(steps: 200)
        #expect(abs(try #require(outcome.metrics["loss/first"]) - log(16)) < 1)
        // Of two own tokens the end is certain; the answer is right with 0.55, else one of nine.
        let answer = -0.55 * log(0.55) - 0.45 * log(0.05)
        let last = outcome.steps.suffix(20).reduce(0) { $0 + ($1["loss"] ?? 0) } / 20
        #expect(abs(last - answer / 2) < 0.08, "\(last) should be near \(answer / 2)")
        #expect(outcome.steps[0]["learning_rate"] == 0)
        #expect(outcome.steps[5]["learning_rate"] == 5e-3)
    }

    @Test func `equal seeds give equal bits on any thread count, other seeds give other weights`() throws {
        let first = try train(steps: 10)
        let second = try train(steps: 10, threads: 2)
        #expect(first.parameters.values.elementsEqual(second.parameters.values) && first.steps == second.steps)
        let other = try train(steps: 10, seed: 2)
        #expect(!first.parameters.values.elementsEqual(other.parameters.values))
    }

    @Test func `the reported loss is the mean over own tokens and its gradient lowers it`() throws {
        let parameters = Parameters.initialised(ToyTask.config, seed: 4)
        let batch = ToyTask.crowd(count: 10, seed: Seed(run: 3))
        let outcome = try SupervisedTraining.run(
            parameters,
            configuration: StepConfiguration(
                stepCount: 2, learningRate: 1e-3, schedule: .constant, warmupSteps: 0, shardCount: 3),
            seed: Seed(run: 1)
        ) { _, _ in batch }
        let logProbs = try Transformer(parameters, kernels: .current).logProbs(of: batch)
        let expected = -logProbs.joined().reduce(0) { $0 + Double($1) } / 20
        #expect(isClose(try #require(outcome.metrics["loss/first"]), expected))
        #expect(try #require(outcome.metrics["loss/last"]) < expected)
    }

    private struct Killed: Error {}

    @Test(arguments: 1...7) func `a run killed after any step goes on to the same bits, metrics and log`(step: Int) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        func train(_ name: String, threads: Int = 1, seed: UInt64 = 1, killAfter: Int? = nil) throws -> TrainingOutcome {
            try SupervisedTraining.run(
                Parameters.initialised(ToyTask.config, seed: 4),
                configuration: StepConfiguration(stepCount: 8, learningRate: 5e-3, warmupSteps: 2),
                seed: Seed(run: seed), threads: threads, folder: TrainingFolder(path: "\(root)/\(name)", saveSteps: 3),
                progress: { if $0.step == killAfter { throw Killed() } }
            ) { _, seed in ToyTask.crowd(count: 12, seed: seed) }
        }
        let expected = try train("whole")
        #expect(expected.metrics["num_tokens"] == 384, "8 steps of 12 sequences of 4 tokens")
        #expect(throws: Killed.self) { try train("killed", killAfter: step) }
        let outcome = try train("killed", threads: 2)
        #expect(outcome.parameters.values.elementsEqual(expected.parameters.values))
        #expect(outcome.steps == expected.steps && outcome.metrics == expected.metrics)
        let logs = try ["whole", "killed"].map { try String(contentsOfFile: "\(root)/\($0)/metrics.jsonl", encoding: .utf8) }
        #expect(logs[0] == logs[1] && logs[0].split(separator: "\n").count == 8)
        let error = #expect(throws: TrainingError.self) { try train("whole", seed: 2) }
        #expect(error?.code == .checkpointFailed && error?.message.contains("belongs to a run with other data") == true)
    }

    @Test func `a killed run goes on with its own corpus and products alone`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func train(_ corpus: String, products: WeightFormat = .float32, killAfter: Int? = nil) throws -> TrainingOutcome {
            var kernels = try Kernels.current
            kernels.products = products
            return try SupervisedTraining.run(
                Parameters.initialised(ToyTask.config, seed: 4),
                configuration: StepConfiguration(stepCount: 6, learningRate: 5e-3, warmupSteps: 2), seed: Seed(run: 1),
                kernels: kernels, folder: TrainingFolder(path: path, saveSteps: 2), corpus: corpus,
                progress: { if $0.step == killAfter { throw Killed() } }
            ) { _, seed in ToyTask.crowd(count: 12, seed: seed) }
        }
        #expect(throws: Killed.self) { try train("skill 0.9", killAfter: 3) }
        for (corpus, products) in [("skill 0.91", WeightFormat.float32), ("skill 0.9", .bfloat16)] {
            let error = #expect(throws: TrainingError.self) { try train(corpus, products: products) }
            #expect(error?.message.contains("belongs to a run with other data") == true)
        }
        #expect(try train("skill 0.9").stepCount == 6)
    }

    @Test func `an adapter trains on its base in the format of the products, and stays on it`() throws {
        let base = Transformer(Parameters.initialised(ToyTask.config, seed: 4), kernels: try .current)
        let adapter = try Adapter.initialised(AdapterConfig(rank: 4, alpha: 8, targets: .allLinear), for: base, seed: 1)
        func train(_ products: WeightFormat) throws -> TrainingOutcome {
            var kernels = base.kernels
            kernels.products = products
            return try SupervisedTraining.run(
                TrainedWeights.adapter(adapter, base: base),
                configuration: StepConfiguration(stepCount: 4, learningRate: 5e-3, warmupSteps: 0), seed: Seed(run: 1),
                kernels: kernels
            ) { _, seed in ToyTask.crowd(count: 12, seed: seed) }
        }
        let (exact, rounded) = (try train(.float32), try train(.bfloat16))
        let (one, two) = (try #require(exact.adapter), try #require(rounded.adapter))
        #expect(!one.values.elementsEqual(two.values))
        guard case .adapter(_, let same) = rounded.trained else { preconditionFailure("an adapter") }
        #expect(same === base)
    }

    @Test func `a batch without own tokens is an error that names its step`() throws {
        let error = #expect(throws: TrainingError.self) {
            try SupervisedTraining.run(
                Parameters.initialised(ToyTask.config, seed: 4), configuration: StepConfiguration(stepCount: 3),
                seed: Seed(run: 1)
            ) { step, seed in step == 1 ? [] : ToyTask.crowd(count: 2, seed: seed) }
        }
        #expect(error?.code == .invalidData && error?.message.contains("step 2") == true)
    }
}
