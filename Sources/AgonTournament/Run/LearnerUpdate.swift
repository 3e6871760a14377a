import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonTraining
import AgonTransformer

/// One learner's training on the round's pairs, and the gate that its new version must pass.
struct LearnerUpdate: Sendable {
    let arena: Arena
    /// The learner's version as it plays the round: the reference where that is the round's start, and the opponent in
    /// the gate.
    let policy: TransformerPolicy
    let learner: RunState.Learner
    let round: Int
    let seed: Seed

    var agent: String { policy.id.agent }

    /// What a training made, before the gate.
    struct Candidate: Sendable {
        var lesson: Lesson
        /// Nil where there was nothing to learn from.
        var outcome: TrainingOutcome?
        var record: UpdateRecord
    }

    /// What became of an update.
    struct Outcome: Sendable {
        var record: UpdateRecord
        /// The new weights; nil where the old version stays.
        var promoted: TrainedWeights?
    }

    /// Trains a candidate. Where there is nothing to learn from, its record says so.
    ///
    /// - Parameters:
    ///   - cut: what is too old to be learned from; nil where the round was not played ahead.
    ///   - folder: where the update's metrics and checkpoints are written.
    ///   - threads: of this update; they change no bit.
    func candidate(
        pairs: [PreferencePair], results: [RoomResult], cut: StalenessCut? = nil, folder: TrainingFolder, threads: Int
    ) throws -> Candidate {
        let lesson = try lesson(pairs: pairs, results: results, cut: cut, threads: threads)
        let (data, shared, ages) = (lesson.data, lesson.shared, lesson.ages)
        var record = UpdateRecord(
            round: round, agent: agent, fromVersion: learner.version, toVersion: nil, decision: "",
            pairCount: data.count, stepCount: 0, metrics: ages)
        guard data.count > 0 else {
            let missing = share.map { "\($0.local) own and \($0.external) others' pairs for a batch" }
                ?? Self.lesson(arena.configuration.training.method)
            record.decision = "No update: no room of the round gave it \(missing)."
            return Candidate(lesson: lesson, record: record)
        }
        guard let start = arena.starts[agent] else { preconditionFailure("\(agent) has no model") }
        let isHeldToBase = arena.configuration.training.reference == .base
        do {
            let outcome = try PolicyUpdate.run(
                policy: learner.weights, reference: .model(isHeldToBase ? start : policy.transformer),
                base: start, data: data, configuration: arena.configuration.training, seed: seed, threads: threads,
                kernels: arena.kernels, folder: folder, mix: shared.flatMap { shared in share.map { ($0, shared.localCount) } })
            record.stepCount = outcome.stepCount
            record.metrics = outcome.metrics.merging(ages) { first, _ in first }
            if let shared {
                record.metrics["shared/local_count"] = Double(shared.localCount)
                record.metrics["shared/external_count"] = Double(shared.pairs.count - shared.localCount)
                record.metrics["shared/refused_count"] = Double(shared.refusedCount)
            }
            // What was set aside or cut away taught nothing.
            let unread = ["eval_pair_count", "dropped_count"].reduce(0) { $0 + (outcome.metrics[$1] ?? 0) }
            record.pairCount = max(0, data.count - Int(unread))
            guard outcome.stepCount > 0 else {
                record.decision = "No update: \(outcome.stop?.sentence ?? "nothing of the round fits into max_length.")"
                return Candidate(lesson: lesson, record: record)
            }
            return Candidate(lesson: lesson, outcome: outcome, record: record)
        } catch let error as TrainingError where error.code == .nonFiniteLoss {
            record.decision = "Not promoted: \(error.message)"
            return Candidate(lesson: lesson, record: record)
        }
    }

    private var share: BatchMix? { arena.configuration.share }

    /// What the round teaches it: in the update's order, and as the algorithm reads it.
    struct Lesson: Sendable {
        var items: [LearnedItem]
        var data: TrainingData
        /// Own and others' pairs in the arena's mix; nil where nothing is shared.
        var shared: SharedRollouts.Batches?
        /// Metrics of what older versions drew, and what became of the learner's samples, where the round was played ahead.
        var ages: [String: Double] = [:]
        var samples: [SampleRecord] = []
    }

    /// - Parameters:
    ///   - pairs: all of the round's.
    ///   - results: the rooms as far as they may teach, in the order of their indices.
    private func lesson(pairs: [PreferencePair], results: [RoomResult], cut: StalenessCut?, threads: Int) throws -> Lesson {
        let isOwn = arena.configuration.ownPairsOnly || share != nil
        var update = UpdateData(
            configuration: arena.configuration, isGame: arena.game != nil, policy: policy.id,
            pairs: isOwn ? pairs.filter(involving: agent) : pairs, results: results)
        let ages = try cut?.apply(to: &update, under: policy.transformer, threads: threads) ?? [:]
        let samples = cut?.records(of: update) ?? []
        let (items, data) = (update.items(), update.data())
        guard let share, case .pairs(let local) = data else {
            return Lesson(items: items, data: data, ages: ages, samples: samples)
        }
        let rollouts = SharedRollouts(mix: share, policy: policy, maxNewTokens: arena.configuration.maxNewTokens)
        let external = pairs.filter { $0.chosen.policy.agent != agent && $0.rejected.policy.agent != agent }
        let batches = rollouts.batches(local, external: external, of: results, seed: seed)
        let known = items + batches.accepted.map(LearnedItem.pair)
        return Lesson(
            items: batches.order.map { known[$0] }, data: .pairs(batches.pairs), shared: batches, ages: ages, samples: samples)
    }

    /// What a method would have learned from, for people.
    private static func lesson(_ method: TrainingMethod) -> String {
        switch method {
        case .dpo, .cpo, .simpo, .orpo: "a preference pair"
        case .kto: "an answer that won or lost"
        case .sft: "an answer that won"
        case .grpo: "two rewarded answers to one prompt"
        case .ppo: "a rewarded answer"
        }
    }

    /// Lets a candidate meet its parent on held-out prompts and decides.
    ///
    /// - Parameters:
    ///   - health: how right the judge was; nil where it is a rule.
    ///   - alarm: why nothing may be promoted; nil where there is no alarm, or one that only warns.
    func gated(
        _ trained: Candidate, judge: any Judge, health: JudgeHealthRecord?, alarm: String?, threads: Int
    ) async throws -> Outcome {
        var record = trained.record
        guard let candidate = trained.outcome?.trained else { return Outcome(record: record, promoted: nil) }
        let settings = arena.configuration
        let (old, new) = (policy.id, PolicyID(agent: agent, version: learner.newestVersion + 1))
        let policies: [PolicyID: any Policy] = [
            old: policy, new: try Roster.policy(new, parameters: candidate, arena: arena, threads: threads),
        ]
        let contest = HeldOutContest(player: RoomPlayer(arena: arena, policies: policies), seed: seed.child(.gate, 0))
        let finding = try await settings.gate.decide(
            new, old, contest, prompts: { arena.prompts.prompts(.gate, count: $0, seed: seed.child(.gate, 1)) }, judge: judge)
        record.gateScore = finding.score?.value
        record.gateLow = finding.score?.low
        record.gateHigh = finding.score?.high
        record.gateCount = finding.score?.count ?? 0
        if let ratio = finding.ratio { record.metrics["gate_llr"] = ratio }
        let note = trained.outcome?.stop.map { " \($0.sentence)" } ?? ""
        if let alarm {
            record.decision = "Not promoted: \(alarm)\(note)"
            return Outcome(record: record, promoted: nil)
        }
        if let health, !health.isTrusted {
            let span = settings.trustRule?.span(to: round) ?? ""
            record.decision = "Not promoted: \(span) the judge was right on \(Percent.text(health.windowAccuracy)) of canary pairs, \(Percent.text(settings.judge.minAccuracy)) are needed.\(note)"
            return Outcome(record: record, promoted: nil)
        }
        guard finding.isPassed else {
            record.decision = "Not promoted: \(finding.sentence).\(note)"
            return Outcome(record: record, promoted: nil)
        }
        record.toVersion = new.version
        record.decision = "Promoted: \(finding.sentence).\(note)"
        return Outcome(record: record, promoted: candidate)
    }
}

/// Shares in sentences.
enum Percent {
    /// 0.625 as "62.5 %".
    static func text(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
