/// Products of row-major matrices by blocks that fit the processor's caches.
enum DenseProduct {
    static let block = 64
    private static let depthBlock = 256

    /// C[i, j] += sign · Σ_k A[i, k] · B[j, k] for `rows` rows i and `columns` columns j.
    static func accumulate(
        into c: UnsafeMutablePointer<Double>, stride cStride: Int, a: UnsafePointer<Double>, stride aStride: Int,
        b: UnsafePointer<Double>, stride bStride: Int, rows: Int, columns: Int, depth: Int, sign: Double
    ) {
        for k in stride(from: 0, to: depth, by: depthBlock) {
            let depth = min(depthBlock, depth - k)
            for first in stride(from: 0, to: columns, by: block) {
                let last = min(first + block, columns)
                for i in stride(from: 0, to: rows, by: 4) {
                    for j in stride(from: first, to: last, by: 2) {
                        if i + 4 <= rows && j + 2 <= last {
                            tile(
                                c + i * cStride + j, cStride, a + i * aStride + k, aStride, b + j * bStride + k, bStride,
                                depth, sign)
                        } else {
                            for row in i..<min(i + 4, rows) {
                                for column in j..<min(j + 2, last) {
                                    var sum = 0.0
                                    let (x, y) = (a + row * aStride + k, b + column * bStride + k)
                                    for index in 0..<depth { sum += x[index] * y[index] }
                                    c[row * cStride + column] += sign * sum
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Four rows by two columns, two terms of each sum at a time.
    @inline(__always) private static func tile(
        _ c: UnsafeMutablePointer<Double>, _ cStride: Int, _ a: UnsafePointer<Double>, _ aStride: Int,
        _ b: UnsafePointer<Double>, _ bStride: Int, _ depth: Int, _ sign: Double
    ) {
        typealias Two = SIMD2<Double>
        var (c00, c01, c10, c11) = (Two.zero, Two.zero, Two.zero, Two.zero)
        var (c20, c21, c30, c31) = (Two.zero, Two.zero, Two.zero, Two.zero)
        let (a0, a1, a2, a3) = (a, a + aStride, a + 2 * aStride, a + 3 * aStride)
        let (b0, b1) = (b, b + bStride)
        var k = 0
        while k + 2 <= depth {
            let x0 = load(b0 + k)
            let x1 = load(b1 + k)
            let y0 = load(a0 + k)
            c00 += y0 * x0
            c01 += y0 * x1
            let y1 = load(a1 + k)
            c10 += y1 * x0
            c11 += y1 * x1
            let y2 = load(a2 + k)
            c20 += y2 * x0
            c21 += y2 * x1
            let y3 = load(a3 + k)
            c30 += y3 * x0
            c31 += y3 * x1
            k += 2
        }
        var sums = (c00.sum(), c01.sum(), c10.sum(), c11.sum(), c20.sum(), c21.sum(), c30.sum(), c31.sum())
        if k < depth {
            let (x0, x1) = (b0[k], b1[k])
            sums.0 += a0[k] * x0
            sums.1 += a0[k] * x1
            sums.2 += a1[k] * x0
            sums.3 += a1[k] * x1
            sums.4 += a2[k] * x0
            sums.5 += a2[k] * x1
            sums.6 += a3[k] * x0
            sums.7 += a3[k] * x1
        }
        c[0] += sign * sums.0
        c[1] += sign * sums.1
        c[cStride] += sign * sums.2
        c[cStride + 1] += sign * sums.3
        c[2 * cStride] += sign * sums.4
        c[2 * cStride + 1] += sign * sums.5
        c[3 * cStride] += sign * sums.6
        c[3 * cStride + 1] += sign * sums.7
    }

    @inline(__always) private static func load(_ pointer: UnsafePointer<Double>) -> SIMD2<Double> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD2<Double>.self)
    }
}
