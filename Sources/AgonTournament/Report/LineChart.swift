/// Lines over rounds, with bands for their intervals.
///
/// The plot is SVG that stretches to the width it gets; every word around it is HTML, so that it stays readable
/// on a phone. Dots are zero-length strokes with round ends, which do not stretch.
struct LineChart {
    /// A value at a round, with its interval where it has one.
    struct Point {
        var round: Int
        var value: Double
        var low: Double?
        var high: Double?
    }

    struct Series {
        var name: String
        var style: ChartStyle
        var points: [Point]
    }

    /// A round that is marked over the whole height.
    struct Mark {
        var round: Int
        var title: String
    }

    var title: String
    /// What a listener should know without seeing it.
    var description: String
    var series: [Series]
    var marks: [Mark] = []
    /// Values that must be seen, drawn as thin lines: 0.5 for "no difference".
    var guides: [Double] = []
    var bounds: ClosedRange<Double>?
    /// The least range of values to show.
    var smallestRange = 0.0
    /// How much room it takes.
    enum Size: String {
        case tall, flat, small
    }

    var size = Size.tall
    /// How values are written in legend and table.
    var format: (Double) -> String
    /// How ticks are written, given the decimals that tell them apart.
    var tickFormat: (Double, Int) -> String

    /// Most points that a line keeps.
    static let pointLimit = 72
    private static let tableLimit = 9
    private static let width = 1000.0
    private static let height = 400.0

    /// The figure; nil where there is nothing to draw.
    func markup() -> Markup? {
        guard let (drawn, x, y) = scales() else { return nil }
        return Markup(.figure, ["class": "chart \(size.rawValue)"]) {
            Markup(.figcaption) { title }
            legend(drawn)
            Markup(.div, ["class": "plot"]) {
                yLabels(y)
                plot(drawn, x: x, y: y)
                Markup(.div, ["class": "unit", "aria-hidden": "true"]) { "round" }
                xLabels(x)
            }
            table(drawn)
        }
    }

    /// The lines that have points, and the scales that they fit on; nil where there are none.
    func scales() -> (drawn: [Series], x: ChartAxis, y: ChartAxis)? {
        let drawn = series.map(thinned).filter { !$0.points.isEmpty }
        let rounds = drawn.flatMap { $0.points.map(\.round) }
        guard let first = rounds.min(), let last = rounds.max() else { return nil }
        let x = ChartAxis(
            from: Double(first), to: Double(max(last, first + 1)), tickCount: size == .small ? 3 : 6, isWhole: true)
        let y = ChartAxis(
            values: drawn.flatMap { $0.points.map(\.value) },
            intervals: drawn.flatMap { $0.points.flatMap { [$0.low, $0.high].compactMap { $0 } } },
            bounds: bounds, smallest: smallestRange, including: guides)
        return (drawn, x, y)
    }

    private func thinned(_ series: Series) -> Series {
        var series = series
        series.points = series.points.filter { $0.value.isFinite }
        series.points = LineChart.thinned(series.points, limit: LineChart.pointLimit)
        return series
    }

    /// Evenly spaced elements, the first and the last always among them.
    static func thinned<Element>(_ elements: [Element], limit: Int) -> [Element] {
        guard elements.count > limit, limit > 1 else { return elements }
        return (0..<limit).map { elements[$0 * (elements.count - 1) / (limit - 1)] }
    }

    private func legend(_ drawn: [Series]) -> Markup {
        Markup(.ul, ["class": "legend"]) {
            for line in drawn {
                Markup(.li) {
                    LineChart.swatch(line.style)
                    Markup(.span, ["class": "name"]) { line.name }
                    if let value = line.points.last?.value { Markup(.span, ["class": "value"]) { format(value) } }
                }
            }
        }
    }

    /// A short piece of the line, for legends.
    static func swatch(_ style: ChartStyle) -> Markup {
        Markup(.svg, ["class": "swatch", "viewBox": "0 0 28 10", "aria-hidden": "true"]) {
            Markup(.path, ["class": "line \(style.name)", "stroke-dasharray": style.dashes, "d": "M1 5H27"])
        }
    }

    private func plot(_ drawn: [Series], x: ChartAxis, y: ChartAxis) -> Markup {
        Markup(
            .svg,
            ["viewBox": "0 0 1000 400", "preserveAspectRatio": "none", "role": "img", "aria-label": title]
        ) {
            Markup(.title) { title }
            Markup(.desc) { description }
            marks.map { mark($0, x: x) }
            Markup(.path, ["class": "grid", "d": y.ticks.map { "M0 \(LineChart.top($0, y))H1000" }.joined()])
            guides.map { Markup(.path, ["class": "guide", "d": "M0 \(LineChart.top($0, y))H1000"]) }
            drawn.compactMap { band($0, x: x, y: y) }
            drawn.map { line($0, x: x, y: y) }
        }
    }

    private func mark(_ mark: Mark, x: ChartAxis) -> Markup {
        let half = max(3, 0.5 / (x.high - x.low) * LineChart.width)
        let left = max(0, x.place(Double(mark.round)) * LineChart.width - half)
        return Markup(
            .rect,
            [
                "class": "mark", "x": LineChart.digits(left), "y": "0",
                "width": LineChart.digits(min(2 * half, LineChart.width - left)), "height": "400",
            ]
        ) { Markup(.title) { mark.title } }
    }

    private func line(_ series: Series, x: ChartAxis, y: ChartAxis) -> Markup {
        let corners = series.points.map { LineChart.corner($0.round, $0.value, x, y) }
        return Markup(.g) {
            Markup(
                .path,
                ["class": "line \(series.style.name)", "stroke-dasharray": series.style.dashes, "d": "M" + corners.joined(separator: "L")])
            if let last = corners.last {
                Markup(.path, ["class": "dot \(series.style.name)", "d": "M\(last)h0"])
            }
        }
    }

    private func band(_ series: Series, x: ChartAxis, y: ChartAxis) -> Markup? {
        let points = series.points.filter { !($0.low ?? .nan).isNaN && !($0.high ?? .nan).isNaN }
        guard points.count > 1 else { return nil }
        let upper = points.map { LineChart.corner($0.round, $0.high ?? $0.value, x, y) }
        let lower = points.reversed().map { LineChart.corner($0.round, $0.low ?? $0.value, x, y) }
        return Markup(
            .path, ["class": "band \(series.style.name)", "d": "M" + (upper + lower).joined(separator: "L") + "Z"])
    }

    private static func corner(_ round: Int, _ value: Double, _ x: ChartAxis, _ y: ChartAxis) -> String {
        "\(digits(x.place(Double(round)) * width)) \(top(value, y))"
    }

    private static func top(_ value: Double, _ axis: ChartAxis) -> String { digits((1 - axis.place(value)) * height) }

    /// One decimal, without a trailing `.0`.
    static func digits(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    private func yLabels(_ axis: ChartAxis) -> Markup {
        Markup(.div, ["class": "y", "aria-hidden": "true"]) {
            for tick in axis.ticks {
                Markup(.span, ["style": "top:\(LineChart.digits((1 - axis.place(tick)) * 100))%"]) {
                    tickFormat(tick, axis.decimals)
                }
            }
        }
    }

    private func xLabels(_ axis: ChartAxis) -> Markup {
        Markup(.div, ["class": "x", "aria-hidden": "true"]) {
            for tick in axis.ticks {
                Markup(.span, ["style": "left:\(LineChart.digits(axis.place(tick) * 100))%"]) {
                    ReportNumber.fixed(tick, decimals: 0)
                }
            }
        }
    }

    private func table(_ drawn: [Series]) -> Markup {
        let all = Set(drawn.flatMap { $0.points.map(\.round) }).sorted()
        let rounds = LineChart.thinned(all, limit: LineChart.tableLimit)
        return Markup(.details) {
            Markup(.summary) { "Numbers" }
            Markup(.div, ["class": "scroll"]) {
                Markup(.table) {
                    Markup(.caption, ["class": "unseen"]) { "\(title), by round" }
                    Markup(.tr) {
                        Markup(.th, ["scope": "col"]) { "round" }
                        for round in rounds { Markup(.th, ["scope": "col", "class": "n"]) { String(round) } }
                    }
                    for line in drawn { row(line, rounds: rounds) }
                }
            }
        }
    }

    private func row(_ line: Series, rounds: [Int]) -> Markup {
        let values = Dictionary(line.points.map { ($0.round, $0.value) }) { $1 }
        return Markup(.tr) {
            Markup(.th, ["scope": "row"]) { line.name }
            for round in rounds {
                Markup(.td, ["class": "n"]) { values[round].map(format) ?? ReportNumber.missing }
            }
        }
    }
}
