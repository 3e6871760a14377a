import CKernels

/// A forward pass over new tokens of cached sequences: prompts that enter the cache, or one token for each row.
///
/// Not Sendable: one owner, one thread.
final class DecodingPass {
    private let model: Transformer
    private let config: ModelConfig
    private let kernels: Kernels
    private let rotary: RotaryTable
    private let policies: [PackedAdapter?]
    private let adapters: AdapterRows
    private let scratch = FloatBuffer()
    private let headScratch = FloatBuffer()
    private var positions: [Int32] = []
    /// `[rows, V]` of the last `advance` that needed a result.
    private(set) var logits: Floats
    /// `[rows]`: log Σ exp of each row's logits.
    private(set) var logSum: Floats

    /// - Parameters:
    ///   - policies: the adapters by policy index.
    ///   - kernels: the model's, with the threads that share the pass.
    init(_ model: Transformer, policies: [PackedAdapter?], kernels: Kernels, rotary: RotaryTable) {
        self.model = model
        self.policies = policies
        adapters = AdapterRows(model.config, kernels: kernels)
        config = model.config
        self.kernels = kernels
        self.rotary = rotary
        logits = headScratch.reserve(16)
        logSum = logits
    }

    /// Memory of one pass over `rows` new tokens.
    private struct Memory {
        /// `[rows, C]`
        let x, normed: Floats
        /// `[rows]`
        let rstd: Floats
        /// `[rows, H·D + 2·K·D]` and `[rows, H·D]`
        let fused, attention: Floats
        /// `[rows, F]`
        let gate, up: Floats
        /// `[threads, capacity]`
        let scores: Floats
        /// `[rows, H + K]`
        let headRstd: Floats
    }

    /// Appends the pieces' tokens to their slots.
    ///
    /// - Parameter needsResult: whether `logits` and `logSum` are computed, one row per token; else the last layer
    ///   stops at its keys and values.
    func advance(_ pieces: [GenerationBatch.Piece], _ cache: inout KeyValueCache, needsResult: Bool) {
        let rows = pieces.reduce(0) { $0 + $1.tokens.count }
        let m = reserve(rows, capacity: cache.capacity)
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        let base = model.parameters.base
        adapters.prepare(policies, layers: 1, rows: rows, groupRows: rows)
        adapters.begin(pieces.lazy.map { ($0.policy, $0.tokens.count) })
        embed(pieces, m)
        for layer in 0..<config.layerCount {
            let packed = model.packed.layers[layer]
            let offsets = model.parameters.layout.layer(layer)
            kernels.norm(m.normed, m.rstd, m.x, weight: base + offsets.inputNorm, rows: rows, config)
            kernels.linear(m.fused, config.fusedSize, m.normed, c, packed.queryKeyValue, rows: rows)
            adapters.add(.attentionInput, layer: layer, x: m.normed, to: m.fused, config.fusedSize)
            if let query = offsets.queryNorm, let key = offsets.keyNorm {
                kernels.normHeads(
                    m.fused, from: m.fused, ldx: config.fusedSize, rstd: m.headRstd, queryWeight: base + query,
                    keyWeight: base + key, rows: rows, config)
            }
            positions.withUnsafeBufferPointer { positions in
                guard let first = positions.baseAddress else { return }
                kernels.rotate(m.fused, rotary, first, rows: rows, config)
            }
            store(pieces, m, cache, layer)
            if layer == config.layerCount - 1, !needsResult { break }
            attend(pieces, m, cache, layer)
            adapters.addProduct(
                .attentionOutput, layer: layer, x: m.attention, packed.output, to: m.x, rows: rows)
            kernels.norm(m.normed, m.rstd, m.x, weight: base + offsets.feedForwardNorm, rows: rows, config)
            kernels.linear(m.gate, f, m.normed, c, packed.gate, rows: rows)
            kernels.linear(m.up, f, m.normed, c, packed.up, rows: rows)
            adapters.add(.feedForwardInput, layer: layer, x: m.normed, to: m.gate, f, second: m.up)
            kernels.siluMultiply(m.gate, m.gate, m.up, count: rows * f)
            adapters.addProduct(.feedForwardOutput, layer: layer, x: m.gate, packed.down, to: m.x, rows: rows)
        }
        for piece in pieces { cache.tokens[piece.slot].append(contentsOf: piece.tokens) }
        if needsResult { computeLogits(m, rows) }
    }

    private func reserve(_ rows: Int, capacity: Int) -> Memory {
        let p = scratch.reserve([
            rows * config.hiddenSize, rows * config.hiddenSize, rows, rows * config.fusedSize,
            rows * config.querySize, rows * config.feedForwardSize, rows * config.feedForwardSize,
            capacity * kernels.threadCount, rows * config.normedHeadCount,
        ])
        return Memory(
            x: p[0], normed: p[1], rstd: p[2], fused: p[3], attention: p[4], gate: p[5], up: p[6], scores: p[7],
            headRstd: p[8])
    }

    private func embed(_ pieces: [GenerationBatch.Piece], _ m: Memory) {
        let c = config.hiddenSize
        var row = 0
        positions.removeAll(keepingCapacity: true)
        for piece in pieces {
            for (index, token) in piece.tokens.enumerated() {
                (m.x + row * c).update(from: model.parameters.base + Int(token) * c, count: c)
                positions.append(Int32(piece.start + index))
                row += 1
            }
        }
    }

    private func store(_ pieces: [GenerationBatch.Piece], _ m: Memory, _ cache: KeyValueCache, _ layer: Int) {
        let d = config.headSize
        var row = m.fused + config.querySize
        for piece in pieces {
            for position in piece.start..<piece.start + piece.tokens.count {
                // Keys and values of a fused row follow one another, as they do in the cache.
                for head in 0..<2 * config.keyValueHeadCount {
                    (cache.keys(slot: piece.slot, layer: layer, head: head) + position * d)
                        .update(from: row + head * d, count: d)
                }
                row += config.fusedSize
            }
        }
    }

    private func attend(_ pieces: [GenerationBatch.Piece], _ m: Memory, _ cache: KeyValueCache, _ layer: Int) {
        let (q, d) = (config.querySize, config.headSize)
        let share = config.headCount / config.keyValueHeadCount
        let scale = 1 / Float(d).squareRoot()
        let heads = config.keyValueHeadCount
        var firstRows: [Int] = []
        var (rows, keys) = (0, 0)
        for piece in pieces {
            firstRows.append(rows)
            rows += piece.tokens.count
            keys += piece.tokens.count * (piece.start + piece.tokens.count)
        }
        kernels.deal(pieces.count * heads, nanoseconds: keys * q / 16) { unit, thread in
            let (piece, head, row) = (pieces[unit / heads], unit % heads, firstRows[unit / heads])
            let column = head * share * d
            kernels.table.pointee.attention(
                m.attention + row * q + column, Int32(q), nil, m.fused + row * config.fusedSize + column,
                Int32(config.fusedSize), cache.keys(slot: piece.slot, layer: layer, head: head), Int32(d),
                cache.values(slot: piece.slot, layer: layer, head: head), Int32(d), Int32(piece.tokens.count),
                Int32(piece.start), Int32(share), 1, Int32(d), scale, m.scores + thread * cache.capacity)
        }
    }

    private func computeLogits(_ m: Memory, _ rows: Int) {
        let v = config.vocabularySize
        let p = headScratch.reserve([rows * v, rows])
        (logits, logSum) = (p[0], p[1])
        kernels.norm(
            m.normed, m.rstd, m.x, weight: model.parameters.base + model.parameters.layout.finalNorm, rows: rows,
            config)
        kernels.linear(logits, v, m.normed, config.hiddenSize, model.packed.head, rows: rows)
        kernels.logSumExp(logSum, logits, rows: rows, v)
    }
}
