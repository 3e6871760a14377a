import Foundation
import Testing

@testable import AgonTournament

@Suite("Charts and numbers of a report")
struct ReportChartTests {
    @Test("Steps are 1, 2 or 5 times a power of ten")
    func steps() {
        #expect([0.0009, 0.03, 0.9, 1.4, 2.2, 4, 8, 130].map(ChartAxis.niceStep) == [0.001, 0.02, 1, 1, 2, 5, 10, 100])
        #expect(ChartAxis.niceStep(.nan) == 1)
    }

    @Test("Ticks are round numbers within the axis, at most a handful")
    func ticks() {
        let axis = ChartAxis(from: 933, to: 1268)
        #expect(axis.ticks == [950, 1000, 1050, 1100, 1150, 1200, 1250])
        #expect(ChartAxis(from: 1, to: 2, tickCount: 6, isWhole: true).ticks == [1, 2])
        #expect(ChartAxis(from: 0, to: 0.3).decimals == 2)
        #expect(ChartAxis(from: .nan, to: .infinity).ticks.count > 1)
    }

    @Test("An unbounded interval does not squeeze the values, and values beyond the axis lie on its edge")
    func unboundedIntervals() {
        let axis = ChartAxis(values: [1000, 1100], intervals: [-9000, .infinity, 900], bounds: nil, smallest: 100)
        #expect(axis.low > 900 && axis.high < 1200)
        #expect(axis.place(.infinity) == 1 && axis.place(-.infinity) == 0)
        let share = ChartAxis(values: [0.97, 0.99], intervals: [], bounds: 0...1, smallest: 0.2)
        #expect(share.high == 1)
    }

    @Test("Thinning keeps the first and the last point")
    func thinning() {
        let thinned = LineChart.thinned(Array(1...1000), limit: 72)
        #expect(thinned.count == 72 && thinned.first == 1 && thinned.last == 1000)
        #expect(LineChart.thinned([1, 2], limit: 72) == [1, 2])
    }

    @Test("Coordinates have one decimal at most")
    func digits() {
        #expect([0, 12.04, 12.06, -0.5, 999.96].map(LineChart.digits) == ["0", "12", "12.1", "-0.5", "1000"])
    }

    @Test("Every line stands out from the page, in light and dark, and has more ink than gaps would hide")
    func visibleLines() throws {
        let css = PageStyle.sheet.html
        let dark = try #require(css.range(of: "prefers-color-scheme:dark"))
        for theme in [css[..<dark.lowerBound], css[dark.lowerBound...]] {
            func luminance(_ name: String) throws -> Double {
                let start = try #require(theme.range(of: "--\(name):#")).upperBound
                var digits = String(theme[start...].prefix { $0.isHexDigit })
                if digits.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
                let value = try #require(Int(digits, radix: 16))
                func channel(_ shift: Int) -> Double {
                    let share = Double((value >> shift) & 255) / 255
                    return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
                }
                return 0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
            }
            // Contrast as in WCAG 2: 3 is what graphics need; the grey lines are thinner.
            let paper = try luminance("bg")
            for name in ["g"] + (0..<ChartStyle.learnerCount).map({ "c\($0)" }) {
                let ink = try luminance(name)
                let contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
                #expect(contrast >= (name == "g" ? 4.5 : 3), "\(name)")
            }
        }
        for style in ChartStyle.styles(ReportDemo.report()).values where !style.dashes.isEmpty {
            let lengths = style.dashes.split(separator: " ").compactMap { Double($0) }
            let ink = stride(from: 0, to: lengths.count, by: 2).map { lengths[$0] }.reduce(0, +)
            #expect(ink >= 0.35 * lengths.reduce(0, +), "\(style.dashes)")
        }
    }

    @Test("Tints go from orange over none to blue")
    func tints() {
        #expect([0, 0.3, 0.5, 0.7, 1, .nan].map(HeatMap.tint) == ["l4", "l2", "h0", "h2", "h4", "h0"])
    }

    @Test("Numbers have one look: true minus signs, no negative zero, a dash where there is none")
    func numbers() {
        #expect(ReportNumber.rating(-0.4) == "0")
        #expect(ReportNumber.signed(-12.6) == "−13")
        #expect(ReportNumber.signed(12.6) == "+13")
        #expect(ReportNumber.signed(.infinity) == "–")
        #expect(ReportNumber.percent(0.8713) == "87.1%")
        #expect(ReportNumber.percent(.nan) == "–")
        #expect([0, 999, 1000, -1_234_567].map(ReportNumber.count) == ["0", "999", "1,000", "−1,234,567"])
        #expect([3.24, 59.96, 72, 7500].map(ReportNumber.duration) == ["3.2 s", "1 min 00 s", "1 min 12 s", "2 h 05 min"])
        #expect([0.00002, 0.0123, 0.69314, 12.34, 1234].map(ReportNumber.metric) == ["2.0e−05", "0.012", "0.693", "12.3", "1234"])
        #expect(ReportNumber.rate(100, per: 0) == "–")
    }
}
