import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// A variant of `train-full-tied.json`, made by TRL.
private struct GoldenRun: Decodable {
    struct Options: Decodable {
        let scheduler: String
        let warmupSteps: Int?
        let weightDecay: Double?
        let maxGradNorm: Double?
        let lossType: String?

        enum CodingKeys: String, CodingKey {
            case scheduler = "lr_scheduler_type"
            case warmupSteps = "warmup_steps"
            case weightDecay = "weight_decay"
            case maxGradNorm = "max_grad_norm"
            case lossType = "loss_type"
        }
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

@Suite struct PreferenceUpdateGoldenTests {
    private static func norm(_ values: some Sequence<Float>) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    private func train(_ run: GoldenRun) throws -> TrainingOutcome {
        let configuration = try TrainingConfiguration(
            lossTypes: [PreferenceLossType(named: run.options.lossType ?? "sigmoid")], learningRate: 1e-3,
            batchSize: 4, maxGradNorm: run.options.maxGradNorm ?? 1, adamBeta2: 0.999,
            weightDecay: run.options.weightDecay ?? 0, schedule: .init(named: run.options.scheduler),
            warmupSteps: run.options.warmupSteps ?? 0)
        let pairs = Array(try GoldenModel.pairs().prefix(12))
        return try PreferenceUpdate.run(
            policy: GoldenModel.policy(), reference: .model(Transformer(GoldenModel.reference(), kernels: .current)),
            base: nil, pairs: pairs, configuration: configuration, kernels: .current
        ) { _ in Array(pairs.indices) }
    }

    @Test(arguments: ["adamw", "adamw_wd0.1", "linear_warmup1", "cosine", "clip0.1", "ipo"])
    func `three steps have TRL's losses, gradient norms, metrics and weight norms`(name: String) throws {
        let run = try #require(try Fixture.decode([String: GoldenRun].self, "train-full-tied.json")[name])
        let start = try GoldenModel.policy()
        let outcome = try train(run)
        #expect(outcome.stepCount == 3)
        let names = [
            "loss", "learning_rate", "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies",
            "logps/chosen", "logps/rejected", "entropy", "mean_token_accuracy",
        ]
        for (ours, theirs) in zip(outcome.steps, run.logs) {
            for name in names {
                let (our, their) = (try #require(ours[name]), try #require(theirs[name]))
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

    @Test(arguments: ["sigmoid", "ipo"], [1, 2, 4])
    func `the gradient of sixteen pairs is TRL's`(name: String, shardCount: Int) throws {
        let pairs = try GoldenModel.pairs()
        let (policy, reference) = (try GoldenModel.policy(), try GoldenModel.reference())
        let kernels = try Kernels.current
        let shards = GradientShards(policy, kernels: kernels, shardCount: shardCount, threads: 1)
        let forward = try shards.logProbs(
            of: pairs.flatMap { [$0.chosen, $0.rejected] }, policy, statistics: false)
        let sums = PairSums(interleaved: forward.values)
        let frozen = try PreferenceUpdate.sums(
            of: .model(Transformer(reference, kernels: kernels)), pairs, threads: 1)
        let value = try PreferenceLoss([PreferenceLossType(named: name)], beta: 0.1).evaluate(
            PreferenceBatch(
                policyChosen: sums.chosen, policyRejected: sums.rejected, referenceChosen: frozen.chosen,
                referenceRejected: frozen.rejected, chosenCounts: pairs.map(\.chosen.ownCount),
                rejectedCounts: pairs.map(\.rejected.ownCount)))
        let gradient = try shards.gradient(
            dLogProbs: forward.values.enumerated().map { index, values in
                let side = index.isMultiple(of: 2) ? value.chosenGradients : value.rejectedGradients
                return values.map { _ in Float(side[index / 2]) }
            })
        let expected = try GoldenModel.tensors("grads-\(name)-tied.safetensors")
        for tensor in expected.layout.tensors {
            let (ours, theirs) = (gradient.memory(of: tensor), expected.memory(of: tensor))
            let scale = theirs.reduce(Float(0)) { max($0, abs($1)) }
            let worst = zip(ours, theirs).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(worst <= 1e-4 * scale + 1e-7, "\(tensor.name) differs by \(worst) of \(scale)")
        }
    }
}
