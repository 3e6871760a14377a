public import AgonCore
internal import GRDB

/// A run and how far it is.
public struct RunOverview: Sendable, Hashable, Codable {
    public var run: RunRecord
    /// Rounds that are closed.
    public var closedRoundCount: Int
    /// Rooms that are committed, those of an open round included.
    public var roomCount: Int
    /// When it was begun, in UTC as `YYYY-MM-DD HH:MM:SS`; for people only.
    public var startedAt: String

    public init(run: RunRecord, closedRoundCount: Int, roomCount: Int, startedAt: String) {
        self.run = run
        self.closedRoundCount = closedRoundCount
        self.roomCount = roomCount
        self.startedAt = startedAt
    }
}

/// The versions that one run made of one agent.
public struct AgentProgress: Sendable, Hashable, Codable {
    public var agent: String
    /// The run's id.
    public var run: String
    /// The newest version's number, which is also how many versions were promoted.
    public var newestVersion: Int

    public init(agent: String, run: String, newestVersion: Int) {
        self.agent = agent
        self.run = run
        self.newestVersion = newestVersion
    }
}

extension ArenaStore {
    /// All runs in the order in which they were begun, each with how far it is.
    public func overviews() throws(StoreError) -> [RunOverview] {
        try read("the runs") { db in
            try db.rows(
                """
                SELECT name, arena, seed, configuration, kernels, started_at,
                    (SELECT count(*) FROM rounds WHERE run_id = runs.id),
                    (SELECT count(*) FROM rooms WHERE run_id = runs.id)
                FROM runs ORDER BY id
                """, []
            ).map { row in
                RunOverview(
                    run: RunRecord(
                        id: row[0], arena: row[1], seed: UInt64(bitPattern: row[2]), configuration: row[3],
                        kernels: row[4]),
                    closedRoundCount: row[6], roomCount: row[7], startedAt: row[5])
            }
        }
    }

    /// Who became what in which run: agents with at least one promoted version, in the order of the runs.
    public func agentProgress() throws(StoreError) -> [AgentProgress] {
        try read("the agents' versions") { db in
            try db.rows(
                """
                SELECT versions.name, runs.name, max(version) FROM versions JOIN runs ON runs.id = run_id
                WHERE NOT is_judge AND version > 0 GROUP BY run_id, versions.name ORDER BY run_id, versions.name
                """, []
            ).map { row in AgentProgress(agent: row[0], run: row[1], newestVersion: row[2]) }
        }
    }
}
