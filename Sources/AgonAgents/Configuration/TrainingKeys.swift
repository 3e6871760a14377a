import AgonTraining

/// The keys of an arena's `training:` section.
public enum TrainingKeys {
    public static let section = Section(
        "training",
        common + schedule + dpo + unpaired + referenceFree + policyGradient + guards + AdapterKeys.keys)

    private static let common = [
        Key("algorithm", .choice(TrainingMethod.Algorithm.allCases.map(\.rawValue), default: "dpo"), "What turns a round into a new version. From pairs: `dpo`, `cpo`, `simpo`, `orpo`. From answers that won or lost: `kto`. From winners: `sft`. From scored groups of a learner's own answers: `grpo`, `ppo` (with the mean reward of role or group in place of a value network). A key that the algorithm or its loss does not read is an error."),
        Key("loss_type", .list(default: []), absent: "the first named", "dpo: one or several of \(names(PreferenceLossType.self)). `[sigmoid, sft]` is the NLL-regularised mix. kto: \(names(UnpairedLossType.self)). cpo: \(names(ContrastiveLossType.self)). grpo: \(names(PolicyLossNormalisation.self))."),
        Key("loss_weights", .numbers(default: nil), "dpo: one weight per loss; without it all weigh 1."),
        Key("beta", .number(0...1000, default: nil), absent: "0.1; simpo 2; grpo 0", "dpo, kto, cpo, simpo: how strongly the loss holds the policy to its reference, or how steep it is without one. orpo: weight of the odds. grpo: weight of the KL to the reference."),
        Key("learning_rate", .number(0...1, default: 2e-4), "AdamW step size at its peak."),
        Key("num_train_epochs", .integer(1...1000, default: 1), unit: "epochs", "How often an update sees each item; elsewhere also `num_iterations` (grpo) and `num_ppo_epochs`."),
        Key("batch_size", .integer(1...100_000, default: 32), unit: "items", "Pairs, answers or rollouts a micro-batch."),
        Key("gradient_accumulation_steps", .integer(1...100_000, default: 1), unit: "micro-batches", "Micro-batches a step. The gradient is the mean of their means."),
        Key("max_length", .integer(2...1_000_000, default: nil), unit: "tokens", absent: "none", "Longer sequences lose their end; an item of which nothing is left is dropped. Both are counted."),
        Key("max_grad_norm", .number(0...1_000_000, default: 1), "Gradients longer than this are shortened to it; 0 is off."),
        Key("adam_beta1", .number(0...0.9999, default: 0.9), "Decay of the mean of gradients."),
        Key("adam_beta2", .number(0...0.99999, default: 0.99), "Decay of the mean of squared gradients."),
        Key("adam_epsilon", .number(1e-30...0.1, default: 1e-8), "Added to the root of the mean square."),
        Key("weight_decay", .number(0...10, default: 0), "Pull of the weights towards zero, norms left out."),
        Key("reference", .choice(["round_start", "base"], default: "round_start"), "dpo, kto, and grpo and ppo where they have a KL term: the policy that the loss compares with: the version that the round began with, or version 0."),
        Key("bf16", .boolean(default: false), "The training pass rounds the operands of its products to bfloat16 and sums in float32; weights, gradients and the optimiser stay float32, and so do versions and an adapter's own matrices with their products. The reference is read in the same way. Faster where the processor multiplies bfloat16."),
        Key("eval_share", .number(0...0.9999, default: 0), unit: "share", "dpo, cpo, simpo, orpo: the share of prompts whose pairs are set aside. Their loss and metrics before and after the update stand under `eval_` names. The prompt alone decides, so that the same ones are set aside every round; where all of an update's would be, none is, and `eval_pair_count` is 0."),
        Key("save_steps", .integer(0...1_000_000, default: 0), unit: "steps", "Steps between checkpoints within an update, from which a killed run goes on exactly; 0 trains a killed update again. Changes no result."),
    ]

    private static let schedule = [
        Key("lr_scheduler_type", .choice(LearningRateSchedule.allCases.map(\.rawValue), default: "constant"), "How the step size moves within an update."),
        Key("warmup_steps", .integer(0...1_000_000, default: 0), unit: "steps", "Steps over which the step size rises from zero; not for `constant`."),
        Key("warmup_ratio", .number(0...1, default: nil), unit: "share", absent: "none", "The same as a share of all steps. Give one of the two."),
        Key("num_cycles", .integer(1...100_000, default: nil), absent: "1", "cosine_with_restarts: how often it begins anew."),
        Key("lr_power", .number(0.001...100, default: nil), absent: "1", "polynomial: the power of the rest of the way."),
        Key("lr_end", .number(0...1, default: nil), absent: "1e-7", "polynomial: the step size at the end."),
        Key("min_lr_rate", .number(0...1, default: nil), unit: "share", absent: "none", "cosine_with_min_lr: the step size at the end as a share of the peak; must be given there."),
    ]

    private static let dpo = [
        Key("label_smoothing", .number(0...0.4999, default: nil), unit: "share", absent: "none", "The share of labels thought flipped. Read by cdpo, robust, exo_pair, aot, aot_unpaired, and by cpo's sigmoid and simpo."),
        Key("f_divergence_type", .choice(PreferenceDivergence.names, default: "reverse_kl"), "dpo: how a log-ratio becomes a score. Read by the losses of the margin."),
        Key("f_alpha_divergence_coef", .number(-100...100, default: nil), absent: "0.5", "dpo: α of alpha_divergence."),
        Key("ld_alpha", .number(0...1, default: nil), absent: "1", "dpo: how much tokens beyond the pair's shorter length count."),
        Key("use_weighting", .boolean(default: false), "dpo: weigh each pair by how likely both its sides are under the policy (WPO)."),
        Key("discopop_tau", .number(0.0001...1000, default: nil), absent: "0.05", "dpo: temperature of discopop."),
        Key("rdpo_alpha", .number(-100...100, default: nil), unit: "nats a token", absent: "0", "dpo: a longer winner is pushed less (R-DPO). Read by sigmoid and cdpo."),
        Key("dpop_lambda", .number(0...10_000, default: nil), absent: "0", "dpo: price of a chosen side that becomes rarer than under the reference (DPOP). Read by sigmoid and cdpo."),
        Key("precompute_ref_log_probs", .boolean(default: false), "dpo: the reference's log-probabilities are computed before the first step instead of when a pair is first met. Same bits."),
        Key("sync_ref_model", .boolean(default: false), "dpo: the reference follows the policy within an update (TR-DPO); where an adapter is trained, with an adapter of its own."),
        Key("ref_model_sync", .choice(["mixup", "bema"], default: "mixup"), "sync_ref_model: `mixup`: the reference moves a share of the way to the policy (TR-DPO). `bema`: it is a mean of the policy's weights, corrected for its lag; not with `reference: base`, which it would lose."),
        Key("ref_model_sync_steps", .integer(1...1_000_000, default: nil), unit: "steps", absent: "512; bema 400", "sync_ref_model: steps between two references, counted within an update; `ref_model_syncs` in its metrics says how often one was made."),
        Key("ref_model_mixup_alpha", .number(0...1, default: 0.6), "mixup: the policy's share in the new reference."),
        Key("bema_ema_power", .number(0...99, default: 0.5), "bema: κ; after step t the mean takes (ρ + γt)^−κ of the policy."),
        Key("bema_bias_power", .number(0...99, default: 0.2), "bema: η; (ρ + γt)^−η of the way that the policy has gone is added to the mean."),
        Key("bema_lag", .number(1...1e8, default: 10), unit: "steps", "bema: ρ."),
        Key("bema_multiplier", .number(0...1e5, default: 1), "bema: γ."),
    ]

    private static let unpaired = [
        Key("desirable_weight", .number(0...1000, default: 1), "kto: weight of answers that won."),
        Key("undesirable_weight", .number(0...1000, default: 1), "kto: weight of answers that lost."),
    ]

    private static let referenceFree = [
        Key("cpo_alpha", .number(0...1000, default: nil), absent: "1; simpo 0", "cpo, simpo: weight of the chosen side's likelihood."),
        Key("simpo_gamma", .number(0...1000, default: nil), absent: "0.5", "simpo: the margin that a win must exceed."),
        Key("alpha", .number(-100...100, default: 0), "cpo, simpo: α of AlphaPO; 0 leaves log-probabilities as they are."),
    ]

    private static let policyGradient = [
        Key("reward", .choice(["rank", "score"], default: "rank"), "grpo, ppo: what an answer earns. `rank`: its share of points against the others of its room, a forfeit 0. `score`: the judge's score, a forfeit the round's lowest."),
        Key("missing_eos_penalty", .number(0...1e6, default: 0), "grpo, ppo: subtracted from the reward of an answer that reached the token limit before it ended."),
        Key("epsilon", .number(0...0.9999, default: 0.2), "grpo: how far a token's ratio may fall before its gradient is cut."),
        Key("epsilon_high", .number(0...1000, default: nil), absent: "epsilon", "grpo: the same upwards."),
        Key("delta", .number(1...1000, default: nil), absent: "none", "grpo: upper bound of the ratio."),
        Key("scale_rewards", .choice(RewardScale.allCases.map(\.rawValue), default: "group"), "grpo: what rewards are divided by."),
        Key("importance_sampling_level", .choice(["token", "sequence"], default: "token"), "grpo: ratios of tokens, or of whole rollouts (GSPO)."),
        Key("max_completion_length", .integer(1...1_000_000, default: nil), unit: "tokens", absent: "none", "grpo: what dr_grpo divides by; must be given there."),
        Key("cliprange", .number(0.0001...0.9999, default: 0.2), "ppo: how far a token's ratio may move before its gradient is cut."),
        Key("kl_coef", .number(0...1000, default: 0.05), "ppo: price of a nat of drift from the reference, paid within the reward."),
        Key("baseline", .choice(ProximalOptions.Baseline.allCases.map(\.rawValue), default: "role"), "ppo: a reward is compared with the mean of its role (a game's side), or of its group."),
        Key("whiten_advantages", .boolean(default: true), "ppo: advantages get mean 0 and deviation 1."),
    ]

    private static let guards = [
        Key("chosen_floor", .number(0...1e6, default: nil), unit: "nats a token", absent: "dpo 1; kto off", "dpo, kto: an update ends when its chosen side has become rarer than under the reference by more than this; 0 is off."),
        Key("max_kl", .number(0...1e6, default: nil), unit: "nats a token", absent: "6", "dpo, kto, grpo, ppo: an update ends when its drift (half the mean squared log-ratio to the reference, or to the version that drew the rollouts) exceeds this; 0 is off."),
        Key("max_margin", .number(0...1e6, default: nil), absent: "dpo 15; others off", "dpo, cpo, simpo: an update ends when its mean reward margin exceeds this; 0 is off."),
    ]

    private static func names<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type) -> String {
        Value.allCases.map(\.rawValue).joined(separator: ", ")
    }
}
