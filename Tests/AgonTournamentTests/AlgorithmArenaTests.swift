import AgonAgents
import AgonCore
import AgonTraining
import Foundation
import Testing

@testable import AgonTournament

/// Arenas whose `training:` names another algorithm than DPO.
@Suite struct AlgorithmArenaTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private static func prompts(_ training: String) -> String {
        """
        name: algorithms
        task: sort-digits
        agents: [ROOT/agents/ada, ROOT/agents/rookie, ROOT/agents/perfect]
        anchors: [ROOT/agents/rookie, ROOT/agents/perfect]
        rounds: 2
        max_new_tokens: 8
        schedule: {kind: free_for_all, rooms: 12, seats_per_learner: 4}
        judge: {kind: reward_model, folder: ROOT/judges/sorter}
        training: \(training)
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """
    }

    private static func game(_ training: String) -> String {
        """
        name: algorithms-game
        game: tic-tac-toe
        agents: [ROOT/agents/xena, ROOT/agents/novice]
        anchors: [ROOT/agents/novice]
        rounds: 2
        schedule: {kind: round_robin, rooms_per_pairing: 40}
        judge: {kind: referee}
        training: \(training)
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """
    }

    private func play(_ arena: String, in folder: String, database: String, threads: Int = 2) async throws -> (Tournament, String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try arena.replacingOccurrences(of: "ROOT", with: Self.root)
            .write(toFile: folder + "/arena.yaml", atomically: true, encoding: .utf8)
        let tournament = try Tournament(
            arena: Arena(file: folder + "/arena.yaml"), database: "\(folder)/\(database)/arena.sqlite",
            options: TournamentOptions(threads: threads))
        return (tournament, try await tournament.play())
    }

    private static func temporary() -> String { NSTemporaryDirectory() + "agon-algorithms-" + UUID().uuidString }

    @Test(
        "an arena trains new versions with the algorithm that it names, the same on one thread and on two",
        arguments: [
            prompts("{algorithm: kto, batch_size: 8}"), prompts("{algorithm: grpo, beta: 0.02, batch_size: 8}"),
            prompts("{algorithm: grpo, reward: score, loss_type: grpo, batch_size: 8}"),
            prompts("{algorithm: ppo, batch_size: 8}"), prompts("{algorithm: sft, batch_size: 8}"),
            prompts("{algorithm: simpo, batch_size: 8}"), prompts("{algorithm: orpo, batch_size: 8}"),
            prompts("{algorithm: cpo, loss_type: hinge, batch_size: 8, gradient_accumulation_steps: 2}"),
            game("{algorithm: ppo, batch_size: 8}"), game("{algorithm: kto, batch_size: 8, save_steps: 1}"),
        ])
    func trains(arena: String) async throws {
        let folder = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (tournament, signature) = try await play(arena, in: folder, database: "two")
        #expect(try await play(arena, in: folder, database: "one", threads: 1).1 == signature)
        let updates = try tournament.report().updates
        #expect(updates.count == 2)
        for update in updates {
            #expect(update.toVersion == update.fromVersion + 1, "\(update.decision)")
            #expect(update.stepCount > 0 && update.metrics["loss"]?.isFinite == true)
        }
        let round = "\(folder)/two/training/\(tournament.run.id)/\(updates[0].agent)/round-0001"
        let lines = try String(contentsOfFile: round + "/metrics.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == updates[0].stepCount)
        #expect(!FileManager.default.fileExists(atPath: round + "/checkpoint"))
    }

    @Test("a guard that acts stands in the update's decision")
    func guarded() async throws {
        let folder = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let arena = Self.prompts("{algorithm: dpo, batch_size: 2, learning_rate: 1.0e-2, chosen_floor: 0, max_kl: 1.0e-6}")
        let (tournament, _) = try await play(arena, in: folder, database: "db")
        let update = try #require(try tournament.report().updates.first)
        #expect(update.stepCount > 0 && update.decision.contains("max_kl ended it before step"))
        #expect(update.metrics["stopped_before_step"] == Double(update.stepCount + 1))
    }

    @Test("rooms teach each algorithm in its own form")
    func data() throws {
        let folder = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func update(_ training: String) throws -> UpdateData {
            let file = folder + "/arena.yaml"
            try Self.prompts(training).replacingOccurrences(of: "ROOT", with: Self.root)
                .write(toFile: file, atomically: true, encoding: .utf8)
            let (ada, rookie) = (PolicyID(agent: "ada", version: 2), PolicyID(agent: "rookie", version: 0))
            let sequence = { (token: Int32) in TokenSequence(prompt: [1], completion: [token]) }
            let room = Room(
                round: 1, index: 0, group: 0, prompt: Prompt(id: "p", text: "1", reference: nil),
                seats: [ada, ada, rookie, ada])
            // Seat 0 beats all, seat 1 ties with seat 2, seat 3 forfeits.
            let verdicts: [PairVerdict] = [
                .init(first: 0, second: 1, verdict: .first), .init(first: 0, second: 2, verdict: .first),
                .init(first: 0, second: 3, verdict: .first, byRule: true), .init(first: 1, second: 2, verdict: .tie),
                .init(first: 1, second: 3, verdict: .first, byRule: true),
                .init(first: 2, second: 3, verdict: .first, byRule: true),
            ]
            let result = RoomResult(
                room: room,
                rollouts: (0..<4).map {
                    Rollout(
                        text: "\($0)", sequence: sequence(Int32($0)), finish: $0 == 3 ? .length : .stop,
                        forfeit: $0 == 3 ? .unfinished : nil)
                }, judge: JudgeID(name: "judge"), scores: [5, 2, -1, nil], verdicts: verdicts,
                ranking: Ranking(ranks: [1, 2, 2, 4]))
            return UpdateData(
                configuration: try ArenaConfiguration(file: file), isGame: false, policy: ada,
                pairs: [
                    PreferencePair(
                        round: 1, promptID: "p", chosen: RolloutAddress(room: 0, seat: 0, policy: ada),
                        rejected: RolloutAddress(room: 0, seat: 2, policy: rookie), judge: JudgeID(name: "judge"))
                ], results: [result])
        }
        guard case .labelled(let labelled) = try update("{algorithm: kto}").data() else { return }
        #expect(labelled.map { $0.sequence.tokens[1] } == [0, 3] && labelled.map(\.isDesirable) == [true, false])
        guard case .sequences(let winners) = try update("{algorithm: sft}").data() else { return }
        #expect(winners.map { $0.tokens[1] } == [0])
        guard case .groups(let ranked) = try update("{algorithm: grpo}").data() else { return }
        #expect(ranked.count == 1 && ranked[0].rollouts.map(\.reward) == [1, 0.5, 0])
        guard case .groups(let scored) = try update("{algorithm: ppo, reward: score}").data() else { return }
        #expect(scored[0].rollouts.map(\.reward) == [5, 2, -1])
        for (training, rewards) in [
            ("{algorithm: grpo, missing_eos_penalty: 0.25}", [1, 0.5, -0.25]),
            ("{algorithm: ppo, reward: score, missing_eos_penalty: 2}", [5, 2, -3]),
        ] {
            guard case .groups(let priced) = try update(training).data() else { return }
            #expect(priced[0].rollouts.map(\.reward) == rewards)
        }
        guard case .pairs(let pairs) = try update("{algorithm: dpo}").data() else { return }
        #expect(pairs.map { $0.chosen.tokens[1] } == [0] && pairs.map { $0.rejected.tokens[1] } == [2])
        #expect(pairs.map(\.group) == [Prompt(id: "p", text: "asked otherwise", reference: nil).cluster])
    }

    @Test(
        "a training key that nothing would read is an error with its line",
        arguments: [
            ("{algorithm: dpo, simpo_gamma: 0.5}", "algorithm dpo ignores this key"),
            ("{algorithm: sft, beta: 0.1}", "algorithm sft ignores this key"),
            ("{algorithm: simpo, reference: base}", "algorithm simpo ignores this key"),
            ("{algorithm: dpo, missing_eos_penalty: 1}", "which grpo, ppo would read"),
            ("{algorithm: grpo, reference: base}", "without a KL term grpo has no reference"),
            ("{label_smoothing: 0.1}", "label_smoothing is ignored by loss_type sigmoid"),
            ("{ref_model_sync_steps: 5}", "without `sync_ref_model: true`"),
            ("{bema_lag: 5}", "without `sync_ref_model: true`"),
            ("{sync_ref_model: true, bema_lag: 5}", "`ref_model_sync: mixup` ignores this key"),
            (
                "{sync_ref_model: true, ref_model_sync: bema, ref_model_mixup_alpha: 1}",
                "`ref_model_sync: bema` ignores this key"
            ),
            ("{algorithm: kto, eval_share: 0.1}", "algorithm kto ignores this key"),
            ("{algorithm: kto, loss_type: [kto, apo_zero_unpaired]}", "only dpo mixes several losses"),
            ("{algorithm: kto, loss_type: sigmoid}", "unknown to algorithm kto"),
            ("{warmup_steps: 3}", "warmup_steps is ignored by lr_scheduler_type constant"),
            ("{lr_scheduler_type: linear, warmup_steps: 3, warmup_ratio: 0.1}", "give one of"),
            ("{lr_scheduler_type: cosine, min_lr_rate: 0.1}", "min_lr_rate is ignored by lr_scheduler_type cosine"),
            ("{algorithm: orpo, max_kl: 1}", "max_kl is ignored by algorithm orpo"),
            ("{loss_type: exo_pair}", "label_smoothing must be above 0"),
        ])
    func ignored(training: String, sentence: String) throws {
        let folder = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = folder + "/arena.yaml"
        try Self.prompts(training).write(toFile: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: AgentError.self) { try ArenaConfiguration(file: file) }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("arena.yaml:9") == true, "\(error?.message ?? "no error")")
    }

    @Test("every algorithm's keys are read into its settings")
    func reading() throws {
        func read(_ training: String) throws -> TrainingConfiguration {
            try TrainingKeys.read(ConfigurationReader(text: training, file: "t.yaml", section: TrainingKeys.section))
        }
        #expect(
            try read("{loss_type: [sigmoid, sft], loss_weights: [1, 0.2], ld_alpha: 0.5, dpop_lambda: 5}").method
                == .dpo(
                    PreferenceLoss(
                        [.sigmoid, .sft], weights: [1, 0.2], beta: 0.1, options: .init(ldAlpha: 0.5, dpopLambda: 5))))
        #expect(try read("{algorithm: simpo}").method == .simpo(ContrastiveLoss(.simpo, beta: 2, likelihoodWeight: 0)))
        #expect(
            try read("{algorithm: grpo, loss_type: dr_grpo, max_completion_length: 9, epsilon_high: 0.28}").method
                == .grpo(ClippedPolicyLoss(epsilonHigh: 0.28, normalisation: .drGRPO, maxCompletionLength: 9)))
        #expect(
            try read("{sync_ref_model: true, ref_model_sync_steps: 4}").method
                == .dpo(PreferenceLoss([.sigmoid], beta: 0.1), sync: ReferenceSync(syncSteps: 4)))
        #expect(
            try read("{sync_ref_model: true, ref_model_sync: bema, bema_lag: 20}").method
                == .dpo(PreferenceLoss([.sigmoid], beta: 0.1), sync: ReferenceSync(bema: BiasCorrectedMean(lag: 20))))
        #expect(try read("{algorithm: cpo, eval_share: 0.2}").evalShare == 0.2)
        let scheduled = try read("{lr_scheduler_type: polynomial, lr_power: 2, warmup_ratio: 0.1, max_margin: 9, max_kl: 0}")
        #expect(scheduled.warmup == .ratio(0.1) && scheduled.scheduleOptions.power == 2)
        #expect(try scheduled.guards == TrainingGuards(chosenFloor: 1, maxMargin: 9))
        #expect(try read("{algorithm: orpo}").guards == .none)
    }
}
