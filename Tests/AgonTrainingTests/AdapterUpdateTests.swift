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
        _ start: TrainedWeights, _ configuration: TrainingConfiguration, reference: Transformer? = nil, seed: UInt64 = 5,
        threads: Int = 1, folder: TrainingFolder? = nil, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        guard case .adapter(_, let base) = start else { preconditionFailure("an adapter") }
        return try PolicyUpdate.run(
            policy: start, reference: .model(reference ?? base), base: base, data: .pairs(ToyTask.pairs(count: 24, seed: 9)),
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

    private static func dpo(_ sync: ReferenceSync?, epochs: Int = 3, batchSize: Int = 8) throws -> TrainingConfiguration {
        try TrainingConfiguration(
            method: .dpo(PreferenceLoss([.sigmoid], beta: 0.1), sync: sync), learningRate: 0.01, epochs: epochs,
            batchSize: batchSize)
    }

    private static let syncs: [ReferenceSync?] = [
        nil, try? ReferenceSync(mixupAlpha: 0.6, syncSteps: 2), try? ReferenceSync(bema: BiasCorrectedMean(), syncSteps: 2),
    ]

    @Test(arguments: syncs)
    func `a killed update of an adapter goes on to the same bits`(sync: ReferenceSync?) throws {
        let configuration = try TrainingConfiguration(
            method: .dpo(PreferenceLoss([.sigmoid], beta: 0.1), sync: sync), learningRate: 0.01, epochs: 3, batchSize: 4,
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

    @Test func `a reference that becomes the policy after each step has nothing to say at the next`() throws {
        let outcome = try run(Self.start(dropout: 0), Self.dpo(ReferenceSync(mixupAlpha: 1, syncSteps: 1)))
        #expect(outcome.stepCount == 9 && outcome.metrics["ref_model_syncs"] == 9)
        for step in outcome.steps { #expect(abs((step["rewards/margins"] ?? 1)) < 1e-6) }
        let still = try run(Self.start(dropout: 0), Self.dpo(nil))
        #expect(still.steps[1]["rewards/margins"] != 0)
    }

    @Test func `after a sync the reference's adapter is the share of the policy's and the rest of its own`() throws {
        let start = try Self.start(dropout: 0)
        guard case .adapter(let before, let base) = start else { preconditionFailure("an adapter") }
        // Both as where the reference has the adapter that the policy begins with, and where it has none: B is zero.
        for reference in [base, base.adapted(by: before)] {
            let after = try #require(try run(start, Self.dpo(nil, epochs: 1, batchSize: 24), reference: reference).adapter)
            let mixed = after.copy()
            for index in mixed.values.indices {
                mixed.values[index] = Float(0.25) * after.values[index] + Float(0.75) * before.values[index]
            }
            let pairs = ToyTask.pairs(count: 24, seed: 9)
            func sums(_ adapter: Adapter, _ sequences: [TokenSequence]) throws -> [Double] {
                try base.adapted(by: adapter).logProbs(of: sequences).map { $0.reduce(0) { $0 + Double($1) } }
            }
            func margins(_ adapter: Adapter) throws -> [Double] {
                zip(try sums(adapter, pairs.map(\.chosen)), try sums(adapter, pairs.map(\.rejected))).map { $0 - $1 }
            }
            let gaps = zip(try margins(after), try margins(mixed)).map { $0 - $1 }
            let expected = 0.1 * gaps.reduce(0, +) / 24
            let steps = try run(
                start, Self.dpo(ReferenceSync(mixupAlpha: 0.25, syncSteps: 1), epochs: 2, batchSize: 24),
                reference: reference
            ).steps
            #expect(abs(expected) > 1e-4 && abs((steps[1]["rewards/margins"] ?? 0) - expected) < 1e-6)
        }
    }

    @Test func `a reference on another base cannot follow an adapter`() throws {
        guard case .adapter(_, let other) = try Self.start(dropout: 0) else { preconditionFailure("an adapter") }
        let configuration = try Self.dpo(ReferenceSync(mixupAlpha: 0.5, syncSteps: 1))
        let error = #expect(throws: TrainingError.self) {
            try run(Self.start(dropout: 0), configuration, reference: other)
        }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("on another base") == true)
    }

    @Test func `a base whose matrices were released trains to the same bits, and its checkpoints are known again`() throws {
        let configuration = try Self.dpo(nil)
        let whole = try run(Self.start(dropout: 0), configuration)
        let start = try Self.start(dropout: 0)
        guard case .adapter(_, let base) = start else { preconditionFailure("an adapter") }
        base.prepareTraining()
        base.parameters.releaseMatrices()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 2)
        #expect(throws: Kill.self) { try run(start, configuration, folder: folder) { if $0.step == 5 { throw Kill() } } }
        let resumed = try run(Self.start(dropout: 0), configuration, folder: folder)
        #expect(resumed.steps == whole.steps)
        #expect(try #require(resumed.adapter).values.elementsEqual(try #require(whole.adapter).values))
        let other = TrainedWeights.adapter(
            try #require(whole.adapter),
            base: Transformer(Parameters.initialised(ToyTask.config, seed: 4), kernels: try .current))
        #expect(throws: TrainingError.self) { try run(other, configuration, folder: folder) }
    }
}
