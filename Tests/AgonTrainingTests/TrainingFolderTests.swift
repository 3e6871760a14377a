import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// Killed and started again, an update ends as if nothing had happened.
@Suite struct TrainingFolderTests {
    private struct Killed: Error {}

    private static func temporary() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
    }

    private static func dpo(sync: ReferenceSync? = nil) throws -> TrainingMethod {
        .dpo(try PreferenceLoss([.sigmoid], beta: 0.3), sync: sync)
    }

    /// Three epochs of three steps, the last of each with less than a full micro-batch.
    private func run(
        _ method: TrainingMethod, data: TrainingData? = nil, folder: TrainingFolder?, killAfter: Int? = nil,
        guards: TrainingGuards = .none, evalShare: Double = 0, seed: UInt64 = 7, threads: Int = 1,
        reference: UpdateReference? = nil
    ) throws -> TrainingOutcome {
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        return try PolicyUpdate.run(
            policy: policy, reference: reference ?? .model(Transformer(policy.copy(), kernels: .current)),
            data: data ?? .pairs(ToyTask.pairs(count: 11, seed: 2)),
            configuration: TrainingConfiguration(
                method: method, learningRate: 5e-3, epochs: 3, batchSize: 2, accumulationSteps: 2, weightDecay: 0.01,
                schedule: .cosine, warmup: .steps(2), guards: guards, evalShare: evalShare),
            seed: Seed(run: seed), shardCount: 2, threads: threads, folder: folder
        ) { if $0.step == killAfter { throw Killed() } }
    }

    private func log(_ path: String) throws -> String { try String(contentsOfFile: path + "/metrics.jsonl", encoding: .utf8) }

    @Test(arguments: 1...9, [1, 2, 4])
    func `a run killed after any step goes on to the same bits, metrics and log`(step: Int, saveSteps: Int) throws {
        let (whole, killed) = (Self.temporary(), Self.temporary())
        defer { for path in [whole, killed] { try? FileManager.default.removeItem(atPath: path) } }
        let method = try Self.dpo(sync: ReferenceSync(mixupAlpha: 0.6, syncSteps: 2))
        let expected = try run(method, folder: TrainingFolder(path: whole, saveSteps: saveSteps))
        #expect(expected.stepCount == 9 && expected.metrics["ref_model_syncs"] == 4)
        let folder = TrainingFolder(path: killed, saveSteps: saveSteps)
        #expect(throws: Killed.self) { try run(method, folder: folder, killAfter: step) }
        let outcome = try run(method, folder: folder, threads: 2)
        #expect(outcome.parameters.values.elementsEqual(expected.parameters.values))
        #expect(outcome.steps == expected.steps && outcome.metrics == expected.metrics)
        #expect(try log(killed) == log(whole))
    }

    @Test(arguments: 1...9)
    func `a run with a mean for a reference and pairs set aside goes on to the same bits, metrics and log`(step: Int) throws {
        let (whole, killed) = (Self.temporary(), Self.temporary())
        defer { for path in [whole, killed] { try? FileManager.default.removeItem(atPath: path) } }
        let method = try Self.dpo(sync: ReferenceSync(bema: BiasCorrectedMean(), syncSteps: 2))
        let data = TrainingData.pairs(ToyTask.pairs(count: 16, seed: 2))
        func train(_ path: String, killAfter: Int? = nil) throws -> TrainingOutcome {
            try run(
                method, data: data, folder: TrainingFolder(path: path, saveSteps: 2), killAfter: killAfter,
                evalShare: 0.3)
        }
        let expected = try train(whole)
        #expect(expected.metrics["eval_loss/first"].map { abs($0 - Foundation.log(2)) < 1e-6 } == true)
        guard step < expected.stepCount else { return }
        #expect(throws: Killed.self) { try train(killed, killAfter: step) }
        let outcome = try train(killed)
        #expect(outcome.parameters.values.elementsEqual(expected.parameters.values))
        #expect(outcome.steps == expected.steps && outcome.metrics == expected.metrics)
        #expect(try log(killed) == log(whole))
        #expect(try log(whole).split(separator: "\n").count == expected.stepCount + 2)
        let speed = try JSONDecoder().decode(
            [String: Double].self, from: Data(contentsOf: URL(fileURLWithPath: whole + "/train_results.json")))
        #expect(speed.count == 4 && speed.values.allSatisfy { $0 > 0 })
        #expect(speed["train_loss"] == expected.metrics["loss"])
    }

    @Test func `a run killed at every step, one step a start, ends the same`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let method = try TrainingMethod.kto(UnpairedLoss(beta: 0.3))
        let data = TrainingData.labelled(ToyTask.labelled(count: 10, seed: 2))
        let expected = try run(method, data: data, folder: nil)
        let folder = TrainingFolder(path: path, saveSteps: 1)
        for step in 1...expected.stepCount {
            #expect(throws: Killed.self) { try run(method, data: data, folder: folder, killAfter: step) }
        }
        let outcome = try run(method, data: data, folder: folder)
        #expect(outcome.parameters.values.elementsEqual(expected.parameters.values))
        #expect(outcome.steps == expected.steps)
    }

    @Test func `a line that a crash cut in half is written again`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 2)
        #expect(throws: Killed.self) { try run(Self.dpo(), folder: folder, killAfter: 5) }
        let handle = try #require(FileHandle(forWritingAtPath: path + "/metrics.jsonl"))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"epoch\":1.9".utf8))
        try handle.close()
        _ = try run(Self.dpo(), folder: folder)
        let lines = try log(path).split(separator: "\n")
        #expect(lines.count == 9)
        for (index, line) in lines.enumerated() {
            let values = try JSONDecoder().decode([String: Double].self, from: Data(line.utf8))
            #expect(values["step"] == Double(index + 1) && values["loss"] != nil)
        }
    }

    @Test func `a checkpoint of another run is refused, and so is one without its log`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 1)
        _ = try run(Self.dpo(), folder: folder)
        let foreign = #expect(throws: TrainingError.self) { try run(Self.dpo(), folder: folder, seed: 8) }
        #expect(foreign?.code == .checkpointFailed && foreign?.message.contains("belongs to a run with other") == true)
        let other = TrainingData.pairs(ToyTask.pairs(count: 11, seed: 3))
        #expect(throws: TrainingError.self) { try run(Self.dpo(), data: other, folder: folder) }
        try FileManager.default.removeItem(atPath: path + "/metrics.jsonl")
        let missing = #expect(throws: TrainingError.self) { try run(Self.dpo(), folder: folder) }
        #expect(missing?.code == .checkpointFailed)
        try Data("{".utf8).write(to: URL(fileURLWithPath: path + "/checkpoint/trainer_state.json"))
        let broken = #expect(throws: TrainingError.self) { try run(Self.dpo(), folder: folder) }
        #expect(broken?.message.contains("trainer_state.json cannot be read") == true)
    }

    @Test func `a checkpoint of a run with another reference is refused`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        func model(_ seed: UInt64, _ weights: WeightFormat = .float32) throws -> UpdateReference {
            .model(Transformer(Parameters.initialised(ToyTask.config, seed: seed), kernels: try .current, weights: weights))
        }
        func adapted(_ seed: UInt64) throws -> UpdateReference {
            let base = Transformer(Parameters.initialised(ToyTask.config, seed: 1), kernels: try .current)
            let adapter = try Adapter.initialised(AdapterConfig(rank: 2, targets: .allLinear), for: base, seed: seed)
            return .model(base.adapted(by: adapter))
        }
        func sums(_ last: Double) -> UpdateReference {
            .logProbs(chosen: [Double](repeating: -4, count: 10) + [last], rejected: [Double](repeating: -5, count: 11))
        }
        let references = try [model(1), model(2), model(1, .int8), adapted(1), adapted(2), sums(-4), sums(-4.5)]
        for (index, reference) in references.enumerated() {
            let folder = TrainingFolder(path: "\(path)/\(index)", saveSteps: 2)
            #expect(throws: Killed.self) { try run(Self.dpo(), folder: folder, killAfter: 5, reference: reference) }
            for (other, foreign) in references.enumerated() where other != index {
                let error = #expect(throws: TrainingError.self) { try run(Self.dpo(), folder: folder, reference: foreign) }
                #expect(error?.code == .checkpointFailed && error?.message.contains("belongs to a run with other") == true)
            }
            #expect(try run(Self.dpo(), folder: folder, reference: reference).stepCount == 9)
        }
        // A method that compares with none may be handed any.
        let folder = TrainingFolder(path: path + "/free", saveSteps: 2)
        let method = try TrainingMethod.orpo(OddsRatioLoss(beta: 0.1))
        #expect(throws: Killed.self) { try run(method, folder: folder, killAfter: 5, reference: model(1)) }
        #expect(try run(method, folder: folder, reference: model(2)).stepCount == 9)
    }

    @Test(arguments: [
        ("step", Int.max), ("step", -1), ("step", 10), ("step", 8), ("tokenCount", .max), ("tokenCount", -1),
        ("lineCount", 0), ("lineCount", 8), ("lineCount", 12), ("lineCount", .max), ("lineCount", .min),
    ])
    func `a state that counts what no run counts is an error, with and without a guard that ended it`(
        name: String, value: Int
    ) throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 3)
        _ = try run(Self.dpo(), folder: folder)
        let file = URL(fileURLWithPath: path + "/checkpoint/trainer_state.json")
        var state = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        state[name] = value
        for stop in [nil, ["name": "max_kl", "step": 10, "value": 2, "limit": 1] as [String: Any]?] {
            state["stop"] = stop
            if stop != nil, name != "lineCount" { state["lineCount"] = 10 }
            try JSONSerialization.data(withJSONObject: state).write(to: file)
            let error = #expect(throws: TrainingError.self) { try run(Self.dpo(), folder: folder) }
            #expect(error?.code == .checkpointFailed && error?.message.contains("remove \(path)") == true)
        }
    }

    @Test func `an update with fewer steps than its reference waits for says that it never moved`() throws {
        let outcome = try run(Self.dpo(sync: ReferenceSync()), folder: nil)
        #expect(outcome.metrics["ref_model_syncs"] == 0)
        #expect(try run(Self.dpo(), folder: nil).metrics["ref_model_syncs"] == nil)
    }

    @Test func `a run that ended is not trained again`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 100)
        let first = try run(Self.dpo(), folder: folder)
        let again = try run(Self.dpo(), folder: folder, killAfter: 1)
        #expect(again.parameters.values.elementsEqual(first.parameters.values) && again.metrics == first.metrics)
    }

    @Test func `a guard ends the run before the step that it forbids, and says so in the log and after a restart`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = TrainingFolder(path: path, saveSteps: 1)
        let free = try run(Self.dpo(), folder: nil)
        let limit = try #require(free.steps[4]["kl_to_reference/k2"]).nextDown
        let guards = try TrainingGuards(maxKL: limit)
        let outcome = try run(Self.dpo(), folder: folder, guards: guards)
        let stop = try #require(outcome.stop)
        #expect(stop.name == "max_kl" && stop.limit == limit && stop.value > limit)
        let first = try #require(free.steps.firstIndex { ($0["kl_to_reference/k2"] ?? 0) > limit })
        #expect(stop.step == first + 1 && outcome.stepCount == first)
        #expect(outcome.steps == Array(free.steps.prefix(first)))
        #expect(try log(path).split(separator: "\n").last?.contains("\"stopped_by\":\"max_kl\"") == true)
        let again = try run(Self.dpo(), folder: folder, guards: guards)
        #expect(again.stop == stop && again.metrics == outcome.metrics)
        #expect(again.parameters.values.elementsEqual(outcome.parameters.values))
    }

    @Test func `each guard watches its own reading`() throws {
        let free = try run(Self.dpo(), folder: nil)
        let margin = try #require(free.steps.compactMap { $0["rewards/margins"] }.max())
        let stopped = try run(Self.dpo(), folder: nil, guards: TrainingGuards(maxMargin: margin.nextDown))
        #expect(stopped.stop?.name == "max_margin" && stopped.stop?.value == margin)
        // Both sides are pushed down: the chosen one must not become rarer.
        let swapped = TrainingData.labelled(
            ToyTask.pairs(count: 11, seed: 2).flatMap {
                [LabelledCompletion($0.rejected, isDesirable: false), LabelledCompletion($0.chosen, isDesirable: true, weight: 0)]
            })
        let method = try TrainingMethod.kto(UnpairedLoss(.apoZeroUnpaired, beta: 1))
        let fallen = try run(method, data: swapped, folder: nil, guards: TrainingGuards(chosenFloor: 1e-3))
        #expect(fallen.stop?.name == "chosen_floor" && fallen.stop.map { $0.value < $0.limit } == true)
    }
}
