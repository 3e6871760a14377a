import AgonAgents

/// Tables as RFC 4180 has them: fields may be quoted and then hold commas, quotes and line breaks.
///
/// Fields are data and stay as they are: unlike `standings.csv`, nothing is held back from a spreadsheet that would take it
/// for a formula.
enum CSVText {
    /// One row with the line break of the standard.
    static func row(_ fields: [String]) -> String {
        fields.map { field in
            guard field.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return field }
            // By bytes: a quote with a combining mark after it is no `"` to Swift.
            let doubled = field.utf8.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] }
            return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
        }.joined(separator: ",") + "\r\n"
    }

    /// Hands over each row with the line that it begins in.
    /// - Throws: `AgentError`, naming file and line; what the body throws.
    static func forEachRow(_ path: String, _ body: (_ line: Int, _ fields: [String]) throws -> Void) throws {
        var parser = Parser()
        var start = 1
        func close() throws {
            guard let fields = parser.finishRow() else {
                throw AgentError(.unreadable, "\(path):\(start): the row is not UTF-8: save the file as UTF-8.")
            }
            if fields != [""] { try body(start, fields) }
        }
        try LineReader.forEach(path) { number, line in
            if !parser.isQuoted { start = number }
            parser.take(line)
            guard parser.isQuoted else { return try close() }
            guard parser.size <= LineReader.lineLimit else {
                throw AgentError(.syntax, "\(path):\(start): a quoted field has more than \(LineReader.lineLimit) bytes: is its closing quote missing?")
            }
        }
        guard !parser.isQuoted else { throw AgentError(.syntax, "\(path):\(start): a quoted field is not closed: add the quote.") }
    }

    /// The row that is being read.
    private struct Parser {
        private(set) var isQuoted = false
        private var fields: [[UInt8]] = []
        private var field: [UInt8] = []
        private var wasQuoted = false
        private(set) var size = 0

        /// One line; within quotes it goes on with the line feed that ended the one before.
        mutating func take(_ line: ArraySlice<UInt8>) {
            var bytes = line
            if isQuoted { field.append(0x0A) }
            size += line.count + 1
            while let byte = bytes.popFirst() {
                if isQuoted {
                    if byte != 0x22 {
                        field.append(byte)
                    } else if bytes.first == 0x22 {
                        field.append(0x22)
                        bytes.removeFirst()
                    } else {
                        isQuoted = false
                    }
                } else if byte == 0x22, field.isEmpty, !wasQuoted {
                    (isQuoted, wasQuoted) = (true, true)
                } else if byte == 0x2C {
                    endField()
                } else if byte != 0x0D || !bytes.isEmpty {
                    field.append(byte)
                }
            }
        }

        private mutating func endField() {
            fields.append(field)
            (field, wasQuoted) = ([], false)
        }

        /// The row's fields; nil where one is no UTF-8.
        mutating func finishRow() -> [String]? {
            endField()
            defer { (fields, size) = ([], 0) }
            let texts = fields.compactMap { String(validating: $0, as: UTF8.self) }
            return texts.count == fields.count ? texts : nil
        }
    }
}
