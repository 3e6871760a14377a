import CKernels

/// The table's functions that adapters need, with Swift's integers. Shapes are in the C header.
extension Kernels {
    /// dw `[outputs, inputs]` += dyᵀ·x, dy and x being parts of wider rows.
    ///
    /// In float32 whatever `products` says: an adapter's matrices are small, and its operands are never rounded.
    @inline(__always)
    func linearGradient(
        _ dw: Floats, _ dy: Floats, _ lddy: Int, outputs: Int, _ x: Floats, _ ldx: Int, inputs: Int, rows: Int
    ) {
        share(inputs, unit: 64, nanoseconds: rows * outputs * inputs / 64) { part in
            table.pointee.linear_dw(
                dw + part.lowerBound, Int32(inputs), dy, Int32(lddy), x + part.lowerBound, Int32(ldx), Int32(rows),
                Int32(outputs), Int32(part.count))
        }
    }

    /// y = (y − bias) · gain + bias, output by output.
    @inline(__always)
    func scaleColumns(_ y: Floats, _ ldy: Int, gain: Floats, bias: Floats? = nil, rows: Int, columns: Int) {
        table.pointee.scale_columns(y, Int32(ldy), gain, bias, Int32(rows), Int32(columns))
    }

    /// sum += Σ a·b over the rows, column by column.
    @inline(__always)
    func addColumnDots(_ sum: Floats, _ a: Floats, _ lda: Int, _ b: Floats, _ ldb: Int, rows: Int, columns: Int) {
        table.pointee.column_dots(sum, a, Int32(lda), b, Int32(ldb), Int32(rows), Int32(columns))
    }
}
