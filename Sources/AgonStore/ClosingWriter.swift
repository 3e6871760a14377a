internal import AgonCore
internal import GRDB

/// The inserts of a round's closing, all within its transaction.
struct ClosingWriter {
    let db: Database
    let run: Int64
    let policies: PolicyKeys
    let rooms: RoomKeys

    func insert(matches: [Match]) throws {
        var positions: [Int: Int] = [:]
        for match in matches {
            let position = positions[match.room, default: 0]
            positions[match.room] = position + 1
            try db.run(
                """
                INSERT INTO matches (room_id, position, cluster, first_policy_id, second_policy_id, score, weight)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    try rooms.key(of: match.room, in: "a match"), position, match.cluster,
                    try policies.key(of: match.first, in: "a match"),
                    try policies.key(of: match.second, in: "a match"), match.score, match.weight,
                ])
        }
    }

    func insert(pairs: [PreferencePair]) throws {
        for pair in pairs {
            try db.run(
                """
                INSERT INTO pairs (run_id, round, prompt_id, chosen_room_id, chosen_seat, chosen_policy_id,
                    rejected_room_id, rejected_seat, rejected_policy_id, judge, judge_version, label)
                VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, pair.round, Text.value(pair.promptID),
                    try rooms.key(of: pair.chosen.room, in: "a preference pair"), pair.chosen.seat,
                    try policies.key(of: pair.chosen.policy, in: "a preference pair"),
                    try rooms.key(of: pair.rejected.room, in: "a preference pair"), pair.rejected.seat,
                    try policies.key(of: pair.rejected.policy, in: "a preference pair"), pair.judge.name,
                    pair.judge.version, pair.label,
                ])
        }
    }

    func insert(ratings: [RatingRecord]) throws {
        for rating in ratings {
            try db.run(
                """
                INSERT INTO ratings (run_id, round, policy_id, elo, rating, low, high, wins, draws, losses, forfeits)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, rating.round, try policies.key(of: rating.policy, in: "a rating"), rating.elo,
                    rating.rating, rating.low, rating.high, rating.wins, rating.draws, rating.losses,
                    rating.forfeits,
                ])
        }
    }

    func insert(updates: [UpdateRecord]) throws {
        for update in updates {
            let place = "the update of \(update.agent)"
            let from = PolicyID(agent: update.agent, version: update.fromVersion)
            let to = update.toVersion.map { PolicyID(agent: update.agent, version: $0) }
            try db.run(
                """
                INSERT INTO updates (run_id, round, from_policy_id, to_policy_id, decision, pair_count, step_count,
                    gate_score, gate_low, gate_high, gate_count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, update.round, try policies.key(of: from, in: place),
                    try to.map { try policies.key(of: $0, in: place) }, update.decision, update.pairCount,
                    update.stepCount, try optionalReal(update.gateScore, in: "the gate score of \(place)"),
                    try optionalReal(update.gateLow, in: "the gate interval of \(place)"),
                    try optionalReal(update.gateHigh, in: "the gate interval of \(place)"), update.gateCount,
                ])
            let key = db.lastInsertedRowID
            for (name, value) in update.metrics.sorted(by: { $0.key < $1.key }) {
                try db.run("INSERT INTO update_metrics (update_id, name, value) VALUES (?, ?, ?)", [key, name, value])
            }
        }
    }

    func insert(evaluations: [EvaluationRecord]) throws {
        for evaluation in evaluations {
            try db.run(
                """
                INSERT INTO evaluations (run_id, round, policy_id, measure, value, low, high, count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, evaluation.round, try policies.key(of: evaluation.policy, in: "an evaluation"),
                    evaluation.measure, evaluation.value, evaluation.low, evaluation.high, evaluation.count,
                ])
        }
    }

    func insert(judgeHealth health: JudgeHealthRecord) throws {
        try db.run(
            """
            INSERT INTO judge_health (run_id, round, judge, judge_version, canary_pair_count, accuracy, low, high,
                tie_rate, void_rate, believed_score, gold_score, is_trusted, refreshed_accuracy, window_accuracy)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                run, health.round, health.judge.name, health.judge.version, health.canaryPairCount,
                health.accuracy, health.low, health.high, health.tieRate, health.voidRate, health.believedScore,
                try optionalReal(health.goldScore, in: "the gold score of the judge's health"), health.isTrusted,
                try optionalReal(health.refreshedAccuracy, in: "the refreshed accuracy of the judge"),
                health.windowAccuracy,
            ])
    }

    func insert(judgeMeasures measures: [JudgeMeasureRecord]) throws {
        for measure in measures {
            try db.run(
                """
                INSERT INTO judge_measures (run_id, round, judge, judge_version, measure, value, low, high, count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, measure.round, measure.judge.name, measure.judge.version, measure.measure, measure.value,
                    measure.low, measure.high, measure.count,
                ])
        }
    }

    func insert(alarms: [AlarmRecord]) throws {
        for (position, alarm) in alarms.enumerated() {
            try db.run(
                """
                INSERT INTO alarms (run_id, round, position, judge, judge_version, sentence, action)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run, alarm.round, position, alarm.judge.name, alarm.judge.version, alarm.sentence,
                    alarm.action.rawValue,
                ])
        }
    }
}
