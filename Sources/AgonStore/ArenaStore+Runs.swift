public import AgonCore
internal import Foundation
internal import GRDB

extension ArenaStore {
    /// Registers a run with its roster and the checkpoints it starts from. Doing it again changes nothing.
    ///
    /// - Parameter entrants: in roster order, which `entrants(run:)` returns.
    /// - Parameter versions: what agents and judges come with; on a run that is there already, any of its versions.
    /// - Throws: `runChanged`, naming the first difference, where the run is there with other content.
    public func begin(
        run: RunRecord, entrants: [Entrant], versions: [VersionRecord]
    ) throws(StoreError) {
        try write("run \(run.id)") { db in
            if let key = try Int64.fetchOne(db, sql: "SELECT id FROM runs WHERE name = ?", arguments: [run.id]) {
                try ArenaStore.requireSame(db, key: key, run: run, entrants: entrants, versions: versions)
                return
            }
            try db.run(
                "INSERT INTO runs (name, arena, seed, configuration, kernels) VALUES (?, ?, ?, ?, ?)",
                [run.id, run.arena, Int64(bitPattern: run.seed), run.configuration, run.kernels])
            let key = db.lastInsertedRowID
            for (position, entrant) in entrants.enumerated() {
                try db.run(
                    "INSERT INTO agents (run_id, position, name, role) VALUES (?, ?, ?, ?)",
                    [key, position, entrant.name, entrant.role.rawValue])
            }
            try ArenaStore.insert(db, run: key, versions: versions)
        }
    }

    /// The run of this id; nil where there is none.
    public func run(id: String) throws(StoreError) -> RunRecord? {
        try runs(where: "name = ?", id).first
    }

    /// The arena's run that was begun last; nil where it has none.
    public func latestRun(arena: String) throws(StoreError) -> RunRecord? {
        try runs(where: "arena = ?", arena).last
    }

    /// All runs in the order in which they were begun.
    public func runs() throws(StoreError) -> [RunRecord] {
        try runs(where: "?1 IS NULL", nil)
    }

    /// The run's competitors in roster order.
    public func entrants(run: String) throws(StoreError) -> [Entrant] {
        try read("the agents") { try ArenaStore.entrants($0, run: $0.key(ofRun: run)) }
    }

    /// The run's checkpoints, agents' and judges', in the order in which they were made.
    public func versions(run: String) throws(StoreError) -> [VersionRecord] {
        try read("the versions") { try ArenaStore.versions($0, run: $0.key(ofRun: run)) }
    }

    private func runs(where condition: String, _ value: String?) throws(StoreError) -> [RunRecord] {
        let columns = "name, arena, seed, configuration, kernels"
        return try read("the runs") { db in
            try db.rows("SELECT \(columns) FROM runs WHERE \(condition) ORDER BY id", [value]).map { row in
                RunRecord(
                    id: row[0], arena: row[1], seed: UInt64(bitPattern: row[2]), configuration: row[3],
                    kernels: row[4])
            }
        }
    }

    private static func entrants(_ db: Database, run key: Int64) throws -> [Entrant] {
        try db.rows("SELECT name, role FROM agents WHERE run_id = ? ORDER BY position", [key]).map { row in
            Entrant(name: row[0], role: try word(row[1], Entrant.Role.self))
        }
    }

    private static func versions(_ db: Database, run key: Int64) throws -> [VersionRecord] {
        try db.rows(
            """
            SELECT name, version, round, hash, parent, path, is_judge FROM versions WHERE run_id = ? ORDER BY id
            """, [key]
        ).map { row in
            VersionRecord(
                name: row[0], version: row[1], round: row[2], hash: row[3], parent: row[4], path: row[5],
                isJudge: row[6])
        }
    }

    static func insert(_ db: Database, run key: Int64, versions: [VersionRecord]) throws {
        for version in versions {
            try db.run(
                """
                INSERT INTO versions (run_id, name, version, round, hash, parent, path, is_judge)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    key, version.name, version.version, version.round, version.hash, version.parent,
                    version.path, version.isJudge,
                ])
        }
    }

    private static func requireSame(
        _ db: Database, key: Int64, run: RunRecord, entrants: [Entrant], versions: [VersionRecord]
    ) throws {
        func require(_ isSame: Bool, _ what: String) throws {
            guard isSame else {
                throw StoreError(.runChanged, "run \(run.id) is in the database already with \(what).")
            }
        }
        let row = try Row.fetchOne(
            db, sql: "SELECT arena, seed, configuration, kernels FROM runs WHERE id = ?", arguments: [key])
        guard let row else { throw StoreError(.unknownRun, "the database has no run \(run.id).") }
        let stored = RunRecord(
            id: run.id, arena: row[0], seed: UInt64(bitPattern: row[1]), configuration: row[2], kernels: row[3])
        try require(stored.arena == run.arena, "another arena: \(stored.arena), now \(run.arena)")
        try require(stored.seed == run.seed, "another seed: \(stored.seed), now \(run.seed)")
        try require(stored.kernels == run.kernels, "another kernel path: \(stored.kernels), now \(run.kernels)")
        try require(stored.configuration == run.configuration, "another configuration")
        let names = try ArenaStore.entrants(db, run: key)
        try require(names == entrants, "other agents: \(names.map(\.name)), now \(entrants.map(\.name))")
        let known = Set(try ArenaStore.versions(db, run: key))
        for version in versions {
            let label = "\(version.name)@v\(version.version)"
            try require(known.contains(version), "another \(label) or without it")
        }
    }
}
