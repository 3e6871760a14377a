import AgonCore
import AgonJudging
import AgonRatings

/// Two policies on the same held-out prompts, outside the rooms of the round: for the gate and for measurements.
struct HeldOutContest {
    let player: RoomPlayer
    let seed: Seed

    /// How a contest went for its first policy.
    struct Outcome {
        /// Mean points against the second policy, clustered by prompt; nil without prompts.
        var score: Interval?
        /// Rooms played, and how many of them the first policy forfeited.
        var roomCount = 0
        var forfeitCount = 0
        /// Rooms that ended level.
        var drawCount = 0
    }

    /// Plays every prompt in both seatings, and judges with `judge`, or by gold where it is nil.
    ///
    /// A prompt may stand several times in the list, for more games from few openings; all of its games are one
    /// cluster of the score's interval.
    func play(_ first: PolicyID, _ second: PolicyID, prompts: [Prompt], judge: (any Judge)?) async throws -> Outcome {
        let clusterOfPrompt = Dictionary(zip(prompts.map(\.id), 0...), uniquingKeysWith: { first, _ in first })
        let rooms = prompts.enumerated().flatMap { index, prompt in
            [[first, second], [second, first]].enumerated().map { turn, seats in
                Room(
                    round: 0, index: 2 * index + turn, group: clusterOfPrompt[prompt.id] ?? index, prompt: prompt,
                    seats: seats)
            }
        }
        let rollouts = try await player.play(rooms, seed: seed)
        let points = try await points(rooms, rollouts, judge: judge)
        var outcome = Outcome(roomCount: rooms.count)
        var samples: [Double] = []
        var clusters: [Int] = []
        for (room, (rollouts, points)) in zip(rooms, zip(rollouts, points)) {
            let seat = room.index % 2
            if rollouts[seat].forfeit != nil { outcome.forfeitCount += 1 }
            guard let points else { continue }
            let own = seat == 0 ? points : 1 - points
            if own == 0.5 { outcome.drawCount += 1 }
            samples.append(own)
            clusters.append(room.group)
        }
        outcome.score = Interval.mean(of: samples, clusters: clusters)
        return outcome
    }

    /// Points of seat 0 per room; nil for void.
    private func points(_ rooms: [Room], _ rollouts: [[Rollout]], judge: (any Judge)?) async throws -> [Double?] {
        guard let judge else {
            return rollouts.map { pair in
                guard let first = pair[0].gold, let second = pair[1].gold else { return nil }
                return first == second ? 0.5 : first > second ? 1 : 0
            }
        }
        let results = try await Verdicts(judge: judge, seed: seed).results(rooms, rollouts)
        return results.map { $0.verdicts.first?.verdict.score ?? nil }
    }
}

/// Asks a judge about rooms that were played, and puts forfeits, verdicts and ranking together.
struct Verdicts {
    let judge: any Judge
    let seed: Seed

    func results(_ rooms: [Room], _ rollouts: [[Rollout]]) async throws -> [RoomResult] {
        let tasks = zip(rooms, rollouts).map { room, rollouts in
            RoomJudging.task(for: room, rollouts: rollouts, seed: seed, needsReference: judge.needsReference)
        }
        var judgements = try await judge.judge(tasks.compactMap { $0 }).makeIterator()
        return try zip(zip(rooms, rollouts), tasks).map { played, task in
            try RoomJudging.result(
                room: played.0, rollouts: played.1, judge: judge.id, judgement: task == nil ? nil : judgements.next())
        }
    }
}
