import AgonCore
import Foundation
import GRDB
import Testing

@testable import AgonStore

@Suite struct SchemaTests {
    static let leaderboard = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("leaderboard")
    static let queries = [
        "forfeits", "head-to-head", "judge-health", "learning-curve", "lineage", "pairs-behind-a-version", "room", "standings",
        "updates",
    ]
    let arena = SmallArena()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func theReadableSchemaIsTheOneThatMigrationsMake() throws {
        let readable = try String(contentsOf: Self.leaderboard.appendingPathComponent("schema.sql"), encoding: .utf8)
        let wanted = try DatabaseQueue().write { db in
            try db.execute(sql: readable)
            return try statements(db)
        }
        let made = try ArenaStore(path: folder.path("new.db")).read("a test", statements)
        #expect(made.count == 35)
        #expect(made == wanted)
    }

    @Test func everyTableIsStrict() throws {
        let store = try ArenaStore(path: folder.path("new.db"))
        let loose = try store.read("a test") { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict")
        }
        #expect(Set(loose).subtracting(["grdb_migrations", "sqlite_schema"]).isEmpty)
    }

    @Test func theListOfQueriesIsComplete() throws {
        let folder = Self.leaderboard.appendingPathComponent("queries").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == Self.queries.map { "\($0).sql" })
    }

    @Test(arguments: queries) func eachQueryAnswersOnAFilledDatabase(name: String) throws {
        let file = Self.leaderboard.appendingPathComponent("queries/\(name).sql")
        let sql = try String(contentsOf: file, encoding: .utf8)
        #expect(sql.hasPrefix("-- "))
        let filled = try arena.store(in: folder, closedRounds: 3)
        #expect(try filled.read("a test") { try Row.fetchAll($0, sql: sql) }.isEmpty == false)
        let empty = try ArenaStore(path: folder.path("new.db"))
        #expect(try empty.read("a test") { try Row.fetchAll($0, sql: sql) }.isEmpty)
    }

    @Test func aRankCountsTheAgentsWhoseWholeIntervalLiesAbove() throws {
        let store = try arena.store(in: folder)
        try store.save(rooms: arena.rooms(round: 1), run: arena.run.id)
        var closing = arena.closing(round: 1)
        // The middle one overlaps both others, which do not overlap each other.
        closing.ratings = [("zoe", 1152.0, 37.0), ("ada", 1195, 30), ("random", 1116, 34)].map { name, rating, width in
            RatingRecord(
                round: 1, policy: PolicyID(agent: name, version: 0), elo: 1000, rating: rating, low: rating - width,
                high: rating + width, wins: 1, draws: 0, losses: 1, forfeits: 0)
        }
        try store.close(closing, run: arena.run.id)
        let sql = try String(contentsOf: Self.leaderboard.appendingPathComponent("queries/standings.sql"), encoding: .utf8)
        let rows = try store.read("a test") { try Row.fetchAll($0, sql: sql) }
        #expect(rows.map { $0["rank"] as String } == ["1–2", "1–3", "2–3"])
        #expect(rows.map { $0["agent"] as String } == ["ada", "zoe", "random"])
    }

    /// The statements of a schema, without comments and with single spaces.
    private func statements(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT sql FROM sqlite_schema
                WHERE sql IS NOT NULL AND name NOT LIKE 'grdb_%' AND name NOT LIKE 'sqlite_%' ORDER BY type, name
                """
        ).map { statement in
            statement.split(separator: "\n").map { $0.prefix(upTo: $0.range(of: "--")?.lowerBound ?? $0.endIndex) }
                .joined(separator: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
    }
}
