import CKernels

/// The backward pass of adapters: gradients of A, B and magnitudes, and what flows on to the layers below.
///
/// With dv = ∂L/∂(W·x + B·h), on the rows of one adapter:
///
///     dB += dvᵀ·h        dh = dv·(scale·B)        dA += dhᵀ·x        dx += dh·A
///
/// With DoRA y = gain · v, so dv = gain · dy and dm += Σ dy · v / norm; v is computed again from x, which costs one
/// more product with the base and no memory.
///
/// Not Sendable: belongs to one training pass.
final class AdapterGradients {
    private let rows: AdapterRows
    private let kernels: Kernels
    private let config: ModelConfig
    private let frozen: FrozenBase
    private let scratch = FloatBuffer()
    private var gradients: [Adapter] = []
    /// ∂L/∂h `[group rows, R]`.
    private var dhidden: Floats?
    /// `[group rows, widest input]`
    private var dinput: Floats?
    /// `[group rows, C]`: the gradient of a product that goes into the residual stream.
    private var dproduct: Floats?
    /// v again `[group rows, widest output]`, and sums over its rows.
    private var value, sums: Floats?

    init(_ rows: AdapterRows, _ frozen: FrozenBase) {
        self.rows = rows
        kernels = rows.kernels
        config = rows.config
        self.frozen = frozen
    }

    /// Makes room for the backward pass of a batch.
    ///
    /// - Parameter gradients: by policy index, of the same layouts as the adapters; added to.
    func prepare(_ gradients: [Adapter], groupRows: Int) {
        self.gradients = gradients
        let widest = AdapterSite.allCases.map { $0.inputs(config) }.max() ?? 0
        let outputs = max(config.fusedSize, config.feedForwardSize, config.hiddenSize)
        let rank = gradients.reduce(0) { most, adapter in
            AdapterSite.allCases.reduce(most) { max($0, adapter.layout.greatestRank(of: $1)) }
        }
        let isScaled = gradients.contains { $0.config.usesMagnitudes }
        let p = scratch.reserve([
            groupRows * rank, groupRows * widest, groupRows * config.hiddenSize, isScaled ? groupRows * outputs : 0,
            isScaled ? outputs : 0,
        ])
        (dhidden, dinput, dproduct, value, sums) = (p[0], p[1], p[2], p[3], p[4])
    }

    /// Below this depth of the forward pass nothing of a group is trained.
    func lowestDepth(of group: RaggedBatch.Group, _ batch: RaggedBatch) -> Int {
        group.sequences.reduce(.max) { min($0, gradients[batch.spans[$1].policy].layout.lowestDepth) }
    }

    /// Adds the gradients of a site's matrices; `addInput` continues from what this leaves.
    ///
    /// - Parameters:
    ///   - dy: ∂L/∂y, rows of `lddy`, changed in place to that of the base's product; `second` of `up_proj`.
    ///   - x: the site's common input `[rows, inputs]`.
    func addWeights(
        _ site: AdapterSite, layer: Int, dy: Floats, _ lddy: Int, second: Floats? = nil, x: Floats
    ) {
        guard rows.isActive, let dhidden else { return }
        for run in rows.runs(site, layer: layer) {
            guard let here = run.adapter.site(site, layer: layer) else { continue }
            let gradient = gradients[run.index]
            let (h, width) = rows.hidden(site, layer: layer, run)
            let count = run.rows.count
            let rank = here.layout.rank
            let dh = dhidden + run.rows.lowerBound * rank
            for part in here.parts {
                let dv = AdapterRows.target(part, dy, lddy, second, run)
                scale(part, site, layer, run, dv, lddy, x: x, gradient)
                let h = h + part.layout.rankStart
                kernels.linearGradient(
                    gradient.base + part.layout.b, h, width, outputs: part.layout.rank, dv, lddy,
                    inputs: part.outputs, rows: count)
                if let matrix = part.bTransposed {
                    kernels.linear(dh + part.layout.rankStart, rank, dv, lddy, matrix, rows: count)
                }
            }
            kernels.linearGradient(
                gradient.base + here.layout.a, dh, rank, outputs: rank, rows.input(site, layer: layer, run, x),
                here.inputs, inputs: here.inputs, rows: count)
        }
    }

    /// The same where y is summed into the residual stream, whose gradient must stay: the result is that of the base's
    /// product, the given memory itself without DoRA.
    func addWeights(
        _ site: AdapterSite, layer: Int, dstream: Floats, x: Floats, rowCount: Int
    ) -> Floats {
        var dy = dstream
        let isScaled =
            rows.isActive
            && rows.runs(site, layer: layer).contains { $0.adapter.site(site, layer: layer)?.hasGains == true }
        if isScaled, let dproduct {
            dproduct.update(from: dstream, count: rowCount * config.hiddenSize)
            dy = dproduct
        }
        addWeights(site, layer: layer, dy: dy, config.hiddenSize, x: x)
        return dy
    }

    /// dx += dh·A, after the base's own gradient of the input has been written.
    func addInput(_ site: AdapterSite, layer: Int, dx: Floats) {
        guard rows.isActive, let dhidden, let dinput else { return }
        for run in rows.runs(site, layer: layer) {
            guard let here = run.adapter.site(site, layer: layer), let matrix = here.aTransposed else { continue }
            let (count, rank, inputs) = (run.rows.count, here.layout.rank, here.inputs)
            let dh = dhidden + run.rows.lowerBound * rank
            let dx = dx + run.rows.lowerBound * inputs
            guard rows.isDropping(run) else {
                kernels.linear(dx, inputs, dh, rank, matrix, rows: count, accumulate: true)
                continue
            }
            kernels.linear(dinput, inputs, dh, rank, matrix, rows: count)
            rows.drop(site, layer: layer, run, from: dinput, into: dinput)
            kernels.table.pointee.axpy(dx, dinput, 1, count * inputs)
        }
    }

    /// DoRA: the gradient of the magnitudes, and dy in place to dv.
    private func scale(
        _ part: PackedAdapter.Part, _ site: AdapterSite, _ layer: Int, _ run: AdapterRows.Run, _ dy: Floats,
        _ lddy: Int, x: Floats, _ gradient: Adapter
    ) {
        guard let gain = part.gain, let inverseNorm = part.inverseNorm, let magnitude = part.layout.magnitude,
            let value, let sums
        else { return }
        let (matrix, column) = frozen.matrix(of: part.layout.module, layer: layer)
        let inputs = site.inputs(config)
        let count = run.rows.count
        let (h, width) = rows.hidden(site, layer: layer, run)
        kernels.linear(value, matrix.outputs, x + run.rows.lowerBound * inputs, inputs, matrix, rows: count)
        kernels.linear(
            value + column, matrix.outputs, h + part.layout.rankStart, width, part.b, rows: count, accumulate: true)
        sums.update(repeating: 0, count: part.outputs)
        kernels.addColumnDots(
            sums, dy, lddy, value + column, matrix.outputs, rows: count, columns: part.outputs)
        kernels.scaleColumns(sums, part.outputs, gain: inverseNorm, rows: 1, columns: part.outputs)
        kernels.table.pointee.axpy(gradient.base + magnitude, sums, 1, part.outputs)
        kernels.scaleColumns(dy, lddy, gain: gain, rows: count, columns: part.outputs)
    }
}
