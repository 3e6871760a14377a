public import AgonCore
internal import Foundation
internal import GRDB

/// What became of the rooms that were handed to the store.
public struct RoomSaving: Sendable, Hashable {
    /// Rooms written now.
    public var savedCount: Int
    /// Rooms that were there already and stay as they are.
    public var skippedCount: Int

    public init(savedCount: Int, skippedCount: Int) {
        self.savedCount = savedCount
        self.skippedCount = skippedCount
    }
}

extension ArenaStore {
    /// Writes rooms with their rollouts and verdicts in one transaction.
    ///
    /// A room is named by run, round and index. One that is there already is left as it is with all it has,
    /// so whoever is not sure that a room was acknowledged saves it again.
    /// - Throws: `roundClosed` for a new room of a closed round; `unknownReference` for a policy that the run does
    ///   not have; `invalidRecord` for a room whose arrays do not fit its seats. Then none of the rooms is written.
    @discardableResult
    public func save(rooms: [RoomResult], run: String) throws(StoreError) -> RoomSaving {
        try write("rooms of run \(run)") { db in
            let key = try db.key(ofRun: run)
            let policies = try PolicyKeys(db, run: key)
            let closed = try db.lastClosedRound(ofRun: key)
            var saving = RoomSaving(savedCount: 0, skippedCount: 0)
            for result in rooms {
                if try ArenaStore.insert(db, run: key, result: result, policies: policies, closed: closed) {
                    saving.savedCount += 1
                } else {
                    saving.skippedCount += 1
                }
            }
            return saving
        }
    }

    /// A round's rooms in room order, equal to what was saved. Empty where none was.
    public func roomResults(run: String, round: Int) throws(StoreError) -> [RoomResult] {
        try read("the rooms of round \(round)") { db in
            try RoomReader(db).rooms(where: "rooms.run_id = ?1 AND rooms.round = ?2", [db.key(ofRun: run), round])
        }
    }

    /// Rated rooms drawn from the closed rounds, in round and room order: the same for the same seed.
    /// - Parameter count: how many at most.
    /// - Parameter round: the last round that is drawn from.
    public func sampleRooms(run: String, count: Int, seed: Seed, upToRound round: Int = .max) throws(StoreError) -> [RoomResult] {
        try read("sample rooms") { db in
            let key = try db.key(ofRun: run)
            let last = min(round, try db.lastClosedRound(ofRun: key))
            let total: Int = try db.rows("SELECT count(*) FROM rooms WHERE run_id = ? AND round <= ? AND is_rated", [key, last]).first?[0] ?? 0
            var generator = SeededGenerator(seed)
            let drawn = generator.shuffled(Array(0..<total)).prefix(max(count, 0)).sorted()
            let reader = RoomReader(db)
            return try drawn.flatMap { place in
                let id = try db.rows(
                    "SELECT id FROM rooms WHERE run_id = ? AND round <= ? AND is_rated ORDER BY round, room LIMIT 1 OFFSET ?", [key, last, place]
                ).first?[0] as Int64?
                return try id.map { try reader.rooms(where: "rooms.id = ?1", [$0]) } ?? []
            }
        }
    }

    /// - Returns: false where the room is there already.
    private static func insert(
        _ db: Database, run key: Int64, result: RoomResult, policies: PolicyKeys, closed: Int
    ) throws -> Bool {
        let room = result.room
        try requireConsistent(result)
        try db.run(
            """
            INSERT INTO rooms (run_id, round, room, room_group, prompt_id, prompt, reference, is_canary, judge,
                judge_version, is_scored, stage, stage_index, is_rated)
            VALUES (?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id, round, room) DO NOTHING
            """,
            [
                key, room.round, room.index, room.group, Text.value(room.prompt.id), Text.value(room.prompt.text),
                room.prompt.reference.map(Text.value), room.isCanary, result.judge.name, result.judge.version,
                !result.scores.isEmpty, room.stage?.kind.rawValue, room.stage?.index, room.isRated,
            ])
        guard db.changesCount == 1 else { return false }
        guard room.round > closed else {
            throw StoreError(
                .roundClosed, "round \(room.round) is closed and has no room \(room.index); it cannot get one now.")
        }
        let roomKey = db.lastInsertedRowID
        for seat in room.seats.indices {
            try insertRollout(db, room: roomKey, seat: seat, result: result, policies: policies)
        }
        for (position, verdict) in result.verdicts.enumerated() {
            try db.run(
                """
                INSERT INTO verdicts (room_id, first, second, position, verdict, by_rule, preference)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    roomKey, verdict.first, verdict.second, position, verdict.verdict.rawValue, verdict.byRule,
                    try optionalReal(verdict.preference, in: "a verdict's preference"),
                ])
        }
        for (position, vote) in result.votes.enumerated() {
            try insert(db, room: roomKey, vote: vote, position: position, isPerson: false)
        }
        if let usage = result.usage { try insert(db, room: roomKey, usage: usage) }
        return true
    }

    private static func insertRollout(
        _ db: Database, room: Int64, seat: Int, result: RoomResult, policies: PolicyKeys
    ) throws {
        let rollout = result.rollouts[seat]
        let place = { "seat \(seat) of room \(result.room.index) in round \(result.room.round)" }
        let score = result.scores.isEmpty ? nil : result.scores[seat]
        // An empty array travels as null; the count says whether there is one.
        try db.run(
            """
            INSERT INTO rollouts (room_id, seat, policy_id, text, token_count, own_count, tokens, own, log_probs,
                finish, forfeit, gold, score, rank, reason)
            VALUES (?1, ?2, ?3, CAST(?4 AS TEXT), ?5, ?6, iif(?5 = 0, x'', ?7), iif(?5 = 0, x'', ?8),
                coalesce(?9, x''), ?10, ?11, ?12, ?13, ?14, CAST(?15 AS TEXT))
            """,
            [
                room, seat, try policies.key(of: result.room.seats[seat], in: place()), Text.value(rollout.text),
                rollout.sequence?.tokens.count, rollout.sequence?.ownCount,
                (rollout.sequence?.tokens).map(Blobs.encode), (rollout.sequence?.own).map(Blobs.encode),
                Blobs.encode(rollout.logProbs), rollout.finish.rawValue, rollout.forfeit?.rawValue,
                try optionalReal(rollout.gold, in: "gold of \(place())"),
                try optionalReal(score, in: "the score of \(place())"), result.ranking.ranks[seat],
                rollout.reason.isEmpty ? nil : Text.value(rollout.reason),
            ])
        if let usage = rollout.usage { try insert(db, room: room, seat: seat, usage: usage) }
    }

    private static func requireConsistent(_ result: RoomResult) throws {
        let count = result.room.seats.count
        let fits =
            result.rollouts.count == count && result.ranking.ranks.count == count
            && (result.scores.isEmpty || result.scores.count == count)
            && result.rollouts.allSatisfy { $0.sequence.map { $0.tokens.count == $0.own.count } ?? true }
        guard fits else {
            throw StoreError(
                .invalidRecord,
                """
                room \(result.room.index) of round \(result.room.round) has \(count) seats but \
                \(result.rollouts.count) rollouts, \(result.ranking.ranks.count) ranks and \(result.scores.count) scores.
                """)
        }
    }
}
