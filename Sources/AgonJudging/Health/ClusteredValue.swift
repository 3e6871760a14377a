/// A measured value and the cluster of values that it depends on.
struct ClusteredValue: Sendable, Hashable, Codable {
    var value: Double
    var cluster: Int
}

/// A mean with the standard error that clusters allow.
///
///     variance = G/(G−1) · Σ_clusters (Σ (x − mean))² / N²
///
/// Where all clusters agree the formula would claim certainty; that of one trial a cluster, with one success and one failure
/// more, stands in.
///
/// - Source: Cameron and Miller 2015, J. Human Resources 50(2), with the finite-cluster factor G/(G−1).
struct ClusteredMean {
    let mean: Double
    let standardError: Double
    let clusterCount: Int

    /// Nil without values.
    init?(_ values: [ClusteredValue]) {
        guard !values.isEmpty else { return nil }
        let n = Double(values.count)
        mean = values.reduce(0) { $0 + $1.value } / n
        let sums = ClusteredMean.sums(values.map { ($0.cluster, $0.value) }, centre: mean)
        clusterCount = sums.count
        let groups = Double(sums.count)
        let variance = sums.reduce(0) { $0 + $1 * $1 } / (n * n) * groups / max(groups - 1, 1)
        if sums.count < 2 || variance < 1e-24 {
            let p = (min(max(mean, 0), 1) * groups + 1) / (groups + 2)
            standardError = (p * (1 - p) / (groups + 2)).squareRoot()
        } else {
            standardError = variance.squareRoot()
        }
    }

    /// Σ (value − centre) of each cluster, in the order in which clusters first come.
    static func sums(_ values: [(cluster: Int, value: Double)], centre: Double = 0) -> [Double] {
        var position: [Int: Int] = [:]
        var sums: [Double] = []
        for (cluster, value) in values {
            let index = position[cluster] ?? sums.count
            if index == sums.count {
                position[cluster] = index
                sums.append(0)
            }
            sums[index] += value - centre
        }
        return sums
    }
}
