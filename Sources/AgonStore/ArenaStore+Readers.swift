public import AgonCore
internal import Foundation
internal import GRDB

extension ArenaStore {
    /// The standings of all closed rounds, in the order in which each closing gave them.
    public func ratings(run: String) throws(StoreError) -> [RatingRecord] {
        try records(
            run, "the ratings",
            """
            SELECT ratings.round, name, version, elo, rating, low, high, wins, draws, losses, forfeits
            FROM ratings JOIN versions ON versions.id = policy_id WHERE ratings.run_id = ? ORDER BY ratings.id
            """
        ) { row in
            RatingRecord(
                round: row[0], policy: PolicyID(agent: row[1], version: row[2]), elo: number(row[3]),
                rating: number(row[4]), low: number(row[5]), high: number(row[6]), wins: row[7], draws: row[8],
                losses: row[9], forfeits: row[10])
        }
    }

    /// The trainings of all closed rounds, promoted or not, in the order in which each closing gave them.
    public func updates(run: String) throws(StoreError) -> [UpdateRecord] {
        try read("the updates") { db in
            let key = try db.key(ofRun: run)
            var metrics: [Int64: [String: Double]] = [:]
            try db.forEachRow(
                """
                SELECT update_id, name, value FROM update_metrics JOIN updates ON updates.id = update_id
                WHERE run_id = ?
                """, [key]
            ) { row in metrics[row[0], default: [:]][row[1]] = number(row[2]) }
            return try db.rows(
                """
                SELECT updates.id, updates.round, parent.name, parent.version, child.version, decision, pair_count,
                    step_count, gate_score, gate_low, gate_high, gate_count
                FROM updates JOIN versions AS parent ON parent.id = from_policy_id
                LEFT JOIN versions AS child ON child.id = to_policy_id
                WHERE updates.run_id = ? ORDER BY updates.id
                """, [key]
            ).map { row in
                UpdateRecord(
                    round: row[1], agent: row[2], fromVersion: row[3], toVersion: row[4], decision: row[5],
                    pairCount: row[6], stepCount: row[7], gateScore: row[8], gateLow: row[9], gateHigh: row[10],
                    gateCount: row[11], metrics: metrics[row[0]] ?? [:])
            }
        }
    }

    /// What was measured of agents, in the order in which the closings gave it.
    public func evaluations(run: String) throws(StoreError) -> [EvaluationRecord] {
        try records(
            run, "the evaluations",
            """
            SELECT evaluations.round, name, version, measure, value, low, high, count
            FROM evaluations JOIN versions ON versions.id = policy_id
            WHERE evaluations.run_id = ? ORDER BY evaluations.id
            """
        ) { row in
            EvaluationRecord(
                round: row[0], policy: PolicyID(agent: row[1], version: row[2]), measure: row[3],
                value: number(row[4]), low: number(row[5]), high: number(row[6]), count: row[7])
        }
    }

    /// How right the judge was, round by round.
    public func judgeHealth(run: String) throws(StoreError) -> [JudgeHealthRecord] {
        try records(
            run, "the judge's health",
            """
            SELECT round, judge, judge_version, canary_pair_count, accuracy, low, high, tie_rate, void_rate,
                believed_score, gold_score, is_trusted, refreshed_accuracy, window_accuracy
            FROM judge_health WHERE run_id = ? ORDER BY round
            """
        ) { row in
            JudgeHealthRecord(
                round: row[0], judge: JudgeID(name: row[1], version: row[2]), canaryPairCount: row[3],
                accuracy: number(row[4]), low: number(row[5]), high: number(row[6]), tieRate: number(row[7]),
                voidRate: number(row[8]), believedScore: number(row[9]), goldScore: row[10],
                windowAccuracy: number(row[13]), isTrusted: row[11], refreshedAccuracy: row[12])
        }
    }

    /// What was measured of each judge, round by round, by judge and measure.
    public func judgeMeasures(run: String) throws(StoreError) -> [JudgeMeasureRecord] {
        try records(
            run, "the measures of judges",
            """
            SELECT round, judge, judge_version, measure, value, low, high, count
            FROM judge_measures WHERE run_id = ? ORDER BY round, judge, measure
            """
        ) { row in
            JudgeMeasureRecord(
                round: row[0], judge: JudgeID(name: row[1], version: row[2]), measure: row[3], value: number(row[4]),
                low: number(row[5]), high: number(row[6]), count: row[7])
        }
    }

    /// The alarms, in the order in which they were raised.
    public func alarms(run: String) throws(StoreError) -> [AlarmRecord] {
        try records(
            run, "the alarms",
            "SELECT round, judge, judge_version, sentence, action FROM alarms WHERE run_id = ? ORDER BY round, position"
        ) { row in
            AlarmRecord(
                round: row[0], judge: JudgeID(name: row[1], version: row[2]), sentence: row[3],
                action: try word(row[4], AlarmAction.self))
        }
    }

    /// The preference pairs of a closed round, in the order in which its closing gave them.
    public func pairs(run: String, round: Int) throws(StoreError) -> [PreferencePair] {
        try records(
            run, "the preference pairs of round \(round)",
            """
            SELECT CAST(pairs.prompt_id AS BLOB), chosen.room, chosen_seat, winner.name, winner.version,
                rejected.room, rejected_seat, loser.name, loser.version, pairs.judge, pairs.judge_version, label
            FROM pairs
            JOIN rooms AS chosen ON chosen.id = chosen_room_id
            JOIN rooms AS rejected ON rejected.id = rejected_room_id
            JOIN versions AS winner ON winner.id = chosen_policy_id
            JOIN versions AS loser ON loser.id = rejected_policy_id
            WHERE pairs.run_id = ? AND pairs.round = ? ORDER BY pairs.id
            """, round
        ) { row in
            PreferencePair(
                round: round, promptID: Text.decode(row[0]),
                chosen: RolloutAddress(
                    room: row[1], seat: row[2], policy: PolicyID(agent: row[3], version: row[4])),
                rejected: RolloutAddress(
                    room: row[5], seat: row[6], policy: PolicyID(agent: row[7], version: row[8])),
                judge: JudgeID(name: row[9], version: row[10]), label: row[11])
        }
    }

    /// How often each agent forfeited in the closed rounds, and why. Agents that never did have an empty count.
    public func forfeitCounts(run: String) throws(StoreError) -> [String: [Forfeit: Int]] {
        try read("the forfeits") { db in
            let key = try db.key(ofRun: run)
            var counts: [String: [Forfeit: Int]] = [:]
            try db.forEachRow("SELECT name FROM agents WHERE run_id = ?", [key]) { counts[$0[0]] = [:] }
            try db.forEachRow(
                """
                SELECT versions.name, forfeit, count(*)
                FROM rollouts JOIN versions ON versions.id = policy_id JOIN rooms ON rooms.id = room_id
                WHERE versions.run_id = ?1 AND forfeit IS NOT NULL
                    AND rooms.round <= (SELECT max(round) FROM rounds WHERE run_id = ?1)
                GROUP BY versions.name, forfeit
                """, [key]
            ) { row in counts[row[0], default: [:]][try word(row[1], Forfeit.self)] = row[2] }
            return counts
        }
    }

    private func records<Record>(
        _ run: String, _ purpose: String, _ sql: String, _ round: Int? = nil, _ body: (Row) throws -> Record
    ) throws(StoreError) -> [Record] {
        try read(purpose) { db in
            let key = try db.key(ofRun: run)
            return try db.rows(sql, round.map { [key, $0] } ?? [key]).map(body)
        }
    }
}

/// A number that was stored as null because it was none.
private func number(_ value: Double?) -> Double { value ?? .nan }
