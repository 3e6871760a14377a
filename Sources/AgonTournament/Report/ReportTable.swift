/// A table of a report as cells of text, the same for every format.
struct ReportTable {
    var id: String
    var title: String
    var prose: String
    var columns: [(title: String, isNumber: Bool)]
    var rows: [[String]]
    /// The agent of each row, which filters go by and which then stands in the first cell; empty where rows are of no agent.
    var agents: [String] = []
    /// The column that a narrow terminal cuts.
    var flexibleColumn = 0

    /// Without columns in which no row has anything.
    var withoutEmptyColumns: ReportTable {
        let kept = columns.indices.filter { column in rows.contains { $0[column] != ReportNumber.missing } }
        var table = self
        table.columns = kept.map { columns[$0] }
        table.rows = rows.map { row in kept.map { row[$0] } }
        table.flexibleColumn = kept.firstIndex(of: flexibleColumn) ?? 0
        return table
    }

    /// The table in its own scrolling box.
    var markup: Markup {
        Markup(.div, ["class": "scroll"]) {
            Markup(.table, ["class": "sortable"]) {
                Markup(.caption, ["class": "unseen"]) { title }
                Markup(.thead) {
                    Markup(.tr) {
                        for column in columns { Markup(.th, ["scope": "col", "class": column.isNumber ? "n" : ""]) { column.title } }
                    }
                }
                Markup(.tbody) { rows.indices.map(row) }
            }
        }
    }

    /// Its lines for a terminal.
    func lines(width: Int) -> [String] {
        let columns = columns.map { TextTable.Column(title: $0.title, isNumber: $0.isNumber, expendability: 0) }
        return TextTable(columns: columns, rows: rows, flexibleColumn: flexibleColumn).lines(width: width)
    }

    private func row(_ index: Int) -> Markup {
        let cells = zip(rows[index], columns).enumerated().map { place, pair in
            let (cell, column) = pair
            return place == 0 && !agents.isEmpty
                ? Markup(.th, ["scope": "row"]) { cell }
                : Markup(.td, ["class": column.isNumber ? "n" : cell.count > 60 ? "text" : ""]) { cell }
        }
        return agents.isEmpty ? Markup(.tr) { cells } : Markup(.tr, ["data-agent": DisplayText.name(agents[index])]) { cells }
    }
}
