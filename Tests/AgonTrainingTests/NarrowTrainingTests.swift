import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// Updates that multiply in another format than float32.
@Suite struct NarrowTrainingTests {
    private struct Kill: Error {}

    private static func dpo(bf16: Bool, rate: Double = 0.005) throws -> TrainingConfiguration {
        try TrainingConfiguration(
            method: .dpo(PreferenceLoss([.sigmoid], beta: 0.3)), learningRate: rate, epochs: 3, batchSize: 8, bf16: bf16)
    }

    private static func parameters() throws -> Parameters {
        let parameters = Parameters.initialised(ToyTask.config, seed: 3)
        let embedding = try #require(parameters["model.embed_tokens.weight"])
        for index in embedding.indices { embedding[index] *= 20 }
        return parameters
    }

    private static func adapted(_ weights: WeightFormat, kernels: Kernels) throws -> TrainedWeights {
        let base = Transformer(try parameters(), kernels: kernels, weights: weights)
        let config = try AdapterConfig(rank: 4, alpha: 8, targets: .allLinear, usesMagnitudes: true)
        return .adapter(try Adapter.initialised(config, for: base, seed: 1), base: base)
    }

    private func run(
        _ start: TrainedWeights, _ configuration: TrainingConfiguration, kernels: Kernels, data: TrainingData? = nil,
        threads: Int = 1, folder: TrainingFolder? = nil, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        let reference = start.transformer(kernels: kernels)
        return try PolicyUpdate.run(
            policy: start, reference: .model(reference), base: reference,
            data: data ?? .pairs(ToyTask.pairs(count: 24, seed: 9)), configuration: configuration, seed: Seed(run: 5),
            threads: threads, kernels: kernels, folder: folder, progress: progress)
    }

    @Test func `with bf16 an update starts at ln 2 as well, and goes where float32 goes`() throws {
        for kernels in Kernels.allAvailable {
            let start = TrainedWeights.parameters(try Self.parameters())
            let exact = try run(start, Self.dpo(bf16: false), kernels: kernels)
            let rounded = try run(start, Self.dpo(bf16: true), kernels: kernels)
            #expect(try run(start, Self.dpo(bf16: true), kernels: kernels, threads: 2).steps == rounded.steps)
            #expect(rounded.metrics["loss/first"] == exact.metrics["loss/first"], "\(kernels.name)")
            #expect(!rounded.parameters.values.elementsEqual(exact.parameters.values))
            let (one, two) = (try #require(exact.metrics["loss/last"]), try #require(rounded.metrics["loss/last"]))
            #expect(one < 0.6 && abs(one - two) < 0.02, "\(kernels.name): \(one), \(two)")
            let drift = try #require(rounded.metrics["kl_to_base/k2"])
            #expect(abs(drift / (exact.metrics["kl_to_base/k2"] ?? 0) - 1) < 0.1)
        }
    }

    @Test(arguments: WeightFormat.allCases, [false, true])
    func `an adapter learns on a base of every format, and stays on the base that it came with`(
        weights: WeightFormat, bf16: Bool
    ) throws {
        for kernels in Kernels.allAvailable {
            let start = try Self.adapted(weights, kernels: kernels)
            guard case .adapter(let before, let base) = start else { preconditionFailure("an adapter") }
            let outcome = try run(start, Self.dpo(bf16: bf16, rate: 0.02), kernels: kernels)
            guard case .adapter(let after, let same) = outcome.trained else { preconditionFailure("an adapter") }
            #expect(same === base && !after.values.elementsEqual(before.values))
            #expect(abs((outcome.metrics["loss/first"] ?? 0) - log(2)) < 1e-6, "\(kernels.name)")
            #expect((outcome.metrics["loss/last"] ?? 1) < 0.6, "\(kernels.name)")
            // What keeps its format computes the same with and without.
            let other = try run(start, Self.dpo(bf16: !bf16, rate: 0.02), kernels: kernels)
            #expect((other.steps == outcome.steps) == (weights != .float32), "\(kernels.name)")
        }
    }

    @Test func `the version that drew the rollouts is read as it is trained, so that its ratio begins at one`() throws {
        let configuration = try TrainingConfiguration(
            method: .grpo(ClippedPolicyLoss(), scale: .group), learningRate: 0.005, batchSize: 8, bf16: true)
        for start in [.parameters(try Self.parameters()), try Self.adapted(.float32, kernels: .current)] {
            let outcome = try run(
                start, configuration, kernels: .current, data: .groups(ToyTask.groups(count: 6, size: 4, seed: 2)))
            #expect(outcome.stepCount > 1 && outcome.steps[0]["policy/approxkl_avg"] == 0)
            #expect((outcome.steps.last?["policy/approxkl_avg"] ?? 0) > 0)
        }
    }

    @Test func `a killed update goes on in its own format and is refused in another`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let kernels = try Kernels.current
        let (start, configuration) = (try Self.adapted(.int8, kernels: kernels), try Self.dpo(bf16: false))
        let whole = try run(start, configuration, kernels: kernels)
        let folder = TrainingFolder(path: path, saveSteps: 2)
        #expect(throws: Kill.self) {
            try run(start, configuration, kernels: kernels, folder: folder) { if $0.step == 5 { throw Kill() } }
        }
        for (other, settings) in [
            (try Self.adapted(.bfloat16, kernels: kernels), configuration), (start, try Self.dpo(bf16: true)),
        ] {
            let error = #expect(throws: TrainingError.self) { try run(other, settings, kernels: kernels, folder: folder) }
            #expect(error?.message.contains("belongs to a run with other data, settings, weights, weight format") == true)
        }
        let resumed = try run(start, configuration, kernels: kernels, folder: folder)
        #expect(resumed.steps == whole.steps)
        #expect(try #require(resumed.adapter).values.elementsEqual(try #require(whole.adapter).values))
    }

    @Test func `an adapter's update has gradients and moments of the adapter alone, as planned`() throws {
        let start = try Self.adapted(.int8, kernels: .current)
        guard case .adapter(let adapter, let base) = start else { preconditionFailure("an adapter") }
        let before = Array(base.parameters.values)
        let rate = Trainee.LearningRate(peak: 0.1, schedule: .constant, warmupSteps: 0, stepCount: 1)
        var trainee = Trainee(copying: start, try AdamWOptions(), rate, kernels: try .current, shardCount: 2, threads: 1)
        let pairs = ToyTask.pairs(count: 4, seed: 1).flatMap { [$0.chosen, $0.rejected] }
        let values = try trainee.logProbs(of: pairs, statistics: false).values
        try trainee.accumulate(dLogProbs: values)
        let gradient = try #require(trainee.accumulated() as? Adapter)
        let plan = MemoryPlan.training(
            base.config, adapterCount: adapter.layout.count, weights: .int8, sequenceCount: 8, length: 16, ownCount: 4,
            shardCount: 2)
        #expect(plan.gradients == 2 * 4 * gradient.values.count)
        _ = try trainee.step()
        let moments = trainee.tensors.dropFirst().map { $0.memory.withValues { $0.count } }
        #expect(plan.optimiser == 4 * moments.reduce(0, +))
        #expect(trainee.tensors.allSatisfy { $0.memory is Adapter })
        #expect(base.parameters.values.elementsEqual(before))
    }
}
