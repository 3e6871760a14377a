import AgonAgents
import AgonCore
import AgonJudging
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// What older samples count for, and how old they are.
@Suite struct OffPolicyTests {
    private func logs(_ probabilities: [Double]) -> [Float] { probabilities.map { Float(log($0)) } }

    @Test("the mask leaves out a side that has moved by more than 0.2 in the direction of its pair")
    func mask() {
        // (p then, p now, chosen) → counts. The values of the masks on tokens by the sign of their advantage.
        let golden: [(then: [Double], now: [Double], isChosen: Bool, weight: Double)] = [
            ([0.5], [0.75], true, 0), ([0.5], [0.75], false, 1), ([0.75], [0.5], false, 0), ([0.75], [0.5], true, 1),
            ([0.5], [0.69], true, 1), ([0.5], [0.71], true, 0), ([0.5, 0.5], [0.9, 0.49], true, 1), ([0.5, 0.5], [0.9, 0.52], true, 0),
        ]
        for row in golden {
            let weight = OffPolicyCorrection.dppoMask.weight(drawn: logs(row.then), now: logs(row.now), isChosen: row.isChosen)
            #expect(weight == row.weight, "\(row)")
        }
    }

    @Test("a sample's importance is the geometric mean of its tokens' ratios, truncated")
    func importance() {
        func weight(_ then: [Double], _ now: [Double]) -> Double {
            OffPolicyCorrection.importance.weight(drawn: logs(then), now: logs(now), isChosen: true)
        }
        #expect(abs(weight([0.5, 0.2], [0.25, 0.2]) - 0.5.squareRoot()) < 1e-6)
        #expect(abs(weight([0.4, 0.4, 0.4], [0.5, 0.5, 0.5]) - 1.25) < 1e-6)
        #expect(weight([0.1], [0.9]) == 2)
        #expect(weight([], []) == 1 && OffPolicyCorrection.none.weight(drawn: logs([0.1]), now: logs([0.9]), isChosen: true) == 1)
        // r = 2: 2 − ln 2 − 1; r = 1: 0.
        #expect(abs(OffPolicyCorrection.divergence(drawn: logs([0.25, 0.5]), now: logs([0.5, 0.5])) - (1 - log(2)) / 2) < 1e-6)
    }

    @Test("a version's age counts promotions and ways back since it last played")
    func ages() throws {
        let story = try StoryArena(StoryArena.prompts)
        var state = try RunState(arena: Arena(file: story.file), seed: Seed(run: 1))
        func update(_ to: Int?) -> UpdateRecord {
            UpdateRecord(round: 1, agent: "ada", fromVersion: 0, toVersion: to, decision: "", pairCount: 0, stepCount: 0, metrics: [:])
        }
        #expect(state.age(of: 0, "ada") == 0)
        for to in [1, nil, 2, 3, 1, 4] { state.follow([update(to)]) }
        #expect([0, 1, 2, 3, 4].map { state.age(of: $0, "ada") } == [5, 1, 3, 2, 0])
        #expect(state.age(of: 7, "ada") == 6 && state.age(of: 0, "basho") == 0)
    }

    @Test("a group ages as a whole, by the learner's own samples; agents that never change do not age")
    func groups() {
        func room(_ index: Int, group: Int, _ seats: [(String, Int)]) -> RoomResult {
            RoomResult(
                room: Room(
                    round: 9, index: index, group: group, prompt: Prompt(id: "p\(group)", text: ""),
                    seats: seats.map { PolicyID(agent: $0.0, version: $0.1) }),
                rollouts: seats.map { _ in Rollout(text: "a") }, judge: JudgeID(name: "j"), scores: [], verdicts: [],
                ranking: Ranking(ranks: seats.map { _ in 1 }))
        }
        let rooms = [
            room(0, group: 0, [("ada", 5), ("rookie", 0)]), room(1, group: 0, [("rookie", 0), ("ada", 2)]),
            room(2, group: 1, [("ada", 5), ("basho", 1)]),
        ]
        func cut(_ agent: String, _ bound: Int) -> StalenessCut {
            StalenessCut(AsyncSettings(maxOffPolicySteps: bound), agent: agent, results: rooms) { 5 - $0 }
        }
        #expect(cut("ada", 2).staleGroups == [0] && cut("ada", 3).staleGroups.isEmpty)
        #expect(cut("basho", 3).staleGroups == [1] && cut("rookie", 5).staleGroups.isEmpty)
        #expect(cut("ada", 2).ages == [PolicyID(agent: "ada", version: 5): 0, PolicyID(agent: "ada", version: 2): 3])
    }

    @Test("a correction changes what is learned and says how far the versions lie apart", arguments: ["importance", "dppo_mask"])
    func corrected(name: String) async throws {
        let text = AsyncStoryTests.prompts.replacing("rounds: 3", with: "rounds: 4") + "training: {learning_rate: 0.003, beta: 0.1}\nasync_level: 2\n"
        let story = try StoryArena(text)
        let plain = try story.tournament("plain")
        try story.write(text + "off_policy_correction: \(name)\n", "arena.yaml")
        let corrected = try story.tournament("corrected")
        let signatures = [try await plain.play(), try await corrected.play()]
        let updates = try corrected.store.updates(run: corrected.run.id)
        #expect(updates.contains { ($0.metrics["off_policy/kl"] ?? 0) > 0 && ($0.metrics["off_policy/age"] ?? 0) > 0 })
        #expect(signatures[0] != signatures[1] || name == "dppo_mask")
        #expect(try corrected.store.sampleLedger(run: corrected.run.id).allSatisfy(\.isExact))
    }

    @Test("what cannot be played ahead is refused with the reason")
    func refusals() throws {
        let game = StoryArena.game + "\nsync_mode: async\n"
        let schedule = "{kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}"
        let broken: [(text: String, reason: String)] = [
            (StoryArena.prompts + "\nmax_off_policy_steps: 2\n", "sync_mode: async"),
            (StoryArena.prompts + "\nasync_level: 2\n", "sync_mode: async"),
            (game.replacing(schedule, with: "{kind: knockout}"), "results of the round before"),
            (AsyncStoryTests.prompts + "training: {algorithm: grpo}\n", "newest version alone"),
            (AsyncStoryTests.prompts + "training: {algorithm: sft}\noff_policy_correction: importance\n", "nothing to weigh"),
            (AsyncStoryTests.prompts + "training: {loss_type: aot}\noff_policy_correction: importance\n", "no loss per pair"),
        ]
        for (text, reason) in broken {
            let story = try StoryArena(text)
            let error = #expect(throws: AgentError.self) { try ArenaConfiguration(file: story.file) }
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test("a watchdog says which side waits for what, once nothing has moved between two looks")
    func watchdog() {
        let watchdog = Watchdog(every: 3600) { _ in }
        defer { watchdog.end() }
        watchdog.note(.updates, "wait for the rollouts of round 4")
        watchdog.take(.playedAhead(round: 4, rooms: 12, of: 64))
        #expect(watchdog.look() == nil)
        let wait = "rollouts play round 4, 12 of 64 rooms are done; updates wait for the rollouts of round 4."
        #expect(watchdog.look() == "Nothing has moved for 3600 s: \(wait)")
        #expect(watchdog.look() == "Nothing has moved for 7200 s: \(wait)")
        watchdog.take(.updating(round: 3))
        #expect(watchdog.look() == nil)
        #expect(watchdog.look()?.contains("updates train on round 3 and measure.") == true)
    }
}
