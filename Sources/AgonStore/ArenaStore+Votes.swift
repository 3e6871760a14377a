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
    /// The round that first learned from it; nil: none yet.
    public var usedIn: Int?

    public init(round: Int, room: Int, vote: Vote, usedIn: Int? = nil) {
        self.round = round
        self.room = room
        self.vote = vote
        self.usedIn = usedIn
    }
}

extension ArenaStore {
    /// Keeps a person's votes, each on two seats of a room of a closed round. A person's second vote on the same seats
    /// takes the place of the first, unless a round has learned from that: then it stays.
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
                let used = try db.rows(
                    """
                    SELECT 1 FROM votes
                    WHERE room_id = ? AND first = ? AND second = ? AND judge = ? AND is_person AND used_in IS NOT NULL
                    """, [room, personal.vote.first, personal.vote.second, personal.vote.judge.name])
                guard used.isEmpty else { continue }
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
                SELECT round, \(RoomReader.voteColumns), room, used_in
                FROM rooms JOIN votes ON votes.room_id = rooms.id WHERE run_id = ? AND is_person
                ORDER BY round, room, first, second, votes.judge
                """, [db.key(ofRun: run)]
            ).map { row in PersonalVote(round: row[0], room: row[10], vote: try RoomReader.vote(row), usedIn: row[11]) }
        }
    }

    /// Marks the votes on canary rooms that are there now as used by a round, unless an earlier one used them or this
    /// round was begun before: then those that it began with are its own.
    /// - Returns: the round's votes, the same however often it is begun.
    public func takeVotes(run: String, round: Int) throws(StoreError) -> [PersonalVote] {
        try write("the votes of round \(round)") { db in
            let key = try db.key(ofRun: run)
            let begun = try db.rows("SELECT 1 FROM rooms WHERE run_id = ? AND round = ? LIMIT 1", [key, round])
            guard begun.isEmpty else { return }
            try db.run(
                """
                UPDATE votes SET used_in = ?2
                WHERE is_person AND used_in IS NULL
                    AND room_id IN (SELECT id FROM rooms WHERE run_id = ?1 AND round < ?2 AND is_canary)
                """, [key, round])
        }
        return try personalVotes(run: run).filter { $0.usedIn == round }
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
