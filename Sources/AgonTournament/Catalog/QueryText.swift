public import AgonStore

/// How the answer to a query is shown.
public enum QueryText {
    /// As a table for a terminal.
    public static func table(_ answer: QueryAnswer, width: Int) -> String {
        let columns = zip(answer.columns, answer.isNumber).map {
            TextTable.Column(title: DisplayText.name($0, limit: 60), isNumber: $1, expendability: 0)
        }
        let rows = answer.rows.map { $0.map { $0.map { DisplayText.name($0, limit: 120) } ?? "" } }
        return TextTable(columns: columns, rows: rows, flexibleColumn: widest(answer)).lines(width: width).joined(separator: "\n")
    }

    /// As CSV with a header.
    public static func csv(_ answer: QueryAnswer) -> String {
        ([answer.columns] + answer.rows.map { $0.map { $0 ?? "" } }).map(CSVReport.line).joined()
    }

    /// As a JSON list of objects; numbers stay numbers, and of columns with one name the last counts.
    /// - Throws: where the objects cannot be written.
    public static func json(_ answer: QueryAnswer) throws -> String {
        try JSONText.text(
            answer.rows.map { row in
                Dictionary(
                    zip(answer.columns, zip(row, answer.isNumber).map(Cell.init)), uniquingKeysWith: { $1 })
            })
    }

    private static func widest(_ answer: QueryAnswer) -> Int {
        answer.columns.indices.max { one, other in
            func width(_ column: Int) -> Int { answer.rows.reduce(0) { max($0, $1[column]?.count ?? 0) } }
            return width(one) < width(other)
        } ?? 0
    }

    private struct Cell: Encodable {
        let text: String?
        let isNumber: Bool

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let text, isNumber, let number = Int64(text) {
                try container.encode(number)
            } else if let text, isNumber, let number = Double(text) {
                try container.encode(number)
            } else {
                try container.encode(text)
            }
        }
    }
}
