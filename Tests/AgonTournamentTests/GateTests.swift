import AgonCore
import AgonRatings
import AgonStore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import AgonTournament

/// Gates and stop rules.
@Suite struct GateTests {
    private let arena: Arena
    private let referee: any Judge

    init() throws {
        arena = try Arena(file: StoryArena.root + "/arenas/tic-tac-toe.yaml")
        referee = try JudgeBench(arena: arena, threads: 1).judge([])
    }

    private func finding(_ gate: Gate, _ first: String, _ second: String, seed: UInt64 = 1) async throws -> Gate.Finding {
        let ids = [first, second].map { PolicyID(agent: $0, version: 0) }
        let policies = try Dictionary(
            ids.map { ($0, try Roster.policy($0, parameters: nil, arena: arena, threads: 1)) }, uniquingKeysWith: { first, _ in first })
        let contest = HeldOutContest(player: RoomPlayer(arena: arena, policies: policies), seed: Seed(run: seed))
        return try await gate.decide(
            ids[0], ids[1], contest, prompts: { arena.prompts.prompts(.training, count: $0, seed: Seed(run: seed)) }, judge: referee)
    }

    private func sequential(_ elo0: Double, _ elo1: Double, most: Int = 512) throws -> Gate {
        .sequential(try SequentialTest(elo0: elo0, elo1: elo1, result: MatchResult(units: [])), maxPromptCount: most)
    }

    @Test("a candidate that is far better passes after few prompts, the worse one fails as soon, and an equal one runs out of prompts")
    func verdicts() async throws {
        let better = try await finding(sequential(0, 40), "perfect", "random")
        #expect(better.isPassed && better.score?.count ?? 999 <= 48)
        #expect(try #require(better.ratio) > 2.94)
        let worse = try await finding(sequential(0, 40), "random", "perfect")
        #expect(!worse.isPassed && worse.score?.count ?? 999 <= 48)
        #expect(worse.sentence.contains("so less than 40 Elo better"))
        let equal = try await finding(sequential(-5, 5, most: 32), "random", "random")
        #expect(!equal.isPassed && equal.sentence.contains("on 32 held-out prompts") && equal.sentence.contains("undecided"))
    }

    @Test("a fixed gate passes by its score, stops what is surely worse, and is open without prompts")
    func fixed() async throws {
        #expect(try await finding(.fixed(promptCount: 32, minScore: 0.5), "perfect", "random").isPassed)
        let worse = try await finding(.fixed(promptCount: 32, minScore: 0), "random", "perfect")
        #expect(!worse.isPassed && worse.sentence.contains("at the upper end of the interval"))
        #expect(try await finding(.fixed(promptCount: 0, minScore: 0.5), "random", "perfect").isPassed)
    }

    @Test("the same prompts are played however a contest is cut, and a prompt that comes again is not counted")
    func cuts() async throws {
        let ids = ["noisy", "random"].map { PolicyID(agent: $0, version: 0) }
        let story = try StoryArena(StoryArena.scripted)
        let arena = try Arena(file: story.file)
        let policies = try Dictionary(uniqueKeysWithValues: ids.map { ($0, try Roster.policy($0, parameters: nil, arena: arena, threads: 1)) })
        let contest = HeldOutContest(player: RoomPlayer(arena: arena, policies: policies), seed: Seed(run: 4))
        let prompts = arena.prompts.prompts(.gate, count: 30, seed: Seed(run: 4))
        let whole = try await contest.games(ids[0], ids[1], prompts: prompts, from: 0, judge: nil)
        var parts = try await contest.games(ids[0], ids[1], prompts: Array(prompts.prefix(7)), from: 0, judge: nil)
        parts += try await contest.games(ids[0], ids[1], prompts: Array(prompts.dropFirst(7)), from: 7, judge: nil)
        #expect(whole.map(\.points) == parts.map(\.points) && Set(whole.map(\.points)).count > 1)
        #expect(HeldOutContest.unitScores(whole).count == 30)
    }

    @Test("a sequential gate in an arena: what it measured is stored, and a run that died decides the same")
    func story() async throws {
        let story = try StoryArena(StoryArena.game.replacing("gate: {prompts: 8, min_score: 0}", with: "gate: {elo0: -60, elo1: 60, alpha: 0.2, beta: 0.2, prompts: 40}"))
        let tournament = try story.tournament("whole")
        let signature = try await tournament.play()
        let updates = try tournament.store.updates(run: tournament.run.id).filter { $0.stepCount > 0 }
        #expect(!updates.isEmpty)
        for update in updates {
            let ratio = try #require(update.metrics["gate_llr"])
            #expect((ratio >= log(4)) == (update.toVersion != nil))
            #expect(update.gateCount <= 40 && update.decision.contains("LLR"))
        }
        #expect(try await story.dies("dead", at: .gateDecided, round: 2))
        #expect(try await story.tournament("dead", threads: 1).play() == signature)
        #expect(try differingTables(story.content("dead"), story.content("whole")).isEmpty)
    }

    @Test(
        "a run ends by its stop rule at a round's end, says why, and stays ended",
        arguments: [
            ("{ci_width: 2000}", "every rating is known to within 2000 Elo"),
            ("{sprt: {agent: perfect, against: random, elo0: 0, elo1: 50}}", "perfect is more than 0 Elo better than random"),
            ("{sprt: {agent: random, against: perfect, elo0: 0, elo1: 50}}", "random is less than 50 Elo better than perfect"),
            ("{max_seconds: 0.000001}", "`until.max_seconds` are spent"),
        ])
    func until(rule: String, sentence: String) async throws {
        let story = try StoryArena(StoryArena.scripted.replacing("rounds: 3", with: "rounds: 9\nuntil: \(rule)"))
        var counts: [Int] = []
        for _ in 0..<2 {
            let tournament = try story.tournament("db")
            let sentences = Mutex<[String]>([])
            try await tournament.play(onEvent: { if case .ended(let text) = $0 { sentences.withLock { $0.append(text) } } })
            #expect(sentences.withLock { $0.count == 1 && $0[0].contains(sentence) })
            counts.append(try tournament.store.rounds(run: tournament.run.id).count)
        }
        #expect(counts[0] == counts[1] && counts[0] < 9)
        // The rule decides nothing within the rounds: without it the same run goes on.
        let run = try story.tournament("db").run.id
        try story.write(StoryArena.scripted, "arena.yaml")
        #expect(try story.tournament("db").run.id == run)
    }

    @Test("a run ends when endpoints have cost what it may")
    func cost() async throws {
        let story = try StoryArena(StoryArena.scripted.replacing("rounds: 3", with: "rounds: 3\nuntil: {max_cost: 1.5}"))
        let tournament = try story.tournament("db")
        try await tournament.play()
        #expect(try tournament.store.rounds(run: tournament.run.id).count == 3, "rules cost nothing")
        let state = try RunState(arena: tournament.arena, seed: Seed(run: 1)).closed(round: 3)
        let rules = tournament.arena.configuration.until
        #expect(try rules.reason(tournament.run, state, tournament.store, reference: tournament.arena.referencePolicy) == nil)
        try await DatabaseQueue(path: story.database("db")).write { db in
            try db.execute(sql: "INSERT INTO agent_usage SELECT id, 0, 1, 0, 0, 0, 0, 0.75, 0 FROM rooms LIMIT 2")
        }
        #expect(
            try rules.reason(tournament.run, state, tournament.store, reference: tournament.arena.referencePolicy)
                == "After 3 rounds the 1.5 of `until.max_cost` are spent.")
    }

    @Test("tokens are counted over the rounds")
    func tokens() async throws {
        let story = try StoryArena(StoryArena.game.replacing("rounds: 3", with: "rounds: 3\nuntil: {max_tokens: 1}"))
        let tournament = try story.tournament("db")
        try await tournament.play()
        #expect(try tournament.store.rounds(run: tournament.run.id).count == 1)
    }
}

extension RunState {
    /// As if so many rounds were closed.
    fileprivate func closed(round: Int) -> RunState {
        var state = self
        state.round = round
        return state
    }
}
