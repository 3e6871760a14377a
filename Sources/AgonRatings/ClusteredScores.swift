import AgonCore

/// The middle of the sandwich: B = Σ_clusters u·uᵀ with u = Σ_matches weight · (score − p) · (e_first − e_second).
struct ClusteredScores {
    private struct Entry {
        var row: Int
        var column: Int
        /// Off the diagonal counted twice, for the other triangle.
        var value: Double
    }

    private let entries: [Entry]

    init(graph: MatchGraph, system: StrengthSystem, strengths: [Double]) {
        let size = system.size
        let (order, starts) = graph.byCluster()
        var middle = [Double](repeating: 0, count: size * size)
        var score = [Double](repeating: 0, count: size)
        // The cluster that touched an unknown last: what recurs over many rounds touches many versions.
        var toucher = [Int](repeating: -1, count: size)
        for cluster in 0..<graph.clusterCount {
            var touched: [Int] = []
            for index in order[starts[cluster]..<starts[cluster + 1]] {
                let edge = graph.edges[index]
                guard system.isRated[edge.first], system.isRated[edge.second] else { continue }
                let pair = StrengthSystem.Pair(first: system.unknown[edge.first], second: system.unknown[edge.second])
                let residual = edge.weight * (edge.score - system.expectedScore(pair, strengths))
                for (unknown, part) in [(pair.first, residual), (pair.second, -residual)] {
                    guard let unknown else { continue }
                    if toucher[unknown] != cluster {
                        toucher[unknown] = cluster
                        touched.append(unknown)
                    }
                    score[unknown] += part
                }
            }
            for row in touched {
                for column in touched where column <= row { middle[row * size + column] += score[row] * score[column] }
            }
            for unknown in touched { score[unknown] = 0 }
        }
        var entries: [Entry] = []
        for row in 0..<size {
            for column in 0...row where middle[row * size + column] != 0 {
                let value = middle[row * size + column]
                entries.append(Entry(row: row, column: column, value: row == column ? value : 2 * value))
            }
        }
        self.entries = entries
    }

    /// yᵀ·B·y.
    func quadraticForm(_ y: [Double]) -> Double {
        entries.reduce(0) { $0 + $1.value * y[$1.row] * y[$1.column] }
    }
}
