import Foundation
internal import GRDB

/// What a query found: a table of texts.
public struct QueryAnswer: Sendable, Hashable {
    /// The names of the columns, as the query gives them.
    public var columns: [String]
    /// In the query's order; nil is SQL's NULL, and what is no text or number is written as its bytes in hexadecimal.
    public var rows: [[String?]]
    /// Whether a column holds nothing but numbers.
    public var isNumber: [Bool]
}

extension ArenaStore {
    /// Answers one query of somebody else's making, which can only read.
    ///
    /// - Throws: `invalidQuery` with what SQLite says, for more than one statement and for anything that would write.
    public func answer(_ sql: String) throws(StoreError) -> QueryAnswer {
        let first = sql.drop { $0.isWhitespace || $0 == "(" }.prefix { $0.isLetter }.uppercased()
        guard ["SELECT", "WITH", "VALUES", "EXPLAIN"].contains(first) else {
            throw StoreError(.invalidQuery, "A query must begin with SELECT, WITH, VALUES or EXPLAIN: nothing can be changed here.")
        }
        return try read("a query") { db in
            do {
                let statement = try db.makeStatement(sql: sql)
                guard statement.isReadonly else {
                    throw StoreError(.invalidQuery, "A query can only read: nothing can be changed here.")
                }
                return try ArenaStore.answer(statement)
            } catch let error as DatabaseError {
                throw StoreError(.invalidQuery, "SQLite cannot answer the query: \(error.message ?? "\(error.resultCode)").", underlying: error)
            }
        }
    }

    private static func answer(_ statement: Statement) throws -> QueryAnswer {
        let columns = statement.columnNames
        var isNumber = columns.map { _ in true }
        var rows: [[String?]] = []
        let cursor = try Row.fetchCursor(statement)
        while let row = try cursor.next() {
            rows.append(
                columns.indices.map { index in
                    let value: DatabaseValue = row[index]
                    switch value.storage {
                    case .null: return nil
                    case .int64(let number): return String(number)
                    case .double(let number): return "\(number)"
                    case .string(let text):
                        isNumber[index] = false
                        return text
                    case .blob(let data):
                        isNumber[index] = false
                        return data.map { String(format: "%02x", $0) }.joined()
                    }
                })
        }
        return QueryAnswer(columns: columns, rows: rows, isNumber: isNumber)
    }
}
