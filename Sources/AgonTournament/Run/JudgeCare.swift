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

    /// The canary pairs of some rooms as each learning judge reads them, by judge: an answer that gold calls better over
    /// one that it calls worse, both by policies with tokens. Forfeits are decided by rule, so the judge need not learn them.
    func pairs(in canaries: [RoomResult]) -> [String: [RewardPair]] {
        Dictionary(
            uniqueKeysWithValues: arena.judges.learning.map { member in
                (member.name, canaries.flatMap { pairs(in: $0, for: member) })
            })
    }

    private func pairs(in result: RoomResult, for member: ArenaJudges.Member) -> [RewardPair] {
        func tokens(_ seat: Int) -> [Int32]? {
            member.tokens(prompt: result.room.prompt.text, answer: result.rollouts[seat].text)
        }
        let seats = result.rollouts.indices.filter {
            result.rollouts[$0].forfeit == nil && result.rollouts[$0].sequence != nil
        }
        return seats.flatMap { right in
            seats.compactMap { wrong -> RewardPair? in
                guard let high = result.rollouts[right].gold, let low = result.rollouts[wrong].gold, high > low,
                    let chosen = tokens(right), let rejected = tokens(wrong)
                else { return nil }
                return RewardPair(chosen: chosen, rejected: rejected)
            }
        }
    }

    /// The judges after they learned from the pairs of today's gold and from replayed ones; a judge stays as it is where
    /// `refresh` is off or nothing was there to learn.
    ///
    /// - Parameters:
    ///   - today: rooms with gold that no earlier round learned from.
    ///   - threads: they change no bit.
    func refreshed(_ state: RunState, today: [RoomResult], threads: Int) throws -> [RunState.LearnedJudge] {
        let settings = arena.configuration.judge
        guard settings.refreshStepCount > 0 else { return state.judges }
        let pairs = pairs(in: today)
        return try state.judges.map { judge in
            let (new, earlier) = (pairs[judge.id.name] ?? [], state.canaryPairs[judge.id.name] ?? [])
            guard !(new.isEmpty && earlier.isEmpty) else { return judge }
            let half = settings.refreshSideCount
            let outcome = try RewardTraining.refresh(
                judge.parameters, newPairs: new, replay: earlier, newCount: half, replayCount: half, loss: RewardLoss(),
                configuration: StepConfiguration(
                    stepCount: settings.refreshStepCount, learningRate: settings.refreshLearningRate, schedule: .constant,
                    warmupSteps: 0, shardCount: 1),
                seed: seed(of: judge.id.name), threads: threads, kernels: arena.kernels)
            return RunState.LearnedJudge(
                id: JudgeID(name: judge.id.name, version: judge.id.version + 1), parameters: outcome.parameters, hash: "")
        }
    }

    /// Members of a panel draw apart; a judge alone draws from the round's own seed.
    private func seed(of judge: String) -> Seed { arena.judges.panel == nil ? seed : seed.child(.judge, named: judge) }

    /// What this round's gold says of a panel's members, and their votes on all its pairs.
    func experience(_ results: [RoomResult], gold: [RoomResult]) -> PanelExperience {
        guard let panel = arena.judges.panel else { return PanelExperience() }
        let names = arena.judges.members.map(\.name)
        var accuracies: [String: JudgeAccuracy] = [:]
        for (judge, accuracy) in JudgeAccuracy.perJudge(of: gold) {
            accuracies[judge.name, default: JudgeAccuracy()] += accuracy
        }
        guard panel.rule == .dawidSkene else { return PanelExperience(accuracies: accuracies) }
        let canaries = Dictionary(gold.map { ($0.room, $0) }, uniquingKeysWith: { first, _ in first })
        let rooms = (gold.filter { room in !results.contains { $0.room == room.room } } + results.map { canaries[$0.room] ?? $0 })
        let items = DawidSkene.items(of: rooms.map(\.withoutVersions), judges: names.map { JudgeID(name: $0) })
        return PanelExperience(accuracies: accuracies, items: items)
    }

    /// The round's record of the judge's health, and whether updates made under it may be promoted.
    ///
    /// The canary pairs of the last `judge.window` rounds decide together: those of one round come from a few prompts and
    /// say no more than ± 15 points. So the gate opens again as soon as they recover, whatever the round itself says.
    ///
    /// - Parameters:
    ///   - gold: rooms with gold as the judge judged them before it learned from them: the honest measure.
    ///   - judge: who judged them.
    ///   - after: the judge after its refresh, which is measured on the same rooms for comparison only; nil where there was
    ///     none.
    func health(
        round: Int, results: [RoomResult], gold: [RoomResult], judge: JudgeID, after: (any Judge)?, state: RunState
    ) async throws -> JudgeHealthRecord {
        let (all, canaries) = (tally(results), tally(gold))
        let interval = Interval.mean(of: canaries.goldPairScores, clusters: canaries.goldPairClusters)
        let recent = (state.canaryCounts + [(canaries.goldPairCount, canaries.rightCount)]).suffix(arena.configuration.judge.window)
        let count = recent.reduce(0) { $0 + $1.count }
        let windowAccuracy = count == 0 ? .nan : recent.reduce(0) { $0 + $1.right } / Double(count)
        var refreshedAccuracy: Double?
        if let after {
            let again = try await Verdicts(judge: after, seed: seed).results(gold.map(\.room), gold.map(\.rollouts))
            refreshedAccuracy = tally(again).accuracy
        }
        return JudgeHealthRecord(
            round: round, judge: judge, canaryPairCount: canaries.goldPairCount, accuracy: interval?.value ?? .nan,
            low: interval?.low ?? .nan, high: interval?.high ?? .nan, tieRate: all.tieRate ?? 0,
            voidRate: all.voidRate ?? 0, believedScore: all.believedScore ?? .nan, goldScore: all.goldScore,
            windowAccuracy: windowAccuracy, isTrusted: count == 0 || windowAccuracy >= arena.configuration.judge.minAccuracy,
            refreshedAccuracy: refreshedAccuracy)
    }

    /// What a round's gold shows about the judge.
    func evidence(_ gold: [RoomResult]) -> RoundEvidence { RoundEvidence(gold, learners: Set(arena.learners), anchors: anchors) }

    private var anchors: Set<String> { Set(arena.entrants.filter { $0.role == .anchor }.map(\.name)) }

    private func tally(_ results: [RoomResult]) -> CanaryTally {
        CanaryTally(results, learners: Set(arena.learners), anchors: anchors)
    }
}

extension RoomResult {
    /// The room with judges by names alone, so that a judge is one judge whatever it has learned.
    var withoutVersions: RoomResult {
        var bare = self
        bare.judge = JudgeID(name: judge.name)
        bare.votes = votes.map { vote in
            var bare = vote
            bare.judge = JudgeID(name: vote.judge.name)
            return bare
        }
        return bare
    }
}

extension RunState {
    /// Keeps what later rounds need of this one's canaries.
    ///
    /// - Parameter wasRolledBack: whether the round's alarm sent the learners back.
    /// - Returns: what the alarm says of the round; nil where nobody watches.
    @discardableResult
    mutating func remember(
        _ results: [RoomResult], gold: [RoomResult], health: JudgeHealthRecord?, care: JudgeCare, wasRolledBack: Bool = false
    ) -> RewardHackingAlarm.Report? {
        guard let health else { return nil }
        let count = health.canaryPairCount
        canaryCounts.append((count, count == 0 ? 0 : health.accuracy * Double(count)))
        canaryPairs.merge(care.pairs(in: gold)) { $0 + $1 }
        experiences.append(care.experience(results, gold: gold))
        for result in gold {
            for (policy, rollout) in zip(result.room.seats, result.rollouts) {
                guard let value = rollout.gold else { continue }
                self.gold[policy, default: GoldTally()].sum += value
                self.gold[policy, default: GoldTally()].count += 1
            }
        }
        guard care.arena.configuration.judge.alarmAction != nil else { return nil }
        let report = alarm.observe(care.evidence(gold))
        if wasRolledBack { alarm.forgetWindow() }
        return report
    }

    /// The version of a learner that was best by gold on canaries, smoothed with its neighbours: one version has few
    /// canaries. Nil where none has been measured.
    func bestVersion(of agent: String) -> Int? {
        let measured = gold.filter { $0.key.agent == agent }.map { (version: $0.key.version, tally: $0.value) }
            .sorted { $0.version < $1.version }
        let means = measured.indices.map { index in
            let near = measured[max(index - 1, 0)...min(index + 1, measured.count - 1)]
            return near.reduce(0) { $0 + $1.tally.sum } / Double(near.reduce(0) { $0 + $1.tally.count })
        }
        return means.indices.max { means[$0] < means[$1] }.map { measured[$0].version }
    }

    /// What the last rounds and today's gold tell of a panel's members.
    func experience(window: Int, today: PanelExperience) -> PanelExperience {
        (experiences + [today]).suffix(window).reduce(into: PanelExperience()) { sum, round in
            for (name, accuracy) in round.accuracies { sum.accuracies[name, default: JudgeAccuracy()] += accuracy }
            sum.items += round.items
        }
    }
}
