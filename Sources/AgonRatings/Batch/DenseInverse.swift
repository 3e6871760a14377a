/// Inverses and products of dense symmetric matrices, on as many cores as there are.
///
/// Work is cut into blocks of rows that do not depend on the number of cores, and each element is summed by one task,
/// so the bits are the same on any machine with the same arithmetic.
///
/// - Source: Golub and Van Loan, Matrix Computations, §4.2 (block Cholesky) and §3.1.
enum DenseInverse {
    /// A⁻¹ of a symmetric positive definite matrix.
    ///
    /// - Parameter matrix: `[size, size]`, row-major.
    /// - Returns: nil where it is not positive definite.
    static func inverse(of matrix: consuming [Double], size: Int) async -> [Double]? {
        var lower = matrix
        let isDefinite = lower.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { factor($0, size) } ?? true
        }
        guard isDefinite else { return nil }
        // Rows of U = L⁻ᵀ, then A⁻¹ = U·Uᵀ.
        let triangle = lower
        let upper = await inRowBlocks(size: size) { rows in invertedRows(rows, triangle, size) }
        lower = []
        var result = await inRowBlocks(size: size) { rows in squaredRows(rows, upper, size) }
        mirror(&result, size)
        return result
    }

    /// Copies the lower triangle to the upper, in tiles that fit the cache.
    private static func mirror(_ matrix: inout [Double], _ size: Int) {
        matrix.withUnsafeMutableBufferPointer { a in
            for rows in stride(from: 0, to: size, by: DenseProduct.block) {
                for columns in stride(from: 0, through: rows, by: DenseProduct.block) {
                    for row in rows..<min(rows + DenseProduct.block, size) {
                        for column in columns..<min(columns + DenseProduct.block, row) {
                            a[column * size + row] = a[row * size + column]
                        }
                    }
                }
            }
        }
    }

    /// A·B·A of two symmetric matrices.
    static func sandwich(_ a: [Double], _ b: [Double], size: Int) async -> [Double] {
        let left = await product(a, symmetric: b, size: size)
        var result = await inRowBlocks(size: size) { rows in
            slab(rows, size) { c in
                with(left, a) { left, a in
                    DenseProduct.accumulate(
                        into: c, stride: size, a: left + rows.lowerBound * size, stride: size, b: a, stride: size,
                        rows: rows.count, columns: rows.upperBound, depth: size, sign: 1)
                }
            }
        }
        mirror(&result, size)
        return result
    }

    /// A·B for a symmetric B.
    static func product(_ a: [Double], symmetric b: [Double], size: Int) async -> [Double] {
        await inRowBlocks(size: size) { rows in
            slab(rows, size) { c in
                with(a, b) { a, b in
                    DenseProduct.accumulate(
                        into: c, stride: size, a: a + rows.lowerBound * size, stride: size, b: b, stride: size,
                        rows: rows.count, columns: size, depth: size, sign: 1)
                }
            }
        }
    }

    /// Blocks of rows, computed side by side and put together in order.
    static func inRowBlocks(size: Int, _ rows: @escaping @Sendable (Range<Int>) -> [Double]) async -> [Double] {
        let starts = Array(stride(from: 0, to: size, by: DenseProduct.block))
        if starts.count == 1 { return rows(0..<size) }
        return await withTaskGroup(of: (Int, [Double]).self) { group in
            for start in starts {
                group.addTask { (start, rows(start..<min(start + DenseProduct.block, size))) }
            }
            var result = [Double](repeating: 0, count: size * size)
            for await (start, slab) in group {
                result.replaceSubrange((start * size)..<(start * size + slab.count), with: slab)
            }
            return result
        }
    }

    private static func slab(
        _ rows: Range<Int>, _ size: Int, _ body: (UnsafeMutablePointer<Double>) -> Void
    ) -> [Double] {
        var slab = [Double](repeating: 0, count: rows.count * size)
        slab.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { body(base) }
        }
        return slab
    }

    private static func with(
        _ a: [Double], _ b: [Double], _ body: (UnsafePointer<Double>, UnsafePointer<Double>) -> Void
    ) {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                if let a = a.baseAddress, let b = b.baseAddress { body(a, b) }
            }
        }
    }

    /// Cholesky's factor in the lower triangle, in place, block column after block column.
    private static func factor(_ a: UnsafeMutablePointer<Double>, _ size: Int) -> Bool {
        for start in stride(from: 0, to: size, by: DenseProduct.block) {
            let end = min(start + DenseProduct.block, size)
            for i in start..<size {
                for j in start..<min(i, end) {
                    var sum = a[i * size + j]
                    for k in start..<j { sum -= a[i * size + k] * a[j * size + k] }
                    a[i * size + j] = sum / a[j * size + j]
                }
                if i < end {
                    var pivot = a[i * size + i]
                    for k in start..<i { pivot -= a[i * size + k] * a[i * size + k] }
                    guard pivot > 0, pivot.isFinite else { return false }
                    a[i * size + i] = pivot.squareRoot()
                }
            }
            for row in stride(from: end, to: size, by: DenseProduct.block) {
                let rows = min(DenseProduct.block, size - row)
                DenseProduct.accumulate(
                    into: a + row * size + end, stride: size, a: a + row * size + start, stride: size,
                    b: a + end * size + start, stride: size, rows: rows, columns: row + rows - end, depth: end - start,
                    sign: -1)
            }
        }
        return true
    }

    /// Rows of U = L⁻ᵀ: row i solves L·u = e_i and is 0 before i.
    private static func invertedRows(_ rows: Range<Int>, _ triangle: [Double], _ size: Int) -> [Double] {
        slab(rows, size) { u in
            for row in rows { u[(row - rows.lowerBound) * size + row] = 1 }
            triangle.withUnsafeBufferPointer { buffer in
                guard let l = buffer.baseAddress else { return }
                for start in stride(from: rows.lowerBound, to: size, by: DenseProduct.block) {
                    let end = min(start + DenseProduct.block, size)
                    DenseProduct.accumulate(
                        into: u + start, stride: size, a: u + rows.lowerBound, stride: size,
                        b: l + start * size + rows.lowerBound, stride: size, rows: rows.count, columns: end - start,
                        depth: start - rows.lowerBound, sign: -1)
                    for row in 0..<rows.count {
                        let x = u + row * size
                        for k in start..<end {
                            var sum = x[k]
                            for m in start..<k { sum -= x[m] * l[k * size + m] }
                            x[k] = sum / l[k * size + k]
                        }
                    }
                }
            }
        }
    }

    /// Rows of U·Uᵀ up to the diagonal's block.
    private static func squaredRows(_ rows: Range<Int>, _ upper: [Double], _ size: Int) -> [Double] {
        slab(rows, size) { c in
            with(upper, upper) { a, b in
                DenseProduct.accumulate(
                    into: c, stride: size, a: a + rows.lowerBound * size + rows.lowerBound, stride: size,
                    b: b + rows.lowerBound, stride: size, rows: rows.count, columns: rows.upperBound,
                    depth: size - rows.lowerBound, sign: 1)
            }
        }
    }
}
