import AgonAgents
import AgonCore
import AgonRatings
import AgonTraining
import AgonTransformer

/// Measures policies on held-out prompts. The same prompts and draws every time, so that versions are compared
/// on equal terms and nothing that the arena trains on is among them.
struct Evaluation {
    let arena: Arena
    /// The run's seed: evaluation does not depend on the round.
    let seed: Seed
    let threads: Int

    /// All measures of some versions, as the round's end found them.
    func measure(_ versions: [(id: PolicyID, parameters: TrainedWeights?)], round: Int) async throws -> [EvaluationRecord] {
        let prompts = arena.prompts.prompts(.heldOut, count: arena.configuration.evaluationPromptCount, seed: seed.child(.evaluation, 0))
        guard !prompts.isEmpty, arena.hasGold || arena.judges.tester != nil else { return [] }
        var records: [EvaluationRecord] = []
        for (id, parameters) in versions {
            let policy = try Roster.policy(id, parameters: parameters, arena: arena, threads: threads)
            if arena.game == nil { records += try await accuracy(policy, prompts: prompts, round: round) }
            records += try await contests(policy, prompts: prompts, round: round)
            if let record = try await exploitability(policy, round: round) { records.append(record) }
        }
        return records
    }

    /// `gold_sampled` and `gold_greedy`: shares of right answers, drawn as the agent draws and with temperature 0.
    private func accuracy(_ policy: any Policy, prompts: [Prompt], round: Int) async throws -> [EvaluationRecord] {
        var records = [try await share("gold_sampled", policy, prompts, round)]
        if let transformer = policy as? TransformerPolicy {
            records.append(try await share("gold_greedy", transformer.greedy, prompts, round))
        }
        return records.compactMap { $0 }
    }

    private func share(_ measure: String, _ policy: any Policy, _ prompts: [Prompt], _ round: Int) async throws -> EvaluationRecord? {
        let rooms = prompts.enumerated().map { index, prompt in
            Room(round: 0, index: index, group: index, prompt: prompt, seats: [policy.id])
        }
        let player = RoomPlayer(arena: arena, policies: [policy.id: policy])
        let rollouts = try await player.play(rooms, seed: seed.child(.evaluation, 1))
        let right = try await right(rollouts.map { $0[0] }, prompts)
        // A small prompts file gives the same prompt several times, which is one observation and not several.
        let clusters = prompts.map(\.cluster)
        let interval = Set(clusters).count == rooms.count
            ? Interval.wilson(successes: right.reduce(0, +), count: rooms.count)
            : Interval.mean(of: right, clusters: clusters)
        return interval.map {
            EvaluationRecord(round: round, policy: policy.id, measure: measure, $0)
        }
    }

    /// 1 for each rollout that is right, 0 for each that is not.
    private func right(_ rollouts: [Rollout], _ prompts: [Prompt]) async throws -> [Double] {
        guard let tester = try tester else { return rollouts.map { $0.gold ?? 0 } }
        let tasks = zip(rollouts, prompts).enumerated().map { index, pair in
            JudgingTask(id: UInt64(index), prompt: pair.1.text, reference: pair.1.reference, answers: [pair.0.text])
        }
        return zip(rollouts, try await tester.judge(tasks)).map { rollout, judgement in
            rollout.forfeit == nil && judgement.scores?.first == 1 ? 1 : 0
        }
    }

    /// Runs answers against the prompts' tests, where they have tests instead of gold.
    private var tester: (any Judge)? {
        get throws {
            try arena.judges.tester.map {
                try Judges.judge(
                    $0.configuration, model: nil, transformer: nil, chatTemplate: nil, threads: threads, kernels: arena.kernels,
                    options: JudgingOptions())
            }
        }
    }

    /// `score_vs_anchor`, and for games `illegal_per_100` and `draws_vs_perfect`, all decided by gold.
    private func contests(_ policy: any Policy, prompts: [Prompt], round: Int) async throws -> [EvaluationRecord] {
        var records: [EvaluationRecord] = []
        let anchor = arena.referencePolicy
        if policy.id != anchor {
            let outcome = try await contest(policy, anchor, prompts, label: 2)
            if let score = outcome.score {
                records.append(EvaluationRecord(round: round, policy: policy.id, measure: "score_vs_anchor", score))
            }
            if arena.game != nil, let illegal = outcome.forfeits {
                let scaled = Interval(value: illegal.value * 100, low: illegal.low * 100, high: illegal.high * 100, count: illegal.count)
                records.append(EvaluationRecord(round: round, policy: policy.id, measure: "illegal_per_100", scaled))
            }
        }
        if arena.game != nil, let perfect = arena.entrants.first(where: { arena.isPerfect($0.name) }) {
            let outcome = try await contest(policy, PolicyID(agent: perfect.name, version: 0), prompts, label: 3)
            if let draws = outcome.draws {
                records.append(EvaluationRecord(round: round, policy: policy.id, measure: "draws_vs_perfect", draws))
            }
        }
        return records
    }

    private func contest(_ policy: any Policy, _ opponent: PolicyID, _ prompts: [Prompt], label: Int) async throws -> HeldOutContest.Outcome {
        let policies = [policy.id: policy, opponent: try Roster.policy(opponent, parameters: nil, arena: arena, threads: threads)]
        let player = RoomPlayer(arena: arena, policies: policies)
        return try await HeldOutContest(player: player, seed: seed.child(.evaluation, label))
            .play(policy.id, opponent, prompts: prompts, judge: tester)
    }
}

extension Arena {
    /// Whether an agent is the rule that never errs.
    func isPerfect(_ name: String) -> Bool {
        if case .scripted("perfect", _)? = agents[name]?.kind { true } else { false }
    }
}

extension EvaluationRecord {
    init(round: Int, policy: PolicyID, measure: String, _ interval: Interval) {
        self.init(
            round: round, policy: policy, measure: measure, value: interval.value, low: interval.low,
            high: interval.high, count: interval.count)
    }
}
