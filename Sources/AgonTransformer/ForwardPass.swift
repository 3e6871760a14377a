/// One forward pass over a ragged batch, from tokens to the rows that a head reads.
///
/// A layer, with x the residual stream `[T, C]`:
///
///     q|k|v = rotary(norm(x)·Wqkvᵀ)      mid = x + attention(q, k, v)·Woᵀ
///     x     = mid + (silu(norm(mid)·Wgᵀ) · norm(mid)·Wuᵀ)·Wdᵀ
///
/// Each product adds its bias, and the heads of q and k are normed before the rotation, in models that have them.
///
/// The last layer's second half runs on the needed rows only, gathered together. With `keepsActivations` every
/// layer's activations of the whole batch stay for the backward pass; without, one group's memory serves all.
///
/// Not Sendable: one owner, one thread.
final class ForwardPass {
    let config: ModelConfig
    let kernels: Kernels
    let keepsActivations: Bool
    /// What adapters add; inactive until it is prepared for a batch that has some.
    let adapters: AdapterRows
    private let storage = FloatBuffer()
    private let scratch = FloatBuffer()

    /// Activations of the layers, each `[layers]` times the stride; rows are those of the batch or of the group.
    struct Activations {
        /// Row counts that the strides were made for: `rows` ≥ T, or the largest group.
        var rows = 0
        /// x `[layers + 1][rows, C]`, mid `[layers][rows, C]`.
        var x, mid: Floats
        /// Fused rows after rotation `[rows, H·D + 2·K·D]`, attention's result `[rows, H·D]`.
        var fused, attention: Floats
        /// Log Σ exp of the attention scores, for each group `[K][rows, H/K]`.
        var attentionLogSum: Floats
        /// Inverse deviations of the two norms `[rows]`.
        var attentionRstd, feedForwardRstd: Floats
        /// `[rows, F]`
        var gate, up: Floats
        /// Inverse deviation of the last norm, one per needed row.
        var finalRstd: Floats
        /// Queries and keys before the norms of their heads `[rows, (H + K)·D]`, and those norms' inverse deviations
        /// `[rows, H + K]`; empty in models without.
        var headInput, headRstd: Floats
    }

    /// Memory that one group uses and the next overwrites.
    struct Scratch {
        /// `[group rows, C]`
        var normed: Floats
        /// `[group rows, F]`
        var hidden: Floats
        /// `[group rows, H·D]`
        var attentionRows: Floats
        /// What `AttentionUnits` need for each thread.
        var attentionUnits: Floats
    }

    private(set) var activations: Activations?
    private(set) var groupScratch: Scratch?

    init(_ config: ModelConfig, kernels: Kernels, keepsActivations: Bool) {
        self.config = config
        self.kernels = kernels
        self.keepsActivations = keepsActivations
        adapters = AdapterRows(config, kernels: kernels)
    }

    /// Makes room for a batch.
    ///
    /// - Parameters:
    ///   - policies: the adapters by policy index; empty where all sequences are the base's own.
    ///   - dropsOut: whether the adapters' dropout applies.
    func prepare(
        for batch: RaggedBatch, policies: [PackedAdapter?] = [], dropsOut: Bool = false
    ) -> (Activations, Scratch) {
        let groupRows = batch.groupCapacity
        let rows = keepsActivations ? batch.capacity : groupRows
        let layers = keepsActivations ? config.layerCount : 1
        adapters.prepare(policies, layers: layers, rows: rows, groupRows: groupRows, dropsOut: dropsOut)
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        let p = storage.reserve([
            (layers + 1) * rows * c, layers * rows * c, layers * rows * config.fusedSize,
            layers * rows * config.querySize, layers * rows * config.headCount, layers * rows, layers * rows,
            layers * rows * f, layers * rows * f, rows, layers * rows * config.normedHeadSize,
            layers * rows * config.normedHeadCount,
        ])
        let s = scratch.reserve([
            groupRows * c, groupRows * f, groupRows * config.querySize,
            kernels.threadCount * AttentionUnits.forwardScratch(config, length: batch.longest),
        ])
        let made = (
            Activations(
                rows: rows, x: p[0], mid: p[1], fused: p[2], attention: p[3], attentionLogSum: p[4],
                attentionRstd: p[5], feedForwardRstd: p[6], gate: p[7], up: p[8], finalRstd: p[9],
                headInput: p[10], headRstd: p[11]),
            Scratch(normed: s[0], hidden: s[1], attentionRows: s[2], attentionUnits: s[3])
        )
        (activations, groupScratch) = made
        return made
    }

    /// The activations of one layer, beginning at a group's first row.
    func view(_ a: Activations, layer: Int, group: RaggedBatch.Group) -> Activations {
        let row = keepsActivations ? group.rows.lowerBound : 0
        // The last layer's second half holds needed rows only, and so does what follows it.
        let needed = keepsActivations ? group.needed.lowerBound : 0
        let isLast = layer == config.layerCount - 1
        let level = keepsActivations ? layer : 0
        let tail = level * a.rows + (isLast ? needed : row)
        let start = level * a.rows + row
        var view = a
        view.x = a.x + start * config.hiddenSize
        view.fused = a.fused + start * config.fusedSize
        view.attention = a.attention + start * config.querySize
        view.attentionLogSum = a.attentionLogSum + start * config.headCount
        view.attentionRstd = a.attentionRstd + start
        view.mid = a.mid + tail * config.hiddenSize
        view.feedForwardRstd = a.feedForwardRstd + tail
        view.gate = a.gate + tail * config.feedForwardSize
        view.up = a.up + tail * config.feedForwardSize
        view.finalRstd = a.finalRstd + needed
        view.headInput = a.headInput + start * config.normedHeadSize
        view.headRstd = a.headRstd + start * config.normedHeadCount
        return view
    }

    /// Where a layer's result for a group begins: the next layer's input, or the needed rows after the last.
    func output(_ a: Activations, layer: Int, group: RaggedBatch.Group) -> Floats {
        let isLast = layer == config.layerCount - 1
        guard keepsActivations else { return isLast ? a.x + a.rows * config.hiddenSize : a.x }
        let row = isLast ? group.needed.lowerBound : group.rows.lowerBound
        return a.x + ((layer + 1) * a.rows + row) * config.hiddenSize
    }

    /// Runs one group through all layers and the last norm.
    ///
    /// - Returns: the normed rows `[needed, C]`, valid until the next group.
    func run(
        _ group: RaggedBatch.Group, of batch: RaggedBatch, _ parameters: Parameters, _ packed: PackedWeights,
        _ rotary: RotaryTable, _ activations: Activations, _ scratch: Scratch
    ) -> Floats {
        let c = config.hiddenSize
        let first = view(activations, layer: 0, group: group)
        let embedding = parameters.base
        adapters.begin(group, of: batch, keepsRows: keepsActivations)
        for (index, row) in group.rows.enumerated() {
            (first.x + index * c).update(from: embedding + Int(batch.tokens[row]) * c, count: c)
        }
        for layer in 0..<config.layerCount {
            let a = view(activations, layer: layer, group: group)
            let offsets = parameters.layout.layer(layer)
            attend(a, layer, group, batch, packed.layers[layer], rotary, parameters, offsets, scratch)
            let rows = gatherTail(a, layer, group, batch, scratch)
            let attention = layer == config.layerCount - 1 ? scratch.attentionRows : a.attention
            adapters.addProduct(
                .attentionOutput, layer: layer, x: attention, packed.layers[layer].output, to: a.mid, rows: rows)
            feedForward(
                a, layer, rows, into: output(activations, layer: layer, group: group), packed.layers[layer],
                norm: parameters.base + offsets.feedForwardNorm, scratch)
        }
        let last = config.layerCount - 1
        kernels.norm(
            scratch.normed, view(activations, layer: last, group: group).finalRstd,
            output(activations, layer: last, group: group), weight: parameters.base + parameters.layout.finalNorm,
            rows: group.needed.count, config)
        return scratch.normed
    }

    /// Norm, fused projection, norms of the heads, rotation and attention of each sequence.
    private func attend(
        _ a: Activations, _ layer: Int, _ group: RaggedBatch.Group, _ batch: RaggedBatch, _ packed: PackedWeights.Layer,
        _ rotary: RotaryTable, _ parameters: Parameters, _ offsets: ParameterLayout.Layer, _ scratch: Scratch
    ) {
        let norm = parameters.base + offsets.inputNorm
        let (rows, fused) = (group.rows.count, config.fusedSize)
        kernels.norm(scratch.normed, a.attentionRstd, a.x, weight: norm, rows: rows, config)
        kernels.linear(a.fused, fused, scratch.normed, config.hiddenSize, packed.queryKeyValue, rows: rows)
        adapters.add(.attentionInput, layer: layer, x: scratch.normed, to: a.fused, fused)
        normHeads(a, parameters, offsets, rows: rows)
        batch.positions.withUnsafeBufferPointer { positions in
            guard let base = positions.baseAddress else { return }
            kernels.rotate(a.fused, rotary, base + group.rows.lowerBound, rows: rows, config)
        }
        AttentionUnits(group, of: batch, config, kernels: kernels).forward(
            a.attention, logSum: a.attentionLogSum, fused: a.fused, scratch: scratch.attentionUnits)
    }

    /// Copies the residual stream into `mid`; in the last layer only the needed rows, with their attention.
    private func gatherTail(
        _ a: Activations, _ layer: Int, _ group: RaggedBatch.Group, _ batch: RaggedBatch, _ scratch: Scratch
    ) -> Int {
        let (c, q) = (config.hiddenSize, config.querySize)
        guard layer == config.layerCount - 1 else {
            a.mid.update(from: a.x, count: group.rows.count * c)
            return group.rows.count
        }
        for (index, needed) in group.needed.enumerated() {
            let row = Int(batch.neededRows[needed]) - group.rows.lowerBound
            (a.mid + index * c).update(from: a.x + row * c, count: c)
            (scratch.attentionRows + index * q).update(from: a.attention + row * q, count: q)
        }
        return group.needed.count
    }

    private func feedForward(
        _ a: Activations, _ layer: Int, _ rows: Int, into output: Floats, _ packed: PackedWeights.Layer, norm: Floats,
        _ scratch: Scratch
    ) {
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        kernels.norm(scratch.normed, a.feedForwardRstd, a.mid, weight: norm, rows: rows, config)
        kernels.linear(a.gate, f, scratch.normed, c, packed.gate, rows: rows)
        kernels.linear(a.up, f, scratch.normed, c, packed.up, rows: rows)
        adapters.add(.feedForwardInput, layer: layer, x: scratch.normed, to: a.gate, f, second: a.up)
        kernels.siluMultiply(scratch.hidden, a.gate, a.up, count: rows * f)
        output.update(from: a.mid, count: rows * c)
        adapters.addProduct(.feedForwardOutput, layer: layer, x: scratch.hidden, packed.down, to: output, rows: rows)
    }
}
