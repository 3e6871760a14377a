import Testing

@testable import AgonRatings

struct CholeskyFactorTests {
    @Test func `the factor solves what it factored, zeros or not`() throws {
        let size = 23
        var matrix = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for j in 0..<size where abs(i - j) < 4 || max(i, j) == size - 1 {
                matrix[i * size + j] = i == j ? 30 : 1 / Double(1 + abs(i - j))
            }
        }
        let factor = try #require(CholeskyFactor(matrix, size: size))
        for unit in 0..<size {
            let right = (0..<size).map { $0 == unit ? 1.0 : 0 }
            let solution = factor.solve(right)
            for i in 0..<size {
                let product = (0..<size).reduce(0.0) { $0 + matrix[i * size + $1] * solution[$1] }
                #expect(abs(product - right[i]) < 1e-13)
            }
        }
        #expect(CholeskyFactor([1, 0, 2, 1], size: 2) == nil)
    }
}
