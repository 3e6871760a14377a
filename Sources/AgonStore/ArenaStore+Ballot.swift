public import AgonCore
internal import GRDB

/// Two answers of a closed round that people can vote on: no forfeits, decided by no rule, of texts that differ in more
/// than the white space around them.
public struct VotablePair: Sendable, Hashable {
    public var round: Int
    /// The room's index within its round.
    public var room: Int
    /// Seats, `first` < `second`.
    public var first: Int
    public var second: Int
    /// Who sits there.
    public var agents: [String]
    /// Whether what people say of the room may be gold.
    public var isCanary: Bool
    /// Whether the judge was undecided, a judge said otherwise in the other order, or judges or people disagree.
    public var isContested: Bool
    /// Whether the person who is asked has voted on it.
    public var isVoted: Bool

    public init(
        round: Int, room: Int, first: Int, second: Int, agents: [String], isCanary: Bool = false,
        isContested: Bool = false, isVoted: Bool = false
    ) {
        self.round = round
        self.room = room
        self.first = first
        self.second = second
        self.agents = agents
        self.isCanary = isCanary
        self.isContested = isContested
        self.isVoted = isVoted
    }
}

extension ArenaStore {
    /// The pairs of a run's closed rounds that people can vote on, in room order, then by seats.
    /// - Parameter person: whose votes `isVoted` tells of.
    public func votablePairs(run: String, person: String) throws(StoreError) -> [VotablePair] {
        try read("what people can vote on") { db in
            let key = try db.key(ofRun: run)
            return try db.rows(ArenaStore.votableQuery, [key, db.lastClosedRound(ofRun: key), person]).map { row in
                VotablePair(
                    round: row[0], room: row[1], first: row[2], second: row[3], agents: [row[4], row[5]], isCanary: row[6],
                    isContested: row[7], isVoted: row[8])
            }
        }
    }

    private static let votableQuery = """
        SELECT rooms.round, rooms.room, verdicts.first, verdicts.second, one_policy.name, two_policy.name, is_canary,
            verdicts.verdict IN ('tie', 'void') OR EXISTS (
                SELECT 1 FROM votes
                WHERE votes.room_id = rooms.id AND votes.first = verdicts.first AND votes.second = verdicts.second
                    AND votes.verdict <> 'void'
                    AND (votes.verdict <> verdicts.verdict OR votes.straight <> votes.swapped)
            ),
            EXISTS (
                SELECT 1 FROM votes
                WHERE votes.room_id = rooms.id AND votes.first = verdicts.first AND votes.second = verdicts.second
                    AND is_person AND votes.judge = ?3
            )
        FROM rooms
        JOIN verdicts ON verdicts.room_id = rooms.id
        JOIN rollouts AS one ON one.room_id = rooms.id AND one.seat = verdicts.first
        JOIN rollouts AS two ON two.room_id = rooms.id AND two.seat = verdicts.second
        JOIN versions AS one_policy ON one_policy.id = one.policy_id
        JOIN versions AS two_policy ON two_policy.id = two.policy_id
        WHERE rooms.run_id = ?1 AND rooms.round <= ?2 AND NOT by_rule AND one.forfeit IS NULL AND two.forfeit IS NULL
            AND trim(one.text, char(9, 10, 13, 32)) <> trim(two.text, char(9, 10, 13, 32))
        ORDER BY rooms.round, rooms.room, verdicts.first, verdicts.second
        """

    /// The names of all that judged a run's rooms, the members of panels included, sorted. People are not among them.
    public func judgeNames(run: String) throws(StoreError) -> [String] {
        try read("the judges") { db in
            try db.rows(
                """
                SELECT judge FROM rooms WHERE run_id = ?1
                UNION SELECT votes.judge FROM rooms JOIN votes ON votes.room_id = rooms.id
                WHERE run_id = ?1 AND NOT is_person ORDER BY 1
                """, [db.key(ofRun: run)]
            ).map { $0[0] }
        }
    }

    /// One room, equal to what was saved; nil where the run has none there.
    public func roomResult(run: String, round: Int, room: Int) throws(StoreError) -> RoomResult? {
        try read("room \(room) of round \(round)") { db in
            try RoomReader(db).rooms(
                where: "rooms.run_id = ?1 AND rooms.round = ?2 AND rooms.room = ?3", [db.key(ofRun: run), round, room]
            ).first
        }
    }

    /// Takes a person's vote back.
    /// - Returns: false where a round has learned from it, so that it stays.
    public func remove(vote: PersonalVote, run: String) throws(StoreError) -> Bool {
        try write("votes on run \(run)") { db in
            let seats: [(any DatabaseValueConvertible)?] = [
                try db.key(ofRun: run), vote.round, vote.room, vote.vote.first, vote.vote.second, vote.vote.judge.name,
            ]
            let condition = """
                is_person AND first = ?4 AND second = ?5 AND judge = ?6
                    AND room_id IN (SELECT id FROM rooms WHERE run_id = ?1 AND round = ?2 AND room = ?3)
                """
            try db.run("DELETE FROM votes WHERE used_in IS NULL AND \(condition)", seats)
            return try db.rows("SELECT 1 FROM votes WHERE \(condition)", seats).isEmpty
        }
    }
}
