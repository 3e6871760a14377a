import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonTraining
import AgonTransformer

/// One learner's training on the round's pairs, and the gate that its new version must pass.
struct LearnerUpdate: Sendable {
    let arena: Arena
    let agent: String
    let learner: RunState.Learner
    let round: Int
    let seed: Seed

    /// What became of an update.
    struct Outcome: Sendable {
        var record: UpdateRecord
        /// The new weights; nil where the old version stays.
        var promoted: TrainedWeights?
    }

    /// Trains a candidate. Nil where there was nothing to learn from; the outcome then says so.
    func candidate(pairs: [PreferencePair], results: [RoomResult]) throws -> (TrainingOutcome?, UpdateRecord) {
        func sequence(_ address: RolloutAddress) -> TokenSequence? { results[address.room].rollouts[address.seat].sequence }
        let training = pairs.compactMap { pair -> TrainingPair? in
            guard let chosen = sequence(pair.chosen), let rejected = sequence(pair.rejected) else { return nil }
            return TrainingPair(chosen: chosen, rejected: rejected)
        }
        var record = UpdateRecord(
            round: round, agent: agent, fromVersion: learner.version, toVersion: nil, decision: "",
            pairCount: training.count, stepCount: 0, metrics: [:])
        guard !training.isEmpty else {
            record.decision = "No update: no room of the round gave it a preference pair."
            return (nil, record)
        }
        guard let start = arena.starts[agent], let now = arena.transformer(agent, learner.weights) else {
            preconditionFailure("\(agent) has no model")
        }
        do {
            let outcome = try PreferenceUpdate.run(
                policy: learner.weights, reference: .model(arena.configuration.training.reference == .base ? start : now),
                base: start,
                pairs: training, configuration: arena.configuration.training, seed: seed, kernels: arena.kernels)
            record.stepCount = outcome.stepCount
            record.metrics = outcome.metrics
            return (outcome, record)
        } catch let error as TrainingError where error.code == .nonFiniteLoss {
            record.decision = "Not promoted: \(error.message)"
            return (nil, record)
        }
    }

    /// Lets a candidate meet its parent on held-out prompts and decides.
    func gated(
        _ trained: (TrainingOutcome?, UpdateRecord), judge: any Judge, isJudgeTrusted: Bool, threads: Int
    ) async throws -> Outcome {
        var record = trained.1
        guard let candidate = trained.0?.trained else { return Outcome(record: record, promoted: nil) }
        let settings = arena.configuration
        let (old, new) = (PolicyID(agent: agent, version: learner.version), PolicyID(agent: agent, version: learner.version + 1))
        if settings.gatePromptCount > 0 {
            let policies = [
                old: try Roster.policy(old, parameters: learner.weights, arena: arena, threads: threads),
                new: try Roster.policy(new, parameters: candidate, arena: arena, threads: threads),
            ]
            let contest = HeldOutContest(player: RoomPlayer(arena: arena, policies: policies), seed: seed.child(.gate, 0))
            let prompts = arena.prompts.heldOut(count: settings.gatePromptCount, seed: seed.child(.gate, 1))
            let score = try await contest.play(new, old, prompts: prompts, judge: judge).score
            record.gateScore = score?.value
            record.gateLow = score?.low
            record.gateHigh = score?.high
            record.gateCount = score?.count ?? 0
        }
        guard isJudgeTrusted else {
            record.decision = "Not promoted: the judge's accuracy on canaries is below \(settings.judge.minAccuracy)."
            return Outcome(record: record, promoted: nil)
        }
        if let score = record.gateScore, score < settings.gateMinScore {
            record.decision = "Not promoted: it scored \(Percent.text(score)) against its parent on held-out prompts, \(Percent.text(settings.gateMinScore)) are needed."
            return Outcome(record: record, promoted: nil)
        }
        record.toVersion = new.version
        record.decision = record.gateScore.map { "Promoted: it scored \(Percent.text($0)) against its parent on held-out prompts." } ?? "Promoted: the gate is open."
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
