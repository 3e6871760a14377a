public import AgonCore
internal import Foundation
internal import GRDB

/// What versions may be asked to depend on.
public enum LineageSource: Sendable, Hashable {
    case room(round: Int, room: Int)
    /// Of whichever version, where it is nil. Also one whose votes a panel counted.
    case judge(String, version: Int?)
    /// By the prompt's id.
    case prompt(String)
    /// An agent whose answers were learned from, or who sat in a room whose answers were.
    case agent(String)
}

extension ArenaStore {
    /// The versions of a run that an update made of what came from a source, and all versions that descend from those,
    /// in the order in which they were made.
    /// - Throws: `unknownRun`.
    public func versions(dependingOn source: LineageSource, run: String) throws(StoreError) -> [PolicyID] {
        try read("who depends on what") { db in
            let (condition, values) = source.condition
            return try db.rows(
                """
                WITH RECURSIVE dependent (id) AS (
                    SELECT child_id FROM links WHERE run_id = ?1 AND child_id IS NOT NULL AND EXISTS (
                        SELECT 1 FROM link_items CROSS JOIN rooms ON rooms.id IN (link_items.room_id, rejected_room_id)
                        WHERE link_id = links.id AND \(condition))
                    UNION
                    SELECT links.child_id FROM dependent CROSS JOIN links
                    WHERE links.run_id = ?1 AND links.parent_id = dependent.id AND links.child_id IS NOT NULL
                )
                SELECT name, version FROM dependent JOIN versions USING (id) ORDER BY id
                """, [try db.key(ofRun: run)] + values
            ).map { PolicyID(agent: $0[0], version: $0[1]) }
        }
    }

    /// Whether any room of the run, learned from or not, is of a source.
    public func knows(_ source: LineageSource, run: String) throws(StoreError) -> Bool {
        try read("whether there is such a source") { db in
            let (condition, values) = source.condition
            return try !db.rows(
                "SELECT 1 FROM rooms WHERE run_id = ?1 AND \(condition) LIMIT 1", [try db.key(ofRun: run)] + values
            ).isEmpty
        }
    }

    /// Everything that made a version, itself or an ancestor: one row for each side of each item, in the order of rounds,
    /// links and items.
    public func lineage(of policy: PolicyID, run: String) throws(StoreError) -> [LineageRow] {
        try read("the lineage of \(policy)") { db in
            try db.rows(
                """
                WITH RECURSIVE ancestor (id) AS (
                    SELECT id FROM versions WHERE run_id = ? AND NOT is_judge AND name = ? AND version = ?
                    UNION
                    SELECT links.parent_id FROM ancestor CROSS JOIN links ON links.child_id = ancestor.id
                )
                SELECT maker.name || '@v' || maker.version, links.round, items.position, side, rooms.room, items.seat,
                    source.name || '@v' || source.version, CAST(rooms.prompt_id AS BLOB), rooms.judge, rooms.judge_version
                FROM ancestor
                CROSS JOIN links ON links.child_id = ancestor.id
                CROSS JOIN versions AS maker ON maker.id = ancestor.id
                CROSS JOIN (
                    SELECT link_id, position, 'chosen' AS side, room_id, seat FROM link_items
                    UNION ALL
                    SELECT link_id, position, 'rejected', rejected_room_id, rejected_seat FROM link_items
                    WHERE rejected_room_id IS NOT NULL
                ) AS items ON items.link_id = links.id
                CROSS JOIN rooms ON rooms.id = items.room_id
                CROSS JOIN rollouts ON rollouts.room_id = items.room_id AND rollouts.seat = items.seat
                CROSS JOIN versions AS source ON source.id = rollouts.policy_id
                ORDER BY links.round, items.position, side
                """, [try db.key(ofRun: run), policy.agent, policy.version]
            ).map { row in
                LineageRow(
                    made: row[0], round: row[1], position: row[2], side: row[3], room: row[4], seat: row[5], source: row[6],
                    promptID: Text.decode(row[7]), judge: JudgeID(name: row[8], version: row[9]))
            }
        }
    }

    /// Whose answers or verdicts the run learns from no more, by kind and name.
    public func revocations(run: String) throws(StoreError) -> [Revocation] {
        try read("the revocations") { db in
            try db.rows("SELECT kind, name, from_round FROM revocations WHERE run_id = ? ORDER BY kind, name", [db.key(ofRun: run)])
                .map { Revocation(kind: try word($0[0], Revocation.Kind.self), name: $0[1], fromRound: $0[2]) }
        }
    }

    /// Leaves an agent's answers or a judge's verdicts out of the run's updates from the next round on that is not closed.
    /// One that is left out already stays so from the round that was recorded then.
    public func revoke(_ kind: Revocation.Kind, _ name: String, run: String) throws(StoreError) -> Revocation {
        try write("a revocation") { db in
            let key = try db.key(ofRun: run)
            try db.run(
                "INSERT INTO revocations (run_id, kind, name, from_round) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [key, kind.rawValue, name, try db.lastClosedRound(ofRun: key) + 1])
        }
        let known = try revocations(run: run)
        return known.first { $0.kind == kind && $0.name == name } ?? Revocation(kind: kind, name: name, fromRound: 0)
    }
}

/// One side of one item that made a version.
public struct LineageRow: Sendable, Hashable, Codable {
    /// The version that learned from it: the one asked for or an ancestor, as `ada@v3`.
    public var made: String
    public var round: Int
    /// The item's place in the update's manifest.
    public var position: Int
    /// `chosen` or `rejected`; `chosen` where it is no pair.
    public var side: String
    public var room: Int
    public var seat: Int
    /// The version that said it.
    public var source: String
    public var promptID: String
    public var judge: JudgeID
}

extension LineageSource {
    /// Over a row of `rooms`, with parameters from `?2` on.
    fileprivate var condition: (sql: String, values: [(any DatabaseValueConvertible)?]) {
        switch self {
        case .room(let round, let room): ("rooms.round = ?2 AND rooms.room = ?3", [round, room])
        case .judge(let name, let version):
            (
                """
                ((rooms.judge = ?2 AND coalesce(rooms.judge_version = ?3, TRUE)) OR EXISTS (
                    SELECT 1 FROM votes WHERE votes.room_id = rooms.id AND NOT is_person AND votes.judge = ?2
                        AND coalesce(votes.judge_version = ?3, TRUE)))
                """, [name, version]
            )
        case .prompt(let id): ("rooms.prompt_id = CAST(?2 AS TEXT)", [Text.value(id)])
        case .agent(let name):
            (
                """
                EXISTS (SELECT 1 FROM rollouts JOIN versions ON versions.id = policy_id
                    WHERE rollouts.room_id = rooms.id AND versions.name = ?2)
                """, [name]
            )
        }
    }
}
