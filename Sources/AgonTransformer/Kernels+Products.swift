import CKernels

/// A weight matrix `[outputs, inputs]` in the order that the path's product reads.
struct PackedMatrix {
    let memory: Floats
    let outputs: Int
    let inputs: Int
    /// `[outputs]`, added to every row of the product; nil where the layer has none.
    var bias: Floats?
    var format = WeightFormat.float32

    /// The matrix alone.
    var withoutBias: PackedMatrix { PackedMatrix(memory: memory, outputs: outputs, inputs: inputs, format: format) }
}

/// Matrix products: in the format of the weights, shared by the team. Shapes are in the C header.
extension Kernels {
    /// Words of four bytes that a packed matrix takes.
    func packedCount(outputs: Int, inputs: Int, _ format: WeightFormat = .float32) -> Int {
        let (n, k) = (Int32(outputs), Int32(inputs))
        return switch format {
        case .float32: table.pointee.packed_count(n, k)
        case .bfloat16: table.pointee.packed_count_bfloat16(n, k)
        case .int8: table.pointee.packed_count_int8(n, k)
        }
    }

    /// Packs w `[outputs, inputs]`.
    func pack(_ w: Floats, into packed: PackedMatrix) {
        let inputs = packed.inputs
        share(packed.outputs, unit: Int(table.pointee.panel), nanoseconds: packed.outputs * inputs / 8) { part in
            let from = w + part.lowerBound * inputs
            let into = packed.memory + packedCount(outputs: part.lowerBound, inputs: inputs, packed.format)
            let (n, k) = (Int32(part.count), Int32(inputs))
            switch packed.format {
            case .float32: table.pointee.pack(from, k, n, k, into)
            case .bfloat16: table.pointee.pack_bfloat16(from, k, n, k, into)
            case .int8: table.pointee.pack_int8(from, k, n, k, into)
            }
        }
    }

    /// Packs wᵀ, w being `[inputs, outputs]` of the packed matrix.
    ///
    /// - Precondition: the format is float32 or bfloat16.
    func packTransposed(_ w: Floats, into packed: PackedMatrix) {
        let (outputs, inputs) = (packed.outputs, packed.inputs)
        precondition(packed.format != .int8, "int8 weights have no backward pass")
        share(outputs, unit: Int(table.pointee.panel), nanoseconds: outputs * inputs / 8) { part in
            let into = packed.memory + packedCount(outputs: part.lowerBound, inputs: inputs, packed.format)
            let pack =
                packed.format == .float32 ? table.pointee.pack_transposed : table.pointee.pack_transposed_bfloat16
            pack?(w + part.lowerBound, Int32(outputs), Int32(inputs), Int32(part.count), into)
        }
    }

    /// y `[rows, outputs]` = x `[rows, inputs]`·wᵀ, plus the bias, plus y itself with `accumulate`.
    @inline(__always)
    func linear(
        _ y: Floats, _ ldy: Int, _ x: Floats, _ ldx: Int, _ w: PackedMatrix, rows: Int, accumulate: Bool = false
    ) {
        let nanoseconds = rows * w.outputs * w.inputs / 128
        let panel = Int(table.pointee.panel)
        // Many rows are cut among the threads, so that each reads the weights in the order of the others; few rows
        // would leave half-empty tiles, and the outputs are cut.
        if rows >= Self.tallRows * threadCount {
            share(rows, nanoseconds: nanoseconds) { part in
                product(y + part.lowerBound * ldy, ldy, x + part.lowerBound * ldx, ldx, w, part.count,
                    outputs: 0..<w.outputs, accumulate)
            }
        } else {
            share(w.outputs, unit: panel, nanoseconds: nanoseconds) { part in
                product(y, ldy, x, ldx, w, rows, outputs: part, accumulate)
            }
        }
    }

    private static let tallRows = 112

    private func product(
        _ y: Floats, _ ldy: Int, _ x: Floats, _ ldx: Int, _ w: PackedMatrix, _ rows: Int, outputs: Range<Int>,
        _ accumulate: Bool
    ) {
        let first = outputs.lowerBound
        let panels = w.memory + packedCount(outputs: first, inputs: w.inputs, w.format)
        let bias = w.bias.map { $0 + first }
        let (m, n, k) = (Int32(rows), Int32(outputs.count), Int32(w.inputs))
        let add: Int32 = accumulate ? 1 : 0
        switch w.format {
        case .float32:
            table.pointee.linear(y + first, Int32(ldy), x, Int32(ldx), panels, m, n, k, bias, add)
        case .bfloat16:
            let words = (w.inputs + 1) / 2
            withWords(rows * words) { narrow in
                table.pointee.to_bfloat16(narrow, Int32(words), x, Int32(ldx), m, k)
                table.pointee.linear_bfloat16(
                    y + first, Int32(ldy), narrow, Int32(words), panels, m, n, k, bias, add)
            }
        case .int8:
            let words = table.pointee.quantised_count(k)
            withWords(rows * words) { narrow in
                table.pointee.quantise(narrow, x, Int32(ldx), m, k)
                table.pointee.linear_int8(y + first, Int32(ldy), narrow, Int32(words), panels, m, n, k, bias, add)
            }
        }
    }

    /// dw `[outputs, inputs]` += dyᵀ·x, all dense, in the format of `products`; nothing where dw is nil, the matrix
    /// being frozen.
    func linearGradient(_ dw: Floats?, _ dy: Floats, outputs: Int, _ x: Floats, inputs: Int, rows: Int) {
        guard let dw else { return }
        let (m, k) = (Int32(rows), Int32(inputs))
        let nanoseconds = rows * outputs * inputs / 128
        guard products == .bfloat16 else {
            share(outputs, nanoseconds: nanoseconds) { part in
                table.pointee.linear_dw(
                    dw + part.lowerBound * inputs, k, dy + part.lowerBound, Int32(outputs), x, k, m,
                    Int32(part.count), k)
            }
            return
        }
        let pairs = (rows + 1) / 2
        withWords(pairs * (outputs + inputs)) { narrow in
            let narrowX = narrow + pairs * outputs
            share(rows, unit: 2, nanoseconds: rows * (outputs + inputs) / 16) { part in
                let pair = part.lowerBound / 2
                table.pointee.to_bfloat16_rows(
                    narrow + pair * outputs, dy + part.lowerBound * outputs, Int32(outputs), Int32(part.count),
                    Int32(outputs))
                table.pointee.to_bfloat16_rows(
                    narrowX + pair * inputs, x + part.lowerBound * inputs, k, Int32(part.count), k)
            }
            share(outputs, nanoseconds: nanoseconds / 2) { part in
                table.pointee.linear_dw_bfloat16(
                    dw + part.lowerBound * inputs, k, narrow + part.lowerBound, Int32(outputs), narrowX, k, m,
                    Int32(part.count), k)
            }
        }
    }

    /// Memory for words that one call needs.
    private func withWords(_ count: Int, _ body: (Floats) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: count * MemoryLayout<Float>.stride, alignment: 64) { bytes in
            guard let base = bytes.baseAddress else { return }
            body(base.assumingMemoryBound(to: Float.self))
        }
    }
}
