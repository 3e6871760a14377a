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
        /// `[rows, H + K]`
        let headRstd: Floats
    }

    /// Appends the pieces' tokens to their slots.
    ///
    /// - Parameter needsResult: whether `logits` and `logSum` are computed, one row per token; else the last layer
    ///   stops at its keys and values.
    func advance(_ pieces: [GenerationBatch.Piece], _ cache: inout KeyValueCache, needsResult: Bool) {
        let rows = pieces.reduce(0) { $0 + $1.tokens.count }
        let m = reserve(rows)
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
            let isLast = layer == config.layerCount - 1 && !needsResult
            attend(pieces, m, cache, layer, storesOnly: isLast)
            if isLast { break }
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

    private func reserve(_ rows: Int) -> Memory {
        let p = scratch.reserve([
            rows * config.hiddenSize, rows * config.hiddenSize, rows, rows * config.fusedSize,
            rows * config.querySize, rows * config.feedForwardSize, rows * config.feedForwardSize,
            rows * config.normedHeadCount,
        ])
        return Memory(
            x: p[0], normed: p[1], rstd: p[2], fused: p[3], attention: p[4], gate: p[5], up: p[6],
            headRstd: p[7])
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

    /// Keys and values of the new tokens enter the cache, then attention reads it. A piece is one thread's work, or a
    /// head of it where there are few.
    private func attend(
        _ pieces: [GenerationBatch.Piece], _ m: Memory, _ cache: KeyValueCache, _ layer: Int, storesOnly: Bool
    ) {
        let (q, d, width) = (config.querySize, config.headSize, config.fusedSize)
        let (heads, share) = (config.keyValueHeadCount, config.headCount / config.keyValueHeadCount)
        let cuts = pieces.count < 2 * kernels.threadCount ? heads : 1
        var firstRows: [Int] = []
        var (rows, keys) = (0, 0)
        for piece in pieces {
            firstRows.append(rows)
            rows += piece.tokens.count
            keys += piece.tokens.count * (piece.start + piece.tokens.count)
        }
        kernels.deal(pieces.count * cuts, nanoseconds: keys * q / 16) { unit, _ in
            let (piece, row) = (pieces[unit / cuts], firstRows[unit / cuts])
            let own = cuts == 1 ? 0..<heads : unit % cuts..<unit % cuts + 1
            let fused = m.fused + row * width
            for head in own {
                cache.store(
                    fused + q + head * d, fused + q + config.keyValueSize + head * d, stride: width, slot: piece.slot,
                    layer: layer, head: head, first: piece.start, count: piece.tokens.count)
            }
            guard !storesOnly else { return }
            let column = own.lowerBound * share * d
            cache.attend(
                m.attention + row * q + column, q, fused + column, width, slot: piece.slot, layer: layer, heads: own,
                share: share, first: piece.start, count: piece.tokens.count)
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
