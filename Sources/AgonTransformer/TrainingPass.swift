public import AgonCore
import CKernels

/// What a forward pass says about its own tokens beside their log-probability; one value per own token.
public struct TokenStatistics: Sendable, Equatable {
    /// Entropy of the whole distribution at each own token, in nats.
    public let entropy: [[Float]]
    /// Whether the own token is the most probable one.
    public let isArgmax: [[Bool]]
    /// Mean over the vocabulary of the logits that predict each own token.
    public let meanLogit: [[Float]]
    /// log Σ p² over the vocabulary at each own token, in nats; empty arrays where it was not asked for.
    public let logCollision: [[Float]]
}

/// A differentiable forward pass: log-probabilities or scores, then their gradient in all parameters.
///
/// Call `forward`, derive ∂L/∂(log p) of each own token from the loss, call `backward` once. The pass packs the
/// parameters at each `forward`, so an optimiser may change them between two steps, but not within one.
/// Activations stay in memory that the next step reuses; `T_total · layers · (2·C + 2·H·D + 2·K·D + 2·F)` floats, and
/// `(H + K)·D` more a token and layer where heads are normed.
///
/// Neighbouring sequences that begin alike, as the two of a preference pair, have their beginning computed once.
///
/// A pass of an adapter's base computes no gradient of the base: none of its weights' products, and nothing below the
/// lowest layer that is adapted.
///
/// One pass runs on one thread and adds gradients in the order of the rows: its bits depend on the batch alone.
/// Not Sendable: train different agents in different passes, side by side.
public final class TrainingPass {
    let config: ModelConfig
    let kernels: Kernels
    let forwardPass: ForwardPass
    let packed: PackedWeights
    let packedTransposed: PackedWeights
    let storage = FloatBuffer()
    let backwardStorage = FloatBuffer()
    private let collisionStorage = FloatBuffer()
    var rotary: RotaryTable
    var batch = RaggedBatch()
    var parameters: Parameters?
    var head = HeadState()
    /// The base of the adapters that this pass trains; nil where it trains all weights.
    let frozen: FrozenBase?
    /// What is added to a frozen base, by policy index, packed at each forward.
    var adapters: [PackedAdapter] = []
    var adapterGradients: AdapterGradients?
    /// The caller's sequence of each of the batch's.
    var order: [Int] = []

    /// Memory of the rows that the head reads, N needed rows.
    struct HeadState {
        /// `[N]` each.
        var logSum, logProb, entropy, meanLogit, logCollision: Floats?
        /// `[N, V]`, or one chunk where the whole would be too large.
        var logits: Floats?
        var chunkRows = 0
        var keepsLogits = false
    }

    /// Above this many floats logits are recomputed in the backward pass instead of kept.
    private let logitsLimit: Int
    /// Floats of logits that a pass keeps at most, unless it was told otherwise.
    public static let defaultLogitsLimit = 1 << 25

    /// Rows of one chunk of logits: a share of the second-level cache, but enough of them that the head's weights, far
    /// larger than the cache in a model with many tokens, are not read too often.
    static func chunkRows(_ count: Int, vocabularySize: Int) -> Int {
        max(1, min(count, max((1 << 18) / max(vocabularySize, 1), 112)))
    }

    /// - Parameter kernels: `Kernels.current`, except in tests.
    public convenience init(_ config: ModelConfig, kernels: Kernels) {
        self.init(config, kernels: kernels, logitsLimit: Self.defaultLogitsLimit)
    }

    init(_ config: ModelConfig, kernels: Kernels, logitsLimit: Int) {
        self.config = config
        self.logitsLimit = logitsLimit
        self.kernels = kernels
        frozen = nil
        forwardPass = ForwardPass(config, kernels: kernels, keepsActivations: true)
        packed = PackedWeights(config, kernels: kernels, format: kernels.products)
        packedTransposed = PackedWeights(config, kernels: kernels, format: kernels.products, transposed: true)
        rotary = RotaryTable(config, positionCount: min(config.maxPositionCount, 256))
        SpareMemory.shared.giveBack()
    }

    init(frozen: FrozenBase, kernels: Kernels, logitsLimit: Int = TrainingPass.defaultLogitsLimit) {
        config = frozen.parameters.config
        self.logitsLimit = logitsLimit
        self.kernels = kernels
        self.frozen = frozen
        forwardPass = ForwardPass(config, kernels: kernels, keepsActivations: true)
        packed = frozen.packed
        packedTransposed = frozen.transposed
        rotary = RotaryTable(config, positionCount: min(config.maxPositionCount, 256))
        SpareMemory.shared.giveBack()
        adapterGradients = AdapterGradients(forwardPass.adapters, frozen)
    }

    /// log p of each own token, untempered, in nats.
    ///
    /// - Parameter parameters: weights of this pass's config; must not change until `backward` has returned.
    /// - Returns: per sequence one value for each own token, in their order.
    /// - Throws: `invalidRequest` for a sequence that does not fit the model.
    public func forward(_ sequences: [TokenSequence], _ parameters: Parameters) throws(TransformerError) -> [[Float]] {
        try fill(sequences)
        run(parameters, statistics: false)
        return logProbs()
    }

    /// The same as `forward`, with entropy, argmax and mean logit of each own token; a little slower.
    ///
    /// - Parameter collision: whether to compute `logCollision` too, at the price of one more sum over the vocabulary.
    public func forwardWithStatistics(
        _ sequences: [TokenSequence], _ parameters: Parameters, collision: Bool = false
    ) throws(TransformerError) -> (logProbs: [[Float]], statistics: TokenStatistics) {
        try fill(sequences)
        run(parameters, statistics: true, collision: collision)
        return (logProbs(), statistics(collision: collision))
    }

    /// log p of the last run, in the caller's order.
    func logProbs() -> [[Float]] { inCallersOrder(head.logProb.map { batch.split($0) }) }

    /// Statistics of the last run, in the caller's order.
    func statistics(collision: Bool) -> TokenStatistics {
        let flags = (0..<batch.sequenceCount).map {
            Array(isArgmax[batch.neededStarts[$0]..<batch.neededStarts[$0 + 1]])
        }
        return TokenStatistics(
            entropy: inCallersOrder(head.entropy.map { batch.split($0) }), isArgmax: inCallersOrder(flags),
            meanLogit: inCallersOrder(head.meanLogit.map { batch.split($0) }),
            logCollision: inCallersOrder(collision ? head.logCollision.map { batch.split($0) } : nil))
    }

    private func inCallersOrder<Value>(_ values: [[Value]]?) -> [[Value]] {
        var result = [[Value]](repeating: [], count: batch.sequenceCount)
        for (index, value) in zip(order, values ?? []) { result[index] = value }
        return result
    }

    private func fill(_ sequences: [TokenSequence]) throws(TransformerError) {
        precondition(frozen == nil, "a pass of adapters trains no other weights")
        batch.removeAll()
        order = Array(sequences.indices)
        for sequence in sequences { try batch.append(sequence, config) }
    }

    /// The score of each sequence, read at its last token.
    ///
    /// - Precondition: the config's head is `score`.
    /// - Throws: `invalidRequest` for a sequence that is empty or does not fit the model.
    public func forwardScores(_ sequences: [[Int32]], _ parameters: Parameters) throws(TransformerError) -> [Float] {
        precondition(config.head == .score, "scores need a model with a score head")
        precondition(frozen == nil, "a pass of adapters trains no other weights")
        batch.removeAll()
        for sequence in sequences { try batch.append(sequence, everyRow: false, config) }
        let (activations, scratch) = begin(parameters)
        let scores = reserveHead().logProb
        for group in batch.groups {
            let rows = forwardPass.run(group, of: batch, parameters, packed, rotary, activations, scratch)
            kernels.linear(
                scores + group.needed.lowerBound, 1, rows, config.hiddenSize, packed.head, rows: group.needed.count)
        }
        return Array(UnsafeBufferPointer(start: scores, count: batch.neededRows.count))
    }

    /// Per needed row of the last pass with statistics.
    var isArgmax: [Bool] = []
    /// Whether the batch's sequences have keys for dropout.
    var dropsOut = false

    private func begin(_ parameters: Parameters) -> (ForwardPass.Activations, ForwardPass.Scratch) {
        precondition(parameters.config == config, "the parameters belong to another config than this pass")
        self.parameters = parameters
        if frozen == nil { packed.pack(parameters) }
        rotary = rotary.covering(batch.longest, config)
        return forwardPass.prepare(for: batch, policies: adapters, dropsOut: dropsOut)
    }

    private func reserveHead() -> (logSum: Floats, logProb: Floats, logits: Floats) {
        let count = batch.neededRows.count
        let v = config.head == .language ? config.vocabularySize : 0
        head.keepsLogits = count * v <= logitsLimit
        head.chunkRows = Self.chunkRows(count, vocabularySize: v)
        let p = storage.reserve([count, count, count, count, (head.keepsLogits ? count : head.chunkRows) * v, count])
        (head.logSum, head.logProb, head.entropy, head.meanLogit, head.logits) = (p[0], p[1], p[2], p[3], p[4])
        head.logCollision = p[5]
        return (p[0], p[1], p[4])
    }

    /// The needed rows of a group in chunks of at most `chunkRows`.
    func chunks(of group: RaggedBatch.Group) -> [Range<Int>] {
        stride(from: group.needed.lowerBound, to: group.needed.upperBound, by: head.chunkRows).map {
            $0..<min($0 + head.chunkRows, group.needed.upperBound)
        }
    }

    /// Computes the log-probabilities of the batch, which has been filled.
    func run(_ parameters: Parameters, statistics: Bool, collision: Bool = false) {
        precondition(config.head == .language, "log-probabilities need a model with a language head")
        isArgmax.removeAll(keepingCapacity: true)
        let (activations, scratch) = begin(parameters)
        let (logSum, logProb, logits) = reserveHead()
        let v = config.vocabularySize
        let meanRow = statistics ? frozen?.headMeanRow ?? HeadStatistics.meanRow(of: parameters, kernels) : []
        for group in batch.groups where !group.needed.isEmpty {
            let rows = forwardPass.run(group, of: batch, parameters, packed, rotary, activations, scratch)
            for chunk in chunks(of: group) {
                let chunkLogits = head.keepsLogits ? logits + chunk.lowerBound * v : logits
                let input = rows + (chunk.lowerBound - group.needed.lowerBound) * config.hiddenSize
                kernels.linear(chunkLogits, v, input, config.hiddenSize, packed.head, rows: chunk.count)
                kernels.logSumExp(logSum + chunk.lowerBound, chunkLogits, rows: chunk.count, v)
                for (index, needed) in chunk.enumerated() {
                    logProb[needed] = chunkLogits[index * v + Int(batch.targets[needed])] - logSum[needed]
                }
                if statistics { collect(chunk, chunkLogits, input, meanRow) }
                if collision { collectCollision(chunk, chunkLogits) }
            }
        }
    }

    private func collect(_ chunk: Range<Int>, _ logits: Floats, _ input: Floats, _ meanRow: [Float]) {
        guard let entropy = head.entropy, let meanLogit = head.meanLogit, let logSum = head.logSum else { return }
        let (v, c) = (config.vocabularySize, config.hiddenSize)
        kernels.entropy(entropy + chunk.lowerBound, logits, logSum: logSum + chunk.lowerBound, rows: chunk.count, v)
        for (index, needed) in chunk.enumerated() {
            let best = kernels.table.pointee.gumbel_argmax(logits + index * v, Int32(v), 0, -.infinity, 0)
            isArgmax.append(best == batch.targets[needed])
            var sum: Float = 0
            for channel in 0..<c { sum += input[index * c + channel] * meanRow[channel] }
            meanLogit[needed] = sum
        }
    }

    /// log Σ p² = log Σ exp 2x − 2 log Σ exp x of each row.
    private func collectCollision(_ chunk: Range<Int>, _ logits: Floats) {
        guard let logCollision = head.logCollision, let logSum = head.logSum else { return }
        let v = config.vocabularySize
        let doubled = collisionStorage.reserve(v)
        for (index, needed) in chunk.enumerated() {
            doubled.update(repeating: 0, count: v)
            kernels.table.pointee.axpy(doubled, logits + index * v, 2, v)
            kernels.table.pointee.log_sum_exp(logCollision + needed, doubled, Int32(v), 1, Int32(v))
            logCollision[needed] -= 2 * logSum[needed]
        }
    }
}

/// Quantities of the language head that metrics need.
enum HeadStatistics {
    /// The mean over the vocabulary of the head's rows `[C]`: its product with a row is that row's mean logit.
    static func meanRow(of parameters: Parameters, _ kernels: Kernels) -> [Float] {
        precondition(parameters.hasMatrices || parameters.config.tiesEmbeddings, "the head's mean precedes its release")
        let (v, c) = (parameters.config.vocabularySize, parameters.config.hiddenSize)
        var mean = [Float](repeating: 0, count: c)
        let matrix = parameters.base + parameters.layout.headMatrix
        mean.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for row in 0..<v { kernels.table.pointee.axpy(base, matrix + row * c, 1 / Float(v), c) }
        }
        return mean
    }
}
