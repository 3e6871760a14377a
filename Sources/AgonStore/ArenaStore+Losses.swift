public import AgonCore
internal import GRDB

extension ArenaStore {
    /// Keeps that members left their panels; of a member that is away already nothing changes.
    ///
    /// To be called before the rooms are saved that it was missing from: a process that dies in between judges them again,
    /// without the member.
    public func save(losses: [JudgeLossRecord], run: String) throws(StoreError) {
        guard !losses.isEmpty else { return }
        try write("members that left the panel of run \(run)") { db in
            let key = try db.key(ofRun: run)
            for loss in losses {
                try db.run(
                    "INSERT OR IGNORE INTO judge_losses (run_id, judge, round, sentence) VALUES (?, ?, ?, CAST(? AS TEXT))",
                    [key, loss.judge, loss.round, Text.value(loss.sentence)])
            }
        }
    }

    /// The members that left their panels, in the order of rounds and names.
    public func judgeLosses(run: String) throws(StoreError) -> [JudgeLossRecord] {
        try read("the members that left") { db in
            try db.rows(
                "SELECT round, judge, CAST(sentence AS BLOB) FROM judge_losses WHERE run_id = ? ORDER BY round, judge",
                [db.key(ofRun: run)]
            ).map { row in JudgeLossRecord(round: row[0], judge: row[1], sentence: Text.decode(row[2])) }
        }
    }
}
