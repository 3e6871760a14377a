import AgonCore

/// How an agent is drawn everywhere on the page: a colour class and a dash, never a colour alone.
struct ChartStyle: Hashable {
    /// A class of the style sheet, `s0` … `s5` for learners, `a0` … `a3` for agents that do not change.
    var name: String
    /// Dash lengths in pixels; empty for a solid line.
    var dashes: String

    static let learnerCount = 6
    private static let learnerDashes = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2"]
    private static let anchorDashes = ["7 4", "2 3", "11 3 2 3", "4 7"]

    /// One style per agent, by name, so that it does not change when the standings do.
    static func styles(_ report: Report) -> [String: ChartStyle] {
        let learners = report.standings.filter { $0.role == .learner }.map(\.agent).sorted()
        let others = report.standings.filter { $0.role != .learner }.map(\.agent).sorted()
        var result: [String: ChartStyle] = [:]
        for (index, name) in learners.enumerated() { result[name] = learner(index) }
        for (index, name) in others.enumerated() {
            let style = index % anchorDashes.count
            result[name] = ChartStyle(name: "a\(style)", dashes: anchorDashes[style])
        }
        return result
    }

    /// The style of the learner at this place; colours come again after six, with another dash.
    static func learner(_ index: Int) -> ChartStyle {
        let turn = index / learnerCount
        return ChartStyle(
            name: "s\(index % learnerCount)", dashes: learnerDashes[(index + turn) % learnerDashes.count])
    }
}
