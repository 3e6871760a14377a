public import AgonCore
internal import Foundation
internal import GRDB

/// A person's vote and the room that it is about.
public struct PersonalVote: Sendable, Hashable {
    public var round: Int
    /// The room's index within its round.
    public var room: Int
    /// Its judge is the person, as a judge without versions.
    public var vote: Vote

    public init(round: Int, room: Int, vote: Vote) {
        self.round = round
        self.room = room
        self.vote = vote
    }
}

extension ArenaStore {
    /// Keeps a person's votes, each on two seats of a room of a closed round. A person's second vote on the same seats
    /// takes the place of the first.
    /// - Throws: `unknownReference` for seats that the run does not have; `invalidRecord` for a room whose round is
    ///   still open. Then nothing is written.
    public func save(votes: [PersonalVote], run: String) throws(StoreError) {
        try write("votes on run \(run)") { db in
            let key = try db.key(ofRun: run)
            let closed = try db.lastClosedRound(ofRun: key)
            for (position, personal) in votes.enumerated() {
                guard personal.round <= closed else {
                    throw StoreError(.invalidRecord, "round \(personal.round) is not closed: people vote on closed rounds.")
                }
                let rows = try db.rows(
                    """
                    SELECT rooms.id FROM rooms JOIN verdicts ON room_id = rooms.id
                    WHERE run_id = ? AND round = ? AND room = ? AND first = ? AND second = ?
                    """, [key, personal.round, personal.room, personal.vote.first, personal.vote.second])
                guard let room: Int64 = rows.first?[0] else {
                    throw StoreError(
                        .unknownReference,
                        """
                        a vote names seats \(personal.vote.first) and \(personal.vote.second) of room \(personal.room) in \
                        round \(personal.round), which run \(run) does not have.
                        """)
                }
                try db.run(
                    "DELETE FROM votes WHERE room_id = ? AND first = ? AND second = ? AND judge = ? AND is_person",
                    [room, personal.vote.first, personal.vote.second, personal.vote.judge.name])
                try ArenaStore.insert(db, room: room, vote: personal.vote, position: position, isPerson: true)
            }
        }
    }

    /// What people voted, in room order, then by seats and person.
    public func personalVotes(run: String) throws(StoreError) -> [PersonalVote] {
        try read("the votes") { db in
            try db.rows(
                """
                SELECT round, \(RoomReader.voteColumns), room
                FROM rooms JOIN votes ON votes.room_id = rooms.id WHERE run_id = ? AND is_person
                ORDER BY round, room, first, second, votes.judge
                """, [db.key(ofRun: run)]
            ).map { row in PersonalVote(round: row[0], room: row[10], vote: try RoomReader.vote(row)) }
        }
    }

    static func insert(_ db: Database, room: Int64, vote: Vote, position: Int, isPerson: Bool) throws {
        try db.run(
            """
            INSERT INTO votes (room_id, first, second, judge, is_person, judge_version, position, verdict, straight,
                swapped, preference, reason)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
            """,
            [
                room, vote.first, vote.second, vote.judge.name, isPerson, vote.judge.version, position,
                vote.verdict.rawValue, vote.straight?.rawValue, vote.swapped?.rawValue,
                try optionalReal(vote.preference, in: "the preference of \(vote.judge)"), Text.value(vote.reason),
            ])
    }

    static func insert(_ db: Database, room: Int64, usage: JudgeUsage) throws {
        try db.run(
            """
            INSERT INTO judge_usage (room_id, request_count, cached_count, retry_count, prompt_tokens,
                completion_tokens, cost, seconds)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                room, usage.requestCount, usage.cachedCount, usage.retryCount, usage.promptTokenCount,
                usage.completionTokenCount, usage.cost, usage.seconds,
            ])
    }
}
