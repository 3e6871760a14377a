import Foundation

/// What every view of one base shares beside its packed weights: made when it is first needed, then kept.
// Safety: the lock guards the caches `transposedWeights`, `meanRow`, `squares` and `others`; what they hold is written
// before it is stored and only read afterwards.
final class FrozenBase: @unchecked Sendable {
    let parameters: Parameters
    let packed: PackedWeights
    private let kernels: Kernels
    private let lock = NSLock()
    private var transposedWeights: PackedWeights?
    private var meanRow: [Float]?
    private var squares: [Int: [Float]] = [:]
    private var others: [WeightFormat: Transformer] = [:]

    init(_ parameters: Parameters, _ packed: PackedWeights, kernels: Kernels) {
        self.parameters = parameters
        self.packed = packed
        self.kernels = kernels
    }

    /// The matrices of the backward pass, in the format that goes with the base's.
    var transposed: PackedWeights {
        lock.withLock {
            if let transposedWeights { return transposedWeights }
            let format = packed.format.backward
            let made = PackedWeights(parameters.config, kernels: kernels, format: format, transposed: true)
            made.pack(parameters)
            transposedWeights = made
            return made
        }
    }

    /// The head's mean row, which statistics of a training pass read.
    var headMeanRow: [Float] {
        lock.withLock {
            if let meanRow { return meanRow }
            let made = HeadStatistics.meanRow(of: parameters, kernels)
            meanRow = made
            return made
        }
    }

    /// Makes what an adapter's training pass reads beside the packed weights.
    func prepareTraining() { _ = (transposed, headMeanRow) }

    /// The same base in another format.
    func other(_ format: WeightFormat, make: () -> Transformer) -> Transformer {
        lock.withLock {
            if let known = others[format] { return known }
            let made = make()
            others[format] = made
            return made
        }
    }

    /// The packed matrix that a module is part of, without its bias, and the module's first column in its result.
    func matrix(of module: AdapterModule, layer: Int) -> (matrix: PackedMatrix, column: Int) {
        (whole(module, layer).withoutBias, module.column(parameters.config))
    }

    /// The bias of a module `[outputs]`, nil where the layer has none.
    func bias(of module: AdapterModule, layer: Int) -> Floats? {
        whole(module, layer).bias.map { $0 + module.column(parameters.config) }
    }

    private func whole(_ module: AdapterModule, _ layer: Int) -> PackedMatrix {
        let layer = packed.layers[layer]
        return switch module {
        case .query, .key, .value: layer.queryKeyValue
        case .output: layer.output
        case .gate: layer.gate
        case .up: layer.up
        case .down: layer.down
        }
    }

    /// Σ of the squares of each row of a module's matrix, as the packed weights hold it.
    func rowSquares(of module: AdapterModule, layer: Int) -> [Float] {
        lock.withLock {
            let key = layer * AdapterModule.allCases.count + module.rawValue
            if let known = squares[key] { return known }
            let (matrix, _) = matrix(of: module, layer: layer)
            let sums = columnSquares(matrix)
            for sibling in module.site.modules {
                let (other, column) = self.matrix(of: sibling, layer: layer)
                guard other.memory == matrix.memory else { continue }
                squares[layer * AdapterModule.allCases.count + sibling.rawValue] = Array(
                    sums[column..<column + sibling.outputs(parameters.config)])
            }
            return squares[key] ?? []
        }
    }

    /// Products with unit vectors are the matrix's columns, whatever the format that it is packed in.
    private func columnSquares(_ matrix: PackedMatrix) -> [Float] {
        let block = min(matrix.inputs, 64)
        let memory = FloatBuffer()
        defer { withExtendedLifetime(memory) {} }
        let p = memory.reserve([block * matrix.inputs, block * matrix.outputs, matrix.outputs])
        p[2].update(repeating: 0, count: matrix.outputs)
        for first in stride(from: 0, to: matrix.inputs, by: block) {
            let rows = min(block, matrix.inputs - first)
            p[0].update(repeating: 0, count: rows * matrix.inputs)
            for row in 0..<rows { p[0][row * matrix.inputs + first + row] = 1 }
            kernels.linear(p[1], matrix.outputs, p[0], matrix.inputs, matrix, rows: rows)
            kernels.addColumnDots(
                p[2], p[1], matrix.outputs, p[1], matrix.outputs, rows: rows, columns: matrix.outputs)
        }
        return Array(UnsafeBufferPointer(start: p[2], count: matrix.outputs))
    }
}
