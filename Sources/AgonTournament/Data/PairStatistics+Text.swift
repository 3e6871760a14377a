import Foundation

extension PairStatistics {
    /// The numbers as lines for a terminal.
    public func text(width: Int) -> String {
        guard pairCount > 0 else { return "There is no pair." }
        var lines = ["\(ReportNumber.count(pairCount)) pairs on \(ReportNumber.count(promptCount)) prompts\(conversations)."]
        lines.append(
            "Twice there: \(ReportNumber.count(duplicateCount)); contradicted by another pair: "
                + "\(ReportNumber.count(contradictionCount)); both sides the same: \(ReportNumber.count(identicalCount)).")
        if let share = chosenLonger {
            lines.append(
                "The chosen side is longer in \(ReportNumber.percent(share.value)) of pairs "
                    + "[\(ReportNumber.fixed(share.low * 100, decimals: 1)), \(ReportNumber.fixed(share.high * 100, decimals: 1))].")
        }
        lines += [""] + distributions(width)
        for (title, counts) in [("arena", arenas), ("judge", judges)] where !counts.isEmpty {
            lines += [""] + table([title, "pairs"], counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { [$0.key, ReportNumber.count($0.value)] }, width)
        }
        let agents = Set(chosenAgents.keys).union(rejectedAgents.keys).sorted()
        if !agents.isEmpty {
            lines += [""] + table(["agent", "chosen", "rejected"], agents.map { [$0, ReportNumber.count(chosenAgents[$0] ?? 0), ReportNumber.count(rejectedAgents[$0] ?? 0)] }, width)
        }
        return lines.joined(separator: "\n")
    }

    private var conversations: String {
        switch conversationCount {
        case 0: ""
        case pairCount: ", all conversations"
        default: ", \(ReportNumber.count(conversationCount)) of them conversations"
        }
    }

    private func distributions(_ width: Int) -> [String] {
        let rows = [
            ("prompt (\(lengthUnit))", promptLength), ("chosen (\(lengthUnit))", chosenLength),
            ("rejected (\(lengthUnit))", rejectedLength), ("preference", preference), ("score margin", margin),
        ].compactMap { name, values in
            values.map { values in
                [name, ReportNumber.count(values.count)]
                    + [values.mean, values.min, values.quarter, values.median, values.threeQuarters, values.max].map(Self.number)
            }
        }
        return table(["", "count", "mean", "min", "25 %", "median", "75 %", "max"], rows, width)
    }

    /// Whole numbers without decimals.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? ReportNumber.count(Int(value)) : ReportNumber.metric(value)
    }

    private func table(_ titles: [String], _ rows: [[String]], _ width: Int) -> [String] {
        TextTable(
            columns: titles.enumerated().map { .init(title: $1, isNumber: $0 > 0, expendability: 0) },
            rows: rows.map { row in row.map { DisplayText.visible($0) } }, flexibleColumn: 0
        ).lines(width: width)
    }
}
