import AgonCore
import AgonTransformer

/// What one learner may learn from a round that was played ahead, and what becomes of each of its samples.
///
/// A group (a room of answers, or the games of one opening) ages as a whole: it is as old as the learner's oldest sample in
/// it. Samples of agents that never change do not age, and neither do those of other learners: for this one they are given
/// texts.
struct StalenessCut: Sendable {
    let settings: AsyncSettings
    let agent: String
    /// Updates since each version of the learner that sat in the round.
    let ages: [PolicyID: Int]
    /// Groups that are too old.
    let staleGroups: Set<Int>

    /// - Parameter age: how many updates of the learner came after a version of it.
    init(_ settings: AsyncSettings, agent: String, results: [RoomResult], age: (Int) -> Int) {
        self.settings = settings
        self.agent = agent
        var ages: [PolicyID: Int] = [:]
        var stale: Set<Int> = []
        for result in results {
            for seat in result.room.seats where seat.agent == agent {
                let old = ages[seat] ?? age(seat.version)
                ages[seat] = old
                if old > settings.maxOffPolicySteps { stale.insert(result.room.group) }
            }
        }
        (self.ages, staleGroups) = (ages, stale)
    }

    /// Takes out of an update's data what is too old, and weighs what an older version drew as the correction says.
    ///
    /// - Parameter model: the learner's version now.
    /// - Returns: metrics of the update: `off_policy/age` (mean over the learner's samples, in updates), and with a correction
    ///   `off_policy/kl`, how far the versions lie apart on what is weighed.
    func apply(to data: inout UpdateData, under model: Transformer, threads: Int) throws -> [String: Double] {
        data.staleGroups = staleGroups
        let own = data.results.flatMap(\.room.seats).compactMap { ages[$0] }
        var metrics = ["off_policy/age": Double(own.reduce(0, +)) / Double(max(1, own.count))]
        guard settings.correction != .none else { return metrics }
        let rooms = data.rooms
        let old = data.sides.compactMap { side -> (side: UpdateData.Side, sequence: TokenSequence, drawn: [Float])? in
            guard let result = rooms[side.place.room], (ages[result.room.seats[side.place.seat]] ?? 0) > 0 else { return nil }
            let rollout = result.rollouts[side.place.seat]
            return rollout.sequence.map { (side, $0, rollout.logProbs) }
        }
        guard !old.isEmpty else { return metrics }
        let now = try model.logProbs(of: old.map(\.sequence), threads: threads)
        var divergence = 0.0
        for (sample, now) in zip(old, now) {
            data.weights[sample.side] = settings.correction.weight(drawn: sample.drawn, now: now, isChosen: sample.side.isChosen)
            divergence += OffPolicyCorrection.divergence(drawn: sample.drawn, now: now)
        }
        metrics["off_policy/kl"] = divergence / Double(old.count)
        return metrics
    }

    /// What became of the learner's samples, by the version that drew them.
    func records(of data: UpdateData) -> [SampleRecord] {
        let (trained, masked) = data.consumed
        var records: [PolicyID: SampleRecord] = [:]
        for (policy, age) in ages { records[policy] = SampleRecord(policy: policy, age: age) }
        for result in data.results {
            for (seat, policy) in result.room.seats.enumerated() where policy.agent == agent {
                let place = UpdateData.Place(room: result.room.index, seat: seat)
                let fate: WritableKeyPath<SampleRecord, Int> =
                    trained.contains(place) ? \.trainedCount
                    : staleGroups.contains(result.room.group) ? \.staleCount : masked.contains(place) ? \.maskedCount : \.unusedCount
                records[policy]?[keyPath: fate] += 1
            }
        }
        return records.values.sorted { $0.policy < $1.policy }
    }
}
