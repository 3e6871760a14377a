import CKernels

extension TrainingPass {
    /// Memory of one group's gradients, overwritten by the next group.
    struct Gradients {
        /// The stream's gradient `[rows, C]`, and that of the needed rows `[needed, C]`.
        let dx, dtail: Floats
        /// Of a norm's result, and the norm's result recomputed `[rows, C]`.
        let dnormed, normed: Floats
        /// `[rows, F]`: hidden is the product, recomputed.
        let dhidden, dgate, dup, hidden: Floats
        /// `[rows, H·D]`; the second holds the gathered rows of the last layer.
        let dattention, attentionRows: Floats
        /// `[rows, H·D + 2·K·D]`
        let dfused: Floats
        /// What `AttentionUnits` need for each thread.
        let attentionUnits: Floats
        /// `[needed]`: ∂L/∂ of each needed row's result.
        let coefficients: Floats
        /// `[(H + K)·D]`: one row's normed heads.
        let heads: Floats
        /// `[max(C, D)]`: takes the gradient of norm weights that are not trained.
        let unused: Floats
    }

    /// Adds ∂(Σ coefficient · log p)/∂θ to the gradients; to be called once after `forward`.
    ///
    /// - Parameter dLogProbs: ∂L/∂(log p) per sequence and own token, shaped like `forward`'s result.
    /// - Parameter gradients: of the same config; accumulated, so the caller zeroes them when a step begins.
    /// - Precondition: the last call was `forward` or `forwardWithStatistics`.
    public func backward(dLogProbs: [[Float]], into gradients: Parameters) {
        precondition(frozen == nil, "a pass of adapters has no gradient of the base")
        precondition(gradients.config == config, "the gradients belong to another config than this pass")
        runBackward(into: WeightGradients(memory: gradients)) { spread(dLogProbs, into: $0) }
    }

    /// Lays the coefficients of each own token out as the needed rows lie.
    func spread(_ dLogProbs: [[Float]], into memory: Floats) {
        precondition(dLogProbs.count == batch.sequenceCount, "backward needs one array per sequence of forward")
        for (sequence, index) in order.enumerated() {
            let first = batch.neededStarts[sequence]
            let values = dLogProbs[index]
            precondition(
                values.count == batch.neededStarts[sequence + 1] - first,
                "backward needs one coefficient per own token")
            for (offset, value) in values.enumerated() { memory[first + offset] = value }
        }
    }

    /// Adds ∂(Σ coefficient · score)/∂θ to the gradients; to be called once after `forwardScores`.
    public func backward(dScores: [Float], into gradients: Parameters) {
        precondition(dScores.count == batch.sequenceCount, "backward needs one coefficient per sequence of forward")
        precondition(gradients.config == config, "the gradients belong to another config than this pass")
        runBackward(into: WeightGradients(memory: gradients)) { memory in
            for (index, value) in dScores.enumerated() { memory[index] = value }
        }
    }

    func runBackward(into gradients: WeightGradients, coefficients: (Floats) -> Void) {
        guard let parameters, let activations = forwardPass.activations else {
            preconditionFailure("backward needs a forward pass before it")
        }
        self.parameters = nil
        if frozen == nil { packedTransposed.pack(parameters) }
        let g = reserveGradients()
        coefficients(g.coefficients)
        for group in batch.groups where !group.needed.isEmpty {
            // Rows and dropout of this group, as in its forward pass.
            forwardPass.adapters.begin(group, of: batch, keepsRows: true)
            let lowest = adapterGradients?.lowestDepth(of: group, batch) ?? -1
            backwardHead(group, parameters, gradients, activations, g)
            for layer in stride(from: config.layerCount - 1, through: 0, by: -1) {
                let view = forwardPass.view(activations, layer: layer, group: group)
                guard lowest < AdapterSite.feedForwardOutput.depth(layer: layer) + 1 else { break }
                backwardFeedForward(view, layer, group, parameters, gradients, g, lowest: lowest)
                guard lowest < AdapterSite.feedForwardInput.depth(layer: layer) else { break }
                backwardAttention(view, layer, group, parameters, gradients, g, lowest: lowest)
            }
            guard let embedding = gradients.at(0) else { continue }
            for (index, row) in group.rows.enumerated() {
                let c = config.hiddenSize
                kernels.table.pointee.axpy(embedding + Int(batch.tokens[row]) * c, g.dx + index * c, 1, c)
            }
        }
    }

    private func reserveGradients() -> Gradients {
        let rows = batch.groupCapacity
        let (c, f, q) = (config.hiddenSize, config.feedForwardSize, config.querySize)
        let p = backwardStorage.reserve([
            rows * c, rows * c, rows * c, rows * c, rows * f, rows * f, rows * f, rows * f, rows * q, rows * q,
            rows * config.fusedSize,
            kernels.threadCount * AttentionUnits.backwardScratch(config, length: batch.longest),
            batch.neededRows.count, config.normedHeadSize, max(c, config.headSize),
        ])
        return Gradients(
            dx: p[0], dtail: p[1], dnormed: p[2], normed: p[3], dhidden: p[4], dgate: p[5], dup: p[6], hidden: p[7],
            dattention: p[8], attentionRows: p[9], dfused: p[10], attentionUnits: p[11],
            coefficients: p[12], heads: p[13], unused: p[14])
    }

    /// From the coefficients to the gradient of the last layer's result, in `dtail`.
    private func backwardHead(
        _ group: RaggedBatch.Group, _ parameters: Parameters, _ gradients: WeightGradients,
        _ activations: ForwardPass.Activations, _ g: Gradients
    ) {
        let c = config.hiddenSize
        let last = config.layerCount - 1
        let view = forwardPass.view(activations, layer: last, group: group)
        let x = forwardPass.output(activations, layer: last, group: group)
        let count = group.needed.count
        let normOffset = parameters.layout.finalNorm
        kernels.norm(g.normed, view.finalRstd, x, weight: parameters.base + normOffset, rows: count, config)
        let dhead = gradients.at(parameters.layout.headMatrix)
        switch config.head {
        case .score:
            let d = g.coefficients + group.needed.lowerBound
            kernels.linearGradient(dhead, d, outputs: 1, g.normed, inputs: c, rows: count)
            kernels.linear(g.dnormed, c, d, 1, packedTransposed.head, rows: count)
        case .language:
            for chunk in chunks(of: group) {
                backwardLogits(chunk, row: chunk.lowerBound - group.needed.lowerBound, dhead, g)
            }
        }
        g.dtail.update(repeating: 0, count: count * c)
        kernels.normBackward(
            g.dtail, gradients.at(normOffset) ?? g.unused, dy: g.dnormed, x: x, weight: parameters.base + normOffset,
            rstd: view.finalRstd, rows: count, channels: c)
    }

    private func backwardLogits(_ chunk: Range<Int>, row: Int, _ dhead: Floats?, _ g: Gradients) {
        guard let kept = head.logits, let logSum = head.logSum else { return }
        let (v, c) = (config.vocabularySize, config.hiddenSize)
        let logits = head.keepsLogits ? kept + chunk.lowerBound * v : kept
        let input = g.normed + row * c
        if !head.keepsLogits { kernels.linear(logits, v, input, c, packed.head, rows: chunk.count) }
        batch.targets.withUnsafeBufferPointer { targets in
            guard let base = targets.baseAddress else { return }
            kernels.logProbBackward(
                logits, logSum: logSum + chunk.lowerBound, targets: base + chunk.lowerBound,
                coefficients: g.coefficients + chunk.lowerBound, rows: chunk.count, v)
        }
        kernels.linearGradient(dhead, logits, outputs: v, input, inputs: c, rows: chunk.count)
        kernels.linear(g.dnormed + row * c, c, logits, v, packedTransposed.head, rows: chunk.count)
    }

    /// From the gradient of a layer's result to that of `mid`, in place: `dtail` in the last layer, else `dx`.
    ///
    /// - Parameter lowest: the depth below which nothing is trained.
    private func backwardFeedForward(
        _ a: ForwardPass.Activations, _ layer: Int, _ group: RaggedBatch.Group, _ parameters: Parameters,
        _ gradients: WeightGradients, _ g: Gradients, lowest: Int
    ) {
        let isLast = layer == config.layerCount - 1
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        let rows = isLast ? group.needed.count : group.rows.count
        let dstream = isLast ? g.dtail : g.dx
        let packed = packedTransposed.layers[layer]
        let offsets = parameters.layout.layer(layer)
        let normWeight = parameters.base + offsets.feedForwardNorm
        kernels.siluMultiply(g.hidden, a.gate, a.up, count: rows * f)
        kernels.linearGradient(gradients.at(offsets.down), dstream, outputs: c, g.hidden, inputs: f, rows: rows)
        biasGradient(gradients, offsets.downBias, dstream, outputs: c, rows: rows)
        let dproduct =
            adapterGradients?.addWeights(
                .feedForwardOutput, layer: layer, dstream: dstream, x: g.hidden, rowCount: rows) ?? dstream
        guard lowest < AdapterSite.feedForwardOutput.depth(layer: layer) else { return }
        kernels.linear(g.dhidden, f, dproduct, c, packed.down, rows: rows)
        adapterGradients?.addInput(.feedForwardOutput, layer: layer, dx: g.dhidden)
        kernels.siluMultiplyBackward(g.dgate, g.dup, dy: g.dhidden, a.gate, a.up, count: rows * f)
        kernels.norm(g.normed, a.feedForwardRstd, a.mid, weight: normWeight, rows: rows, config)
        kernels.linearGradient(gradients.at(offsets.gate), g.dgate, outputs: f, g.normed, inputs: c, rows: rows)
        kernels.linearGradient(
            gradients.at(offsets.gate + f * c), g.dup, outputs: f, g.normed, inputs: c, rows: rows)
        biasGradient(gradients, offsets.gateBias, g.dgate, outputs: f, rows: rows)
        biasGradient(gradients, offsets.gateBias.map { $0 + f }, g.dup, outputs: f, rows: rows)
        adapterGradients?.addWeights(
            .feedForwardInput, layer: layer, dy: g.dgate, f, second: g.dup, x: g.normed)
        guard lowest < AdapterSite.feedForwardInput.depth(layer: layer) else { return }
        kernels.linear(g.dnormed, c, g.dgate, f, packed.gate, rows: rows)
        kernels.linear(g.dnormed, c, g.dup, f, packed.up, rows: rows, accumulate: true)
        adapterGradients?.addInput(.feedForwardInput, layer: layer, dx: g.dnormed)
        kernels.normBackward(
            dstream, gradients.at(offsets.feedForwardNorm) ?? g.unused, dy: g.dnormed, x: a.mid, weight: normWeight,
            rstd: a.feedForwardRstd, rows: rows, channels: c)
    }

    /// From the gradient of `mid` to that of the layer's input, in `dx`.
    private func backwardAttention(
        _ a: ForwardPass.Activations, _ layer: Int, _ group: RaggedBatch.Group, _ parameters: Parameters,
        _ gradients: WeightGradients, _ g: Gradients, lowest: Int
    ) {
        let (c, q, fused) = (config.hiddenSize, config.querySize, config.fusedSize)
        let packed = packedTransposed.layers[layer]
        let offsets = parameters.layout.layer(layer)
        let doutput = gradients.at(offsets.output)
        let rows = group.rows.count
        if layer == config.layerCount - 1 {
            biasGradient(gradients, offsets.outputBias, g.dtail, outputs: c, rows: group.needed.count)
            scatterTail(a, group, packed, doutput, g)
        } else {
            biasGradient(gradients, offsets.outputBias, g.dx, outputs: c, rows: rows)
            kernels.linearGradient(doutput, g.dx, outputs: c, a.attention, inputs: q, rows: rows)
            let dproduct =
                adapterGradients?.addWeights(
                    .attentionOutput, layer: layer, dstream: g.dx, x: a.attention, rowCount: rows) ?? g.dx
            kernels.linear(g.dattention, q, dproduct, c, packed.output, rows: rows)
            adapterGradients?.addInput(.attentionOutput, layer: layer, dx: g.dattention)
        }
        guard lowest < AdapterSite.attentionOutput.depth(layer: layer) else { return }
        g.dfused.update(repeating: 0, count: rows * fused)
        AttentionUnits(group, of: batch, config, kernels: kernels).backward(
            g.dfused, dout: g.dattention, out: a.attention, logSum: a.attentionLogSum, fused: a.fused,
            scratch: g.attentionUnits)
        batch.positions.withUnsafeBufferPointer { positions in
            guard let base = positions.baseAddress else { return }
            kernels.rotate(g.dfused, rotary, base + group.rows.lowerBound, rows: rows, config, inverse: true)
        }
        headNormBackward(g.dfused, a, offsets, parameters, gradients, scratch: g.heads, unused: g.unused, rows: rows)
        biasGradient(gradients, offsets.queryBias, g.dfused, outputs: fused, rows: rows)
        let normWeight = parameters.base + offsets.inputNorm
        kernels.norm(g.normed, a.attentionRstd, a.x, weight: normWeight, rows: rows, config)
        kernels.linearGradient(
            gradients.at(offsets.query), g.dfused, outputs: fused, g.normed, inputs: c, rows: rows)
        adapterGradients?.addWeights(.attentionInput, layer: layer, dy: g.dfused, fused, x: g.normed)
        guard lowest < AdapterSite.attentionInput.depth(layer: layer) else { return }
        kernels.linear(g.dnormed, c, g.dfused, fused, packed.queryKeyValue, rows: rows)
        adapterGradients?.addInput(.attentionInput, layer: layer, dx: g.dnormed)
        kernels.normBackward(
            g.dx, gradients.at(offsets.inputNorm) ?? g.unused, dy: g.dnormed, x: a.x, weight: normWeight,
            rstd: a.attentionRstd, rows: rows, channels: c)
    }

    /// The last layer's output projection on the needed rows; spreads their gradients over the group's rows.
    private func scatterTail(
        _ a: ForwardPass.Activations, _ group: RaggedBatch.Group, _ packed: PackedWeights.Layer, _ doutput: Floats?,
        _ g: Gradients
    ) {
        let (c, q) = (config.hiddenSize, config.querySize)
        let first = group.rows.lowerBound
        for (index, needed) in group.needed.enumerated() {
            let row = Int(batch.neededRows[needed]) - first
            (g.attentionRows + index * q).update(from: a.attention + row * q, count: q)
        }
        kernels.linearGradient(doutput, g.dtail, outputs: c, g.attentionRows, inputs: q, rows: group.needed.count)
        let layer = config.layerCount - 1
        let dproduct =
            adapterGradients?.addWeights(
                .attentionOutput, layer: layer, dstream: g.dtail, x: g.attentionRows, rowCount: group.needed.count)
            ?? g.dtail
        kernels.linear(g.attentionRows, q, dproduct, c, packed.output, rows: group.needed.count)
        adapterGradients?.addInput(.attentionOutput, layer: layer, dx: g.attentionRows)
        g.dx.update(repeating: 0, count: group.rows.count * c)
        g.dattention.update(repeating: 0, count: group.rows.count * q)
        for (index, needed) in group.needed.enumerated() {
            let row = Int(batch.neededRows[needed]) - first
            // Added, because sequences with the same beginning may need the same row.
            kernels.table.pointee.axpy(g.dx + row * c, g.dtail + index * c, 1, c)
            kernels.table.pointee.axpy(g.dattention + row * q, g.attentionRows + index * q, 1, q)
        }
    }
}

/// The gradient of a model's weights, or nothing where the model is frozen.
struct WeightGradients {
    let memory: Parameters?

    /// The gradient's memory at an offset of the parameters, nil where it is not wanted.
    func at(_ offset: Int) -> Floats? { memory.map { $0.base + offset } }
}
