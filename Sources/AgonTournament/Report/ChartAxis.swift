import Foundation

/// A linear scale from values to a place between 0 and 1, with ticks at round numbers.
struct ChartAxis {
    /// The values at both ends; never equal.
    let low: Double
    let high: Double
    /// Round numbers within the ends, ascending.
    let ticks: [Double]

    /// An axis over exactly this range.
    /// - Parameter tickCount: about how many ticks are wanted.
    /// - Parameter isWhole: ticks at whole numbers only.
    init(from low: Double, to high: Double, tickCount: Int = 5, isWhole: Bool = false) {
        let low = low.isFinite ? low : 0
        // Values that differ by rounding only are one value: an axis between them would have no ticks to tell apart.
        let isFlat = !high.isFinite || high - low <= 1e-9 * max(abs(low), abs(high))
        let high = isFlat ? low + (low == 0 ? 1 : abs(low) * 0.1) : high
        self.low = low
        self.high = high
        var step = ChartAxis.niceStep((high - low) / Double(max(tickCount, 1)))
        if isWhole { step = max(1, step.rounded()) }
        let first = (low / step).rounded(.up)
        let last = (high / step).rounded(.down)
        ticks = last >= first ? (0...Int(min(last - first, 20))).map { (first + Double($0)) * step } : []
    }

    /// An axis for estimates: all values fit, and of their intervals what fits without squeezing the values.
    ///
    /// A first round's interval can be ten times as wide as all that follows; it is cut at the edge instead.
    /// - Parameters:
    ///   - bounds: values that may not be left, such as 0 … 1 for shares.
    ///   - smallest: the least range to show, so that noise does not fill the picture.
    init(values: [Double], intervals: [Double], bounds: ClosedRange<Double>?, smallest: Double, including: [Double] = []) {
        let values = (values + including).filter(\.isFinite)
        guard var low = values.min(), var high = values.max() else {
            self.init(from: bounds?.lowerBound ?? 0, to: bounds?.upperBound ?? 1)
            return
        }
        let slack = max(high - low, smallest) * 0.3
        let reach = intervals.filter(\.isFinite)
        low = max(low - slack, min(low, reach.min() ?? low))
        high = min(high + slack, max(high, reach.max() ?? high))
        let missing = smallest - (high - low)
        if missing > 0 { (low, high) = (low - missing / 2, high + missing / 2) }
        let margin = (high - low) * 0.05
        (low, high) = (low - margin, high + margin)
        if let bounds { (low, high) = (max(low, bounds.lowerBound), min(high, bounds.upperBound)) }
        self.init(from: low, to: high)
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, cut at both.
    func place(_ value: Double) -> Double {
        guard value.isFinite else { return value > 0 ? 1 : 0 }
        return min(1, max(0, (value - low) / (high - low)))
    }

    /// Decimals that tell neighbouring ticks apart.
    var decimals: Int {
        guard ticks.count > 1, ticks[1] > ticks[0] else { return 1 }
        return min(6, max(0, Int((-log10(ticks[1] - ticks[0]) - 1e-9).rounded(.up))))
    }

    /// The nearest of 1, 2 or 5 times a power of ten (Heckbert 1990, "Nice numbers for graph labels").
    static func niceStep(_ rough: Double) -> Double {
        guard rough.isFinite, rough > 0 else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        let fraction = rough / power
        return power * (fraction < 1.5 ? 1 : fraction < 3.2 ? 2 : fraction < 7.1 ? 5 : 10)
    }
}
