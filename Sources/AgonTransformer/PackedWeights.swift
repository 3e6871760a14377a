/// All linear layers of a model in the order that the kernels read.
///
/// Query, key and value are one matrix. All matrices have one format; norms and the embedding stay float32. With `transposed`, the matrices are those of the backward pass.
// Safety: `pack` writes; inference packs once, before the object is shared, and a training pass owns its own.
final class PackedWeights: @unchecked Sendable {
    struct Layer {
        let queryKeyValue, output, gate, up, down: PackedMatrix
    }

    let layers: [Layer]
    let head: PackedMatrix
    private let kernels: Kernels
    private let transposed: Bool
    private let memory: UnsafeMutableBufferPointer<Float>

    init(_ config: ModelConfig, kernels: Kernels, format: WeightFormat = .float32, transposed: Bool = false) {
        self.kernels = kernels
        self.transposed = transposed
        let headRows = config.head == .language ? config.vocabularySize : 1
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        var shapes: [(Int, Int)] = []
        for _ in 0..<config.layerCount {
            shapes += [(config.fusedSize, c), (c, config.querySize), (f, c), (f, c), (c, f)]
        }
        shapes.append((headRows, c))
        if transposed { shapes = shapes.map { ($0.1, $0.0) } }
        var offsets: [Int] = []
        var total = 0
        for (outputs, inputs) in shapes {
            offsets.append(total)
            total += (kernels.packedCount(outputs: outputs, inputs: inputs, format) + 15) / 16 * 16
        }
        let memory = FloatMemory.allocate(total)
        self.memory = memory
        let matrices = zip(shapes, offsets).map { shape, offset in
            PackedMatrix(
                memory: memory.baseAddress! + offset, outputs: shape.0, inputs: shape.1, format: format)
        }
        layers = (0..<config.layerCount).map { layer in
            let m = matrices[(5 * layer)..<(5 * layer + 5)]
            let first = m.startIndex
            return Layer(
                queryKeyValue: m[first], output: m[first + 1], gate: m[first + 2], up: m[first + 3], down: m[first + 4])
        }
        head = matrices[matrices.count - 1]
    }

    deinit { memory.deallocate() }

    /// Memory of all matrices.
    var byteCount: Int { memory.count * MemoryLayout<Float>.stride }

    /// Reads every matrix of the parameters, which must be of the same config.
    func pack(_ parameters: Parameters) {
        let base = parameters.base
        let gateCount = parameters.config.feedForwardSize * parameters.config.hiddenSize
        for (index, layer) in layers.enumerated() {
            let offsets = parameters.layout.layer(index)
            pack(base + offsets.query, layer.queryKeyValue)
            pack(base + offsets.output, layer.output)
            pack(base + offsets.gate, layer.gate)
            pack(base + offsets.gate + gateCount, layer.up)
            pack(base + offsets.down, layer.down)
        }
        pack(base + parameters.layout.headMatrix, head)
    }

    private func pack(_ w: Floats, _ matrix: PackedMatrix) {
        transposed ? kernels.packTransposed(w, into: matrix) : kernels.pack(w, into: matrix)
    }
}
