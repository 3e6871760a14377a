public import AgonCore

extension JudgeAgreement {
    /// Cohen's κ of pairs of votes with its 95 % interval, which rests on clusters of votes.
    ///
    /// With p the table of shares, its margins p_i· and p_·j, and for each pair of votes (i, j)
    ///
    ///     ψ = [i = j] − (1 − κ) · (p_·i + p_j·)
    ///
    /// the standard error of κ is that of the mean of ψ, divided by 1 − p_e. Where ψ is the same for all, as it is when
    /// all agree, that would claim certainty: the error of the share that agrees, with one success and one failure more,
    /// stands in.
    ///
    /// - Parameter clusters: of each pair of votes; votes on one prompt share its luck.
    /// - Returns: nil where κ is: without votes, or where both always say the same one thing. Bounds lie in −1 … 1.
    /// - Source: Fleiss, Cohen and Everitt 1969, Psychological Bulletin 72, pp. 323–327, whose variance this is where every
    ///   pair is its own cluster, up to G/(G−1).
    public static func cohenKappa(
        _ pairs: [(Verdict, Verdict)], clusters: [Int]
    ) -> (kappa: Double, low: Double, high: Double)? {
        precondition(pairs.count == clusters.count, "each pair of votes needs a cluster")
        guard let kappa = cohenKappa(pairs).kappa else { return nil }
        let n = Double(pairs.count)
        func shares(_ votes: [Verdict]) -> [Verdict: Double] {
            votes.reduce(into: [:]) { $0[$1, default: 0] += 1 / n }
        }
        let (rows, columns) = (shares(pairs.map(\.0)), shares(pairs.map(\.1)))
        let expected = Verdict.allCases.reduce(0.0) { $0 + rows[$1, default: 0] * columns[$1, default: 0] }
        let influences = zip(pairs, clusters).map { pair, cluster in
            let margins = columns[pair.0, default: 0] + rows[pair.1, default: 0]
            return ClusteredValue(value: (pair.0 == pair.1 ? 1 : 0) - (1 - kappa) * margins, cluster: cluster)
        }
        let agreements = zip(pairs, clusters).map { ClusteredValue(value: $0.0 == $0.1 ? 1 : 0, cluster: $1) }
        guard let error = spread(influences) ?? ClusteredMean(agreements)?.standardError else { return nil }
        // Φ⁻¹(0.975)
        let half = 1.959963984540054 * error / (1 - expected)
        return (kappa, max(-1, kappa - half), min(1, kappa + half))
    }

    /// The standard error of a mean; nil where clusters do not differ.
    private static func spread(_ values: [ClusteredValue]) -> Double? {
        let n = Double(values.count)
        let mean = values.reduce(0) { $0 + $1.value } / n
        let sums = ClusteredMean.sums(values.map { ($0.cluster, $0.value) }, centre: mean)
        let variance = sums.reduce(0) { $0 + $1 * $1 } / (n * n)
        guard sums.count > 1, variance > 1e-24 else { return nil }
        return (variance * Double(sums.count) / Double(sums.count - 1)).squareRoot()
    }
}
