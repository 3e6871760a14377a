/// Rows of cells set in columns for a terminal.
struct TextTable {
    /// A column, and what may be left out where room is short.
    struct Column {
        var title: String
        var isNumber: Bool
        /// The first to go is the highest; 0 always stays.
        var expendability: Int
    }

    var columns: [Column]
    /// One array of cells per row, in the order of `columns`.
    var rows: [[String]]
    /// The column that is cut.
    var flexibleColumn: Int
    /// Columns of the terminal that the flexible column keeps while there is another column to leave out; nil: all.
    var comfort: Int?

    /// The heading and a line per row, none wider than `width` where leaving out and cutting can do it.
    /// - Parameter paint: gives a cell its colour; row nil is the heading.
    func lines(width: Int, paint: (_ text: String, _ row: Int?, _ column: Int) -> String = { text, _, _ in text }) -> [String] {
        var widths = columns.indices.map { column in
            rows.reduce(DisplayText.width(columns[column].title)) { max($0, DisplayText.width($1[column])) }
        }
        let shown = shownColumns(width, &widths)
        func line(_ cells: [String], _ row: Int?) -> String {
            var text = shown.map { column in
                let cell = DisplayText.fitted(cells[column], columns: widths[column])
                let space = String(repeating: " ", count: max(0, widths[column] - DisplayText.width(cell)))
                let painted = paint(cell, row, column)
                return columns[column].isNumber ? space + painted : painted + space
            }.joined(separator: "  ")
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        return [line(columns.map(\.title), nil)] + rows.enumerated().map { line($0.element, $0.offset) }
    }

    private func shownColumns(_ width: Int, _ widths: inout [Int]) -> [Int] {
        var shown = Array(columns.indices)
        func excess() -> Int { shown.reduce(0) { $0 + widths[$1] } + 2 * (shown.count - 1) - width }
        func cut(to floor: Int) {
            if excess() > 0 { widths[flexibleColumn] = min(widths[flexibleColumn], max(floor, widths[flexibleColumn] - excess())) }
        }
        if let comfort { cut(to: comfort) }
        while excess() > 0,
            let next = shown.filter({ columns[$0].expendability > 0 })
                .max(by: { columns[$0].expendability < columns[$1].expendability })
        {
            shown.removeAll { $0 == next }
        }
        cut(to: 4)
        return shown
    }
}
