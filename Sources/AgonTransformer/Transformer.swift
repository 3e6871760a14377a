public import AgonCore
import CKernels
import Dispatch
import Foundation

/// A model that is read and never written: packed once for inference, safe to use from any thread.
///
/// With an adapter it is a view of its base: weights and packed matrices are the base's own, so that any number of
/// agents on one base take the memory of one model and their adapters.
///
/// Every call is a pure function of the weights, the kernel path and its arguments; the number of threads and
/// what else is in the batch change no bit of a result.
public final class Transformer: Sendable {
    /// The sizes of the model.
    public let config: ModelConfig
    /// The weights as they were given, less matrices that their owner has released.
    public let parameters: Parameters
    /// The kernel path that computes.
    public let kernels: Kernels
    /// The format of the matrices.
    public let weights: WeightFormat
    let packed: PackedWeights
    let rotary: RotaryTable
    /// What every view of this base shares.
    let frozen: FrozenBase
    /// What the view adds to the base; nil for the base itself.
    let adapter: PackedAdapter?
    /// The adapter of a view as it was given; nil for the base itself.
    public let source: Adapter?

    /// Packs the weights; they must not be written afterwards.
    ///
    /// - Parameters:
    ///   - kernels: `Kernels.current`, except in tests.
    ///   - weights: what the matrices are stored as, and their products computed in. The embedding's rows and the norms
    ///     are read from the parameters.
    public init(_ parameters: Parameters, kernels: Kernels, weights: WeightFormat = .float32) {
        config = parameters.config
        self.parameters = parameters
        self.kernels = kernels
        self.weights = weights
        packed = PackedWeights(parameters.config, kernels: kernels, format: weights)
        // Loading a large model is for the most part the first touch of its memory, which all cores share.
        let isLarge = packed.byteCount > 64 << 20
        packed.pack(parameters, shared: isLarge ? kernels.withThreads(ProcessInfo.processInfo.activeProcessorCount) : nil)
        rotary = RotaryTable(parameters.config, positionCount: min(parameters.config.maxPositionCount, 1024))
        frozen = FrozenBase(parameters, packed, kernels: kernels)
        adapter = nil
        source = nil
    }

    /// A view of a base through an adapter, or the base again.
    init(_ base: Transformer, adapter source: Adapter?) {
        config = base.config
        parameters = base.parameters
        kernels = base.kernels
        weights = base.weights
        packed = base.packed
        rotary = base.rotary
        frozen = base.frozen
        self.source = source
        adapter = source.map { PackedAdapter($0, base.frozen, kernels: base.kernels, forTraining: false) }
    }

    /// The same policy with its base's matrices in another format; the very same where it has that format.
    ///
    /// Each format of a base is packed once, when it is first asked for, and kept as long as the base.
    public func held(in format: WeightFormat) -> Transformer {
        guard format != weights else { return self }
        let base = frozen.other(format) { Transformer(parameters, kernels: kernels, weights: format) }
        return source.map(base.adapted(by:)) ?? base
    }

    /// Makes what an adapter's training reads of this base, so that the matrices can be released afterwards.
    ///
    /// - Parameter products: the format of the training pass's products (`Kernels.products`).
    public func prepareTraining(products: WeightFormat = .float32) {
        (weights == .float32 ? held(in: products) : self).frozen.prepareTraining()
    }

    /// A number that tells frozen models apart by content, so that a copy is the same: what the products read, and the
    /// weights that are read beside them. Equal on one kernel path alone.
    public var contentHash: UInt64 {
        parameters.layout.tensors.filter { $0.shape.count == 1 || $0.name == "score.weight" || $0.offset == 0 }
            .reduce(packed.contentHash) { FNV.hash($0, parameters.base + $1.offset, $1.count) }
    }

    /// Logits of every position, `[T, V]` row-major; for tests and inspection.
    ///
    /// - Throws: `invalidRequest` for tokens that do not fit the model.
    public func logits(for tokens: [Int32]) throws(TransformerError) -> [Float] {
        precondition(config.head == .language, "logits need a model with a language head")
        var batch = RaggedBatch()
        try batch.append(tokens, everyRow: true, config)
        let v = config.vocabularySize
        return gather(batch, [adapter], count: tokens.count * v, threads: 1) {
            [kernels, config, packed] pass, group, result in
            let rows = pass(group)
            kernels.linear(result, v, rows, config.hiddenSize, packed.head, rows: group.needed.count)
        }
    }

    /// log p of each own token, untempered, in nats.
    ///
    /// - Parameter threads: how many threads share the sequences; the bits do not depend on it.
    /// - Returns: per sequence one value for each own token, in their order.
    /// - Throws: `invalidRequest` for a sequence that does not fit the model.
    public func logProbs(of sequences: [TokenSequence], threads: Int = 1) throws(TransformerError) -> [[Float]] {
        precondition(config.head == .language, "log-probabilities need a model with a language head")
        return try logProbs(
            of: sequences, policyIndices: sequences.map { _ in 0 }, adapters: [adapter], threads: threads)
    }

    /// The same for sequences of several views of this base.
    func logProbs(
        of sequences: [TokenSequence], policyIndices: [Int], adapters: [PackedAdapter?], threads: Int
    ) throws(TransformerError) -> [[Float]] {
        var building = RaggedBatch()
        for (sequence, policy) in zip(sequences, policyIndices) {
            try building.append(sequence, config, policy: policy)
        }
        let batch = building
        let head = LanguageHead(self)
        let flat = gather(batch, adapters, count: batch.neededRows.count, threads: threads) { pass, group, result in
            head.logProbs(of: pass(group), group, batch, into: result)
        }
        return flat.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return sequences.map { _ in [] } }
            return batch.split(base)
        }
    }

    /// The score of each sequence, read at its last token that is no padding.
    ///
    /// - Precondition: the config's head is `score`.
    /// - Throws: `invalidRequest` for a sequence that is empty or does not fit the model.
    public func scores(of sequences: [[Int32]], threads: Int = 1) throws(TransformerError) -> [Float] {
        precondition(config.head == .score, "scores need a model with a score head")
        var batch = RaggedBatch()
        for sequence in sequences { try batch.append(sequence, everyRow: false, config) }
        return gather(batch, [adapter], count: sequences.count, threads: threads) {
            [kernels, config, packed] pass, group, result in
            let rows = pass(group)
            kernels.linear(
                result + group.needed.lowerBound, 1, rows, config.hiddenSize, packed.head, rows: group.needed.count)
        }
    }

    /// Runs every group of a batch, groups dealt over the threads in turn; `consume` writes its group's own part of
    /// the result.
    func gather(
        _ batch: RaggedBatch, _ adapters: [PackedAdapter?], count: Int, threads: Int,
        consume: @Sendable ((RaggedBatch.Group) -> Floats, RaggedBatch.Group, Floats) -> Void
    ) -> [Float] {
        let table = rotary.covering(batch.longest, config)
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = count
            guard count > 0, let base = buffer.baseAddress else { return }
            let result = SharedFloats(base: base)
            let width = max(1, min(threads, batch.groups.count))
            @Sendable func work(_ thread: Int) {
                let pass = ForwardPass(config, kernels: kernels, keepsActivations: false)
                defer { withExtendedLifetime((pass, table)) {} }
                let (activations, scratch) = pass.prepare(for: batch, policies: adapters)
                for index in stride(from: thread, to: batch.groups.count, by: width) {
                    let group = batch.groups[index]
                    guard !group.needed.isEmpty else { continue }
                    consume(
                        { pass.run($0, of: batch, parameters, packed, table, activations, scratch) }, group,
                        result.base)
                }
            }
            if width == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: width, execute: work) }
        }
    }
}

/// A result that several threads fill, each its own part.
// Safety: the parts are disjoint ranges given by the batch's groups, and the owner reads after all threads ended.
struct SharedFloats: @unchecked Sendable {
    let base: Floats
}

/// Logits of normed rows, in chunks that stay in the cache.
struct LanguageHead: Sendable {
    let model: Transformer

    init(_ model: Transformer) { self.model = model }

    func logProbs(of rows: Floats, _ group: RaggedBatch.Group, _ batch: RaggedBatch, into result: Floats) {
        forEachRow(of: rows, group) { row, logits, logSum in result[row] = logits[Int(batch.targets[row])] - logSum }
    }

    /// Hands over each needed row of the batch with its logits `[V]`, valid until the next, and their log Σ exp.
    func forEachRow(of rows: Floats, _ group: RaggedBatch.Group, _ body: (Int, Floats, Float) -> Void) {
        let (v, c) = (model.config.vocabularySize, model.config.hiddenSize)
        let chunkRows = TrainingPass.chunkRows(group.needed.count, vocabularySize: v)
        let memory = FloatBuffer()
        defer { withExtendedLifetime(memory) {} }
        let p = memory.reserve([chunkRows * v, chunkRows])
        for first in stride(from: group.needed.lowerBound, to: group.needed.upperBound, by: chunkRows) {
            let count = min(chunkRows, group.needed.upperBound - first)
            let input = rows + (first - group.needed.lowerBound) * c
            model.kernels.linear(p[0], v, input, c, model.packed.head, rows: count)
            model.kernels.table.pointee.log_sum_exp(p[1], p[0], Int32(v), Int32(count), Int32(v))
            for index in 0..<count { body(first + index, p[0] + index * v, p[1][index]) }
        }
    }
}
