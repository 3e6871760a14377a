/// How much length moves a judge's verdicts that gold does not explain.
///
/// Least squares over pairs, without a constant, since a pair and its mirror image are the same evidence:
///
///     score − ½ = a · (gold − ½) + b · tanh(d / s)
///
/// with d the difference of lengths and s its root mean square. b is how far a much longer answer moves the points from ½;
/// its error allows for pairs of one cluster depending on one another.
///
/// - Source: the regressor: length-controlled AlpacaEval, Dubois et al. 2024, arXiv:2404.04475; the error: Cameron and
///   Miller 2015, J. Human Resources 50(2), eq. 11.
struct LengthEffect {
    let effect: Double
    let standardError: Double
    let clusterCount: Int

    /// Nil where lengths do not vary, or vary only as gold does.
    init?(_ pairs: [RoundEvidence.Pair]) {
        let n = Double(pairs.count)
        let square = pairs.reduce(0.0) { $0 + Double($1.lengthDifference) * Double($1.lengthDifference) }
        guard square > 0 else { return nil }
        let scale = (square / n).squareRoot()
        let rows = pairs.map { pair in
            (y: pair.score - 0.5, gold: pair.gold - 0.5, length: LengthEffect.tanh(Double(pair.lengthDifference) / scale))
        }
        var (gg, gl, ll, gy, ly) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for row in rows {
            gg += row.gold * row.gold
            gl += row.gold * row.length
            ll += row.length * row.length
            gy += row.gold * row.y
            ly += row.length * row.y
        }
        // Where gold never decides, length stands alone.
        if gg == 0 { gg = 1 }
        let determinant = gg * ll - gl * gl
        guard determinant > 1e-6 * gg * ll else { return nil }
        let (a, b) = ((ll * gy - gl * ly) / determinant, (gg * ly - gl * gy) / determinant)
        effect = b
        let influences = zip(pairs, rows).map { pair, row in
            let residual = row.y - a * row.gold - b * row.length
            return (pair.cluster, (gg * row.length - gl * row.gold) / determinant * residual)
        }
        let sums = ClusteredMean.sums(influences)
        clusterCount = sums.count
        let groups = Double(sums.count)
        standardError = (sums.reduce(0) { $0 + $1 * $1 } * groups / max(groups - 2, 1)).squareRoot()
    }

    private static func tanh(_ x: Double) -> Double { 2 * Elementary.sigmoid(2 * x) - 1 }
}
