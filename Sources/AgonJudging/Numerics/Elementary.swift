/// Logarithm and exponential in plain arithmetic, so that weights and alarms have the same bits on every machine.
///
/// Accurate to about one unit in the last place; not for hot loops.
enum Elementary {
    private static let ln2High = 0x1.62e42fefa3800p-1
    private static let ln2Low = 0x1.ef35793c76730p-45

    /// ln x; −∞ at 0, NaN below.
    ///
    ///     x = m · 2ᵉ with m in [√½, √2),   ln m = 2 · artanh t,   t = (m − 1) / (m + 1)
    static func log(_ x: Double) -> Double {
        guard x > 0, x.isFinite else { return x == 0 ? -.infinity : x > 0 ? x : .nan }
        var m = x.significand
        var e = Double(x.exponent)
        if m > 1.414_213_562_373_095_1 {
            m /= 2
            e += 1
        }
        let t = (m - 1) / (m + 1)
        var series = 0.0
        for k in stride(from: 23, through: 1, by: -2) { series = series * t * t + 1 / Double(k) }
        return 2 * t * series + e * ln2Low + e * ln2High
    }

    /// eˣ.
    ///
    ///     x = k · ln 2 + r with |r| ≤ ½ ln 2,   eʳ by its Taylor series
    static func exp(_ x: Double) -> Double {
        guard !x.isNaN else { return x }
        if x > 709.78 { return .infinity }
        if x < -745.2 { return 0 }
        let k = (x / (ln2High + ln2Low)).rounded()
        let r = x - k * ln2High - k * ln2Low
        var series = 1.0
        for n in stride(from: 16, through: 1, by: -1) { series = 1 + series * r / Double(n) }
        // In two steps: 2ᵏ itself may be below the smallest normal number.
        let half = (k / 2).rounded(.down)
        return series * Double(sign: .plus, exponent: Int(half), significand: 1)
            * Double(sign: .plus, exponent: Int(k - half), significand: 1)
    }

    /// 1 / (1 + e⁻ˣ).
    static func sigmoid(_ x: Double) -> Double {
        x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    }
}
