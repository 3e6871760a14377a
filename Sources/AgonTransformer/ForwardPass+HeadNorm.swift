import CKernels

extension ModelConfig {
    /// Heads that are normed before the rotation: H + K, or none.
    var normedHeadCount: Int { hasHeadNorms ? headCount + keyValueHeadCount : 0 }
    /// Columns of those heads; in a fused row they come first.
    var normedHeadSize: Int { normedHeadCount * headSize }
}

extension Kernels {
    /// RMSNorm over D of each query and key head of fused rows: y = weight · x / √(mean(x²) + ε).
    ///
    /// - Parameters:
    ///   - fused: `[rows, H·D + 2·K·D]`; its queries and keys are written, its values left.
    ///   - x: the heads as they were projected, rows of `ldx` floats; may be `fused` itself.
    ///   - rstd: the inverse deviations, `[rows, H + K]`.
    ///   - queryWeight, keyWeight: `[D]`.
    func normHeads(
        _ fused: Floats, from x: Floats, ldx: Int, rstd: Floats, queryWeight: Floats, keyWeight: Floats, rows: Int,
        _ config: ModelConfig
    ) {
        let (h, k, d) = (Int32(config.headCount), Int32(config.keyValueHeadCount), Int32(config.headSize))
        for row in 0..<rows {
            let (y, x, rstd) = (fused + row * config.fusedSize, x + row * ldx, rstd + row * config.normedHeadCount)
            table.pointee.rmsnorm(y, rstd, x, queryWeight, h, d, config.normEpsilon)
            table.pointee.rmsnorm(
                y + config.querySize, rstd + config.headCount, x + config.querySize, keyWeight, k, d,
                config.normEpsilon)
        }
    }
}

extension ForwardPass {
    /// Norms the heads of fused rows in place, and keeps what the backward pass needs; nothing in models without.
    func normHeads(_ a: Activations, _ parameters: Parameters, _ offsets: ParameterLayout.Layer, rows: Int) {
        guard let query = offsets.queryNorm, let key = offsets.keyNorm else { return }
        let width = config.normedHeadSize
        for row in 0..<rows {
            (a.headInput + row * width).update(from: a.fused + row * config.fusedSize, count: width)
        }
        kernels.normHeads(
            a.fused, from: a.headInput, ldx: width, rstd: a.headRstd, queryWeight: parameters.base + query,
            keyWeight: parameters.base + key, rows: rows, config)
    }
}

extension TrainingPass {
    /// From the gradient of the normed heads to that of the projected ones, in place.
    ///
    /// - Parameter dfused: `[rows, H·D + 2·K·D]`, rotated back.
    /// - Parameter scratch: `[H·D + K·D]`.
    /// - Parameter unused: takes the gradient of norm weights that are not trained, `[D]`.
    func headNormBackward(
        _ dfused: Floats, _ a: ForwardPass.Activations, _ offsets: ParameterLayout.Layer, _ parameters: Parameters,
        _ gradients: WeightGradients, scratch: Floats, unused: Floats, rows: Int
    ) {
        guard let query = offsets.queryNorm, let key = offsets.keyNorm else { return }
        let (width, q) = (config.normedHeadSize, config.querySize)
        let (h, k, d) = (Int32(config.headCount), Int32(config.keyValueHeadCount), Int32(config.headSize))
        for row in 0..<rows {
            let dx = dfused + row * config.fusedSize
            let (x, rstd) = (a.headInput + row * width, a.headRstd + row * config.normedHeadCount)
            scratch.update(from: dx, count: width)
            dx.update(repeating: 0, count: width)
            kernels.table.pointee.rmsnorm_backward(
                dx, gradients.at(query) ?? unused, scratch, x, parameters.base + query, rstd, h, d)
            kernels.table.pointee.rmsnorm_backward(
                dx + q, gradients.at(key) ?? unused, scratch + q, x + q, parameters.base + key,
                rstd + config.headCount, k, d)
        }
    }

    /// Adds the sum of the rows of dy `[rows, outputs]`, in ascending order, to a bias's gradient where there is one.
    func biasGradient(_ gradients: WeightGradients, _ offset: Int?, _ dy: Floats, outputs: Int, rows: Int) {
        guard let offset, let gradient = gradients.at(offset) else { return }
        for row in 0..<rows { kernels.table.pointee.axpy(gradient, dy + row * outputs, 1, outputs) }
    }
}
