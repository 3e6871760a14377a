import Foundation

/// The standard normal distribution.
public enum NormalDistribution {
    /// e^(−x²/2) / √(2π).
    public static func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

    /// Φ(x).
    public static func cumulative(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

    /// Φ⁻¹(p): Halley's method on Φ from a logistic start; infinite at 0 and 1.
    public static func quantile(_ p: Double) -> Double {
        if p <= 0 { return -.infinity }
        if p >= 1 { return .infinity }
        if p > 0.5 { return -quantile(1 - p) }
        // Near the tail by √(−2 ln p), in the middle by the logistic approximation.
        var x = p < 0.02 ? -(-2 * log(p)).squareRoot() + 0.8 : log(p / (1 - p)) / 1.702
        for _ in 0..<60 {
            let step = (cumulative(x) - p) / density(x)
            let halley = step / (1 + step * x / 2)
            x -= min(max(halley, -1), 1)
            if abs(halley) < 1e-15 * max(1, abs(x)) { break }
        }
        return x
    }
}

/// The upper tail of the χ² distribution.
public enum ChiSquare {
    /// P(X > value) with `degrees` degrees of freedom: the regularised incomplete gamma function Q(degrees/2, value/2).
    ///
    /// - Source: Press et al., Numerical Recipes, §6.2: series below a + 1, Lentz's continued fraction above.
    public static func upperTail(_ value: Double, degrees: Int) -> Double {
        precondition(degrees > 0, "a chi-square has degrees of freedom")
        guard value > 0 else { return 1 }
        let (a, x) = (Double(degrees) / 2, value / 2)
        let front = exp(a * log(x) - x - lgamma(a))
        if x < a + 1 {
            var (term, sum) = (1 / a, 1 / a)
            for n in 1..<100_000 {
                term *= x / (a + Double(n))
                sum += term
                if term < sum * 1e-16 { break }
            }
            return max(0, 1 - sum * front)
        }
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var h = d
        for n in 1..<100_000 {
            let an = -Double(n) * (Double(n) - a)
            b += 2
            d = 1 / (an * d + b)
            c = b + an / c
            h *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return min(1, front * h)
    }
}
