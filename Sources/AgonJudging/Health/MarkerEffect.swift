/// Which words and characters win though gold says that they should not.
///
/// Looked at are pairs in which one side has the marker, the other lacks it, and gold does not favour the side that has it.
/// The points that the judge gives that side beyond ½ are summed over each cluster; the sign of the sum is one trial. A judge
/// to whom the marker is nothing wins at most half of the trials, so with k of n
///
///     P(as many or more) ≤ exp(−n · KL(k/n ‖ ½ + tolerance))
///
/// - Source: Chernoff 1952, Annals of Mathematical Statistics 23, in Hoeffding's form (1963, eq. 2.1).
struct MarkerEffect {
    /// One marker's trials.
    struct Trials: Hashable {
        var marker: String
        var winCount: Int
        var count: Int
        /// ln of 1 over the bound on its probability without an effect.
        var evidence: Double
    }

    /// Points beyond ½ for the marked side: per marker, per cluster.
    typealias Nets = [String: [Int: Double]]

    /// What one round's pairs add.
    static func nets(of pairs: [RoundEvidence.Pair]) -> Nets {
        var nets: Nets = [:]
        for pair in pairs {
            let beyond = pair.score - 0.5
            if pair.gold <= 0.5 {
                for marker in pair.firstMarkers { nets[marker, default: [:]][pair.cluster, default: 0] += beyond }
            }
            if pair.gold >= 0.5 {
                for marker in pair.secondMarkers { nets[marker, default: [:]][pair.cluster, default: 0] -= beyond }
            }
        }
        return nets
    }

    /// The markers whose trials are too good to be chance, strongest first, then by name.
    ///
    /// Corrected for the number of markers that had trials enough to be found: whether a marker is among them does not hang
    /// on how its trials went.
    ///
    /// - Parameter bound: ln(1 / probability) that all markers together may be wrong with.
    static func suspects(in rounds: [Nets], tolerance: Double, bound: Double) -> [Trials] {
        let even = 0.5 + tolerance
        let least = bound / Elementary.log(1 / even)
        var trials: [Trials] = []
        var seen: Set<String> = []
        for marker in rounds.joined().map(\.key) where seen.insert(marker).inserted {
            let parts = rounds.compactMap { $0[marker] }
            guard Double(parts.reduce(0) { $0 + $1.count }) >= least else { continue }
            let sums = parts.reduce(into: [Int: Double]()) { $0.merge($1, uniquingKeysWith: +) }.values
            let (wins, losses) = (sums.count { $0 > 0 }, sums.count { $0 < 0 })
            guard Double(wins + losses) >= least else { continue }
            let share = Double(wins) / Double(wins + losses)
            trials.append(
                Trials(
                    marker: marker, winCount: wins, count: wins + losses,
                    evidence: share > even ? Double(wins + losses) * divergence(share, from: even) : 0))
        }
        let corrected = bound + Elementary.log(Double(max(trials.count, 1)))
        return trials.filter { $0.evidence >= corrected }
            .sorted { $0.evidence == $1.evidence ? $0.marker < $1.marker : $0.evidence > $1.evidence }
    }

    /// KL(p ‖ q) of two coins, in nats.
    private static func divergence(_ p: Double, from q: Double) -> Double {
        (p > 0 ? p * Elementary.log(p / q) : 0) + (p < 1 ? (1 - p) * Elementary.log((1 - p) / (1 - q)) : 0)
    }
}
