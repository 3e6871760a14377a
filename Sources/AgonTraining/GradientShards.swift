import AgonCore
import AgonTransformer
import Dispatch

/// One batch's log-probabilities or scores and their gradient, computed in a fixed number of shards.
///
/// Sequences are cut into `shardCount` runs of neighbours. Each shard has a pass and a gradient of its own; the
/// gradients are added in shard order. So the shard count belongs to the bits of a run, and the thread count
/// does not: one thread takes the shards in turn and gets the same sum.
// Safety: a shard's pass, gradient and result are touched by one thread at a time, the one that `forEach` deals
// its index to; everything else is read and written by the owner, before the threads start or after all ended.
final class GradientShards: @unchecked Sendable {
    /// What a forward pass gave, one element per sequence.
    struct LogProbs {
        var values: [[Float]] = []
        var entropy: [[Float]] = []
        var isArgmax: [[Bool]] = []
        var meanLogit: [[Float]] = []
        /// log Σ p² at each own token; empty arrays where it was not asked for.
        var logCollision: [[Float]] = []
    }

    private final class Shard {
        let pass: TrainingPass
        let gradient: any TensorMemory
        /// Whether the gradient holds what was added since the last total.
        var isUsed = false
        var range = 0..<0
        var logProbs = LogProbs()
        var scores: [Float] = []
        var failure: (any Error)?

        init(_ trained: TrainedWeights, kernels: Kernels) {
            pass = trained.makePass(kernels: kernels)
            gradient = trained.memory.zeros()
        }

        /// Zeroes the gradient unless it already holds a part of the running total.
        func begin() {
            if !isUsed { gradient.setAll(to: 0) }
            isUsed = true
        }
    }

    private let shards: [Shard]
    private let kernels: Kernels
    private let threads: Int
    private let dropoutSeed: Seed
    /// Forward passes since the last total: each draws a dropout of its own.
    private var forwardCount = 0

    /// - Parameter dropoutSeed: with the step, the forward pass within it and a sequence's row, the address of its
    ///   dropout.
    init(
        _ trained: some TrainablePolicy, kernels: Kernels, shardCount: Int, threads: Int,
        dropoutSeed: Seed = Seed(run: 0)
    ) {
        self.kernels = kernels
        self.dropoutSeed = dropoutSeed
        let shardCount = max(1, shardCount)
        self.threads = max(1, min(threads, shardCount))
        // Threads that no shard occupies share the loops of each.
        let spare = max(1, threads) / shardCount
        shards = (0..<shardCount).map { _ in Shard(trained.trained, kernels: kernels.withThreads(spare)) }
    }

    /// log p of each own token, with entropy, argmax and mean logit where `statistics` is set.
    ///
    /// - Parameters:
    ///   - isTraining: false leaves out dropout, and changes no later draw of it.
    ///   - step: steps done so far.
    /// - Throws: what the pass threw for the first shard that failed.
    func logProbs(
        of sequences: [TokenSequence], _ policy: some TrainablePolicy, statistics: Bool, collision: Bool = false,
        isTraining: Bool = true, step: Int = 0
    ) throws -> LogProbs {
        cut(sequences.count)
        let trained = policy.trained
        let address = dropoutSeed.child(.sample, step).child(.sample, forwardCount)
        if isTraining { forwardCount += 1 }
        try forEach { shard in
            let keys = isTraining ? shard.range.map { address.child(.seat, $0).value } : nil
            shard.logProbs = try trained.forward(
                shard.pass, Array(sequences[shard.range]), dropoutKeys: keys, statistics: statistics,
                collision: collision)
        }
        return LogProbs(
            values: shards.flatMap(\.logProbs.values), entropy: shards.flatMap(\.logProbs.entropy),
            isArgmax: shards.flatMap(\.logProbs.isArgmax), meanLogit: shards.flatMap(\.logProbs.meanLogit),
            logCollision: shards.flatMap(\.logProbs.logCollision))
    }

    /// The score of each sequence.
    ///
    /// - Throws: what the pass threw for the first shard that failed.
    func scores(of sequences: [[Int32]], _ policy: some TrainablePolicy) throws -> [Float] {
        guard case .parameters(let parameters) = policy.trained else {
            preconditionFailure("a score model is trained as a whole")
        }
        cut(sequences.count)
        try forEach { shard in
            shard.scores = try shard.pass.forwardScores(Array(sequences[shard.range]), parameters)
        }
        return shards.flatMap(\.scores)
    }

    /// Adds the gradient of the last `logProbs` in all that is trained to the running total.
    ///
    /// - Parameter derivatives: ∂L/∂(log p) of each own token, per sequence.
    func accumulate(dLogProbs derivatives: [[Float]]) throws {
        try forEach { shard in
            shard.begin()
            shard.pass.backward(dLogProbs: Array(derivatives[shard.range]), into: shard.gradient)
        }
    }

    /// Adds the gradient of the last `scores` in all parameters to the running total.
    ///
    /// - Parameter derivatives: ∂L/∂score of each sequence.
    func accumulate(dScores derivatives: [Float]) throws {
        try forEach { shard in
            guard let gradient = shard.gradient as? Parameters else {
                preconditionFailure("a score model is trained as a whole")
            }
            shard.begin()
            shard.pass.backward(dScores: Array(derivatives[shard.range]), into: gradient)
        }
    }

    /// All that was added since the last total, the shards' parts in their order; the next one begins at zero.
    ///
    /// - Returns: memory that the next `accumulate` overwrites.
    func total() -> any TensorMemory {
        forwardCount = 0
        for shard in shards.dropFirst() where shard.isUsed {
            kernels.add(shard.gradient.values, to: shards[0].gradient.values)
        }
        for shard in shards { shard.isUsed = false }
        return shards[0].gradient
    }

    /// Deals the sequences to the shards in runs whose lengths differ by one at most, longer ones first.
    private func cut(_ count: Int) {
        let (length, rest) = count.quotientAndRemainder(dividingBy: shards.count)
        var start = 0
        for (index, shard) in shards.enumerated() {
            let end = start + length + (index < rest ? 1 : 0)
            shard.range = start..<end
            shard.logProbs = LogProbs()
            shard.scores = []
            start = end
        }
    }

    private func forEach(_ body: @Sendable (borrowing Shard) throws -> Void) throws {
        for shard in shards { shard.failure = nil }
        @Sendable func work(_ thread: Int) {
            for index in stride(from: thread, to: shards.count, by: threads) where !shards[index].range.isEmpty {
                do { try body(shards[index]) } catch { shards[index].failure = error }
            }
        }
        if threads == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: threads, execute: work) }
        for shard in shards { if let failure = shard.failure { throw failure } }
    }
}
