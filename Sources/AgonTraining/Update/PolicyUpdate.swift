public import AgonCore
public import AgonTransformer

/// One update of one agent: what its rooms taught in, new weights out.
///
/// A pure function of its arguments and of the kernel path. The policy's parameters are read, never written;
/// whatever is thrown, the old version stands.
public enum PolicyUpdate {
    /// Trains a copy of the policy on the data, by the configuration's method: all its weights, or its adapter alone.
    ///
    /// The metrics are TRL's, each the mean over the steps that measured it. Every method has `loss`, `grad_norm`
    /// (before clipping), `learning_rate`, `epoch`, `num_tokens` (cumulative, all tokens of all sequences), `entropy`
    /// (nats per own token) and `mean_token_accuracy` (own tokens that were the likeliest; chosen side, where there are
    /// two). Pairs add `rewards/chosen`, `rewards/rejected`, `rewards/margins`, `rewards/accuracies` (share of pairs with
    /// the chosen reward strictly greater, so 0 while the policy equals its reference), `logps/*`, `logits/*`; `dpo` and
    /// `kto` add `logratios/chosen` (log π_θ − log π_ref per token) and `kl_to_reference/k2`, which the guards watch;
    /// `kto` adds `kl` (z₀) and `count/*`; `cpo`, `simpo` and `orpo` add `nll_loss`; `orpo` adds `log_odds_ratio` and
    /// `log_odds_chosen`; `grpo` and `ppo` have `reward`, `reward_std`, `frac_reward_zero_std`, `clip_ratio/*`, `kl`,
    /// `completions/*`, `policy/approxkl_avg`. Beside them:
    /// - `truncated_count`, `dropped_count`, where `max_length` is set: items cut, and items of which nothing was left.
    /// - `eval_pair_count`, where there is an `eval_share`: the pairs set aside, 0 where its prompts are none or all of
    ///   the update's. Beside it `eval_*` and `eval_*/first`: their loss and metrics after the last step and before the
    ///   first, without dropout, against the reference that the update began with.
    /// - `ref_model_syncs`, where the reference follows the policy: how often it did; 0 where the update has fewer steps
    ///   than there are between two moves.
    /// - `loss/first`, `loss/last`: of those steps alone. For DPO's `sigmoid` with the round's start as reference the
    ///   first is ln 2.
    /// - `kl_to_base/k2`, where a base is given: the mean over all own tokens of all sequences of
    ///   ½(log π_θ − log π_base)² (Schulman's k2), in nats per token, with π_θ the policy after the last step. Never below
    ///   zero and only growing with drift: watch it for collapse. The samples are the round's, not π_θ's own, so it says
    ///   how far the policy has moved on what it learned from; it is no unbiased estimate of KL(π_θ ‖ π_base).
    ///
    /// - Parameters:
    ///   - policy: the weights to start from, or an adapter on its base as `TrainedWeights`.
    ///   - reference: π_ref; not read by methods without one. For an adapter that is the base, or the base adapted by a
    ///     frozen adapter such as the one that the update starts from; neither takes memory of its own beside the base.
    ///   - base: the agent's version 0, for `kl_to_base/k2`; nil leaves the metric out.
    ///   - data: what the method learns from. Without any, nothing happens: zero steps, no metrics beside the counts of
    ///     items, the same parameters.
    ///   - mix: what each batch holds, where the first `localCount` items are one's own; all of them must fill whole
    ///     batches.
    ///   - seed: the update's address; with the configuration's own seed it orders the items of each epoch.
    ///   - shardCount: each micro-batch is cut into this many gradients that are added in order; part of the bits, as
    ///     are the batch size and the accumulation.
    ///   - threads: how many threads share the shards; changes no bit.
    ///   - kernels: nil takes the path of an adapter's base, or the process's.
    ///   - folder: where metrics and checkpoints are written, and from where a killed run goes on; nil writes nothing.
    /// - Throws: `nonFiniteLoss`, naming the step and the item; `invalidData` for an item without own tokens or one that
    ///   does not fit the model or the method; `invalidConfiguration` for kernels that are not those of an adapter's base;
    ///   `checkpointFailed`; what `progress` throws.
    public static func run(
        policy: some TrainablePolicy, reference: UpdateReference, base: Transformer? = nil, data: TrainingData,
        configuration: TrainingConfiguration, seed: Seed, shardCount: Int = 1, threads: Int = 1,
        kernels: Kernels? = nil, folder: TrainingFolder? = nil, mix: (mix: BatchMix, localCount: Int)? = nil,
        progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        precondition(
            mix == nil || configuration.batchSize == mix?.mix.batchSize && configuration.evalShare == 0 && configuration.maxLength == nil,
            "a mix says what each batch holds, so nothing else may")
        let root = seed.child(.training, Int(truncatingIfNeeded: configuration.seed))
        var (fitting, numbers, lost) = (data, [Int]?.none, [String: Double]())
        if let maxLength = configuration.maxLength {
            let cut = data.truncated(to: maxLength)
            (fitting, numbers) = (cut.data, cut.numbers)
            lost = ["truncated_count": Double(cut.truncatedCount), "dropped_count": Double(cut.droppedCount)]
            if case .logProbs = reference, cut.truncatedCount + cut.droppedCount > 0 {
                throw TrainingError(
                    .invalidData,
                    "max_length \(maxLength) changes \(cut.truncatedCount + cut.droppedCount) pairs, so that their "
                        + "reference log-probabilities no longer fit; hand in a reference model.")
            }
        }
        let parts = fitting.split(evalShare: configuration.evalShare, reference, numbers: numbers)
        if configuration.evalShare > 0 { lost["eval_pair_count"] = Double(parts.heldOut?.data.count ?? 0) }
        let count = parts.training.data.count
        let outcome = try run(
            policy: policy, parts.training, heldOut: parts.heldOut, base: base, configuration: configuration,
            shardCount: shardCount, threads: threads, kernels: policy.trained.path(kernels), folder: folder,
            seed: root.value, progress: progress
        ) { epoch in
            var generator = SeededGenerator(root.child(.shuffle, epoch))
            guard let mix else { return generator.shuffled(Array(0..<count)) }
            return mix.mix.order(localCount: mix.localCount, externalCount: count - mix.localCount, &generator)
        }
        return TrainingOutcome(
            parameters: outcome.trained, stepCount: outcome.stepCount,
            metrics: outcome.metrics.merging(lost) { first, _ in first }, steps: outcome.steps, stop: outcome.stop)
    }

    /// The same with the order of the items in each epoch given, and the pairs that no step sees.
    static func run(
        policy: some TrainablePolicy, _ part: DataPart, heldOut: DataPart? = nil, base: Transformer?,
        configuration: TrainingConfiguration, shardCount: Int = 1, threads: Int = 1, kernels: Kernels,
        folder: TrainingFolder? = nil, seed: UInt64 = 0, progress: ProgressCallback? = nil,
        order: @escaping (Int) -> [Int]
    ) throws -> TrainingOutcome {
        var kernels = kernels
        if configuration.usesBfloat16 { kernels.products = .bfloat16 }
        let method = configuration.method
        let start = policy.trained.multiplied(in: kernels.products)
        func made(_ part: DataPart) throws -> any Objective {
            let held = method.usesReference
                ? ReferenceLogProbs(part.reference.multiplied(in: kernels.products), threads: threads) : nil
            return try Self.objective(
                part, method, policy: start, kernels: kernels, reference: held, threads: threads)
        }
        let objective = try made(part)
        let unseen = try heldOut.map(made)
        guard objective.itemCount > 0 else {
            return TrainingOutcome(parameters: policy, stepCount: 0, metrics: [:], steps: [])
        }
        if case .dpo(_, let sync, let precomputes) = method {
            if let sync { try objective.reference?.begin(following: start, sync) }
            if precomputes { try objective.precompute() }
        }
        var record = TrainingRecord(folder: folder, seed: seed)
        if (folder?.saveSteps ?? 0) > 0 {
            record.fingerprint = fingerprint(
                policy.trained, [part] + (heldOut.map { [$0] } ?? []), configuration, seed: seed,
                shardCount: shardCount, kernels: kernels)
        }
        let (log, trained) = try train(
            start, objective, heldOut: unseen, configuration, record, shardCount: shardCount, threads: threads,
            kernels: kernels, progress: progress, order: order)
        return try outcome(
            log, objective.sequences(of: Array(0..<objective.itemCount)), configuration,
            trained: trained.onBase(of: policy.trained), base: base, kernels: kernels, threads: threads)
    }

    /// Takes the steps. What they need beside the weights (packed matrices, gradients, moments, activations) ends with
    /// this call, before the new policy is packed to be measured.
    private static func train(
        _ start: TrainedWeights, _ objective: any Objective, heldOut: (any Objective)?,
        _ configuration: TrainingConfiguration, _ record: TrainingRecord, shardCount: Int, threads: Int,
        kernels: Kernels, progress: ProgressCallback?, order: @escaping (Int) -> [Int]
    ) throws -> (log: TrainingLog, trained: TrainedWeights) {
        let stepCount = configuration.stepCount(items: objective.itemCount)
        let rate = Trainee.LearningRate(
            peak: configuration.learningRate, schedule: configuration.schedule, options: configuration.scheduleOptions,
            warmupSteps: configuration.warmup.stepCount(of: stepCount), stepCount: stepCount)
        var loop = UpdateLoop(
            trainee: Trainee(
                copying: start, configuration.optimiser, rate, kernels: kernels, shardCount: shardCount,
                threads: threads, dropoutSeed: Seed(run: record.seed)),
            objective: objective, heldOut: heldOut, configuration: configuration, order: order)
        let log = try loop.run(record, progress: progress)
        return (log, loop.trainee.parameters)
    }

    private static func objective(
        _ part: DataPart, _ method: TrainingMethod, policy: TrainedWeights, kernels: Kernels,
        reference: ReferenceLogProbs?, threads: Int
    ) throws(TrainingError) -> any Objective {
        switch (method, part.data) {
        case (.dpo(let loss, _, _), .pairs(let pairs)):
            guard let reference else { preconditionFailure("dpo compares with a reference") }
            return try PreferenceObjective(pairs, loss, reference, numbers: part.numbers)
        case (.kto(let loss), .labelled(let completions)):
            guard let reference else { preconditionFailure("kto compares with a reference") }
            return try UnpairedObjective(completions, loss, reference)
        case (.cpo(let loss), .pairs(let pairs)), (.simpo(let loss), .pairs(let pairs)):
            return try ContrastiveObjective(pairs, loss, numbers: part.numbers)
        case (.orpo(let loss), .pairs(let pairs)):
            return try OddsRatioObjective(pairs, loss, numbers: part.numbers)
        case (.grpo, .groups(let groups)), (.ppo, .groups(let groups)):
            return try PolicyGradientObjective(
                groups, method, policy: policy.asTrained(kernels: kernels), reference: reference, threads: threads)
        case (.sft, .sequences(let sequences)): return try SupervisedObjective(sequences)
        default:
            throw TrainingError(
                .invalidData,
                "Algorithm \(method.algorithm.rawValue) cannot learn from \(part.data.kind); hand it what it reads.")
        }
    }

    /// What a run is: resuming anything else would be a mistake.
    private static func fingerprint(
        _ policy: TrainedWeights, _ parts: [DataPart], _ configuration: TrainingConfiguration, seed: UInt64,
        shardCount: Int, kernels: Kernels
    ) -> String {
        var fingerprint = Fingerprint()
        for part in parts {
            fingerprint.add(part.data)
            if configuration.method.usesReference { fingerprint.add(part.reference) }
        }
        for (name, value) in configuration.settings.sorted(by: { $0.key < $1.key }) {
            fingerprint.add("\(name): \(value)")
        }
        fingerprint.add(seed)
        fingerprint.add(UInt64(shardCount))
        fingerprint.add(kernels)
        fingerprint.add(policy)
        return fingerprint.text
    }

    /// Means over the steps, and the drift of the final policy, which is read as everybody else will read it.
    private static func outcome(
        _ log: TrainingLog, _ sequences: [TokenSequence], _ configuration: TrainingConfiguration,
        trained: TrainedWeights, base: Transformer?, kernels: Kernels, threads: Int
    ) throws -> TrainingOutcome {
        let steps = log.steps
        var metrics = log.metrics
        if let stop = log.stop { metrics["stopped_before_step"] = Double(stop.step) }
        if case .dpo(_, let sync?, _) = configuration.method {
            metrics["ref_model_syncs"] = Double(steps.count / sync.syncSteps)
        }
        let final = try trained.transformer(kernels: kernels).logProbs(of: sequences, threads: threads)
        guard final.joined().allSatisfy(\.isFinite) else {
            throw TrainingError(
                .nonFiniteLoss, "After step \(steps.count), the last, a log-probability is not finite.")
        }
        if let base {
            let before = try base.logProbs(of: sequences, threads: threads)
            metrics["kl_to_base/k2"] = squaredDrift(final, before)
        }
        return TrainingOutcome(
            parameters: trained, stepCount: steps.count, metrics: metrics, steps: steps, stop: log.stop)
    }
}
