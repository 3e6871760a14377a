public import AgonCore
public import AgonTransformer

/// What was better than what, as token sequences: a prompt and its completion, or a whole game transcript.
public struct TrainingPair: Sendable, Hashable {
    public var chosen: TokenSequence
    public var rejected: TokenSequence
    /// How much the pair counts beside the others, at least 0. The loss is (1/B) Σ weight · pair loss.
    public var weight: Double

    public init(chosen: TokenSequence, rejected: TokenSequence, weight: Double = 1) {
        self.chosen = chosen
        self.rejected = rejected
        self.weight = weight
    }
}

/// Where the log-probabilities of the reference policy come from.
public enum UpdateReference: Sendable {
    /// Computed once before the first step, and kept for the whole update.
    case model(Transformer)
    /// Known already: Σ log π_ref over the own tokens of each pair's sides, in the pairs' order, in nats.
    case logProbs(chosen: [Double], rejected: [Double])
}

/// One update of one agent: preference pairs in, new weights out.
///
/// A pure function of its arguments and of the kernel path. The policy's parameters are read, never written;
/// whatever is thrown, the old version stands.
public enum PreferenceUpdate {
    /// Trains a copy of the policy on the pairs: all its weights, or its adapter alone.
    ///
    /// The metrics are TRL's, each the mean over the steps: `loss`, `rewards/chosen`, `rewards/rejected`,
    /// `rewards/margins`, `rewards/accuracies` (share of pairs with the chosen reward strictly greater, so 0 while
    /// the policy equals its reference), `logps/chosen`, `logps/rejected`, `entropy` (nats per own token of both
    /// sides), `mean_token_accuracy` (chosen side), `grad_norm` (before clipping), `learning_rate`. Beside them:
    /// - `loss/first`, `loss/last`: of those steps alone. For `sigmoid` with the round's start as reference the
    ///   first is ln 2.
    /// - `kl_to_base`, where a base is given: the mean over all own tokens of all pairs, both sides, of
    ///   log π_θ − log π_base, in nats per token, with π_θ the policy after the last step. It estimates
    ///   KL(π_θ ‖ π_base) by the plain log-ratio (Schulman's k1) on samples that the round's policies drew, not π_θ:
    ///   it is biased by one update's drift, and far below zero where training has made rejected samples rarer.
    /// - `kl_to_base/k2`: the same mean of ½(log π_θ − log π_base)² (k2), which only grows with drift. Watch this one
    ///   for collapse.
    ///
    /// - Parameters:
    ///   - policy: the weights to start from, or an adapter on its base as `TrainedWeights`.
    ///   - reference: π_ref. For an adapter that is the base, or the base adapted by a frozen adapter such as the one
    ///     that the update starts from; neither takes memory of its own beside the base.
    ///   - base: the agent's version 0, for `kl_to_base`; nil leaves the metric out.
    ///   - pairs: without any, nothing happens: zero steps, no metrics, the same parameters.
    ///   - seed: the update's address; with the configuration's own seed it orders the pairs of each epoch.
    ///   - shardCount: each batch is cut into this many gradients that are added in order; part of the bits.
    ///   - threads: how many threads share the shards; changes no bit.
    ///   - kernels: nil takes the process's path.
    /// - Throws: `nonFiniteLoss`, naming the step and the pair; `invalidData` for a pair without own tokens or one
    ///   that does not fit the model; what `progress` throws.
    public static func run(
        policy: some TrainablePolicy, reference: UpdateReference, base: Transformer? = nil, pairs: [TrainingPair],
        configuration: TrainingConfiguration, seed: Seed, shardCount: Int = 1, threads: Int = 1,
        kernels: Kernels? = nil, progress: ProgressCallback? = nil
    ) throws -> TrainingOutcome {
        let root = seed.child(.training, Int(truncatingIfNeeded: configuration.seed))
        return try run(
            policy: policy, reference: reference, base: base, pairs: pairs, configuration: configuration,
            shardCount: shardCount, threads: threads, kernels: kernels ?? .current, progress: progress,
            dropoutSeed: root.child(.sample, 0)
        ) { epoch in
            var generator = SeededGenerator(root.child(.shuffle, epoch))
            return generator.shuffled(Array(pairs.indices))
        }
    }

    /// The same with the order of the pairs in each epoch given.
    static func run(
        policy: some TrainablePolicy, reference: UpdateReference, base: Transformer?, pairs: [TrainingPair],
        configuration: TrainingConfiguration, shardCount: Int = 1, threads: Int = 1, kernels: Kernels,
        progress: ProgressCallback? = nil, dropoutSeed: Seed = Seed(run: 0), order: (Int) -> [Int]
    ) throws -> TrainingOutcome {
        try check(pairs)
        guard !pairs.isEmpty else {
            return TrainingOutcome(parameters: policy, stepCount: 0, metrics: [:], steps: [])
        }
        let referenceSums = try sums(of: reference, pairs, threads: threads)
        let batchesPerEpoch = (pairs.count + configuration.batchSize - 1) / configuration.batchSize
        let stepCount = batchesPerEpoch * configuration.epochs
        var trainee = Trainee(
            copying: policy, configuration.optimiser,
            .init(
                peak: configuration.learningRate, schedule: configuration.schedule,
                warmupSteps: configuration.warmupSteps, stepCount: stepCount),
            kernels: kernels, shardCount: shardCount, threads: threads, dropoutSeed: dropoutSeed)
        var steps: [[String: Double]] = []
        for epoch in 0..<configuration.epochs {
            let indices = order(epoch)
            for start in stride(from: 0, to: indices.count, by: configuration.batchSize) {
                let batch = Array(indices[start..<min(start + configuration.batchSize, indices.count)])
                let metrics = try inStep(steps.count) {
                    try step(&trainee, pairs, batch, referenceSums, configuration.loss)
                }
                steps.append(metrics)
                try progress?(TrainingProgress(step: steps.count, stepCount: stepCount, metrics: metrics))
            }
        }
        var metrics = means(over: steps)
        metrics["loss/first"] = steps.first?["loss"]
        metrics["loss/last"] = steps.last?["loss"]
        let trained = trainee.parameters.transformer(kernels: kernels)
        let final = try sums(of: .model(trained), pairs, threads: threads)
        guard (final.chosen + final.rejected).allSatisfy(\.isFinite) else {
            throw TrainingError(
                .nonFiniteLoss, "After step \(steps.count), the last, a log-probability is not finite.")
        }
        if let base {
            let baseSums = isSame(base, reference) ? referenceSums : try sums(of: .model(base), pairs, threads: threads)
            let divergence = divergence(final, from: baseSums)
            metrics["kl_to_base"] = divergence.k1
            metrics["kl_to_base/k2"] = divergence.k2
        }
        return TrainingOutcome(
            parameters: trainee.parameters, stepCount: steps.count, metrics: metrics, steps: steps)
    }

    /// One optimiser step on the pairs of these indices, and its metrics.
    private static func step(
        _ trainee: inout Trainee, _ pairs: [TrainingPair], _ indices: [Int], _ reference: PairSums,
        _ loss: PreferenceLoss
    ) throws -> [String: Double] {
        let sequences = indices.flatMap { [pairs[$0].chosen, pairs[$0].rejected] }
        let forward = try trainee.shards.logProbs(of: sequences, trainee.parameters, statistics: true)
        let policy = PairSums(interleaved: forward.values)
        let value: PreferenceLossValue
        do {
            value = try loss.evaluate(
                PreferenceBatch(
                    policyChosen: policy.chosen, policyRejected: policy.rejected,
                    referenceChosen: indices.map { reference.chosen[$0] },
                    referenceRejected: indices.map { reference.rejected[$0] },
                    chosenCounts: indices.map { pairs[$0].chosen.ownCount },
                    rejectedCounts: indices.map { pairs[$0].rejected.ownCount },
                    weights: indices.map { pairs[$0].weight }), numbers: indices)
        } catch {
            throw TrainingError(error.code, "Step \(trainee.stepsDone + 1): \(error.message)")
        }
        let derivatives = forward.values.enumerated().map { index, logProbs in
            let gradients = index.isMultiple(of: 2) ? value.chosenGradients : value.rejectedGradients
            return [Float](repeating: Float(gradients[index / 2]), count: logProbs.count)
        }
        let gradient = try trainee.shards.gradient(dLogProbs: derivatives)
        var metrics = try trainee.step(gradient)
        metrics.merge(describe(value, policy, forward)) { first, _ in first }
        return metrics
    }

    private static func describe(
        _ value: PreferenceLossValue, _ policy: PairSums, _ forward: GradientShards.LogProbs
    ) -> [String: Double] {
        let wins = zip(value.chosenRewards, value.rejectedRewards).count { $0 > $1 }
        let chosenFlags = forward.isArgmax.enumerated().filter { $0.offset.isMultiple(of: 2) }.flatMap(\.element)
        let chosen = mean(value.chosenRewards)
        let rejected = mean(value.rejectedRewards)
        return [
            "loss": value.loss,
            "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/margins": chosen - rejected,
            "rewards/accuracies": Double(wins) / Double(value.pairLosses.count),
            "logps/chosen": mean(policy.chosen), "logps/rejected": mean(policy.rejected),
            "entropy": mean(forward.entropy.joined().map(Double.init)),
            "mean_token_accuracy": mean(chosenFlags.map { $0 ? 1 : 0 }),
        ]
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private static func check(_ pairs: [TrainingPair]) throws(TrainingError) {
        for (index, pair) in pairs.enumerated() {
            guard pair.chosen.own.contains(true), pair.rejected.own.contains(true) else {
                throw TrainingError(
                    .invalidData,
                    "Pair \(index) has \(pair.chosen.ownCount) own tokens on its chosen side and "
                        + "\(pair.rejected.ownCount) on its rejected side; each side needs at least one.")
            }
            guard pair.weight.isFinite, pair.weight >= 0 else {
                throw TrainingError(
                    .invalidData, "The weight of pair \(index) must be at least 0, but is \(pair.weight).")
            }
        }
    }
}
