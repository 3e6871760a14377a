/// A chart as a picture of its own, words and all: for documents, and for tools that make PNG of SVG.
extension LineChart {
    private static let pictureStyle: StaticString = """
        text{font:13px "DejaVu Sans",system-ui,sans-serif;fill:#1c1e21}.soft{fill:#5d636b;font-size:11px}.head{font-size:16px;font-weight:600}
        .line{fill:none;stroke-width:2;stroke-linejoin:round}.dot{fill:none;stroke-width:7;stroke-linecap:round}.band{opacity:.15}
        .grid{fill:none;stroke:#e3e4e0}.guide{fill:none;stroke:#5d636b;stroke-dasharray:1 4}
        .s0{stroke:#0072b2}.s1{stroke:#d55e00}.s2{stroke:#009e73}.s3{stroke:#b0578d}.s4{stroke:#b07a00}.s5{stroke:#3a9bd1}
        .a0,.a1,.a2,.a3{stroke:#666c74}.band.s0{fill:#0072b2}.band.s1{fill:#d55e00}.band.s2{fill:#009e73}.band.s3{fill:#b0578d}
        .band.s4{fill:#b07a00}.band.s5{fill:#3a9bd1}.band.a0,.band.a1,.band.a2,.band.a3{fill:#666c74;opacity:.09}.band{stroke:none}

        """

    /// The SVG document on a white ground; nil where there is nothing to draw.
    func picture(subtitle: String) -> String? {
        guard let (drawn, x, y) = scales() else { return nil }
        let (left, top, width, height) = (64.0, 64.0, 640.0, 320.0)
        func place(_ round: Int) -> Double { left + x.place(Double(round)) * width }
        func level(_ value: Double) -> Double { top + (1 - y.place(value)) * height }
        func corner(_ round: Int, _ value: Double) -> String { "\(LineChart.digits(place(round))) \(LineChart.digits(level(value)))" }
        let total = max(top + height + 56, top + 22 * Double(drawn.count) + 16)
        let svg = Markup(
            .svg,
            ["xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 960 \(LineChart.digits(total))", "width": "960", "height": LineChart.digits(total), "role": "img"]
        ) {
            Markup(.title) { title }
            Markup(.desc) { description }
            Markup.style(LineChart.pictureStyle)
            Markup(.rect, ["x": "0", "y": "0", "width": "960", "height": LineChart.digits(total), "fill": "#ffffff"])
            LineChart.words(title, x: left, y: 26, "head")
            LineChart.words(subtitle, x: left, y: 46, "soft")
            for tick in y.ticks {
                Markup(.path, ["class": "grid", "d": "M\(LineChart.digits(left)) \(LineChart.digits(level(tick)))H\(LineChart.digits(left + width))"])
                LineChart.words(tickFormat(tick, y.decimals), x: left - 8, y: level(tick) + 4, "soft", anchor: "end")
            }
            for tick in x.ticks {
                LineChart.words(ReportNumber.fixed(tick, decimals: 0), x: left + x.place(tick) * width, y: top + height + 18, "soft", anchor: "middle")
            }
            LineChart.words("round", x: left + width / 2, y: top + height + 38, "soft", anchor: "middle")
            guides.map { Markup(.path, ["class": "guide", "d": "M\(LineChart.digits(left)) \(LineChart.digits(level($0)))H\(LineChart.digits(left + width))"]) }
            for line in drawn {
                let bounded = line.points.filter { !($0.low ?? .nan).isNaN && !($0.high ?? .nan).isNaN }
                if bounded.count > 1 {
                    let edge = bounded.map { corner($0.round, $0.high ?? $0.value) } + bounded.reversed().map { corner($0.round, $0.low ?? $0.value) }
                    Markup(.path, ["class": "band \(line.style.name)", "d": "M" + edge.joined(separator: "L") + "Z"])
                }
            }
            for (index, line) in drawn.enumerated() {
                let corners = line.points.map { corner($0.round, $0.value) }
                Markup(.path, ["class": "line \(line.style.name)", "stroke-dasharray": line.style.dashes.isEmpty ? "none" : line.style.dashes, "d": "M" + corners.joined(separator: "L")])
                if let last = corners.last { Markup(.path, ["class": "dot \(line.style.name)", "d": "M\(last)h0.01"]) }
                let row = top + 10 + 22 * Double(index)
                Markup(.path, ["class": "line \(line.style.name)", "stroke-dasharray": line.style.dashes.isEmpty ? "none" : line.style.dashes, "d": "M728 \(LineChart.digits(row))H756"])
                LineChart.words("\(line.name)  \(line.points.last.map { format($0.value) } ?? "")", x: 764, y: row + 4, "")
            }
        }
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg.html
    }

    private static func words(_ text: String, x: Double, y: Double, _ style: String, anchor: String = "start") -> Markup {
        Markup(.svgText, ["class": style, "x": digits(x), "y": digits(y), "text-anchor": anchor]) { text }
    }
}
