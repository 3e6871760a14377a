import AgonCore

/// What a measure's name means to a reader.
struct ReportMeasure: Hashable {
    /// What its values are.
    enum Unit {
        /// 0 … 1, shown as per cent.
        case share
        /// A plain number, such as a count per hundred.
        case number
    }

    var name: String
    var title: String
    /// A word or two that tell it from the run's other measures.
    var label: String
    var unit: Unit
    /// Whether a larger value is better; nil where a reader has to judge.
    var higherIsBetter: Bool?
    /// The value that means "no difference"; nil where there is none.
    var neutral: Double?

    /// The known measures, most telling first.
    static let known = [
        ReportMeasure(name: "gold_sampled", title: "Gold accuracy, sampled", label: "sampled", unit: .share, higherIsBetter: true),
        ReportMeasure(
            name: "score_vs_anchor", title: "Score against the anchor", label: "score", unit: .share, higherIsBetter: true,
            neutral: 0.5),
        ReportMeasure(name: "gold_greedy", title: "Gold accuracy, greedy", label: "greedy", unit: .share, higherIsBetter: true),
        ReportMeasure(
            name: "draws_vs_perfect", title: "Draws against perfect", label: "draws", unit: .share, higherIsBetter: true),
        ReportMeasure(
            name: "illegal_per_100", title: "Illegal moves per 100 games", label: "illegal moves", unit: .number,
            higherIsBetter: false),
        ReportMeasure(
            name: "exploitability", title: "Exploitability", label: "exploitability", unit: .number, higherIsBetter: false),
    ]

    /// What training is judged by: the first known measure that a run has, and beside it those that may get worse while
    /// it gets better.
    static func judging(_ evaluations: [EvaluationRecord]) -> [ReportMeasure] {
        let present = present(in: evaluations)
        return present.prefix(1) + present.dropFirst().filter { ["gold_greedy", "illegal_per_100"].contains($0.name) }
    }

    /// The measures that a run has, known ones first, then the others by name.
    static func present(in evaluations: [EvaluationRecord]) -> [ReportMeasure] {
        let names = Set(evaluations.map(\.measure))
        let unknown = names.subtracting(known.map(\.name)).sorted().map { name in
            let title = name.split(separator: "_").joined(separator: " ")
            return ReportMeasure(name: name, title: title, label: title, unit: .number)
        }
        return known.filter { names.contains($0.name) } + unknown
    }

    /// The value as a reader sees it.
    func text(_ value: Double) -> String {
        unit == .share ? ReportNumber.percent(value) : ReportNumber.metric(value)
    }

    /// The value with its interval.
    func text(_ estimate: Estimate) -> String {
        if unit == .share { return ReportNumber.percent(estimate) }
        return "\(text(estimate.value)) [\(text(estimate.low)), \(text(estimate.high))]"
    }

    /// A difference of two values with its interval: `+26.9 ± 3.5 points`.
    func text(change: Estimate) -> String {
        let scale = unit == .share ? 100.0 : 1
        let digits = ReportNumber.fixed(change.value * scale, decimals: 1)
        let sign = change.value > 0 && digits != ReportNumber.missing ? "+" : ""
        let width = ReportNumber.fixed(change.halfWidth * scale, decimals: 1)
        return "\(sign)\(digits) ± \(width)" + (unit == .share ? " points" : "")
    }
}
