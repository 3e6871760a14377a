import Foundation

extension PayoffGame {
    /// Nash averaging: the equilibrium mixture of all players, of several the one of most entropy, and what everybody gets
    /// against it.
    ///
    /// Copies of a player share its weight and change nobody's result; players that only farm weak ones weigh nothing. Skills
    /// are 0 for everybody in the mixture and negative for the others.
    ///
    /// A mixture p is an equilibrium where M·p ≤ 0. The path (M·p)_i + ε/(n p_i) = ε, which starts at the uniform mixture for
    /// large ε, ends for ε → 0 inside the set of all equilibria; there Newton's method finds the one of most entropy.
    ///
    /// - Returns: nil where a step has no solution in doubles.
    /// - Source: Balduzzi et al. 2018, arXiv:1806.02643, §3; Goldman and Tucker 1956 for the strictly complementary end.
    public func nashAverage() -> (mixture: [Double], skills: [Double])? {
        guard size > 1 else { return size == 1 ? ([1], [0]) : ([], []) }
        guard let center = centralEquilibrium() else { return nil }
        let slack = product(center).map { -$0 }
        let support = (0..<size).filter { center[$0] > slack[$0] }
        guard let inner = mostEntropy(support, start: center) else { return nil }
        var mixture = [Double](repeating: 0, count: size)
        for (index, player) in support.enumerated() { mixture[player] = inner[index] }
        return (mixture, product(mixture))
    }

    private func product(_ x: [Double]) -> [Double] {
        (0..<size).map { row in (0..<size).reduce(0) { $0 + self[row, $1] * x[$1] } }
    }

    /// The end of the path.
    private func centralEquilibrium() -> [Double]? {
        let largest = payoff.reduce(0) { max($0, abs($1)) }
        guard largest > 0 else { return [Double](repeating: 1 / Double(size), count: size) }
        let count = Double(size)
        var p = [Double](repeating: 1 / count, count: size)
        var epsilon = 10 * largest
        while epsilon > 1e-11 * largest {
            for _ in 0..<30 {
                let value = product(p)
                let residual = (0..<size).map { epsilon - value[$0] - epsilon / (count * p[$0]) }
                var jacobian = payoff
                for index in 0..<size { jacobian[index * size + index] -= epsilon / (count * p[index] * p[index]) }
                guard let step = LinearSystem.solve(jacobian, residual, size: size) else { return nil }
                var share = 1.0
                for index in 0..<size where step[index] < 0 { share = min(share, -0.9 * p[index] / step[index]) }
                for index in 0..<size { p[index] += share * step[index] }
                if share == 1, (0..<size).allSatisfy({ abs(step[$0]) < 1e-6 * p[$0] }) { break }
            }
            epsilon /= 4
        }
        let total = p.reduce(0, +)
        return p.map { $0 / total }
    }

    /// The mixture of most entropy over the support, with M·p = 0 there and M·p ≤ 0 elsewhere.
    private func mostEntropy(_ support: [Int], start: [Double]) -> [Double]? {
        let count = support.count
        let outside = (0..<size).filter { !support.contains($0) }
        var p = support.map { start[$0] }
        let total = p.reduce(0, +)
        for index in p.indices { p[index] /= total }
        // Multipliers of M·p = 0 and Σp = 1; the tiny −δ lets equations depend on one another.
        let full = 2 * count + 1
        var barrier = 1e-2
        while barrier > 1e-13 {
            for _ in 0..<50 {
                var matrix = [Double](repeating: 0, count: full * full)
                var right = [Double](repeating: 0, count: full)
                for i in 0..<count {
                    matrix[i * full + i] = 1 / p[i]
                    right[i] = -(log(p[i]) + 1)
                    for j in 0..<count {
                        matrix[(count + i) * full + j] = self[support[i], support[j]]
                        matrix[j * full + count + i] = self[support[i], support[j]]
                        right[count + i] -= self[support[i], support[j]] * p[j]
                    }
                    matrix[(2 * count) * full + i] = 1
                    matrix[i * full + 2 * count] = 1
                    matrix[(count + i) * full + count + i] = -1e-13
                }
                matrix[full * full - 1] = -1e-13
                right[2 * count] = 1 - p.reduce(0, +)
                let slacks = outside.map { player in
                    -(0..<count).reduce(0) { $0 + self[player, support[$1]] * p[$1] }
                }
                for (index, player) in outside.enumerated() {
                    let weight = barrier / slacks[index]
                    for i in 0..<count {
                        let a = self[player, support[i]]
                        right[i] -= weight * a
                        for j in 0..<count { matrix[i * full + j] += weight / slacks[index] * a * self[player, support[j]] }
                    }
                }
                guard let step = LinearSystem.solve(matrix, right, size: full) else { return nil }
                var share = 1.0
                for i in 0..<count where step[i] < 0 { share = min(share, -0.9 * p[i] / step[i]) }
                for (index, player) in outside.enumerated() {
                    let fall = (0..<count).reduce(0) { $0 + self[player, support[$1]] * step[$1] }
                    if fall > 0 { share = min(share, 0.9 * slacks[index] / fall) }
                }
                for i in 0..<count { p[i] += share * step[i] }
                if share > 0.99, (0..<count).allSatisfy({ abs(step[$0]) < 1e-10 }) { break }
            }
            if outside.isEmpty { break }
            barrier /= 10
        }
        return p
    }
}

/// Small dense systems of equations without symmetry.
enum LinearSystem {
    /// Gaussian elimination with row exchanges; nil where a pivot vanishes.
    static func solve(_ matrix: [Double], _ right: [Double], size: Int) -> [Double]? {
        var (a, x) = (matrix, right)
        for column in 0..<size {
            var pivot = column
            for row in column..<size where abs(a[row * size + column]) > abs(a[pivot * size + column]) { pivot = row }
            guard abs(a[pivot * size + column]) > 0, a[pivot * size + column].isFinite else { return nil }
            if pivot != column {
                for k in column..<size { a.swapAt(pivot * size + k, column * size + k) }
                x.swapAt(pivot, column)
            }
            for row in (column + 1)..<max(size, column + 1) where a[row * size + column] != 0 {
                let factor = a[row * size + column] / a[column * size + column]
                for k in column..<size { a[row * size + k] -= factor * a[column * size + k] }
                x[row] -= factor * x[column]
            }
        }
        for row in stride(from: size - 1, through: 0, by: -1) {
            for k in (row + 1)..<max(size, row + 1) { x[row] -= a[row * size + k] * x[k] }
            x[row] /= a[row * size + row]
        }
        return x.allSatisfy(\.isFinite) ? x : nil
    }
}
