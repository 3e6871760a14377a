internal import AgonCore
internal import Foundation
internal import GRDB

extension Database {
    /// Runs a statement that stays compiled for as long as its connection is open.
    func run(_ sql: String, _ values: [(any DatabaseValueConvertible)?]) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }

    /// The rows of a query that stays compiled, in order.
    func rows(_ sql: String, _ values: [(any DatabaseValueConvertible)?]) throws -> [Row] {
        try Row.fetchAll(cachedStatement(sql: sql), arguments: StatementArguments(values))
    }

    /// Each row of a query that stays compiled, in order. The row is valid until the body returns.
    func forEachRow(
        _ sql: String, _ values: [(any DatabaseValueConvertible)?], _ body: (Row) throws -> Void
    ) throws {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(values))
        while let row = try cursor.next() { try body(row) }
    }

    /// The integer key of a run.
    /// - Throws: `unknownRun`.
    func key(ofRun name: String) throws -> Int64 {
        let statement = try cachedStatement(sql: "SELECT id FROM runs WHERE name = ?")
        guard let key = try Int64.fetchOne(statement, arguments: [name]) else {
            throw StoreError(.unknownRun, "the database has no run \(name).")
        }
        return key
    }

    /// The number of the last closed round; 0 where none is.
    func lastClosedRound(ofRun key: Int64) throws -> Int {
        let statement = try cachedStatement(sql: "SELECT coalesce(max(round), 0) FROM rounds WHERE run_id = ?")
        return try Int.fetchOne(statement, arguments: [key]) ?? 0
    }
}

/// The agents' versions of one run and their integer keys, as they stand in one transaction.
struct PolicyKeys {
    private var keys: [PolicyID: Int64] = [:]

    init(_ db: Database, run key: Int64) throws {
        try db.forEachRow("SELECT id, name, version FROM versions WHERE run_id = ? AND NOT is_judge", [key]) { row in
            keys[PolicyID(agent: row[1], version: row[2])] = row[0]
        }
    }

    /// - Throws: `unknownReference`, naming the policy and what names it.
    func key(of policy: PolicyID, in place: @autoclosure () -> String) throws -> Int64 {
        guard let key = keys[policy] else {
            throw StoreError(.unknownReference, "\(place()) names \(policy), a version that the run does not have.")
        }
        return key
    }
}

/// Text that may hold anything a model can write.
///
/// SQLite's C strings end at U+0000, so text that has one travels as bytes: statements write such columns with
/// `CAST(? AS TEXT)` and read them with `CAST(column AS BLOB)`, and nothing is ever cut off.
enum Text {
    static func value(_ text: String) -> any DatabaseValueConvertible {
        text.utf8.contains(0) ? Data(text.utf8) : text
    }

    static func decode(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// A stored word as one of the words it may be.
/// - Throws: `damaged`, naming the word.
func word<Word: RawRepresentable<String>>(_ text: String, _ type: Word.Type) throws -> Word {
    guard let word = Word(rawValue: text) else {
        throw StoreError(.damaged, "the database holds “\(text)” where a \(type) is expected.")
    }
    return word
}

/// An optional number for a column where null says that there is none.
/// - Throws: `invalidRecord` where it is not a number: SQLite would store it as null, and nobody could tell.
func optionalReal(_ value: Double?, in place: @autoclosure () -> String) throws -> Double? {
    if let value, value.isNaN { throw StoreError(.invalidRecord, "\(place()) is not a number.") }
    return value
}
