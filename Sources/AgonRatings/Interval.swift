import Foundation

/// An estimate with its 95 % interval and the count behind it. No number is shown without them.
public struct Interval: Sendable, Hashable, Codable {
    public var value: Double
    public var low: Double
    public var high: Double
    /// Independent observations behind the estimate: samples, or where samples hang together their clusters.
    public var count: Int

    public init(value: Double, low: Double, high: Double, count: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.count = count
    }

    /// Φ⁻¹(0.975): half the width of a 95 % interval in standard errors.
    public static let z95 = 1.959963984540054

    /// An estimate with value ± z · standard error.
    public init(value: Double, standardError: Double, count: Int) {
        self.init(
            value: value, low: value - Interval.z95 * standardError, high: value + Interval.z95 * standardError,
            count: count)
    }

    /// Whether the whole interval lies above a value: what "better than" means here.
    public func isAbove(_ bound: Double) -> Bool { low > bound }
    /// Whether the whole interval lies below a value.
    public func isBelow(_ bound: Double) -> Bool { high < bound }

    /// The 95 % score interval of a share.
    ///
    ///     centre = (p + z²/2n) / (1 + z²/n)
    ///     half   = z · √(p(1−p)/n + z²/4n²) / (1 + z²/n)
    ///
    /// Never leaves 0 … 1 and stays honest at 0 and n successes, where ± standard error says "certain".
    ///
    /// - Parameter successes: 0 … count; a tie may count half.
    /// - Returns: nil where the count is 0: nothing was measured.
    /// - Source: Wilson 1927, JASA 22, pp. 209–212.
    public static func wilson(successes: Double, count: Int) -> Interval? {
        precondition(
            count >= 0 && successes >= 0 && successes <= Double(count), "\(successes) successes in \(count) trials")
        guard count > 0 else { return nil }
        let n = Double(count)
        let p = successes / n
        let z2 = z95 * z95
        let centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        let half = z95 * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot() / (1 + z2 / n)
        return Interval(
            value: p, low: successes == 0 ? 0 : centre - half, high: p == 1 ? 1 : centre + half, count: count)
    }

    /// The 95 % interval of a mean score whose samples depend on one another within clusters.
    ///
    /// An opening played with sides changed gives two scores that share the opening's luck. With G clusters:
    ///
    ///     variance = G/(G−1) · Σ_clusters (Σ_samples (x − mean))² / N²
    ///
    /// Cut to 0 … 1. Where all clusters agree (or there is only one) the formula would claim certainty; Wilson's
    /// interval with one trial per cluster stands in.
    ///
    /// - Parameter samples: scores, each in 0 … 1.
    /// - Parameter clusters: the cluster of each sample.
    /// - Returns: nil where there are no samples. `count` is the number of clusters: more samples of one cluster are not
    ///   more evidence.
    /// - Source: Cameron and Miller 2015, J. Human Resources 50(2), with the finite-cluster factor G/(G−1).
    public static func mean(of samples: [Double], clusters: [Int]) -> Interval? {
        precondition(samples.count == clusters.count, "each sample needs a cluster")
        precondition(samples.allSatisfy { (0...1).contains($0) }, "scores lie in 0 ... 1")
        guard !samples.isEmpty else { return nil }
        let n = Double(samples.count)
        let mean = samples.reduce(0, +) / n
        var position: [Int: Int] = [:]
        var residuals: [Double] = []
        for (sample, cluster) in zip(samples, clusters) {
            let index = position[cluster] ?? residuals.count
            if index == residuals.count {
                position[cluster] = index
                residuals.append(0)
            }
            residuals[index] += sample - mean
        }
        return Interval.mean(mean, of: n, residuals: residuals)
    }

    /// The same from sums: what the samples of each cluster come to, and how many they are.
    public static func mean(clusterSums sums: [(sum: Double, count: Int)]) -> Interval? {
        let sums = sums.filter { $0.count > 0 }
        precondition(sums.allSatisfy { $0.sum >= 0 && $0.sum <= Double($0.count) }, "scores lie in 0 ... 1")
        let n = sums.reduce(0.0) { $0 + Double($1.count) }
        guard n > 0 else { return nil }
        let mean = sums.reduce(0) { $0 + $1.sum } / n
        return self.mean(mean, of: n, residuals: sums.map { $0.sum - mean * Double($0.count) })
    }

    /// - Parameter residuals: of each cluster, the summed distance of its samples from the mean.
    private static func mean(_ mean: Double, of n: Double, residuals: [Double]) -> Interval? {
        let groups = Double(residuals.count)
        let variance = residuals.reduce(0) { $0 + $1 * $1 } / (n * n) * groups / max(groups - 1, 1)
        if residuals.count < 2 || variance < 1e-24 {
            let stand = wilson(successes: min(max(mean, 0), 1) * groups, count: residuals.count)
            return stand.map { Interval(value: mean, low: $0.low, high: $0.high, count: residuals.count) }
        }
        let error = z95 * variance.squareRoot()
        return Interval(
            value: mean, low: max(0, mean - error), high: min(1, mean + error), count: residuals.count)
    }

    /// This interval of a score as a rating difference. Ends at 0 or 1 become infinite.
    public func eloDifference(scale: Double = 400) -> Interval {
        Interval(
            value: EloScale.difference(score: value, scale: scale), low: EloScale.difference(score: low, scale: scale),
            high: EloScale.difference(score: high, scale: scale), count: count)
    }
}
