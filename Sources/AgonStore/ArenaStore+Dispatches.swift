public import AgonCore
internal import GRDB

/// The journal of rounds that are played ahead, and the ledger of their samples.
extension ArenaStore {
    /// Writes down that a round is sent out, before any of its rooms is played. A round that was sent out already stays as
    /// it was.
    /// - Throws: `roundClosed`; `invalidRecord` for a round that is sent out further ahead than its samples may age;
    ///   `unknownReference` for a version that the run does not have.
    public func dispatch(_ dispatch: DispatchRecord, run: String) throws(StoreError) {
        try write("the dispatch of round \(dispatch.round) of run \(run)") { db in
            let key = try db.key(ofRun: run)
            let closed = try db.lastClosedRound(ofRun: key)
            guard dispatch.round > closed else {
                throw StoreError(.roundClosed, "round \(dispatch.round) of run \(run) is closed: it cannot be sent out to be played.")
            }
            try db.run(
                """
                INSERT INTO dispatches (run_id, round, after_round, max_off_policy_steps) VALUES (?, ?, ?, ?)
                ON CONFLICT (run_id, round) DO NOTHING
                """, [key, dispatch.round, dispatch.afterRound, dispatch.maxOffPolicySteps])
            guard db.changesCount == 1 else { return }
            let policies = try PolicyKeys(db, run: key)
            for (policy, count) in dispatch.producedCounts.sorted(by: { $0.key < $1.key }) {
                try db.run(
                    "INSERT INTO samples (run_id, round, policy_id, produced_count) VALUES (?, ?, ?, ?)",
                    [key, dispatch.round, try policies.key(of: policy, in: "the dispatch of round \(dispatch.round)"), count])
            }
        }
    }

    /// The rounds that were sent out, in their order.
    public func dispatches(run: String) throws(StoreError) -> [DispatchRecord] {
        try read("the dispatches") { db in
            let key = try db.key(ofRun: run)
            var counts: [Int: [PolicyID: Int]] = [:]
            try db.forEachRow(
                """
                SELECT samples.round, name, version, produced_count FROM samples JOIN versions ON versions.id = policy_id
                WHERE samples.run_id = ?
                """, [key]
            ) { row in counts[row[0], default: [:]][PolicyID(agent: row[1], version: row[2])] = row[3] }
            return try db.rows(
                "SELECT round, after_round, max_off_policy_steps FROM dispatches WHERE run_id = ? ORDER BY round", [key]
            ).map { row in
                DispatchRecord(
                    round: row[0], afterRound: row[1], maxOffPolicySteps: row[2], producedCounts: counts[row[0]] ?? [:])
            }
        }
    }

    /// Where the samples of each learner are, by name; empty for runs whose rounds are not played ahead.
    ///
    /// - Parameter last: the last round that counts.
    public func sampleLedger(run: String, upToRound last: Int = .max) throws(StoreError) -> [SampleLedger] {
        try read("the ledger of samples") { db in
            try db.rows(
                """
                SELECT name, sum(produced_count), coalesce(sum(trained_count), 0), coalesce(sum(stale_count), 0),
                    coalesce(sum(masked_count), 0), coalesce(sum(unused_count), 0),
                    coalesce(sum(produced_count) FILTER (WHERE age IS NULL), 0),
                    coalesce(max(age) FILTER (WHERE trained_count > 0), 0)
                FROM samples JOIN versions ON versions.id = policy_id
                WHERE samples.run_id = ? AND samples.round <= ? GROUP BY name ORDER BY name
                """, [db.key(ofRun: run), last]
            ).map { row in
                SampleLedger(
                    agent: row[0], produced: row[1], trained: row[2], stale: row[3], masked: row[4], unused: row[5],
                    pending: row[6], oldestTrained: row[7])
            }
        }
    }

    /// Writes what became of a round's samples, within its closing transaction.
    /// - Throws: `invalidRecord` where the round was sent out and not each of its samples is accounted for.
    static func settle(_ db: Database, run key: Int64, _ closing: RoundClosing, policies: PolicyKeys) throws {
        let round = closing.round.number
        for record in closing.samples {
            try db.run(
                """
                UPDATE samples SET age = ?4, trained_count = ?5, stale_count = ?6, masked_count = ?7, unused_count = ?8
                WHERE run_id = ?1 AND round = ?2 AND policy_id = ?3 AND age IS NULL
                """,
                [
                    key, round, try policies.key(of: record.policy, in: "a sample"), record.age, record.trainedCount,
                    record.staleCount, record.maskedCount, record.unusedCount,
                ])
            guard db.changesCount == 1 else {
                throw StoreError(.invalidRecord, "round \(round) closes samples of \(record.policy) that it never sent out, or twice.")
            }
        }
        let open = try db.rows("SELECT 1 FROM samples WHERE run_id = ? AND round = ? AND age IS NULL LIMIT 1", [key, round])
        guard open.isEmpty else {
            throw StoreError(.invalidRecord, "round \(round) cannot be closed: what became of some of its samples is not said.")
        }
    }
}
