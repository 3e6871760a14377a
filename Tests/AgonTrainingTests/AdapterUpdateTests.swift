import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// Updates that train an adapter, where they differ from those of a whole model.
@Suite struct AdapterUpdateTests {
    private struct Kill: Error {}

    private static func start(dropout: Double) throws -> TrainedWeights {
        let parameters = Parameters.initialised(ToyTask.config, seed: 3)
        // A frozen head of small weights could not tell two tokens apart, whatever the adapter does.
        let embedding = try #require(parameters["model.embed_tokens.weight"])
        for index in embedding.indices { embedding[index] *= 20 }
        let base = Transformer(parameters, kernels: try .current)
        let config = try AdapterConfig(rank: 4, alpha: 8, dropout: dropout, targets: .allLinear, usesMagnitudes: true)
        return .adapter(try Adapter.initialised(config, for: base, seed: 1), base: base)
    }

    private func run(
        _ start: TrainedWeights, _ configuration: TrainingConfiguration, seed: UInt64 = 5, threads: Int = 1,
        folder: TrainingFolder? = nil, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        guard case .adapter(_, let base) = start else { preconditionFailure("an adapter") }
        return try PolicyUpdate.run(
            policy: start, reference: .model(base), base: base, data: .pairs(ToyTask.pairs(count: 24, seed: 9)),
            configuration: configuration, seed: Seed(run: seed), shardCount: 2, threads: threads, folder: folder,
            progress: progress)
    }

    @Test func `an adapter with dropout learns, by its seed alone`() throws {
        let configuration = try TrainingConfiguration(beta: 0.3, learningRate: 0.02, epochs: 6, batchSize: 8)
        let start = try Self.start(dropout: 0.1)
        let one = try run(start, configuration)
        let two = try run(start, configuration, threads: 2)
        let (first, second) = (try #require(one.adapter), try #require(two.adapter))
        #expect(first.values.elementsEqual(second.values))
        let loss = try #require(one.metrics["loss/last"])
        #expect(loss < 0.6, "from ln 2 to \(loss)")
        let other = try #require(try run(start, configuration, seed: 6).adapter)
        #expect(!first.values.elementsEqual(other.values))
        let dry = try #require(try run(Self.start(dropout: 0), configuration).adapter)
        #expect(!first.values.elementsEqual(dry.values))
    }

    @Test func `a killed update of an adapter goes on to the same bits`() throws {
        let configuration = try TrainingConfiguration(
            method: .dpo(PreferenceLoss([.sigmoid], beta: 0.1)), learningRate: 0.01, epochs: 3, batchSize: 4,
            accumulationSteps: 2)
        let start = try Self.start(dropout: 0.2)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let whole = try run(start, configuration, folder: TrainingFolder(path: path + "/whole", saveSteps: 2))
        for killed in 1..<whole.stepCount {
            let folder = TrainingFolder(path: "\(path)/\(killed)", saveSteps: 2)
            #expect(throws: Kill.self) {
                try run(start, configuration, folder: folder) { if $0.step == killed { throw Kill() } }
            }
            let resumed = try run(start, configuration, folder: folder)
            let (made, expected) = (try #require(resumed.adapter), try #require(whole.adapter))
            #expect(made.values.elementsEqual(expected.values), "killed after step \(killed)")
            #expect(resumed.metrics == whole.metrics)
        }
    }

    @Test func `an adapter trains on the path of its base, and no other can be asked for`() throws {
        let portable = try #require(Kernels.named("portable"))
        let base = Transformer(Parameters.initialised(ToyTask.config, seed: 3), kernels: portable)
        let start = TrainedWeights.adapter(
            try Adapter.initialised(AdapterConfig(rank: 4, targets: .allLinear), for: base, seed: 1), base: base)
        func update(_ kernels: Kernels?) throws -> TrainingOutcome {
            try PolicyUpdate.run(
                policy: start, reference: .model(base), data: .pairs(ToyTask.pairs(count: 8, seed: 9)),
                configuration: TrainingConfiguration(), seed: Seed(run: 5), kernels: kernels)
        }
        func imitate(_ kernels: Kernels?) throws -> TrainingOutcome {
            try SupervisedTraining.run(
                start, configuration: StepConfiguration(stepCount: 2), seed: Seed(run: 5), kernels: kernels
            ) { _, seed in ToyTask.crowd(count: 4, seed: seed) }
        }
        for train in [update, imitate] {
            let (given, found) = (try #require(try train(portable).adapter), try #require(try train(nil).adapter))
            #expect(given.values.elementsEqual(found.values))
            for other in Kernels.allAvailable where other.name != portable.name {
                let error = #expect(throws: TrainingError.self) { try train(other) }
                #expect(error?.code == .invalidConfiguration && error?.message.contains(other.name) == true)
            }
        }
    }

    @Test func `what cannot follow an adapter is refused`() throws {
        let configuration = try TrainingConfiguration(
            method: .dpo(PreferenceLoss([.sigmoid], beta: 0.1), sync: ReferenceSync(mixupAlpha: 0.5, syncSteps: 1)))
        let error = #expect(throws: TrainingError.self) { try run(Self.start(dropout: 0), configuration) }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("sync_ref_model") == true)
    }
}
