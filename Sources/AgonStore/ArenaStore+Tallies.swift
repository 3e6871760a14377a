internal import GRDB

/// What an agent did in the matches on one prompt.
public struct MatchTally: Sendable, Hashable {
    public var agent: String
    /// The prompt's name; empty where matches are told apart by side.
    public var prompt: String
    /// In games for two: whether it moved first.
    public var isFirst: Bool
    public var wins: Int
    public var draws: Int
    public var losses: Int
}

extension ArenaStore {
    /// By what matches are told apart.
    public enum TallyKey: Sendable {
        /// The side that an agent had, and within it the prompt's cluster.
        case side
        /// The prompt.
        case prompt
    }

    /// Wins, draws and losses of each agent on each prompt in the closed rounds, matches against its own versions left out.
    public func tallies(run: String, by key: TallyKey, upToRound round: Int = .max) throws(StoreError) -> [MatchTally] {
        let sql = key == .side ? ArenaStore.sideTallyQuery : ArenaStore.promptTallyQuery
        return try read("the scores by part") { db in
            try db.rows(sql, [db.key(ofRun: run), round]).map { row in
                MatchTally(
                    agent: row[0], prompt: key == .prompt ? Text.decode(row[1]) : "", isFirst: row[2], wins: row[3], draws: row[4],
                    losses: row[5])
            }
        }
    }

    static let sideTallyQuery = tallyQuery(group: "cluster", side: "1", other: "0")
    static let promptTallyQuery = tallyQuery(group: "CAST(prompt_id AS BLOB)", side: "1", other: "1")

    private static func tallyQuery(group: String, side: String, other: String) -> String {
        """
        SELECT agent, part, side, sum(score > 0.5), sum(score = 0.5), sum(score < 0.5)
        FROM (
            SELECT one.name AS agent, \(group) AS part, \(side) AS side, score
            FROM rooms JOIN matches ON room_id = rooms.id
            JOIN versions AS one ON one.id = first_policy_id JOIN versions AS other ON other.id = second_policy_id
            WHERE rooms.run_id = ?1 AND rooms.round <= ?2 AND one.name <> other.name
            UNION ALL
            SELECT one.name, \(group), \(other), 1 - score
            FROM rooms JOIN matches ON room_id = rooms.id
            JOIN versions AS one ON one.id = second_policy_id JOIN versions AS other ON other.id = first_policy_id
            WHERE rooms.run_id = ?1 AND rooms.round <= ?2 AND one.name <> other.name
        )
        GROUP BY agent, part, side ORDER BY agent, part, side DESC
        """
    }
}
