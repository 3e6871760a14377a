import AgonRatings

extension BattleBoard {
    /// The board and what must be said beside it, for a terminal.
    public func text(width: Int) -> String {
        let table = TextTable(columns: columns, rows: cells, flexibleColumn: 1).lines(width: width)
        let notes = notes.flatMap { DisplayText.wrapped($0, columns: width, indent: "  ") }
        let circles = cycles.map { cycles in
            cycles.sentences.flatMap { DisplayText.wrapped($0, columns: width, indent: "  ") }
                + cycles.tables.flatMap { ["", $0.title] + DisplayText.wrapped($0.prose, columns: width, indent: "  ") + [""] + $0.lines(width: width) }
        } ?? []
        return ([summary, ""] + table + [""] + notes + circles).joined(separator: "\n")
    }

    /// The same for a document.
    public var markdown: String {
        let table = MarkdownReport.table(columns.map { ($0.title, $0.isNumber) }, cells)
        let said = [MarkdownReport.escaped(summary), table] + (notes + (cycles?.sentences ?? [])).map(MarkdownReport.escaped)
        return (said + (cycles?.tables ?? []).flatMap(MarkdownReport.blocks)).joined(separator: "\n\n")
    }

    /// One line per player, all digits.
    public var csv: String {
        let header = [
            "rank", "rank_low", "rank_high", "player", "rating", "rating_low", "rating_high", "battles", "wins", "ties", "losses",
            "island", "provisional",
        ]
        let rows = board.rows.map { row in
            [
                String(row.rank), String(row.rankLow), String(row.rankHigh), row.name, digits(row.rating.value), digits(row.rating.low),
                digits(row.rating.high), weight(row.wins + row.ties + row.losses), weight(row.wins), weight(row.ties),
                weight(row.losses), String(row.island + 1), row.isProvisional ? "yes" : "no",
            ]
        }
        return ([header] + rows).map(CSVReport.line).joined()
    }

    var columns: [TextTable.Column] {
        typealias Column = TextTable.Column
        let island = board.islandCount > 1 ? [Column(title: "island", isNumber: true, expendability: 0)] : []
        return [
            Column(title: "#", isNumber: true, expendability: 0), Column(title: "player", isNumber: false, expendability: 0),
            Column(title: "rating", isNumber: true, expendability: 0), Column(title: "95% interval", isNumber: true, expendability: 0),
            Column(title: "places", isNumber: true, expendability: 1), Column(title: "battles", isNumber: true, expendability: 2),
            Column(title: "W/T/L", isNumber: true, expendability: 3),
        ] + island
    }

    /// Systems on their own scales, such as OpenSkill's of 25 ± 8, need decimals.
    var decimals: Int { board.rows.allSatisfy { abs($0.rating.value) < 200 } ? 2 : 0 }

    var cells: [[String]] {
        board.rows.map { row in
            [
                String(row.rank), DisplayText.name(row.name) + (row.isProvisional ? " *" : ""),
                ReportNumber.fixed(row.rating.value, decimals: decimals),
                "[\(ReportNumber.fixed(row.rating.low, decimals: decimals)), \(ReportNumber.fixed(row.rating.high, decimals: decimals))]",
                row.rankLow == row.rankHigh ? String(row.rankLow) : "\(row.rankLow)–\(row.rankHigh)",
                weight(row.wins + row.ties + row.losses), [row.wins, row.ties, row.losses].map(weight).joined(separator: "/"),
            ] + (board.islandCount > 1 ? [String(row.island + 1)] : [])
        }
    }

    var summary: String {
        let left = [(selfPlayCount, "of a player against itself"), (unfinishedCount, "without a result"), (bothBadCount, "where both were bad")]
            .filter { $0.0 > 0 }.map { "\(ReportNumber.count($0.0)) \($0.1)" }
        return "\(DisplayText.name(file, limit: 120)): \(ReportNumber.count(board.battleCount)) battles of \(ReportNumber.count(board.rows.count)) players by \(board.system.rawValue)"
            + (left.isEmpty ? "." : "; left out: \(left.joined(separator: ", ")).")
    }

    var notes: [String] {
        var notes = [
            "Intervals: \(board.intervalMethod). Places: what the intervals of the differences leave open."
                + (board.rows.contains(where: \.isProvisional) ? " * provisional: too few battles, or held by the prior alone." : "")
        ]
        if let anchor = board.anchor {
            notes.append("\(DisplayText.name(anchor)) is at \(ReportNumber.rating(board.base)); intervals are of the difference to it.")
        }
        if let tie = board.tieFit, let parameter = tie.parameter {
            notes.append("Ties: \(tie.model.rawValue), parameter \(ReportNumber.fixed(parameter, decimals: 3)), \(ReportNumber.percent(tie.tieShare)) of battles.")
        }
        notes += board.effects.map { effect in
            "\(DisplayText.name(effect.name)): \(ReportNumber.signed(effect.points.value)) points "
                + "[\(ReportNumber.signed(effect.points.low)), \(ReportNumber.signed(effect.points.high))] per standard deviation."
        }
        return notes + board.warnings.map { DisplayText.visible($0) }
    }

    func weight(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : ReportNumber.fixed(value, decimals: 1)
    }

    private func digits(_ value: Double) -> String { value.isFinite ? "\((value * 1000).rounded() / 1000)" : "" }
}
