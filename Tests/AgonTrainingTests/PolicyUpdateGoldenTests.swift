import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// A variant of `train-full-tied.json`, made by TRL.
private struct GoldenRun: Decodable {
    struct Options: Decodable {
        let lr_scheduler_type: String
        let per_device_train_batch_size: Int
        let gradient_accumulation_steps: Int?
        let warmup_steps: Int?
        let weight_decay, max_grad_norm: Double?
        let loss_type: String?
        let sync_ref_model, precompute_ref_log_probs: Bool?
        let ref_model_mixup_alpha: Double?
        let ref_model_sync_steps: Int?
    }

    let options: Options
    let logs: [[String: Double]]
    let weightNorms: [String: Double]
    let deltaNorms: [String: Double]

    enum CodingKeys: String, CodingKey {
        case options, logs
        case weightNorms = "weight_norms"
        case deltaNorms = "delta_norms"
    }
}

@Suite struct PolicyUpdateGoldenTests {
    private static func norm(_ values: some Sequence<Float>) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    private func train(_ run: GoldenRun) throws -> TrainingOutcome {
        let options = run.options
        var sync: ReferenceSync?
        if options.sync_ref_model == true {
            sync = try ReferenceSync(
                mixupAlpha: #require(options.ref_model_mixup_alpha), syncSteps: #require(options.ref_model_sync_steps))
        }
        let configuration = try TrainingConfiguration(
            method: .dpo(
                PreferenceLoss([PreferenceLossType(named: options.loss_type ?? "sigmoid")], beta: 0.1), sync: sync,
                precomputesReference: options.precompute_ref_log_probs ?? false),
            learningRate: 1e-3, batchSize: options.per_device_train_batch_size,
            accumulationSteps: options.gradient_accumulation_steps ?? 1, maxGradNorm: options.max_grad_norm ?? 1,
            adamBeta2: 0.999, weightDecay: options.weight_decay ?? 0, schedule: .init(named: options.lr_scheduler_type),
            warmup: .steps(options.warmup_steps ?? 0))
        let pairs = Array(try GoldenModel.pairs().prefix(12))
        return try PolicyUpdate.run(
            policy: GoldenModel.policy(),
            DataPart(data: .pairs(pairs), reference: .model(Transformer(GoldenModel.reference(), kernels: .current))),
            base: nil, configuration: configuration, kernels: .current
        ) { _ in Array(pairs.indices) }
    }

    @Test(arguments: [
        "adamw", "adamw_wd0.1", "accum2x2", "linear_warmup1", "cosine", "clip0.1", "trdpo_sync", "precompute_ref", "ipo",
    ])
    func `three steps have TRL's losses, gradient norms, metrics and weight norms`(name: String) throws {
        let run = try #require(try Fixture.decode([String: GoldenRun].self, "train-full-tied.json")[name])
        let start = try GoldenModel.policy()
        let outcome = try train(run)
        #expect(outcome.stepCount == 3)
        for (ours, theirs) in zip(outcome.steps, run.logs) {
            for (name, their) in theirs where name != "grad_norm" {
                let our = try #require(ours[name], "\(name) is not measured")
                #expect(isClose(our, their, relative: 3e-5, absolute: 3e-6), "\(name): \(our), TRL \(their)")
            }
            #expect(isClose(try #require(ours["grad_norm"]), try #require(theirs["grad_norm"]), relative: 1e-4))
        }
        for (name, expected) in run.weightNorms {
            let trained = try #require(outcome.parameters[name])
            #expect(isClose(Self.norm(trained), expected))
            let change = zip(trained, try #require(start[name])).map { $0 - $1 }
            #expect(isClose(Self.norm(change), try #require(run.deltaNorms[name]), relative: 2e-3))
        }
    }

    @Test(arguments: ["adamw", "adamw_wd0.1"])
    func `every weight after three steps is TRL's`(name: String) throws {
        let run = try #require(try Fixture.decode([String: GoldenRun].self, "train-full-tied.json")[name])
        let outcome = try train(run)
        let expected = try GoldenModel.tensors("train-full-tied-\(name)-step3.safetensors")
        let differences = zip(outcome.parameters.values, expected.values).map { abs($0 - $1) }
        // Adam divides by the gradient's own size: where that is rounding noise, a step differs by part of lr 1e-3.
        #expect(differences.count { $0 > 2e-5 } <= 2)
        #expect(differences.allSatisfy { $0 < 2e-4 })
    }

    @Test func `weights after three steps with a reference that follows are TRL's, every eighth`() throws {
        let run = try #require(try Fixture.decode([String: GoldenRun].self, "train-full-tied.json")["trdpo_sync"])
        let outcome = try train(run)
        let file = try SafetensorsFile(
            path: Fixture.url("train-full-tied-trdpo_sync-step3.every8.safetensors").path)
        for tensor in file.tensors {
            let expected = try file.floats(tensor.name)
            let ours = try #require(outcome.parameters[tensor.name])
            let worst = expected.indices.reduce(Float(0)) { max($0, abs(ours[8 * $1] - expected[$1])) }
            #expect(worst < 2e-5, "\(tensor.name) differs by \(worst)")
        }
    }

    /// The gradient of all sixteen pairs.
    private func gradient(_ name: String, shardCount: Int) throws -> Parameters {
        let kernels = try Kernels.current
        let trainee = Trainee.measuring(try GoldenModel.policy(), kernels: kernels, shardCount: shardCount)
        let objective = try PreferenceObjective(
            GoldenModel.pairs(), PreferenceLoss([PreferenceLossType(named: name)], beta: 0.1),
            ReferenceLogProbs(.model(Transformer(GoldenModel.reference(), kernels: kernels)), threads: 1))
        return try trainee.gradient(of: objective).1
    }

    @Test(arguments: ["sigmoid", "ipo"], [1, 2, 4])
    func `the gradient of sixteen pairs is TRL's`(name: String, shardCount: Int) throws {
        let gradient = try gradient(name, shardCount: shardCount)
        let expected = try GoldenModel.tensors("grads-\(name)-tied.safetensors")
        for tensor in expected.layout.tensors {
            let (ours, theirs) = (gradient.memory(of: tensor), expected.memory(of: tensor))
            let scale = theirs.reduce(Float(0)) { max($0, abs($1)) }
            let worst = zip(ours, theirs).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(worst <= 1e-4 * scale + 1e-7, "\(tensor.name) differs by \(worst) of \(scale)")
        }
    }

    @Test func `the gradient of the length-normalised loss is TRL's, every eighth element`() throws {
        let gradient = try gradient("sigmoid_norm", shardCount: 1)
        let file = try SafetensorsFile(path: Fixture.url("grads-sigmoid_norm-tied.every8.safetensors").path)
        for tensor in file.tensors {
            let theirs = try file.floats(tensor.name)
            let ours = try #require(gradient[tensor.name])
            let scale = theirs.reduce(Float(0)) { max($0, abs($1)) }
            let worst = theirs.indices.reduce(Float(0)) { max($0, abs(ours[8 * $1] - theirs[$1])) }
            #expect(worst <= 1e-4 * scale + 1e-7, "\(tensor.name) differs by \(worst) of \(scale)")
        }
    }
}
