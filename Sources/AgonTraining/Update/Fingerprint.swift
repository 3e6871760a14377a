import AgonCore
import AgonTransformer

/// A number that tells two updates apart, so that one is never resumed with another's checkpoint.
///
/// FNV-1a over 64-bit words: it finds mistakes, not malice.
struct Fingerprint {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    /// What memory came to that was met before: a policy and its reference often share one.
    private var known: [ObjectIdentifier: UInt64] = [:]

    mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }
    mutating func add(_ number: Double) { add(number.bitPattern) }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(UInt64(byte)) }
        add(UInt64.max)
    }

    /// All weights that a run starts from.
    mutating func add(_ policy: TrainedWeights) {
        if case .adapter(let adapter, let base) = policy {
            add("\(adapter.config) \(base.weights.rawValue)")
            add(base)
        }
        add(weights: policy.memory)
    }

    /// What a run compares with.
    mutating func add(_ reference: UpdateReference) {
        switch reference {
        case .model(let model):
            add(model.weights.rawValue)
            if let adapter = model.source {
                add("\(adapter.config)")
                add(weights: adapter)
            }
            add(model)
        case .logProbs(let chosen, let rejected):
            for sums in [chosen, rejected] {
                add(UInt64(sums.count))
                for sum in sums { add(sum) }
            }
        }
    }

    /// A frozen model by content: its float32 matrices may have been released.
    private mutating func add(_ model: Transformer) {
        let value = known[model.baseIdentity] ?? model.contentHash
        known[model.baseIdentity] = value
        add(value)
    }

    /// By content, so that a copy is the same.
    private mutating func add(weights memory: any TensorMemory) {
        if let value = known[ObjectIdentifier(memory)] { return add(value) }
        var own = Fingerprint()
        memory.withValues { for value in $0 { own.add(UInt64(value.bitPattern)) } }
        known[ObjectIdentifier(memory)] = own.value
        add(own.value)
    }

    /// What computes.
    mutating func add(_ kernels: Kernels) { add("\(kernels.name) \(kernels.products.rawValue)") }

    /// What a run of steps is beside its weights and its data.
    ///
    /// - Parameter corpus: what its batches are drawn from, in words.
    mutating func add(_ configuration: StepConfiguration, corpus: String, seed: Seed, kernels: Kernels) {
        add("\(configuration)")
        add(corpus)
        add(seed.value)
        add(kernels)
    }

    /// The value as text: JSON readers lose digits of 64-bit numbers.
    var text: String { String(value, radix: 16) }

    /// Every part of the data that decides, and where one part ends.
    mutating func add(_ data: TrainingData) {
        add(data.kind)
        switch data {
        case .pairs(let pairs):
            for pair in pairs {
                add(pair.chosen.tokens, pair.chosen.own)
                add(pair.rejected.tokens, pair.rejected.own)
                add(pair.weight)
                add(pair.label)
            }
        case .labelled(let completions):
            for completion in completions {
                add(completion.sequence.tokens, completion.sequence.own)
                add(UInt64(completion.isDesirable ? 1 : 0))
                add(completion.weight)
            }
        case .groups(let groups):
            for group in groups {
                add(UInt64(group.rollouts.count))
                for rollout in group.rollouts {
                    add(rollout.sequence.tokens, rollout.sequence.own)
                    add(rollout.reward)
                    add(rollout.role)
                }
            }
        case .sequences(let sequences):
            for sequence in sequences { add(sequence.tokens, sequence.own) }
        }
    }

    /// The pairs of a reward model's batch.
    mutating func add(_ pairs: [RewardPair]) {
        for pair in pairs {
            for side in [pair.chosen, pair.rejected] { add(side, side.map { _ in true }) }
            add(pair.margin)
        }
    }

    mutating func add(_ tokens: [Int32], _ own: [Bool]) {
        add(UInt64(tokens.count))
        for (token, isOwn) in zip(tokens, own) { add(UInt64(UInt32(bitPattern: token)) << 1 | (isOwn ? 1 : 0)) }
    }
}
