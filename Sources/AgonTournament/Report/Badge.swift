import AgonCore

/// `badge.svg`: the leader and its rating in one small picture, for a README.
enum Badge {
    static func text(_ report: Report) -> String {
        let left = DisplayText.name(report.arena, limit: 40)
        let learners = report.standings.filter { $0.role == .learner && $0.matchCount > 0 }
        let leader = learners.first ?? report.standings.first { $0.matchCount > 0 }
        let right = leader.map { "\(DisplayText.name($0.agent, limit: 24)) \(ReportNumber.rating($0.rating))" } ?? "no round yet"
        return text(left: left, right: right)
    }

    static func text(left: String, right: String) -> String {
        // Letters of the badge's font are about 6.6 units wide; a reader's own font is squeezed to fit.
        let (one, other) = (width(left), width(right))
        func part(_ text: String, from x: Int, _ width: Int) -> Markup {
            Markup(.svgText, ["x": "\(x + 8)", "y": "14", "textLength": "\(width - 16)", "lengthAdjust": "spacingAndGlyphs"]) { text }
        }
        let svg = Markup(
            .svg,
            ["xmlns": "http://www.w3.org/2000/svg", "width": "\(one + other)", "height": "20", "viewBox": "0 0 \(one + other) 20", "role": "img", "aria-label": "\(left): \(right)"]
        ) {
            Markup(.title) { "\(left): \(right)" }
            Markup(.rect, ["width": "\(one + other)", "height": "20", "rx": "4", "fill": "#0072b2"])
            Markup(.path, ["d": "M4 0H\(one)V20H4A4 4 0 0 1 0 16V4A4 4 0 0 1 4 0Z", "fill": "#33373d"])
            Markup(.g, ["fill": "#ffffff", "font-family": "DejaVu Sans,Verdana,sans-serif", "font-size": "11"]) {
                part(left, from: 0, one)
                part(right, from: one, other)
            }
        }
        return svg.html
    }

    private static func width(_ text: String) -> Int { 16 + Int((6.6 * Double(text.unicodeScalars.count)).rounded()) }
}
