/// The factor L of a symmetric positive definite matrix A = L·Lᵀ.
///
/// Each row of A is read from its first non-zero entry on: L has zeros where a row of A begins with zeros
/// (its envelope), so a matrix ordered so that neighbours stand together costs much less than n³/3.
///
/// - Source: Golub and Van Loan, Matrix Computations, §4.2 and §4.3.
struct CholeskyFactor {
    let size: Int
    /// `[size, size]`, row-major, lower triangle.
    private let lower: [Double]
    /// Per row the column of its first non-zero entry.
    private let first: [Int]

    /// - Parameter matrix: `[size, size]`, row-major; only the lower triangle is read.
    /// - Returns: nil where the matrix is not positive definite.
    init?(_ matrix: consuming [Double], size: Int) {
        var lower = matrix
        var first = [Int](repeating: 0, count: size)
        let isDefinite = lower.withUnsafeMutableBufferPointer { values -> Bool in
            guard let base = values.baseAddress else { return true }
            for i in 0..<size {
                let row = base + i * size
                var start = 0
                while start < i && row[start] == 0 { start += 1 }
                first[i] = start
                for j in start..<i {
                    let from = max(start, first[j])
                    let other = base + j * size
                    if from < j { row[j] -= Self.dot(row + from, other + from, count: j - from) }
                    row[j] /= other[j]
                }
                let pivot = row[i] - Self.dot(row + start, row + start, count: i - start)
                guard pivot > 0, pivot.isFinite else { return false }
                row[i] = pivot.squareRoot()
            }
            return true
        }
        guard isDefinite else { return nil }
        self.size = size
        self.lower = lower
        self.first = first
    }

    /// The solution x of A·x = b.
    func solve(_ right: [Double]) -> [Double] {
        var solution = right
        lower.withUnsafeBufferPointer { values in
            solution.withUnsafeMutableBufferPointer { x in
                guard let base = values.baseAddress, let x = x.baseAddress else { return }
                var begin = 0
                while begin < size && x[begin] == 0 { begin += 1 }
                for i in begin..<size {
                    let from = max(first[i], begin)
                    let row = base + i * size
                    if from < i { x[i] -= Self.dot(row + from, x + from, count: i - from) }
                    x[i] /= row[i]
                }
                for i in stride(from: size - 1, through: 0, by: -1) {
                    let row = base + i * size
                    let value = x[i] / row[i]
                    x[i] = value
                    for k in first[i]..<i { x[k] -= row[k] * value }
                }
            }
        }
        return solution
    }

    /// Eight sums side by side, so that one addition need not wait for the one before.
    private static func dot(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, count: Int) -> Double {
        var low = SIMD4<Double>.zero
        var high = SIMD4<Double>.zero
        var k = 0
        while k + 8 <= count {
            let a = UnsafeRawPointer(left + k)
            let b = UnsafeRawPointer(right + k)
            low += a.loadUnaligned(as: SIMD4<Double>.self) * b.loadUnaligned(as: SIMD4<Double>.self)
            high +=
                a.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
                * b.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
            k += 8
        }
        var sum = (low + high).sum()
        while k < count {
            sum += left[k] * right[k]
            k += 1
        }
        return sum
    }
}
