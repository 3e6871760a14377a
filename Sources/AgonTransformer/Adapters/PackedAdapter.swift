import CKernels

/// An adapter in the order that the kernels read, its scale multiplied in.
///
/// The forward pass reads scale·A and B. For training the matrices of the backward pass are there as well. With DoRA
/// each output has a gain m / ‖W + scale·B·A‖, computed here from the base's packed weights:
///
///     ‖w + s·b·A‖² = ‖w‖² + 2s · Σ_k b_k · ((A·Wᵀ)_k + s/2 · (A·Aᵀ·Bᵀ)_k)          w, b: a row of W and of B
// Safety: `pack` writes; inference packs once, before the object is shared, and a training pass owns its own.
final class PackedAdapter: @unchecked Sendable {
    /// One adapted linear layer.
    struct Part {
        let layout: AdapterLayout.Part
        let outputs: Int
        /// Its first column in the rows that the site writes.
        let column: Int
        /// B `[outputs, rank]`, and scale·Bᵀ.
        let b: PackedMatrix
        let bTransposed: PackedMatrix?
        /// DoRA's m / norm and 1 / norm `[outputs]`.
        let gain, inverseNorm: Floats?
        /// The base's bias `[outputs]`, to which gains do not apply.
        let bias: Floats?
    }

    /// The adapted layers that read one input.
    struct Site {
        let layout: AdapterLayout.Site
        let inputs: Int
        /// scale·A `[R, inputs]`, and Aᵀ.
        let a: PackedMatrix
        let aTransposed: PackedMatrix?
        let parts: [Part]
        var hasGains: Bool { parts.contains { $0.gain != nil } }
    }

    let layout: AdapterLayout
    let dropout: Float
    private let sites: [[Site?]]
    private let frozen: FrozenBase
    private let kernels: Kernels
    private let memory: UnsafeMutableBufferPointer<Float>
    private let scratch = FloatBuffer()

    /// Floats that the packed matrices take.
    var count: Int { memory.count }

    init(_ adapter: Adapter, _ frozen: FrozenBase, kernels: Kernels, forTraining: Bool) {
        layout = adapter.layout
        dropout = Float(adapter.config.dropout)
        self.frozen = frozen
        self.kernels = kernels
        let config = adapter.baseConfig
        var total = 0
        func place(_ count: Int) -> Int {
            defer { total += (count + 15) / 16 * 16 }
            return total
        }
        func matrix(_ outputs: Int, _ inputs: Int) -> (Floats) -> PackedMatrix {
            let offset = place(kernels.packedCount(outputs: outputs, inputs: inputs))
            return { PackedMatrix(memory: $0 + offset, outputs: outputs, inputs: inputs) }
        }
        let makers = layout.sites.enumerated().map { layer, sites in
            AdapterSite.allCases.map { site -> ((Floats) -> Site)? in
                guard let here = sites[site.rawValue] else { return nil }
                let inputs = site.inputs(config)
                let a = matrix(here.rank, inputs)
                let aTransposed = forTraining ? matrix(inputs, here.rank) : nil
                let parts = here.parts.map { part -> (Floats) -> Part in
                    let outputs = part.module.outputs(config)
                    let b = matrix(outputs, part.rank)
                    let bTransposed = forTraining ? matrix(part.rank, outputs) : nil
                    let gains = part.magnitude.map { _ in (place(outputs), place(outputs)) }
                    return { base in
                        Part(
                            layout: part, outputs: outputs, column: part.module.column(config), b: b(base),
                            bTransposed: bTransposed?(base), gain: gains.map { base + $0.0 },
                            inverseNorm: gains.map { base + $0.1 },
                            bias: frozen.bias(of: part.module, layer: layer))
                    }
                }
                return { base in
                    Site(
                        layout: here, inputs: inputs, a: a(base), aTransposed: aTransposed?(base),
                        parts: parts.map { $0(base) })
                }
            }
        }
        memory = FloatMemory.allocate(total)
        memory.initialize(repeating: 0)
        let base = memory.baseAddress!
        sites = makers.map { $0.map { $0?(base) } }
        pack(adapter)
    }

    deinit { memory.deallocate() }

    /// What is adapted at a place, or nil.
    func site(_ site: AdapterSite, layer: Int) -> Site? { sites[layer][site.rawValue] }

    /// Whether the memory serves another adapter as well.
    func fits(_ adapter: Adapter) -> Bool { adapter.layout == layout && Float(adapter.config.dropout) == dropout }

    /// Reads every matrix of an adapter that fits.
    func pack(_ adapter: Adapter) {
        precondition(fits(adapter), "an adapter of another layout than it was packed for")
        let p = scratch.reserve([layout.count, scratchCount])
        p[0].update(repeating: 0, count: layout.count)
        for (layer, sites) in sites.enumerated() {
            for case let site? in sites {
                for part in site.parts {
                    let a = site.layout.a + part.layout.rankStart * site.inputs
                    let scale = part.layout.scale
                    kernels.table.pointee.axpy(p[0] + a, adapter.base + a, scale, part.layout.rank * site.inputs)
                    let b = part.layout.b
                    kernels.table.pointee.axpy(p[0] + b, adapter.base + b, scale, part.layout.rank * part.outputs)
                    kernels.packTransposed(adapter.base + b, into: part.b)
                    if let transposed = part.bTransposed { kernels.pack(p[0] + b, into: transposed) }
                }
                kernels.pack(p[0] + site.layout.a, into: site.a)
                if let transposed = site.aTransposed {
                    kernels.packTransposed(adapter.base + site.layout.a, into: transposed)
                }
                for part in site.parts { setGains(part, site, layer, adapter, p[1]) }
            }
        }
    }

    /// Floats that `setGains` needs for the largest site.
    private var scratchCount: Int {
        var count = 0
        for case let site? in sites.joined() where site.hasGains {
            for part in site.parts {
                let (matrix, _) = frozen.matrix(of: part.layout.module, layer: 0)
                let rank = part.layout.rank
                count = max(count, rank * (matrix.outputs + site.layout.rank + rank) + part.outputs)
            }
        }
        return count
    }

    private func setGains(_ part: Part, _ site: Site, _ layer: Int, _ adapter: Adapter, _ scratch: Floats) {
        guard let gain = part.gain, let inverseNorm = part.inverseNorm, let magnitude = part.layout.magnitude else {
            return
        }
        let (rank, outputs) = (part.layout.rank, part.outputs)
        let (matrix, column) = frozen.matrix(of: part.layout.module, layer: layer)
        let a = adapter.base + site.layout.a + part.layout.rankStart * site.inputs
        let product = scratch
        let gram = product + rank * matrix.outputs
        let square = gram + rank * site.layout.rank
        let dots = square + rank * rank
        kernels.linear(product, matrix.outputs, a, site.inputs, matrix, rows: rank)
        kernels.linear(gram, site.layout.rank, a, site.inputs, site.a, rows: rank)
        for i in 0..<rank {
            for j in 0..<rank {
                square[i * rank + j] = gram[i * site.layout.rank + part.layout.rankStart + j] / 2
            }
        }
        kernels.linear(product + column, matrix.outputs, square, rank, part.b, rows: rank, accumulate: true)
        dots.update(repeating: 0, count: outputs)
        kernels.addColumnDots(
            dots, adapter.base + part.layout.b, outputs, product + column, matrix.outputs, rows: rank,
            columns: outputs)
        let squares = frozen.rowSquares(of: part.layout.module, layer: layer)
        for i in 0..<outputs {
            let norm = max(0, squares[i] + 2 * part.layout.scale * dots[i]).squareRoot()
            // A row of zeros has no direction: its output is zero whatever the magnitude.
            inverseNorm[i] = norm > 0 ? 1 / norm : 0
            // Divided, so that magnitudes that are the norms give gains of exactly one.
            gain[i] = norm > 0 ? adapter.values[magnitude + i] / norm : 0
        }
    }
}
