public import AgonTraining

extension TrainingKeys {
    private typealias Algorithms = Set<TrainingMethod.Algorithm>

    /// Who reads a key; keys that are not here belong to all algorithms.
    private static let readers: [(names: [String], algorithms: Algorithms)] = [
        (["loss_type"], [.dpo, .kto, .cpo, .grpo]), (["beta"], [.dpo, .kto, .cpo, .simpo, .orpo, .grpo]),
        (["label_smoothing"], [.dpo, .cpo, .simpo]), (["reference"], [.dpo, .kto, .grpo, .ppo]),
        (
            [
                "loss_weights", "f_divergence_type", "f_alpha_divergence_coef", "ld_alpha", "use_weighting",
                "discopop_tau", "rdpo_alpha", "dpop_lambda", "precompute_ref_log_probs", "sync_ref_model",
                "ref_model_sync", "ref_model_mixup_alpha", "ref_model_sync_steps", "bema_ema_power", "bema_bias_power",
                "bema_lag", "bema_multiplier",
            ], [.dpo]
        ),
        (["eval_share"], [.dpo, .cpo, .simpo, .orpo]),
        (["desirable_weight", "undesirable_weight"], [.kto]), (["cpo_alpha", "simpo_gamma", "alpha"], [.cpo, .simpo]),
        (["reward", "missing_eos_penalty"], [.grpo, .ppo]),
        (
            [
                "epsilon", "epsilon_high", "delta", "scale_rewards", "importance_sampling_level",
                "max_completion_length",
            ], [.grpo]
        ),
        (["cliprange", "kl_coef", "baseline", "whiten_advantages"], [.ppo]),
    ]

    /// Reads the section.
    /// - Throws: `AgentError` naming file and line: a value out of range, or a key that nothing would read.
    public static func read(_ reader: ConfigurationReader) throws -> TrainingConfiguration {
        do {
            let algorithm = try TrainingMethod.Algorithm(named: try reader.text("algorithm"))
            try checkRead(reader, algorithm)
            let method = try method(reader, algorithm)
            if !method.usesReference, reader.has("reference") {
                throw reader.error("reference", "without a KL term \(algorithm.rawValue) has no reference: remove this key, or give it a KL term (`beta`, `kl_coef`).")
            }
            return try TrainingConfiguration(
                method: method, learningRate: try reader.number("learning_rate"),
                epochs: try reader.integer("num_train_epochs"), batchSize: try reader.integer("batch_size"),
                accumulationSteps: try reader.integer("gradient_accumulation_steps"),
                maxLength: reader.has("max_length") ? try reader.integer("max_length") : nil,
                maxGradNorm: try reader.number("max_grad_norm"), adamBeta1: try reader.number("adam_beta1"),
                adamBeta2: try reader.number("adam_beta2"), adamEpsilon: try reader.number("adam_epsilon"),
                weightDecay: try reader.number("weight_decay"),
                schedule: try LearningRateSchedule(named: try reader.text("lr_scheduler_type")),
                scheduleOptions: LearningRateOptions(
                    cycleCount: reader.has("num_cycles") ? try reader.integer("num_cycles") : nil,
                    power: try given("lr_power", reader), endRate: try given("lr_end", reader),
                    minRate: try given("min_lr_rate", reader)),
                warmup: try warmup(reader), reference: try ReferencePolicy(named: try reader.text("reference")),
                guards: try guards(reader, algorithm), evalShare: try reader.number("eval_share"),
                bf16: try reader.boolean("bf16"))
        } catch let error as TrainingError {
            let named = error.message.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let key = section.keys.first { $0.name == named && reader.has($0.name) }?.name ?? "algorithm"
            throw AgentError(.badValue, "\(reader.place(key)): \(error.message)", underlying: error)
        }
    }

    /// Bounds between what runs that rose and runs that collapsed showed (`docs/log.md`), where the file gives none.
    private static func guards(_ reader: ConfigurationReader, _ algorithm: TrainingMethod.Algorithm) throws -> TrainingGuards {
        func bound(_ name: String, _ fallback: Double, _ algorithms: Algorithms) throws -> Double? {
            guard reader.has(name) else { return algorithms.contains(algorithm) ? fallback : nil }
            let value = try reader.number(name)
            return value > 0 ? value : nil
        }
        return try TrainingGuards(
            chosenFloor: try bound("chosen_floor", 1, [.dpo]), maxKL: try bound("max_kl", 6, [.dpo, .kto, .grpo, .ppo]),
            maxMargin: try bound("max_margin", 15, [.dpo]))
    }

    private static func checkRead(_ reader: ConfigurationReader, _ algorithm: TrainingMethod.Algorithm) throws {
        for (names, algorithms) in readers where !algorithms.contains(algorithm) {
            guard let name = names.first(where: reader.has) else { continue }
            let valid = algorithms.map(\.rawValue).sorted().joined(separator: ", ")
            throw reader.error(name, "algorithm \(algorithm.rawValue) ignores this key, which \(valid) would read: remove it, or choose another algorithm.")
        }
    }

    private static func given(_ name: String, _ reader: ConfigurationReader) throws -> Double? {
        reader.has(name) ? try reader.number(name) : nil
    }

    private static func warmup(_ reader: ConfigurationReader) throws -> Warmup {
        guard reader.has("warmup_ratio") else { return .steps(try reader.integer("warmup_steps")) }
        guard !reader.has("warmup_steps") else {
            throw reader.error("warmup_ratio", "give one of `warmup_steps` and `warmup_ratio`.")
        }
        return .ratio(try reader.number("warmup_ratio"))
    }

    /// The one loss of an algorithm that takes no list.
    private static func loss(_ reader: ConfigurationReader, default fallback: String) throws -> String {
        let names = try reader.list("loss_type")
        guard names.count < 2 else { throw reader.error("loss_type", "only dpo mixes several losses: name one.") }
        return names.first ?? fallback
    }

    private static func method(_ reader: ConfigurationReader, _ algorithm: TrainingMethod.Algorithm) throws -> TrainingMethod {
        switch algorithm {
        case .dpo: return try dpoMethod(reader)
        case .kto:
            return .kto(
                try UnpairedLoss(
                    .init(named: try loss(reader, default: "kto")), beta: try given("beta", reader) ?? 0.1,
                    desirableWeight: try reader.number("desirable_weight"),
                    undesirableWeight: try reader.number("undesirable_weight")))
        case .cpo, .simpo:
            let isSimPO = algorithm == .simpo
            let contrastive = try ContrastiveLoss(
                .init(named: isSimPO ? "simpo" : try loss(reader, default: "sigmoid")),
                beta: try given("beta", reader) ?? (isSimPO ? 2 : 0.1),
                likelihoodWeight: try given("cpo_alpha", reader) ?? (isSimPO ? 0 : 1),
                labelSmoothing: try given("label_smoothing", reader), gamma: try given("simpo_gamma", reader),
                alpha: try reader.number("alpha"))
            return isSimPO ? .simpo(contrastive) : .cpo(contrastive)
        case .orpo: return .orpo(try OddsRatioLoss(beta: try given("beta", reader) ?? 0.1))
        case .grpo:
            guard let scale = RewardScale(rawValue: try reader.text("scale_rewards")) else {
                throw reader.error("scale_rewards", "this scale is not known.")
            }
            let hasLength = reader.has("max_completion_length")
            return .grpo(
                try ClippedPolicyLoss(
                    epsilon: try reader.number("epsilon"), epsilonHigh: try given("epsilon_high", reader),
                    delta: try given("delta", reader), beta: try given("beta", reader) ?? 0,
                    normalisation: .init(named: try loss(reader, default: "dapo")),
                    isSequenceLevel: try reader.text("importance_sampling_level") == "sequence",
                    maxCompletionLength: hasLength ? try reader.integer("max_completion_length") : nil), scale: scale)
        case .ppo:
            guard let baseline = ProximalOptions.Baseline(rawValue: try reader.text("baseline")) else {
                throw reader.error("baseline", "this baseline is not known.")
            }
            return .ppo(
                try ProximalOptions(
                    clipRange: try reader.number("cliprange"), klCoefficient: try reader.number("kl_coef"),
                    baseline: baseline, whitensAdvantages: try reader.boolean("whiten_advantages")))
        case .sft: return .sft
        }
    }

    private static func dpoMethod(_ reader: ConfigurationReader) throws -> TrainingMethod {
        let names = try reader.list("loss_type")
        let alpha = try given("f_alpha_divergence_coef", reader)
        let divergence = reader.has("f_divergence_type") || alpha != nil
            ? try PreferenceDivergence(named: try reader.text("f_divergence_type"), alpha: alpha) : nil
        let options = PreferenceLossOptions(
            labelSmoothing: try given("label_smoothing", reader), divergence: divergence,
            ldAlpha: try given("ld_alpha", reader), usesWeighting: try reader.boolean("use_weighting"),
            discopopTau: try given("discopop_tau", reader), lengthAlpha: try given("rdpo_alpha", reader),
            dpopLambda: try given("dpop_lambda", reader))
        let loss = try PreferenceLoss(
            (names.isEmpty ? ["sigmoid"] : names).map { name in try PreferenceLossType(named: name) },
            weights: try reader.numbers("loss_weights"), beta: try given("beta", reader) ?? 0.1, options: options)
        return .dpo(loss, sync: try sync(reader), precomputesReference: try reader.boolean("precompute_ref_log_probs"))
    }

    private static let mixupKeys = ["ref_model_mixup_alpha"]
    private static let bemaKeys = ["bema_ema_power", "bema_bias_power", "bema_lag", "bema_multiplier"]

    /// How the reference follows the policy; nil where it stays.
    private static func sync(_ reader: ConfigurationReader) throws -> ReferenceSync? {
        guard try reader.boolean("sync_ref_model") else {
            if let name = (["ref_model_sync", "ref_model_sync_steps"] + mixupKeys + bemaKeys).first(where: reader.has) {
                throw reader.error(name, "without `sync_ref_model: true` the reference does not move: remove this key, or set that one.")
            }
            return nil
        }
        let isMean = try reader.text("ref_model_sync") == "bema"
        if let name = (isMean ? mixupKeys : bemaKeys).first(where: reader.has) {
            throw reader.error(name, "`ref_model_sync: \(isMean ? "bema" : "mixup")` ignores this key: remove it, or set that one to `\(isMean ? "mixup" : "bema")`.")
        }
        let steps = reader.has("ref_model_sync_steps") ? try reader.integer("ref_model_sync_steps") : (isMean ? 400 : 512)
        guard isMean else {
            return try ReferenceSync(mixupAlpha: try reader.number("ref_model_mixup_alpha"), syncSteps: steps)
        }
        return try ReferenceSync(
            bema: BiasCorrectedMean(
                meanPower: try reader.number("bema_ema_power"), biasPower: try reader.number("bema_bias_power"),
                lag: try reader.number("bema_lag"), multiplier: try reader.number("bema_multiplier")), syncSteps: steps)
    }
}
