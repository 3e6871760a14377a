public import AgonCore
internal import GRDB

extension ArenaStore {
    /// Writes everything that a round decided, in one transaction. Afterwards the round is closed for ever.
    ///
    /// The round's rooms must have been saved before. New versions may be named by the same closing's updates
    /// and ratings.
    /// - Throws: `roundClosed`; `roundOutOfOrder` where the round before is not closed; `unknownReference` for a
    ///   version or a room that the run does not have; `invalidRecord` for a record of another round, or one
    ///   that is there twice. Then nothing is written.
    public func close(_ closing: RoundClosing, run: String) throws(StoreError) {
        let number = closing.round.number
        try write("round \(number) of run \(run)") { db in
            let key = try db.key(ofRun: run)
            let last = try db.lastClosedRound(ofRun: key)
            guard number > last else {
                throw StoreError(.roundClosed, "round \(number) of run \(run) is closed already; the last is \(last).")
            }
            guard number == last + 1 else {
                throw StoreError(
                    .roundOutOfOrder, "round \(number) of run \(run) cannot be closed before round \(last + 1).")
            }
            try ArenaStore.requireOneRound(closing)
            try ArenaStore.insert(db, run: key, round: closing.round)
            try ArenaStore.insert(db, run: key, versions: closing.versions)
            let writer = ClosingWriter(
                db: db, run: key, policies: try PolicyKeys(db, run: key),
                rooms: try RoomKeys(db, run: key, round: number))
            try writer.insert(matches: closing.matches)
            try writer.insert(pairs: closing.pairs)
            try writer.insert(ratings: closing.ratings)
            try writer.insert(updates: closing.updates)
            try writer.insert(evaluations: closing.evaluations)
            if let health = closing.judgeHealth { try writer.insert(judgeHealth: health) }
            try writer.insert(judgeMeasures: closing.judgeMeasures)
            try writer.insert(alarms: closing.alarms)
            try ArenaStore.settle(db, run: key, closing, policies: writer.policies)
            if let proof = closing.proof { try writer.insert(proof: proof) }
        }
    }

    /// The round that was closed last; nil before the first.
    public func lastClosedRound(run: String) throws(StoreError) -> RoundRecord? {
        try rounds(run: run).last
    }

    /// The closed rounds in order.
    public func rounds(run: String) throws(StoreError) -> [RoundRecord] {
        try read("the rounds") { db in
            try db.rows(
                """
                SELECT round, signature, rollout_seconds, judging_seconds, training_seconds, evaluation_seconds,
                    store_seconds, room_count, token_count
                FROM rounds WHERE run_id = ? ORDER BY round
                """, [db.key(ofRun: run)]
            ).map { row in
                var timings = RoundTimings()
                timings.rollouts = row[2]
                timings.judging = row[3]
                timings.training = row[4]
                timings.evaluation = row[5]
                timings.store = row[6]
                timings.roomCount = row[7]
                timings.tokenCount = row[8]
                return RoundRecord(number: row[0], signature: row[1], timings: timings)
            }
        }
    }

    private static func insert(_ db: Database, run key: Int64, round: RoundRecord) throws {
        let timings = round.timings
        try db.run(
            """
            INSERT INTO rounds (run_id, round, signature, rollout_seconds, judging_seconds, training_seconds,
                evaluation_seconds, store_seconds, room_count, token_count)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                key, round.number, round.signature, timings.rollouts, timings.judging, timings.training,
                timings.evaluation, timings.store, timings.roomCount, timings.tokenCount,
            ])
    }

    /// Evaluations and versions may be of an earlier moment: of the weights that an agent came with.
    private static func requireOneRound(_ closing: RoundClosing) throws {
        let rounds: [(String, [Int])] = [
            ("match", closing.matches.map(\.round)), ("preference pair", closing.pairs.map(\.round)),
            ("rating", closing.ratings.map(\.round)), ("update", closing.updates.map(\.round)),
            ("judge health", closing.judgeHealth.map { [$0.round] } ?? []),
            ("measure of a judge", closing.judgeMeasures.map(\.round)), ("alarm", closing.alarms.map(\.round)),
        ]
        for (noun, numbers) in rounds {
            if let other = numbers.first(where: { $0 != closing.round.number }) {
                throw StoreError(
                    .invalidRecord, "the closing of round \(closing.round.number) has a \(noun) of round \(other).")
            }
        }
    }
}

/// The rooms of one round and their integer keys.
struct RoomKeys {
    private let round: Int
    private var keys: [Int: Int64] = [:]

    init(_ db: Database, run key: Int64, round: Int) throws {
        self.round = round
        try db.forEachRow("SELECT room, id FROM rooms WHERE run_id = ? AND round = ?", [key, round]) { row in
            keys[row[0]] = row[1]
        }
    }

    /// - Throws: `unknownReference`, naming the room and what names it.
    func key(of room: Int, in place: String) throws -> Int64 {
        guard let key = keys[room] else {
            throw StoreError(.unknownReference, "\(place) names room \(room) of round \(round), which was not saved.")
        }
        return key
    }
}
