import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// A variant of `train-lora-tied.json`, made by TRL and PEFT.
private struct GoldenAdapterRun: Decodable {
    let logs: [[String: Double]]
}

@Suite struct AdapterGoldenTests {
    private static func adapter(_ name: String, _ base: Transformer) throws -> Adapter {
        try Adapter.load(Fixture.url("lora/\(name)").path, for: base.config)
    }

    private func logits(_ name: String, _ model: Transformer, _ path: String) throws {
        let file = try SafetensorsFile(path: Fixture.url("lora/\(path)/logits.safetensors").path)
        let made = try model.logits(for: try Self.tokens(file))
        let expected = try file.floats(name)
        #expect(made.count == expected.count)
        let worst = zip(made, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1) - 1e-5 * abs($1.1)) }
        #expect(worst <= 2e-5, "\(path) \(name) on \(model.kernels.name): \(worst)")
    }

    /// `input_ids`, which are stored as integers behind the two tensors of logits or before them.
    private static func tokens(_ file: SafetensorsFile) throws -> [Int32] {
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        let length = data.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: [String: Any]]
        let offsets = try #require(header?["input_ids"]?["data_offsets"] as? [Int])
        return data[8 + length + offsets[0]..<8 + length + offsets[1]].withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
        }
    }

    @Test(arguments: ["r4_all", "r8_qv", "r4_rslora", "r4_dora"])
    func `logits through an adapter and after merging are PEFT's`(name: String) throws {
        for kernels in Kernels.allAvailable {
            let base = Transformer(try GoldenModel.policy(), kernels: kernels)
            let adapter = try Self.adapter("\(name)/step3", base)
            try logits("logits_adapter", base.adapted(by: adapter), name)
            let merged = adapter.merged(into: base.parameters, kernels: kernels)
            try logits("logits_merged", Transformer(merged, kernels: kernels), name)
        }
    }

    private func train(
        from start: Adapter, _ base: Transformer, reference: Transformer, loss: PreferenceLossType = .sigmoid,
        shardCount: Int = 1
    ) throws -> TrainingOutcome {
        let configuration = try TrainingConfiguration(
            method: .dpo(PreferenceLoss([loss], beta: 0.1)), learningRate: 5e-3, batchSize: 4, adamBeta2: 0.999)
        let pairs = Array(try GoldenModel.pairs().prefix(12))
        return try PolicyUpdate.run(
            policy: TrainedWeights.adapter(start, base: base),
            DataPart(data: .pairs(pairs), reference: .model(reference)), base: base,
            configuration: configuration, shardCount: shardCount, kernels: base.kernels
        ) { _ in Array(pairs.indices) }
    }

    private func compare(_ outcome: TrainingOutcome, _ variant: String) throws {
        let run = try #require(
            try Fixture.decode([String: GoldenAdapterRun].self, "lora/train-lora-tied.json")[variant])
        let names = [
            "loss", "learning_rate", "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies",
            "logps/chosen", "logps/rejected", "logits/chosen", "logits/rejected", "num_tokens", "entropy", "mean_token_accuracy",
        ]
        #expect(outcome.steps.count == run.logs.count)
        for (step, (ours, theirs)) in zip(outcome.steps, run.logs).enumerated() {
            // At the first step policy and reference are equal, and the file's magnitudes are norms that another
            // library rounded: which side is greater is noise there.
            for name in names where !(step == 0 && name == "rewards/accuracies" && variant == "r4_dora") {
                let (our, their) = (try #require(ours[name]), try #require(theirs[name]))
                #expect(isClose(our, their, relative: 3e-5, absolute: 5e-6), "\(name): \(our), TRL \(their)")
            }
            let (norm, expected) = (try #require(ours["grad_norm"]), try #require(theirs["grad_norm"]))
            #expect(isClose(norm, expected, relative: 1e-4), "grad_norm: \(norm), TRL \(expected)")
        }
    }

    private func compare(_ made: Adapter?, _ expected: Adapter) throws {
        let made = try #require(made)
        #expect(made.layout == expected.layout)
        let differences = zip(made.values, expected.values).map { abs($0 - $1) }
        // Adam divides by the gradient's own size: where that is rounding noise, a step differs by part of lr 5e-3.
        let worst = differences.max() ?? 0
        #expect(differences.count { $0 > 2e-5 } <= 4, "\(differences.count { $0 > 2e-5 }) differ, at most by \(worst)")
        #expect(worst < 1e-3)
    }

    @Test(arguments: ["r4_all", "r8_qv", "r4_rslora", "r4_dora"])
    func `three steps of an adapter have TRL's losses, gradient norms, metrics and weights`(name: String) throws {
        let base = Transformer(try GoldenModel.policy(), kernels: try .current)
        let before = Array(base.parameters.values)
        let start = try Self.adapter("\(name)/init", base)
        let outcome = try train(from: start, base, reference: base)
        try compare(outcome, name)
        try compare(outcome.adapter, Self.adapter("\(name)/step3", base))
        #expect(Array(base.parameters.values) == before, "the base is frozen")
        let untouched = try Self.adapter("\(name)/init", base)
        #expect(start.values.elementsEqual(untouched.values), "the start is read only")
    }

    @Test func `the loss type reaches an adapter's update`() throws {
        let base = Transformer(try GoldenModel.policy(), kernels: try .current)
        let outcome = try train(from: Self.adapter("r4_all/init", base), base, reference: base, loss: .ipo)
        try compare(outcome, "r4_all_ipo")
    }

    @Test func `a further update may hold an adapter to a frozen copy of itself`() throws {
        let base = Transformer(try GoldenModel.policy(), kernels: try .current)
        let start = try Self.adapter("r4_all/step3", base)
        let outcome = try train(from: start, base, reference: base.adapted(by: start))
        try compare(outcome, "continue")
        try compare(outcome.adapter, Self.adapter("continue/step3", base))
        let drifted = try train(from: start, base, reference: base)
        let first = try #require(drifted.steps.first?["loss"])
        #expect(abs(first - log(2)) > 1e-3, "held to the base the loss begins elsewhere")
    }

    @Test func `shards change an adapter's training by rounding only, threads by nothing`() throws {
        let base = Transformer(try GoldenModel.policy(), kernels: try .current)
        let start = try Self.adapter("r4_dora/init", base)
        let whole = try #require(try train(from: start, base, reference: base).adapter)
        let cut = try #require(try train(from: start, base, reference: base, shardCount: 3).adapter)
        let again = try #require(try train(from: start, base, reference: base, shardCount: 3).adapter)
        #expect(cut.values.elementsEqual(again.values))
        #expect(zip(whole.values, cut.values).count { abs($0 - $1) > 2e-5 } <= 4)
    }
}
