import AgonTraining
import Foundation
import Testing

/// A setting that the chosen loss would not read is refused, by a sentence that begins with its name.
@Suite struct IgnoredOptionTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let setting: String
        let reason: String
        let make: @Sendable () throws(TrainingError) -> Void
        var testDescription: String { "\(setting) \(reason)" }
    }

    private static func dpo(
        _ types: [PreferenceLossType], _ options: PreferenceLossOptions
    ) -> @Sendable () throws(TrainingError) -> Void {
        { () throws(TrainingError) in _ = try PreferenceLoss(types, beta: 0.1, options: options) }
    }

    private static func schedule(
        _ schedule: LearningRateSchedule, _ options: LearningRateOptions = .init(), _ warmup: Warmup = .steps(0)
    ) -> @Sendable () throws(TrainingError) -> Void {
        { () throws(TrainingError) in
            _ = try TrainingConfiguration(method: .sft, schedule: schedule, scheduleOptions: options, warmup: warmup)
        }
    }

    private static func guarded(
        _ method: @escaping @Sendable () throws(TrainingError) -> TrainingMethod,
        _ guards: @escaping @Sendable () throws(TrainingError) -> TrainingGuards
    ) -> @Sendable () throws(TrainingError) -> Void {
        { () throws(TrainingError) in _ = try TrainingConfiguration(method: method(), guards: guards()) }
    }

    static let faults: [Fault] = [
        Fault(setting: "label_smoothing", reason: "ignored", make: dpo([.sigmoid], .init(labelSmoothing: 0.1))),
        Fault(setting: "label_smoothing", reason: "ignored", make: dpo([.ipo, .sft], .init(labelSmoothing: 0))),
        Fault(setting: "label_smoothing", reason: "above 0", make: dpo([.exoPair], .init())),
        Fault(setting: "label_smoothing", reason: "must be given", make: dpo([.cdpo], .init())),
        Fault(setting: "label_smoothing", reason: "below 0.5", make: dpo([.robust], .init(labelSmoothing: 0.5))),
        Fault(setting: "f_divergence_type", reason: "ignored", make: dpo([.bcoPair], .init(divergence: .forwardKL))),
        Fault(
            setting: "f_divergence_type", reason: "ignored",
            make: dpo([.sigmoid, .apoZero], .init(divergence: .jsDivergence))),
        Fault(setting: "f_divergence_type", reason: "ignored", make: dpo([.sft], .init(divergence: .forwardKL))),
        Fault(
            setting: "f_alpha_divergence_coef", reason: "ignored",
            make: { () throws(TrainingError) in _ = try PreferenceDivergence(named: "forward_kl", alpha: 0.5) }),
        Fault(setting: "discopop_tau", reason: "ignored", make: dpo([.sigmoid], .init(discopopTau: 0.1))),
        Fault(setting: "rdpo_alpha", reason: "ignored", make: dpo([.ipo], .init(lengthAlpha: 0.1))),
        Fault(setting: "dpop_lambda", reason: "ignored", make: dpo([.hinge], .init(dpopLambda: 5))),
        Fault(setting: "ld_alpha", reason: "ignored", make: dpo([.sft], .init(ldAlpha: 0.5))),
        Fault(setting: "ld_alpha", reason: "between 0", make: dpo([.sigmoid], .init(ldAlpha: 1.5))),
        Fault(setting: "use_weighting", reason: "no loss per pair", make: dpo([.aot], .init(usesWeighting: true))),
        Fault(
            setting: "precompute_ref_log_probs", reason: "stale",
            make: { () throws(TrainingError) in
                _ = try TrainingConfiguration(
                    method: .dpo(
                        PreferenceLoss([.sigmoid], beta: 0.1), sync: ReferenceSync(), precomputesReference: true))
            }),
        Fault(
            setting: "label_smoothing", reason: "ignored",
            make: { () throws(TrainingError) in _ = try ContrastiveLoss(.hinge, beta: 1, labelSmoothing: 0.1) }),
        Fault(
            setting: "simpo_gamma", reason: "ignored",
            make: { () throws(TrainingError) in _ = try ContrastiveLoss(.sigmoid, beta: 1, gamma: 0.5) }),
        Fault(
            setting: "algorithm simpo", reason: "choose algorithm cpo",
            make: { () throws(TrainingError) in
                _ = try TrainingConfiguration(method: .simpo(ContrastiveLoss(.hinge, beta: 1)))
            }),
        Fault(
            setting: "max_completion_length", reason: "ignored",
            make: { () throws(TrainingError) in _ = try ClippedPolicyLoss(maxCompletionLength: 10) }),
        Fault(
            setting: "max_completion_length", reason: "must be given",
            make: { () throws(TrainingError) in _ = try ClippedPolicyLoss(normalisation: .drGRPO) }),
        Fault(
            setting: "delta", reason: "at least",
            make: { () throws(TrainingError) in _ = try ClippedPolicyLoss(delta: 1.1) }),
        Fault(
            setting: "batch_size", reason: "at least 2",
            make: { () throws(TrainingError) in
                _ = try TrainingConfiguration(method: .kto(UnpairedLoss()), batchSize: 1)
            }),
        Fault(setting: "warmup_steps", reason: "ignored", make: schedule(.constant, .init(), .steps(3))),
        Fault(setting: "warmup_ratio", reason: "ignored", make: schedule(.constant, .init(), .ratio(0.1))),
        Fault(setting: "num_cycles", reason: "ignored", make: schedule(.cosine, .init(cycleCount: 2))),
        Fault(setting: "lr_power", reason: "ignored", make: schedule(.linear, .init(power: 2))),
        Fault(setting: "lr_end", reason: "ignored", make: schedule(.linear, .init(endRate: 1e-6))),
        Fault(setting: "lr_end", reason: "below", make: schedule(.polynomial, .init(endRate: 1))),
        Fault(setting: "min_lr_rate", reason: "ignored", make: schedule(.cosine, .init(minRate: 0.1))),
        Fault(setting: "min_lr_rate", reason: "must be given", make: schedule(.cosineWithMinLR)),
        Fault(
            setting: "chosen_floor", reason: "ignored",
            make: guarded(
                { () throws(TrainingError) in .orpo(try OddsRatioLoss()) },
                { () throws(TrainingError) in try TrainingGuards(chosenFloor: 1) })),
        Fault(
            setting: "max_kl", reason: "ignored",
            make: guarded(
                { () throws(TrainingError) in .sft }, { () throws(TrainingError) in try TrainingGuards(maxKL: 1) })),
        Fault(
            setting: "max_margin", reason: "ignored",
            make: guarded(
                { () throws(TrainingError) in .kto(try UnpairedLoss()) },
                { () throws(TrainingError) in try TrainingGuards(maxMargin: 15) })),
        Fault(
            setting: "eval_share", reason: "ignored",
            make: { () throws(TrainingError) in _ = try TrainingConfiguration(method: .sft, evalShare: 0.1) }),
        Fault(
            setting: "eval_share", reason: "below 1",
            make: { () throws(TrainingError) in
                _ = try TrainingConfiguration(method: .orpo(OddsRatioLoss()), evalShare: 1)
            }),
        Fault(
            setting: "ref_model_sync", reason: "reference base would be gone",
            make: { () throws(TrainingError) in
                _ = try TrainingConfiguration(
                    method: .dpo(
                        PreferenceLoss([.sigmoid], beta: 0.1), sync: ReferenceSync(bema: BiasCorrectedMean())),
                    reference: .base)
            }),
        Fault(
            setting: "bema_lag", reason: "at least",
            make: { () throws(TrainingError) in _ = try BiasCorrectedMean(lag: 0) }),
        Fault(
            setting: "max_kl", reason: "at least",
            make: { () throws(TrainingError) in _ = try TrainingGuards(maxKL: 0) }),
    ]

    @Test(arguments: faults) func `it is an error that says so`(fault: Fault) {
        let error = #expect(throws: TrainingError.self) { try fault.make() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(fault.setting) == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains(fault.reason) == true, "\(error?.message ?? "no error")")
    }

    @Test func `an option that one of several losses reads is accepted`() throws {
        _ = try PreferenceLoss([.sigmoid, .robust], beta: 0.1, options: .init(labelSmoothing: 0.1))
        _ = try PreferenceLoss([.sigmoid, .sft], beta: 0.1, options: .init(divergence: .forwardKL, ldAlpha: 0.5))
    }

    @Test func `every setting of a configuration stands in its record`() throws {
        let configuration = try TrainingConfiguration(
            method: .dpo(
                PreferenceLoss([.robust], beta: 0.2, options: .init(labelSmoothing: 0.1, divergence: .alpha(0.7))),
                sync: ReferenceSync(syncSteps: 5)),
            schedule: .polynomial, scheduleOptions: .init(power: 2), warmup: .ratio(0.1),
            guards: TrainingGuards(maxKL: 0.5), evalShare: 0.25)
        let data = try JSONEncoder().encode(configuration)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let expected: [String: Double] = [
            "beta": 0.2, "label_smoothing": 0.1, "f_alpha_divergence_coef": 0.7, "ref_model_mixup_alpha": 0.6,
            "ref_model_sync_steps": 5, "lr_power": 2, "warmup_ratio": 0.1, "max_kl": 0.5,
            "eval_share": 0.25,
        ]
        for (name, value) in expected { #expect(object[name] as? Double == value, "\(name)") }
        #expect(object["loss_type"] as? [String] == ["robust"] && object["algorithm"] as? String == "dpo")
        #expect(object["max_margin"] == nil && object["warmup_steps"] == nil && object["bema_lag"] == nil)
    }
}
