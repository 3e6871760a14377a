import CKernels

/// An adapter's change written into the weights themselves.
extension Adapter {
    /// The base's weights with this adapter merged: a plain model that needs no adapter and computes the same.
    ///
    ///     W ← W + scale·B·A,   with DoRA   W ← m / ‖W + scale·B·A‖ · (W + scale·B·A)
    ///
    /// Equal to the adapted model up to rounding; what was merged cannot be taken out again to the bit.
    ///
    /// - Precondition: the base has the sizes that the adapter was made for.
    public func merged(into base: Parameters, kernels: Kernels) -> Parameters {
        precondition(base.config == baseConfig, "the adapter belongs to a base of other sizes")
        let merged = base.copy()
        let rank = AdapterSite.allCases.reduce(0) { max($0, layout.greatestRank(of: $1)) }
        let outputs = max(baseConfig.fusedSize, baseConfig.feedForwardSize, baseConfig.hiddenSize)
        let buffer = FloatBuffer()
        defer { withExtendedLifetime((buffer, self)) {} }
        let scaled = buffer.reserve(rank * outputs)
        for (layer, sites) in layout.sites.enumerated() {
            for (site, here) in zip(AdapterSite.allCases, sites) {
                guard let here else { continue }
                let inputs = site.inputs(baseConfig)
                for part in here.parts {
                    guard let weights = merged[part.module.name(layer: layer) + ".weight"] else {
                        preconditionFailure("a base without \(part.module.name(layer: layer))")
                    }
                    let count = part.rank * weights.count / inputs
                    scaled.update(repeating: 0, count: count)
                    kernels.table.pointee.axpy(scaled, self.base + part.b, part.scale, count)
                    merge(part, weights, inputs, scaled, a: self.base + here.a + part.rankStart * inputs, kernels)
                }
            }
        }
        return merged
    }

    /// - Parameter scaled: scale·Bᵀ `[rank, outputs]`.
    private func merge(
        _ part: AdapterLayout.Part, _ weights: UnsafeMutableBufferPointer<Float>, _ inputs: Int, _ scaled: Floats,
        a: Floats, _ kernels: Kernels
    ) {
        guard let w = weights.baseAddress else { return }
        let outputs = weights.count / inputs
        // scaled has one row per rank, as dy has one per sample: dyᵀ·x is scale·B·A.
        kernels.linearGradient(w, scaled, outputs: outputs, a, inputs: inputs, rows: part.rank)
        guard let magnitude = part.magnitude else { return }
        for row in 0..<outputs {
            let memory = UnsafeMutableBufferPointer(rebasing: weights[row * inputs..<(row + 1) * inputs])
            let norm = kernels.sumOfSquares(memory).squareRoot()
            let gain = norm > 0 ? Float(Double(values[magnitude + row]) / norm) : 0
            for i in memory.indices { memory[i] *= gain }
        }
    }
}
