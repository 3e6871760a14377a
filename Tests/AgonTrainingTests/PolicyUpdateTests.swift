import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct PolicyUpdateTests {
    private func update(
        _ policy: Parameters, pairs: [TrainingPair], epochs: Int = 1, learningRate: Double = 3e-3, seed: UInt64 = 7,
        configurationSeed: UInt64 = 0, shardCount: Int = 1, threads: Int = 1, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        let start = Transformer(policy.copy(), kernels: try .current)
        return try PolicyUpdate.run(
            policy: policy, reference: .model(start), base: start, data: .pairs(pairs),
            configuration: TrainingConfiguration(
                learningRate: learningRate, epochs: epochs, batchSize: 8, seed: configurationSeed),
            seed: Seed(run: seed), shardCount: shardCount, threads: threads, progress: progress)
    }

    @Test func `an update learns which answer is better, begins at ln 2 and leaves the policy as it was`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let before = policy.copy()
        let old = Transformer(before, kernels: try .current)
        let outcome = try PolicyUpdate.run(
            policy: policy, reference: .model(old), base: old,
            data: .pairs(ToyTask.pairs(count: 64, seed: 2)),
            configuration: TrainingConfiguration(
                beta: 0.3, learningRate: 3e-3, epochs: 12, batchSize: 8, schedule: .linear), seed: Seed(run: 7))
        #expect(outcome.stepCount == 96 && outcome.steps.count == 96)
        #expect(abs(try #require(outcome.metrics["loss/first"]) - log(2)) < 1e-6)
        #expect(outcome.steps[0]["rewards/accuracies"] == 0)
        #expect(try #require(outcome.metrics["loss/last"]) < 0.1)
        #expect(outcome.steps.suffix(8).allSatisfy { $0["rewards/accuracies"] == 1 })
        #expect(try #require(outcome.metrics["kl_to_base/k2"]) > 0.1)
        #expect(policy.values.elementsEqual(before.values))

        let heldOut = ToyTask.pairs(count: 40, seed: 99)
        func margins(_ model: Transformer) throws -> [Double] {
            let sums = try sides(model.logProbs(of: heldOut.flatMap { [$0.chosen, $0.rejected] }).map(sum))
            return zip(sums.chosen, sums.rejected).map { $0 - $1 }
        }
        let new = Transformer(outcome.parameters, kernels: try .current)
        #expect(try zip(margins(new), margins(old)).count { $0 > $1 + 1 } >= 36)
    }

    @Test func `the drift from the base is that of the log-probabilities before and after`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let base = Transformer(Parameters.initialised(ToyTask.config, seed: 5), kernels: try .current)
        let pairs = ToyTask.pairs(count: 8, seed: 3)
        let outcome = try PolicyUpdate.run(
            policy: policy, reference: .model(Transformer(policy.copy(), kernels: .current)), base: base,
            data: .pairs(pairs),
            configuration: TrainingConfiguration(), seed: Seed(run: 1))
        let sequences = pairs.flatMap { [$0.chosen, $0.rejected] }
        let new = try Transformer(outcome.parameters, kernels: .current).logProbs(of: sequences).joined()
        let ratios = try zip(new, base.logProbs(of: sequences).joined()).map { Double($0) - Double($1) }
        let half = ratios.reduce(0) { $0 + $1 * $1 } / Double(2 * ratios.count)
        #expect(isClose(try #require(outcome.metrics["kl_to_base/k2"]), half))
        #expect(outcome.metrics.filter { $0.key.hasPrefix("kl_to_base") }.count == 1, "one drift has one name")
    }

    @Test func `thread count and what runs beside change no bit, the seed does`() async throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let pairs = ToyTask.pairs(count: 30, seed: 3)
        let alone = try update(policy, pairs: pairs, shardCount: 2)
        let threaded = try update(policy, pairs: pairs, shardCount: 2, threads: 2)
        #expect(alone.parameters.values.elementsEqual(threaded.parameters.values))
        #expect(alone.steps == threaded.steps && alone.metrics == threaded.metrics)
        let beside = try await withThrowingTaskGroup(of: TrainingOutcome.self) { group in
            for _ in 0..<4 { group.addTask { try update(policy, pairs: pairs, shardCount: 2, threads: 2) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for outcome in beside { #expect(outcome.parameters.values.elementsEqual(alone.parameters.values)) }
        let other = try update(policy, pairs: pairs, seed: 8, shardCount: 2)
        #expect(!other.parameters.values.elementsEqual(alone.parameters.values))
        let configured = try update(policy, pairs: pairs, configurationSeed: 1, shardCount: 2)
        #expect(!configured.parameters.values.elementsEqual(alone.parameters.values))
    }

    @Test func `the shard count changes rounding only`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let pairs = ToyTask.pairs(count: 8, seed: 3)
        let one = try update(policy, pairs: pairs)
        let three = try update(policy, pairs: pairs, shardCount: 3)
        #expect(isClose(try #require(one.steps[0]["grad_norm"]), try #require(three.steps[0]["grad_norm"])))
    }

    @Test func `reference log-probabilities may be handed in, and give the same bits`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let reference = Transformer(Parameters.initialised(ToyTask.config, seed: 5), kernels: try .current)
        let pairs = ToyTask.pairs(count: 16, seed: 3)
        let sums = try sides(reference.logProbs(of: pairs.flatMap { [$0.chosen, $0.rejected] }).map(sum))
        let configuration = try TrainingConfiguration(batchSize: 4)
        let outcomes = try [.model(reference), .logProbs(chosen: sums.chosen, rejected: sums.rejected)].map {
            try PolicyUpdate.run(
                policy: policy, reference: $0, data: .pairs(pairs), configuration: configuration, seed: Seed(run: 1))
        }
        #expect(outcomes[0].parameters.values.elementsEqual(outcomes[1].parameters.values))
        // Sums alone say nothing of the drift per token.
        var metrics = outcomes[0].metrics
        #expect(metrics.removeValue(forKey: "kl_to_reference/k2") != nil)
        #expect(metrics == outcomes[1].metrics)
        #expect(!metrics.keys.contains { $0.hasPrefix("kl_to_base") })
    }

    @Test func `a pair of weight zero does not train`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        var pairs = ToyTask.pairs(count: 8, seed: 3)
        for index in pairs.indices { pairs[index].weight = 0 }
        let outcome = try update(policy, pairs: pairs)
        #expect(outcome.parameters.values.elementsEqual(policy.values))
        #expect(outcome.metrics["grad_norm"] == 0)
    }

    @Test func `without pairs nothing happens`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let outcome = try update(policy, pairs: [])
        #expect(outcome.stepCount == 0 && outcome.steps.isEmpty && outcome.metrics.isEmpty)
        #expect(outcome.parameters === policy)
    }

    @Test func `weights that are not finite are an error that names the step and a pair`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        try #require(policy["model.norm.weight"])[3] = .nan
        let error = #expect(throws: TrainingError.self) { try update(policy, pairs: ToyTask.pairs(count: 8, seed: 3)) }
        #expect(error?.code == .nonFiniteLoss)
        #expect(error?.message.hasPrefix("Step 1: The loss of pair ") == true)
    }

    @Test func `a learning rate that destroys the weights is caught`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        for element in policy.values.indices { policy.values[element] *= 1e18 }
        let error = #expect(throws: TrainingError.self) { try update(policy, pairs: ToyTask.pairs(count: 8, seed: 3)) }
        #expect(error?.code == .nonFiniteLoss)
    }

    @Test func `pairs that cannot be trained on are named`() throws {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        var pairs = ToyTask.pairs(count: 8, seed: 3)
        pairs[5].rejected.own = pairs[5].rejected.own.map { _ in false }
        let empty = #expect(throws: TrainingError.self) { try update(policy, pairs: pairs) }
        #expect(empty?.code == .invalidData && empty?.message.hasPrefix("Pair 5") == true)
        pairs = ToyTask.pairs(count: 8, seed: 3)
        pairs[2].chosen.tokens[1] = 4000
        let foreign = #expect(throws: TrainingError.self) { try update(policy, pairs: pairs) }
        #expect(foreign?.code == .invalidData && foreign?.underlying is TransformerError)
        pairs = ToyTask.pairs(count: 8, seed: 3)
        pairs[6].weight = -1
        let negative = #expect(throws: TrainingError.self) { try update(policy, pairs: pairs) }
        #expect(negative?.message.contains("pair 6") == true)
    }

    @Test func `progress sees every step and can end the run`() throws {
        struct Enough: Error {}
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        var seen: [Int] = []
        #expect(throws: Enough.self) {
            try update(policy, pairs: ToyTask.pairs(count: 32, seed: 3)) { progress in
                seen.append(progress.step)
                #expect(progress.stepCount == 4 && progress.metrics["loss"] != nil)
                if progress.step == 3 { throw Enough() }
            }
        }
        #expect(seen == [1, 2, 3])
    }
}
