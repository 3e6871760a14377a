import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonTraining
import AgonTransformer

/// Keeps watch over the judge: how right it is on the round's canaries, and how it learns from them.
struct JudgeCare {
    let arena: Arena
    let seed: Seed

    /// The canary pairs of some rooms as the judge reads them: an answer that gold calls right over one that it
    /// calls wrong, both by policies with tokens. Forfeits are decided by rule, so the judge need not learn them.
    func pairs(in canaries: [RoomResult]) -> [RewardPair] {
        guard let model = arena.judgeModel else { return [] }
        func tokens(_ result: RoomResult, _ seat: Int) -> [Int32]? {
            RewardModel.tokens(
                prompt: result.room.prompt.text, answer: result.rollouts[seat].text, tokenizer: model.tokenizer,
                config: model.config, chatTemplate: arena.judgeTemplate)
        }
        return canaries.flatMap { result in
            let seats = result.rollouts.indices.filter {
                result.rollouts[$0].forfeit == nil && result.rollouts[$0].sequence != nil
            }
            return seats.flatMap { right in
                seats.compactMap { wrong -> RewardPair? in
                    guard let high = result.rollouts[right].gold, let low = result.rollouts[wrong].gold, high > low,
                        let chosen = tokens(result, right), let rejected = tokens(result, wrong)
                    else { return nil }
                    return RewardPair(chosen: chosen, rejected: rejected)
                }
            }
        }
    }

    /// The judge after it learned from today's canaries and from replayed ones; the same judge where `refresh` is off
    /// or nothing was there to learn.
    ///
    /// - Parameter threads: they change no bit.
    func refreshed(
        _ judge: RunState.LearnedJudge, today: [RewardPair], earlier: [RewardPair], threads: Int
    ) throws -> RunState.LearnedJudge {
        let settings = arena.configuration.judge
        guard settings.refreshStepCount > 0, !(today.isEmpty && earlier.isEmpty) else { return judge }
        let half = settings.refreshSideCount
        let outcome = try RewardTraining.refresh(
            judge.parameters, newPairs: today, replay: earlier, newCount: half, replayCount: half, loss: RewardLoss(),
            configuration: StepConfiguration(
                stepCount: settings.refreshStepCount, learningRate: settings.refreshLearningRate, schedule: .constant,
                warmupSteps: 0, shardCount: 1),
            seed: seed, threads: threads, kernels: arena.kernels)
        return RunState.LearnedJudge(
            id: JudgeID(name: judge.id.name, version: judge.id.version + 1), parameters: outcome.parameters, hash: "")
    }

    /// The round's record of the judge's health, and whether updates made under it may be promoted.
    ///
    /// The canary pairs of the last `judge.window` rounds decide together: those of one round come from a few prompts and
    /// say no more than ± 15 points. So the gate opens again as soon as they recover, whatever the round itself says.
    ///
    /// - Parameter canaries: the canary rooms as `before` judged them, unseen until then: the honest measure.
    /// - Parameter after: the refreshed judge, which is measured on the same rooms for comparison only.
    func health(
        round: Int, results: [RoomResult], canaries: [RoomResult], before: RunState.LearnedJudge,
        after: RunState.LearnedJudge?, state: RunState, threads: Int
    ) async throws -> JudgeHealthRecord {
        let tally = self.tally(results)
        let interval = Interval.mean(of: tally.goldPairScores, clusters: tally.goldPairClusters)
        let recent = (state.canaryCounts + [(tally.goldPairCount, tally.rightCount)]).suffix(arena.configuration.judge.window)
        let count = recent.reduce(0) { $0 + $1.count }
        let windowAccuracy = count == 0 ? .nan : recent.reduce(0) { $0 + $1.right } / Double(count)
        var refreshedAccuracy: Double?
        if let after, after.id != before.id {
            let judge = try Roster.judge(after, arena: arena, threads: threads)
            let again = try await Verdicts(judge: judge, seed: seed).results(canaries.map(\.room), canaries.map(\.rollouts))
            refreshedAccuracy = self.tally(again).accuracy
        }
        return JudgeHealthRecord(
            round: round, judge: before.id, canaryPairCount: tally.goldPairCount, accuracy: interval?.value ?? .nan,
            low: interval?.low ?? .nan, high: interval?.high ?? .nan, tieRate: tally.tieRate ?? 0,
            voidRate: tally.voidRate ?? 0, believedScore: tally.believedScore ?? .nan, goldScore: tally.goldScore,
            windowAccuracy: windowAccuracy, isTrusted: count == 0 || windowAccuracy >= arena.configuration.judge.minAccuracy,
            refreshedAccuracy: refreshedAccuracy)
    }

    private func tally(_ results: [RoomResult]) -> CanaryTally {
        let anchors = Set(arena.entrants.filter { $0.role == .anchor }.map(\.name))
        return CanaryTally(results, learners: Set(arena.learners), anchors: anchors)
    }
}

extension RunState {
    /// Keeps what later rounds need of this one's canaries.
    mutating func remember(canaries: [RoomResult], health: JudgeHealthRecord?, care: JudgeCare) {
        guard let health else { return }
        let count = health.canaryPairCount
        canaryCounts.append((count, count == 0 ? 0 : health.accuracy * Double(count)))
        canaryPairs += care.pairs(in: canaries)
    }
}
