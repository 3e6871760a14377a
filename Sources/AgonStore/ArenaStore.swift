public import Foundation
internal import GRDB

/// The one SQLite file that an arena's runs live in.
///
/// Everything that was acknowledged is on disk: the file is in WAL mode and every transaction is synced
/// before its method returns. A process that is killed leaves whole transactions or nothing of them. Readers
/// never wait for the writer; any number of them may be open in this process and in others.
///
/// Runs are named by `RunRecord.id` throughout.
public final class ArenaStore: Sendable {
    /// The database file, symbolic links resolved.
    public let url: URL
    private let pool: DatabasePool

    /// Opens a database for writing, and makes the file and its parent folders where there are none.
    ///
    /// Only whoever holds `lockForRun(description:)` should write.
    /// - Throws: one sentence on what the path is instead of a database that this version can write.
    public convenience init(path: String) throws(StoreError) {
        let url = ArenaStore.resolved(path)
        try ArenaStore.requireFileOrNothing(url)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            let folder = url.deletingLastPathComponent().path
            throw StoreError(.cannotOpen, "cannot make the folder \(folder) for the database.", underlying: error)
        }
        let pool = try ArenaStore.translating("cannot open \(url.path)") {
            try ArenaStore.requireOurs(url, readOnly: false)
            let pool = try DatabasePool(path: url.path, configuration: ArenaStore.configuration(readOnly: false))
            // The pool's own setup ends with synchronous = NORMAL, so this has to come after it.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Schema.migrator.migrate(pool)
            return pool
        }
        self.init(url: url, pool: pool)
    }

    /// Opens an existing database for reading. Methods that write throw `readOnly`.
    /// - Throws: one sentence on what the path is instead of a database that this version can read.
    public static func readOnly(path: String) throws(StoreError) -> ArenaStore {
        let url = resolved(path)
        try requireFileOrNothing(url)
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw StoreError(.cannotOpen, "there is no database at \(url.path).")
        }
        let pool = try translating("cannot open \(url.path)") {
            try requireOurs(url, readOnly: true)
            let pool = try DatabasePool(path: url.path, configuration: configuration(readOnly: true))
            guard try pool.read(Schema.migrator.hasCompletedMigrations) else {
                throw StoreError(
                    .olderSchema, "\(url.path) has an older schema; a run on it brings it up to date.")
            }
            return pool
        }
        return ArenaStore(url: url, pool: pool)
    }

    private init(url: URL, pool: DatabasePool) {
        self.url = url
        self.pool = pool
    }

    /// Takes the right to write this database; hold it for as long as the run goes on.
    /// - Parameter description: says to people who holds it, such as the command and the run's id.
    /// - Throws: `locked`, naming the holder.
    public func lockForRun(description: String) throws(StoreError) -> RunLock {
        try RunLock(url: url.appendingPathExtension("lock"), description: description)
    }

    /// One consistent view of the database; writers go on meanwhile.
    func read<Value>(_ purpose: String, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try ArenaStore.translating("cannot read \(purpose) from \(url.path)") { try pool.read(body) }
    }

    /// One transaction: all of it, synced, or nothing.
    func write<Value>(_ purpose: String, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try ArenaStore.translating("cannot write \(purpose) to \(url.path)") { try pool.write(body) }
    }

    /// The value of a pragma on the connection that writes.
    func writerPragma(_ name: String) throws(StoreError) -> String? {
        try ArenaStore.translating("cannot read \(name)") {
            try pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
        }
    }

    /// Told of every statement of the stores that are opened while it is set.
    @TaskLocal static var onStatement: (@Sendable (String) -> Void)?

    // MARK: - Opening

    private static func configuration(readOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.label = "AgonStore"
        if let onStatement {
            configuration.prepareDatabase { db in db.trace { onStatement($0.description) } }
        }
        return configuration
    }

    private static func resolved(_ path: String) -> URL {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
    }

    private static func requireFileOrNothing(_ url: URL) throws(StoreError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
            throw StoreError(.cannotOpen, "\(url.path) is a folder, not a database file: name a file, such as \(url.appendingPathComponent("arena.sqlite").path).")
        }
    }

    /// Looks before anything is changed: the pool would put another program's database into WAL mode.
    ///
    /// For writing it looks through a connection that may write, because a process killed while it made the file
    /// leaves a rollback journal, and SQLite has to roll it back before anything can be read.
    private static func requireOurs(_ url: URL, readOnly: Bool) throws {
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        do {
            let queue = try DatabaseQueue(path: url.path, configuration: configuration(readOnly: readOnly))
            try queue.read { try requireOurs($0, url) }
        } catch let error as DatabaseError where readOnly && error.resultCode == .SQLITE_READONLY {
            throw StoreError(
                .readOnly, "\(url.path) was left in the middle of a write; a run on it puts it in order.",
                underlying: error)
        }
    }

    private static func requireOurs(_ db: Database, _ url: URL) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
        // A process killed while it made the file leaves at most the table of migrations.
        let isNew = application == 0 && version == 0 && tables.allSatisfy { $0 == "grdb_migrations" }
        guard isNew || application == Schema.applicationID else {
            throw StoreError(.foreignDatabase, "\(url.path) is a database of another program.")
        }
        let isNewer = try version > Schema.version || Schema.migrator.hasBeenSuperseded(db)
        guard !isNewer else {
            throw StoreError(
                .newerSchema,
                "\(url.path) was written by a newer version of Agon (schema \(version), known \(Schema.version)).")
        }
    }
}

extension ArenaStore {
    /// Runs a body and turns what the database throws into one sentence that starts with `failure`.
    static func translating<Value>(_ failure: String, _ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            throw StoreError(code(of: error), "\(failure): \(reason).", underlying: error)
        } catch {
            throw StoreError(.damaged, "\(failure): \(error).", underlying: error)
        }
    }

    private static func code(of error: DatabaseError) -> StoreError.Code {
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_FORMAT: .damaged
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: .cannotOpen
        case .SQLITE_READONLY: .readOnly
        case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: .invalidRecord
        default: .storageFailed
        }
    }
}
