import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings

/// What a round measured of its judges, for the database and the report.
struct JudgeMeasures {
    let round: Int
    let arena: Arena
    /// Who judged the canaries.
    let judge: JudgeID
    /// The weights that those judged with which learn.
    let learned: [RunState.LearnedJudge]

    /// - Parameters:
    ///   - results: the round's rooms.
    ///   - gold: rooms with gold; where people gave it, rooms of earlier rounds.
    ///   - experience: what the next room's panel is weighed by.
    func records(
        _ results: [RoomResult], gold: [RoomResult], pairs: PairCounts, experience: PanelExperience
    ) -> [JudgeMeasureRecord] {
        let known = Set(gold.map { Address(round: $0.room.round, room: $0.room.index) })
        let rooms = results.filter { !known.contains(Address(round: $0.room.round, room: $0.room.index)) } + gold
        let bare = rooms.map(\.withoutVersions)
        var records: [JudgeMeasureRecord] = []
        for (name, health) in JudgeHealth.perJudge(of: bare).sorted(by: { $0.key.name < $1.key.name }) {
            records += self.records(id(name.name), health)
        }
        if arena.judges.panel != nil {
            records += agreement(JudgeAgreement(bare))
            for member in arena.judges.members {
                let weight = experience.accuracies[member.name, default: JudgeAccuracy()]
                records.append(record(id(member.name), "weight", weight.weight, count: weight.count))
            }
        }
        return records + cost(JudgingCost(results)) + dropped(pairs)
    }

    private struct Address: Hashable {
        let round: Int
        let room: Int
    }

    /// A judge by its name, in the version that judged the canaries.
    private func id(_ name: String) -> JudgeID {
        name == judge.name ? judge : learned.first { $0.id.name == name }?.id ?? JudgeID(name: name)
    }

    private func record(_ judge: JudgeID, _ measure: String, _ value: Double?, count: Int) -> JudgeMeasureRecord {
        JudgeMeasureRecord(round: round, judge: judge, measure: measure, value: value ?? .nan, count: count)
    }

    private func records(_ judge: JudgeID, _ health: JudgeHealth) -> [JudgeMeasureRecord] {
        var records = [
            record(judge, "void_rate", health.voidRate, count: health.voteCount),
            record(judge, "tie_rate", health.tieRate, count: health.voteCount - health.voidCount),
            record(judge, "lower_seat_rate", health.lowerSeatRate, count: health.lowerSeatWinCount + health.upperSeatWinCount),
            record(judge, "length_correlation", health.lengths.spearman, count: health.lengths.count),
        ]
        if health.orders.pairCount > 0 {
            records.append(record(judge, "position_consistency", health.positionConsistency, count: health.orders.pairCount))
            records.append(record(judge, "first_shown_rate", health.firstShownRate, count: 2 * health.orders.pairCount))
        }
        // Scores cannot run in a circle; comparisons can.
        if health.orders.pairCount > 0 || health.cyclicRoomCount > 0 {
            records.append(record(judge, "cyclic_rooms", Double(health.cyclicRoomCount), count: health.voteCount))
        }
        let clusters = health.canaryClusters.sorted { $0.key < $1.key }
        let interval = Interval.mean(
            of: clusters.flatMap { Array(repeating: $0.value.points / Double($0.value.count), count: $0.value.count) },
            clusters: clusters.flatMap { Array(repeating: $0.key, count: $0.value.count) })
        if let interval {
            records.append(
                JudgeMeasureRecord(
                    round: round, judge: judge, measure: "accuracy", value: interval.value, low: interval.low,
                    high: interval.high, count: health.accuracy.count))
        }
        return records
    }

    /// Cohen's κ of each two members under the earlier one's name, Krippendorff's α under the panel's.
    private func agreement(_ agreement: JudgeAgreement) -> [JudgeMeasureRecord] {
        let judges = agreement.judges
        var records = judges.indices.flatMap { one in
            judges.indices.filter { $0 > one }.map { other in
                let (kappa, count) = agreement.cohenKappa(one, other)
                return record(id(judges[one].name), "cohen_kappa/\(judges[other].name)", kappa, count: count)
            }
        }
        let (alpha, count) = agreement.krippendorffAlpha
        records.append(record(judge, "krippendorff_alpha", alpha, count: count))
        return records
    }

    private func cost(_ cost: JudgingCost) -> [JudgeMeasureRecord] {
        guard cost.verdictCount > 0 else { return [] }
        return [
            record(judge, "cost", cost.usage.cost, count: cost.verdictCount),
            record(judge, "cost_per_verdict", cost.costPerVerdict, count: cost.verdictCount),
            record(judge, "seconds_per_verdict", cost.secondsPerVerdict, count: cost.verdictCount),
            record(judge, "cached_share", share(cost.usage.cachedCount, cost.usage), count: cost.usage.requestCount + cost.usage.cachedCount),
            record(judge, "retries", Double(cost.usage.retryCount), count: cost.usage.requestCount),
            record(judge, "tokens", Double(cost.usage.promptTokenCount + cost.usage.completionTokenCount), count: cost.usage.requestCount),
        ]
    }

    private func share(_ part: Int, _ usage: JudgeUsage) -> Double? {
        let whole = usage.requestCount + usage.cachedCount
        return whole == 0 ? nil : Double(part) / Double(whole)
    }

    /// Shares of the round's pairs that each rule dropped; rules that dropped nothing say nothing.
    func dropped(_ counts: PairCounts) -> [JudgeMeasureRecord] {
        let rules = [
            ("score_margin", counts.scoreMarginCount), ("margin", counts.pointsMarginCount),
            ("near_duplicates", counts.nearDuplicateCount), ("length", counts.lengthCount), ("cap", counts.capCount),
        ]
        return rules.filter { $0.1 > 0 }.map { name, count in
            record(judge, "pairs_dropped/\(name)", Double(count) / Double(counts.offeredCount), count: counts.offeredCount)
        }
    }
}
