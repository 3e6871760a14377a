/// A setting's value, as a configuration file would give it.
enum SettingValue: Encodable, Sendable, Hashable {
    case number(Double)
    case integer(Int)
    case text(String)
    case boolean(Bool)
    case texts([String])
    case numbers([Double])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .texts(let value): try container.encode(value)
        case .numbers(let value): try container.encode(value)
        }
    }
}

/// The settings under the names of the configuration file, for the record of an update.
extension TrainingConfiguration: Encodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, value) in settings { try container.encode(value, forKey: Name(stringValue: name)) }
    }

    /// Everything that decides, by name.
    var settings: [String: SettingValue] {
        var settings: [String: SettingValue] = [
            "algorithm": .text(method.algorithm.rawValue), "learning_rate": .number(learningRate),
            "num_train_epochs": .integer(epochs), "batch_size": .integer(batchSize),
            "gradient_accumulation_steps": .integer(accumulationSteps),
            "max_grad_norm": .number(optimiser.maxGradNorm), "adam_beta1": .number(optimiser.beta1),
            "adam_beta2": .number(optimiser.beta2), "adam_epsilon": .number(optimiser.epsilon),
            "weight_decay": .number(optimiser.weightDecay), "lr_scheduler_type": .text(schedule.rawValue),
            "seed": .text(String(seed)),
        ]
        switch warmup {
        case .steps(let count): settings["warmup_steps"] = .integer(count)
        case .ratio(let ratio): settings["warmup_ratio"] = .number(ratio)
        }
        settings["max_length"] = maxLength.map(SettingValue.integer)
        settings["eval_share"] = evalShare > 0 ? .number(evalShare) : nil
        settings["num_cycles"] = scheduleOptions.cycleCount.map(SettingValue.integer)
        settings["lr_power"] = scheduleOptions.power.map(SettingValue.number)
        settings["lr_end"] = scheduleOptions.endRate.map(SettingValue.number)
        settings["min_lr_rate"] = scheduleOptions.minRate.map(SettingValue.number)
        settings["chosen_floor"] = guards.chosenFloor.map(SettingValue.number)
        settings["max_kl"] = guards.maxKL.map(SettingValue.number)
        settings["max_margin"] = guards.maxMargin.map(SettingValue.number)
        settings["bf16"] = usesBfloat16 ? .boolean(true) : nil
        if method.usesReference { settings["reference"] = .text(reference.rawValue) }
        return settings.merging(method.settings) { first, _ in first }
    }
}

extension TrainingMethod {
    var settings: [String: SettingValue] {
        switch self {
        case .dpo(let loss, let sync, let precomputes):
            var settings = loss.settings
            settings["precompute_ref_log_probs"] = precomputes ? .boolean(true) : nil
            settings["sync_ref_model"] = sync == nil ? nil : .boolean(true)
            settings["ref_model_sync_steps"] = sync.map { .integer($0.syncSteps) }
            return settings.merging(sync?.rule.settings ?? [:]) { first, _ in first }
        case .kto(let loss):
            return [
                "loss_type": .text(loss.type.rawValue), "beta": .number(loss.beta),
                "desirable_weight": .number(loss.desirableWeight),
                "undesirable_weight": .number(loss.undesirableWeight),
            ]
        case .cpo(let loss), .simpo(let loss):
            var settings: [String: SettingValue] = [
                "loss_type": .text(loss.type.rawValue), "beta": .number(loss.beta),
                "cpo_alpha": .number(loss.likelihoodWeight), "alpha": .number(loss.alpha),
            ]
            if loss.type.readsLabelSmoothing { settings["label_smoothing"] = .number(loss.labelSmoothing) }
            if loss.type == .simpo { settings["simpo_gamma"] = .number(loss.gamma) }
            return settings
        case .orpo(let loss): return ["beta": .number(loss.beta)]
        case .grpo(let loss, let scale):
            var settings: [String: SettingValue] = [
                "loss_type": .text(loss.normalisation.rawValue), "beta": .number(loss.beta),
                "epsilon": .number(loss.epsilon), "epsilon_high": .number(loss.epsilonHigh),
                "scale_rewards": .text(scale.rawValue),
                "importance_sampling_level": .text(loss.isSequenceLevel ? "sequence" : "token"),
            ]
            settings["delta"] = loss.delta.map(SettingValue.number)
            settings["max_completion_length"] = loss.maxCompletionLength.map(SettingValue.integer)
            return settings
        case .ppo(let options):
            return [
                "cliprange": .number(options.clipRange), "kl_coef": .number(options.klCoefficient),
                "baseline": .text(options.baseline.rawValue),
                "whiten_advantages": .boolean(options.whitensAdvantages),
            ]
        case .sft: return [:]
        }
    }
}

extension ReferenceSync.Rule {
    var settings: [String: SettingValue] {
        switch self {
        case .mixup(let alpha): ["ref_model_sync": .text("mixup"), "ref_model_mixup_alpha": .number(alpha)]
        case .bema(let rates):
            [
                "ref_model_sync": .text("bema"), "bema_ema_power": .number(rates.meanPower),
                "bema_bias_power": .number(rates.biasPower), "bema_lag": .number(rates.lag),
                "bema_multiplier": .number(rates.multiplier),
            ]
        }
    }
}

extension PreferenceLoss {
    var settings: [String: SettingValue] {
        var settings: [String: SettingValue] = [
            "loss_type": .texts(types.map(\.rawValue)), "loss_weights": .numbers(weights), "beta": .number(beta),
        ]
        settings["label_smoothing"] = options.labelSmoothing.map(SettingValue.number)
        settings["f_divergence_type"] = options.divergence.map { .text($0.name) }
        if case .alpha(let alpha) = options.divergence { settings["f_alpha_divergence_coef"] = .number(alpha) }
        settings["ld_alpha"] = options.ldAlpha.map(SettingValue.number)
        settings["use_weighting"] = options.usesWeighting ? .boolean(true) : nil
        settings["discopop_tau"] = options.discopopTau.map(SettingValue.number)
        settings["rdpo_alpha"] = options.lengthAlpha.map(SettingValue.number)
        settings["dpop_lambda"] = options.dpopLambda.map(SettingValue.number)
        return settings
    }
}

extension TrainingConfiguration {
    /// Everything that decides, by name, as text of one form only.
    public var settingTexts: [String: String] { settings.mapValues(\.text) }
}

extension SettingValue {
    fileprivate var text: String {
        switch self {
        case .number(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .text(let value): value
        case .boolean(let value): "\(value)"
        case .texts(let values): values.joined(separator: ", ")
        case .numbers(let values): values.map { "\($0)" }.joined(separator: ", ")
        }
    }
}
