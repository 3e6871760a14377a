/// Rows of comma-separated text with a header, as RFC 4180 has it.
///
/// A field in double quotes may hold commas, line ends and doubled quotes. Lines end with LF or CR LF; a byte order mark
/// at the start and blank lines are passed over.
public struct CSVTable: Sendable, Hashable {
    /// What is wrong with a text, and in which line, from 1.
    public struct Fault: Error, Sendable, Hashable {
        public let line: Int
        /// A sentence's end: what is wrong and what to do.
        public let reason: String
    }

    /// One record.
    public struct Row: Sendable, Hashable {
        /// The line on which it begins, from 1.
        public let line: Int
        /// By column.
        public let fields: [String]
    }

    public let columns: [String]
    public let rows: [Row]

    /// - Throws: where a quote is open at the end, text follows a closing quote, a row has more or fewer fields than the
    ///   header, or a column's name is empty or stands twice.
    public init(_ text: String) throws(Fault) {
        var reader = Reader(text)
        var records: [Row] = []
        while let record = try reader.next() {
            if record.fields != [""] { records.append(record) }
        }
        guard let header = records.first else { throw Fault(line: 1, reason: "there is no header: name the columns in the first line.") }
        columns = header.fields
        rows = Array(records.dropFirst())
        guard Set(columns).count == columns.count, !columns.contains("") else {
            throw Fault(line: header.line, reason: "column names are distinct and not empty, they are \(columns.joined(separator: ", ")).")
        }
        for row in rows where row.fields.count != columns.count {
            throw Fault(line: row.line, reason: "\(row.fields.count) fields for \(columns.count) columns: quote fields that hold commas.")
        }
    }

    /// A row's field by the column's name; nil where there is no such column.
    public func field(_ column: String, of row: Row) -> String? { columns.firstIndex(of: column).map { row.fields[$0] } }

    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0
        private var line = 1

        private static let (quote, comma, lineFeed, carriageReturn) = (
            UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")
        )

        init(_ text: String) {
            bytes = Array(text.utf8)
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        }

        /// The next record; nil at the end.
        mutating func next() throws(Fault) -> Row? {
            guard index < bytes.count else { return nil }
            let start = line
            var fields: [String] = []
            while true {
                fields.append(try field())
                guard index < bytes.count, bytes[index] == Self.comma else { break }
                index += 1
            }
            if index < bytes.count, bytes[index] == Self.carriageReturn { index += 1 }
            if index < bytes.count, bytes[index] == Self.lineFeed { index += 1 }
            line += 1
            return Row(line: start, fields: fields)
        }

        private var isAtEnd: Bool {
            guard index < bytes.count else { return true }
            if bytes[index] == Self.carriageReturn { return index + 1 >= bytes.count || bytes[index + 1] == Self.lineFeed }
            return bytes[index] == Self.comma || bytes[index] == Self.lineFeed
        }

        private mutating func field() throws(Fault) -> String {
            var content: [UInt8] = []
            guard index < bytes.count, bytes[index] == Self.quote else {
                while !isAtEnd {
                    content.append(bytes[index])
                    index += 1
                }
                return String(decoding: content, as: UTF8.self)
            }
            let start = line
            index += 1
            while index < bytes.count {
                if bytes[index] == Self.quote {
                    index += 1
                    guard index < bytes.count, bytes[index] == Self.quote else {
                        guard isAtEnd else { throw Fault(line: line, reason: "text follows a closing quote: double the quotes within a field.") }
                        return String(decoding: content, as: UTF8.self)
                    }
                }
                if bytes[index] == Self.lineFeed { line += 1 }
                content.append(bytes[index])
                index += 1
            }
            throw Fault(line: start, reason: "a quote is opened and never closed.")
        }
    }
}
