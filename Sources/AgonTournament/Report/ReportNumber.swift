import Foundation

/// How numbers look: the one place that turns a value into digits, so that every format shows the same ones.
enum ReportNumber {
    /// Stands where there is no number.
    static let missing = "–"

    /// A rating on the Elo scale, in whole points.
    static func rating(_ value: Double) -> String { fixed(value, decimals: 0) }

    /// `1152 ± 31`; an interval without bounds shows as `± –`.
    static func rating(_ estimate: Estimate) -> String { "\(rating(estimate.value)) ± \(rating(estimate.halfWidth))" }

    /// A difference of ratings, with its sign: `+152 ± 40`.
    static func change(_ estimate: Estimate?) -> String {
        guard let estimate else { return missing }
        return "\(signed(estimate.value)) ± \(rating(estimate.halfWidth))"
    }

    /// Whole points with a sign; zero has none.
    static func signed(_ value: Double) -> String {
        let digits = rating(value)
        return value > 0 && digits != "0" && digits != missing ? "+" + digits : digits
    }

    /// A share as per cent with one decimal.
    static func percent(_ share: Double) -> String {
        let digits = fixed(share * 100, decimals: 1)
        return digits == missing ? missing : digits + "%"
    }

    /// `87.1% [84.0, 89.6]`.
    static func percent(_ estimate: Estimate) -> String {
        "\(percent(estimate.value)) [\(fixed(estimate.low * 100, decimals: 1)), \(fixed(estimate.high * 100, decimals: 1))]"
    }

    /// Points of games, which are whole or a half where nothing else was shared: `7`, `6.5`, `0.33`.
    static func points(_ value: Double) -> String {
        fixed(value, decimals: value == value.rounded() ? 0 : 2 * value == (2 * value).rounded() ? 1 : 2)
    }

    /// Thousands separated by commas.
    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var grouped = ""
        for (offset, digit) in digits.enumerated() {
            if offset > 0, (digits.count - offset) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return value < 0 ? "−" + grouped : grouped
    }

    /// Wins, draws and losses.
    static func tally(wins: Int, draws: Int, losses: Int) -> String { "\(wins)/\(draws)/\(losses)" }

    /// Seconds as people say them: `8.4 s`, `1 min 12 s`, `2 h 05 min`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return missing }
        if seconds < 59.95 { return fixed(seconds, decimals: 1) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
        return "\(whole / 3600) h \(padded(whole % 3600 / 60)) min"
    }

    /// Work per second; missing where no time was spent.
    static func rate(_ count: Int, per seconds: Double) -> String {
        guard seconds > 0, count > 0 else { return missing }
        let rate = Double(count) / seconds
        return rate >= 100 && rate < 1e15 ? self.count(Int(rate.rounded())) : fixed(rate, decimals: 1)
    }

    /// A training metric with about three significant digits.
    static func metric(_ value: Double) -> String {
        let size = abs(value)
        if size == 0 { return "0" }
        if size >= 1e6 || size < 1e-4 { return value.isFinite ? minus(String(format: "%.1e", value)) : missing }
        if size >= 100 { return fixed(value, decimals: 0) }
        if size >= 10 { return fixed(value, decimals: 1) }
        return fixed(value, decimals: size >= 1 ? 2 : size >= 0.01 ? 3 : 5)
    }

    /// A fixed number of decimals with a true minus sign; never `−0`.
    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return missing }
        let digits = String(format: "%.\(decimals)f", value)
        return digits.contains { $0 >= "1" && $0 <= "9" } ? minus(digits) : digits.replacingOccurrences(of: "-", with: "")
    }

    private static func minus(_ digits: String) -> String { digits.replacingOccurrences(of: "-", with: "−") }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
