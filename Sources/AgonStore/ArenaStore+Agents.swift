public import AgonCore
import GRDB

/// What is kept of agents from outside.
extension ArenaStore {
    /// The agents of a run that were disqualified, in closed rounds or the one under way, each with the reason that its
    /// first forfeit gave.
    public func disqualifications(run: String, upToRound last: Int = .max) throws(StoreError) -> [String: String] {
        try read("the disqualified agents") { db in
            var reasons: [String: String] = [:]
            try db.forEachRow(
                """
                SELECT versions.name, CAST(coalesce(reason, '') AS BLOB)
                FROM rollouts JOIN versions ON versions.id = policy_id JOIN rooms ON rooms.id = room_id
                WHERE versions.run_id = ? AND rooms.round <= ? AND forfeit = '\(Forfeit.disqualified.rawValue)'
                ORDER BY room_id DESC
                """, [try db.key(ofRun: run), last]
            ) { reasons[$0[0]] = Text.decode($0[1]) }
            return reasons
        }
    }

    /// What each agent's answers have cost in a run; agents that cost nothing are left out.
    public func agentUsage(run: String, upToRound last: Int = .max) throws(StoreError) -> [String: JudgeUsage] {
        try read("what agents cost") { db in
            var sums: [String: JudgeUsage] = [:]
            try db.forEachRow(
                """
                SELECT versions.name, sum(request_count), sum(cached_count), sum(retry_count), sum(prompt_tokens),
                    sum(completion_tokens), sum(cost), sum(agent_usage.seconds)
                FROM agent_usage JOIN rollouts USING (room_id, seat) JOIN versions ON versions.id = policy_id
                    JOIN rooms ON rooms.id = room_id
                WHERE versions.run_id = ? AND rooms.round <= ? GROUP BY versions.name
                """, [try db.key(ofRun: run), last]
            ) { sums[$0[0]] = RoomReader.usage($0) }
            return sums
        }
    }

    /// What agents and judges from outside have cost in a run, rooms of the round under way too.
    public func cost(run: String) throws(StoreError) -> Double {
        try read("what a run cost") { db in
            let key = try db.key(ofRun: run)
            return try ["agent_usage", "judge_usage"].reduce(0) { sum, table in
                let cost: Double? = try db.rows(
                    "SELECT sum(cost) FROM rooms JOIN \(table) ON room_id = rooms.id WHERE run_id = ?", [key]
                ).first?[0]
                return sum + (cost ?? 0)
            }
        }
    }

    static func insert(_ db: Database, room: Int64, seat: Int, usage: JudgeUsage) throws {
        try db.run(
            """
            INSERT INTO agent_usage (room_id, seat, request_count, cached_count, retry_count, prompt_tokens,
                completion_tokens, cost, seconds)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                room, seat, usage.requestCount, usage.cachedCount, usage.retryCount, usage.promptTokenCount,
                usage.completionTokenCount, usage.cost, usage.seconds,
            ])
    }
}
