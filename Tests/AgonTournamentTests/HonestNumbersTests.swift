import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonStore
import AgonTraining
import Foundation
import Testing

@testable import AgonTournament

/// What was not measured is not claimed, and no interval is narrower than its evidence.
@Suite struct HonestNumbersTests {
    private static let learningJudge = "canaries: 4, refresh: {steps: 2}"

    @Test("a judge that is right in half of the rooms is measured as on four rooms, not as on eighty pairs")
    func clusteredCanaries() async throws {
        let folder = try StoryArena(StoryArena.prompts)
        let arena = try Arena(file: folder.file)
        let state = try RunState(arena: arena, seed: Seed(run: 1))
        let seats = Array(repeating: PolicyID(agent: "ada", version: 0), count: 9)
        let results = (0..<4).map { index in
            let room = Room(
                round: 1, index: index, group: index, prompt: Prompt(id: "p\(index)", text: "1="), seats: seats, isCanary: true)
            let verdicts = (0..<5).flatMap { right in
                (5..<9).map { PairVerdict(first: right, second: $0, verdict: index < 2 ? .first : .second) }
            }
            return RoomResult(
                room: room, rollouts: (0..<9).map { Rollout(text: "\($0)", gold: $0 < 5 ? 1 : 0) }, judge: JudgeID(name: "j"),
                scores: [], verdicts: verdicts, ranking: Ranking(ranks: seats.map { _ in 1 }))
        }
        let health = try await JudgeCare(arena: arena, seed: Seed(run: 1)).health(
            round: 1, results: results, gold: results, judge: JudgeID(name: "j"), after: nil, state: state)
        #expect(health.canaryPairCount == 80 && health.accuracy == 0.5)
        let pairs = try #require(Interval.wilson(successes: 40, count: 80))
        #expect(health.high - health.low > 3 * (pairs.high - pairs.low))
        #expect(health.windowAccuracy == 0.5 && !health.isTrusted)

        // Three rounds decide together, and the record says by which number.
        var later = state
        later.canaryCounts = [(80, 0), (80, 80), (80, 80)]
        let recovered = try await JudgeCare(arena: arena, seed: Seed(run: 1)).health(
            round: 4, results: results, gold: results, judge: JudgeID(name: "j"), after: nil, state: later)
        #expect(recovered.accuracy == 0.5 && recovered.windowAccuracy == 200.0 / 240 && recovered.isTrusted)
    }

    @Test("a judge without canaries is called neither right nor wrong, and is read back so")
    func unmeasuredJudge() async throws {
        let text = StoryArena.prompts.replacing(", " + Self.learningJudge, with: "").replacing("rounds: 3", with: "rounds: 2")
        let folder = try StoryArena(text)
        let tournament = try folder.tournament("db")
        try await tournament.play()
        let health = try tournament.store.judgeHealth(run: tournament.run.id)
        #expect(health.count == 2)
        #expect(health.allSatisfy { $0.canaryPairCount == 0 && $0.accuracy.isNaN && $0.low.isNaN && $0.high.isNaN && $0.windowAccuracy.isNaN && $0.isTrusted })
        let report = try tournament.report()
        #expect(ReportFindings(report).judge == "judge: no canary has measured it, so nobody knows how right it is")
        #expect(!HTMLReport.text(report).contains("Right on canaries"))
        var progress = RunProgress(entrants: tournament.arena.entrants)
        let line = progress.take(
            .closed(round: 1, ratings: [], health: health[0], updates: [], alarms: [], timings: RoundTimings()), at: 1)
        #expect(line?.contains("judge") == false)
        var state = try RunState(arena: tournament.arena, seed: Seed(run: 1))
        state.remember([], gold: [], health: health[0], care: JudgeCare(arena: tournament.arena, seed: Seed(run: 1)))
        #expect(state.canaryCounts.first?.right == 0)
    }

    @Test("an agent that met nobody has a rating without bounds")
    func unrated() async throws {
        let text = StoryArena.game.replacing("baseline_rooms_per_pairing: 2", with: "baseline_rooms_per_pairing: 0")
            .replacing("rounds: 3", with: "rounds: 1")
        let folder = try StoryArena(text)
        let tournament = try folder.tournament("db")
        try await tournament.play()
        let ratings = try tournament.store.ratings(run: tournament.run.id)
        let random = try #require(ratings.first { $0.policy.agent == "random" })
        #expect(random.rating == 1000 && random.low == -.infinity && random.high == .infinity)
        #expect(ratings.first { $0.policy.agent == "novice" }?.low == 1000)
        #expect(try TerminalReport().table(tournament.report()).contains("1000 ± –"))
    }

    private static func ada(_ arena: Arena) throws -> TransformerPolicy {
        let roster = try Roster(arena: arena, state: RunState(arena: arena, seed: Seed(run: 1)), threads: 1)
        return try #require(roster.learner("ada"))
    }

    @Test("pairs that are set aside are not among those that an update learned from")
    func pairCount() async throws {
        func updates(_ training: String) async throws -> [UpdateRecord] {
            let folder = try StoryArena(StoryArena.prompts.replacing("rounds: 3", with: "rounds: 1") + training)
            let tournament = try folder.tournament("db")
            try await tournament.play()
            return try tournament.report().updates
        }
        let (all, part) = (try await updates(""), try await updates("\ntraining: {eval_share: 0.4}"))
        #expect(all.count == 2 && all.map(\.agent) == part.map(\.agent))
        var aside = 0.0
        for (whole, rest) in zip(all, part) {
            let count = rest.metrics["eval_pair_count"] ?? 0
            #expect(Double(whole.pairCount) == Double(rest.pairCount) + count, "\(whole.agent)")
            aside += count
        }
        #expect(aside > 0)
    }

    @Test("a candidate whose gate nobody could judge is not promoted")
    func voidGate() async throws {
        let folder = try StoryArena(StoryArena.prompts)
        let arena = try Arena(file: folder.file)
        let learner = try #require(RunState(arena: arena, seed: Seed(run: 1)).learners["ada"])
        let update = try LearnerUpdate(arena: arena, policy: Self.ada(arena), learner: learner, round: 1, seed: Seed(run: 1))
        let outcome = TrainingOutcome(parameters: learner.weights, stepCount: 1, metrics: [:], steps: [])
        let record = UpdateRecord(
            round: 1, agent: "ada", fromVersion: 0, toVersion: nil, decision: "", pairCount: 1, stepCount: 1, metrics: [:])
        let silent = ScoringJudge(id: JudgeID(name: "silent"), needsReference: false) { tasks in
            tasks.map { $0.answers.map { _ in nil } }
        }
        // Neither side forfeits on these prompts, so no room is decided by rule.
        let gated = try await update.gated(.init(lesson: .init(items: [], data: .pairs([])), outcome: outcome, record: record), judge: silent, health: nil, alarm: nil, threads: 1)
        #expect(gated.promoted == nil && gated.record.toVersion == nil && gated.record.gateScore == nil)
        #expect(gated.record.decision.hasPrefix("Not promoted: nobody could tell"))
    }

    @Test("an update under a judge that is not trusted says by which number, over how many rounds", arguments: [1, 33])
    func distrustedGate(round: Int) async throws {
        let folder = try StoryArena(StoryArena.prompts)
        let arena = try Arena(file: folder.file)
        let learner = try #require(RunState(arena: arena, seed: Seed(run: 1)).learners["ada"])
        let update = try LearnerUpdate(arena: arena, policy: Self.ada(arena), learner: learner, round: round, seed: Seed(run: 1))
        let outcome = TrainingOutcome(parameters: learner.weights, stepCount: 1, metrics: [:], steps: [])
        let record = UpdateRecord(
            round: round, agent: "ada", fromVersion: 0, toVersion: nil, decision: "", pairCount: 1, stepCount: 1, metrics: [:])
        let health = JudgeHealthRecord(
            round: round, judge: JudgeID(name: "j"), canaryPairCount: 80, accuracy: 0.9, low: 0.8, high: 1, tieRate: 0,
            voidRate: 0, believedScore: 0.5, goldScore: 0.5, windowAccuracy: 0.741, isTrusted: false, refreshedAccuracy: nil)
        let judge = try JudgeBench(arena: arena, threads: 1).judge(RunState(arena: arena, seed: Seed(run: 1)).judges)
        let gated = try await update.gated(.init(lesson: .init(items: [], data: .pairs([])), outcome: outcome, record: record), judge: judge, health: health, alarm: nil, threads: 1)
        let span = round == 1 ? "in this round" : "over the last 3 rounds"
        #expect(gated.promoted == nil)
        #expect(gated.record.decision == "Not promoted: \(span) the judge was right on 74.1 % of canary pairs, 75.0 % are needed.")
    }

    @Test("a config or a tokenizer that changed makes another run", arguments: ["config.json", "tokenizer.json"])
    func formOfTheModel(name: String) throws {
        let folder = try StoryArena(StoryArena.prompts.replacing("agents: [ROOT/agents/ada", with: "agents: [HERE/agents/ada"))
        try folder.write("kind: transformer\nmodel: model\n", "agents/ada/agent.yaml")
        try FileManager.default.copyItem(
            atPath: StoryArena.root + "/agents/rookie/model", toPath: folder.folder + "/agents/ada/model")
        let before = try RunRecord(arena: Arena(file: folder.file), seed: 1).id
        #expect(try RunRecord(arena: Arena(file: folder.file), seed: 1).id == before)
        let file = "\(folder.folder)/agents/ada/model/\(name)"
        try (String(contentsOfFile: file, encoding: .utf8) + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try RunRecord(arena: Arena(file: folder.file), seed: 1).id != before)
    }

    @Test("a held-out prompt that is asked ten times over is one observation")
    func repeatedPrompts() async throws {
        let folder = try StoryArena(
            StoryArena.prompts.replacing("task: sort-digits", with: "prompts: p.jsonl").replacing("prompts: 12", with: "prompts: 400")
                .replacing("{kind: reward_model, folder: ROOT/judges/sorter, \(Self.learningJudge)}", with: "{kind: exact}"))
        let lines = (100_000..<100_100).map { number in
            "{\"prompt\": \"\(number)=\", \"answer\": \"\(String("\(number)".sorted()))\"}"
        }
        try folder.write(lines.joined(separator: "\n"), "p.jsonl")
        let arena = try Arena(file: folder.file)
        let records = try await Evaluation(arena: arena, seed: Seed(run: 1), threads: 1)
            .measure([(PolicyID(agent: "ada", version: 0), nil)], round: 0)
        let greedy = try #require(records.first { $0.measure == "gold_greedy" })
        let asIndependent = try #require(Interval.wilson(successes: greedy.value * 400, count: 400))
        let distinct = Set(arena.prompts.prompts(.heldOut, count: 400, seed: Seed(run: 1)).map(\.id)).count
        #expect(distinct < 40 && records.allSatisfy { $0.count == distinct })
        #expect(greedy.high - greedy.low > 2 * (asIndependent.high - asIndependent.low))
    }
}
