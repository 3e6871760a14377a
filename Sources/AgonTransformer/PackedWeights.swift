/// All linear layers of a model in the order that the kernels read.
///
/// Query, key and value are one matrix. Biases ride with their matrices. All matrices have one format; biases, norms
/// and the embedding stay float32. With `transposed`, the matrices are those of the backward pass, which has no biases.
// Safety: `pack` writes; inference packs once, before the object is shared, and a training pass owns its own.
final class PackedWeights: @unchecked Sendable {
    struct Layer {
        let queryKeyValue, output, gate, up, down: PackedMatrix
    }

    let layers: [Layer]
    let head: PackedMatrix
    let format: WeightFormat
    private let kernels: Kernels
    private let transposed: Bool
    private let memory: UnsafeMutableBufferPointer<Float>

    init(_ config: ModelConfig, kernels: Kernels, format: WeightFormat = .float32, transposed: Bool = false) {
        self.kernels = kernels
        self.transposed = transposed
        self.format = format
        let shapes = Self.shapes(config, transposed: transposed)
        let isBiased = transposed ? [] : Self.isBiased(config)
        var offsets: [Int] = []
        var biasOffsets: [Int?] = []
        var total = 0
        for (index, (outputs, inputs)) in shapes.enumerated() {
            offsets.append(total)
            total += (kernels.packedCount(outputs: outputs, inputs: inputs, format) + 15) / 16 * 16
            let hasBias = index < isBiased.count && isBiased[index]
            biasOffsets.append(hasBias ? total : nil)
            if hasBias { total += (outputs + 15) / 16 * 16 }
        }
        let memory = FloatMemory.allocate(total)
        self.memory = memory
        let base = memory.baseAddress!
        let matrices = shapes.indices.map { index in
            PackedMatrix(
                memory: base + offsets[index], outputs: shapes[index].outputs, inputs: shapes[index].inputs,
                bias: biasOffsets[index].map { base + $0 }, format: format)
        }
        layers = (0..<config.layerCount).map { layer in
            let m = matrices[(5 * layer)..<(5 * layer + 5)]
            let first = m.startIndex
            return Layer(
                queryKeyValue: m[first], output: m[first + 1], gate: m[first + 2], up: m[first + 3], down: m[first + 4])
        }
        head = matrices[matrices.count - 1]
    }

    /// All matrices in the order of the memory: five for each layer, then the head.
    static func shapes(_ config: ModelConfig, transposed: Bool) -> [(outputs: Int, inputs: Int)] {
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        let layer = [(config.fusedSize, c), (c, config.querySize), (f, c), (f, c), (c, f)]
        let head = (config.head == .language ? config.vocabularySize : 1, c)
        let shapes = (0..<config.layerCount).flatMap { _ in layer } + [head]
        return shapes.map { transposed ? (outputs: $0.1, inputs: $0.0) : (outputs: $0.0, inputs: $0.1) }
    }

    /// In the order of the matrices: which of them have a bias.
    private static func isBiased(_ config: ModelConfig) -> [Bool] {
        let feedForward = config.feedForwardBias
        let layer = [config.hasQueryKeyValueBias, config.attentionBias, feedForward, feedForward, feedForward]
        return (0..<config.layerCount).flatMap { _ in layer }
    }

    deinit { memory.deallocate() }

    /// A number that tells weights apart by what products read of them.
    var contentHash: UInt64 {
        let matrices = layers.flatMap { [$0.queryKeyValue, $0.output, $0.gate, $0.up, $0.down] } + [head]
        return matrices.reduce(FNV.start) { hash, matrix in
            let count = kernels.packedCount(outputs: matrix.outputs, inputs: matrix.inputs, format)
            let words = FNV.hash(hash, matrix.memory, count)
            return matrix.bias.map { FNV.hash(words, $0, matrix.outputs) } ?? words
        }
    }

    /// Memory of all matrices.
    var byteCount: Int { memory.count * MemoryLayout<Float>.stride }

    /// Reads every matrix of the parameters, which must be of the same config.
    ///
    /// - Parameter shared: the kernels with the threads that share the work; nil for those that it was made with.
    func pack(_ parameters: Parameters, shared: Kernels? = nil) {
        precondition(parameters.hasMatrices, "matrices are packed before they are released")
        let kernels = shared ?? kernels
        let base = parameters.base
        let f = parameters.config.feedForwardSize
        let gateCount = f * parameters.config.hiddenSize
        for (index, layer) in layers.enumerated() {
            let offsets = parameters.layout.layer(index)
            pack(base + offsets.query, layer.queryKeyValue, kernels)
            pack(base + offsets.output, layer.output, kernels)
            pack(base + offsets.gate, layer.gate, kernels)
            pack(base + offsets.gate + gateCount, layer.up, kernels)
            pack(base + offsets.down, layer.down, kernels)
            copyBias(base, offsets.queryBias, layer.queryKeyValue)
            copyBias(base, offsets.outputBias, layer.output)
            copyBias(base, offsets.gateBias, layer.gate)
            copyBias(base, offsets.gateBias.map { $0 + f }, layer.up)
            copyBias(base, offsets.downBias, layer.down)
        }
        pack(base + parameters.layout.headMatrix, head, kernels)
    }

    private func pack(_ w: Floats, _ matrix: PackedMatrix, _ kernels: Kernels) {
        transposed ? kernels.packTransposed(w, into: matrix) : kernels.pack(w, into: matrix)
    }

    private func copyBias(_ base: Floats, _ offset: Int?, _ matrix: PackedMatrix) {
        guard let offset, let bias = matrix.bias else { return }
        bias.update(from: base + offset, count: matrix.outputs)
    }
}
