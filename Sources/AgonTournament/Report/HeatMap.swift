/// A table whose cells are tinted by their value: blue above one half, orange below, the number always there.
struct HeatMap {
    struct Cell {
        /// 0 … 1.
        var value: Double
        var text: String
        /// Smaller lines below.
        var notes: [String]
    }

    var caption: String
    /// What the corner says of rows and columns.
    var corner: String
    var names: [String]
    /// `[row][column]`; nil where there is nothing.
    var cells: [[Cell?]]

    /// The table in its own scrolling box.
    func markup() -> Markup {
        Markup(.div, ["class": names.count > 2 ? "scroll wide" : "scroll"]) {
            Markup(.table, ["class": "heat"]) {
                Markup(.caption, ["class": "unseen"]) { caption }
                Markup(.thead) {
                    Markup(.tr) {
                        Markup(.th, ["scope": "col"]) { corner }
                        for name in names { Markup(.th, ["scope": "col", "class": "n", "data-column": name]) { name } }
                    }
                }
                Markup(.tbody) {
                    for (place, row) in cells.enumerated() {
                        Markup(.tr, ["data-agent": names[place]]) {
                            Markup(.th, ["scope": "row"]) { names[place] }
                            row.enumerated().map { cell($1, pair: "\(place) \($0)") }
                        }
                    }
                }
            }
        }
    }

    private func cell(_ cell: Cell?, pair: String) -> Markup {
        guard let cell else { return Markup(.td, ["class": "n none"]) { ReportNumber.missing } }
        return Markup(.td, ["class": "n \(HeatMap.tint(cell.value))", "data-pair": pair]) {
            Markup(.span) { cell.text }
            for note in cell.notes { Markup(.small) { note } }
        }
    }

    /// One of nine classes: `l4` (0) … `h0` (one half) … `h4` (1).
    static func tint(_ value: Double) -> String {
        guard value.isFinite else { return "h0" }
        let step = Int(((min(1, max(0, value)) - 0.5) * 8).rounded())
        return step < 0 ? "l\(-step)" : "h\(step)"
    }
}
