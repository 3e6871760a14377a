import AgonCore
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// Runs in which agents learn to please a frozen judge, fast enough that its alarm is raised.
@Suite struct AlarmStoryTests {
    private static let roundCount = 9

    private func arena(_ action: String) throws -> StoryArena {
        let tolerances = "accuracy_tolerance: 0, divergence_tolerance: 0, length_tolerance: 0, marker_tolerance: 0"
        let judge = """
            {kind: reward_model, folder: ROOT/judges/sorter, canaries: 18, min_accuracy: 0, \
            alarm: {action: \(action), false_alarm_rate: 0.5, \(tolerances)}}
            """
        return try StoryArena(
            StoryArena.prompts.replacing(StoryArena.judge, with: judge)
                .replacing("rounds: 3", with: "rounds: \(Self.roundCount)\nseed: 4")
                .replacing("rooms: 12", with: "rooms: 20").replacing("prompts: 8", with: "prompts: 4").replacing("every: 2, prompts: 12", with: "every: 1, prompts: 4")
                + "\ntraining: {learning_rate: 0.002}\n")
    }

    /// Dies at every round's end, and within the rounds of alarms.
    private func resumes(_ arena: StoryArena, like whole: String, alarms: Set<Int>) async throws {
        for round in 1...Self.roundCount {
            for step in [RoundStep.judgeRefreshed, .gateDecided, .roundClosed] where step == .roundClosed || alarms.contains(round) {
                let hasDied = try await arena.dies("resumed", at: step, round: round)
                #expect(hasDied)
            }
        }
        try await arena.tournament("resumed").play()
        #expect(try differingTables(arena.content("resumed"), arena.content(whole)).isEmpty)
    }

    @Test("an alarm that pauses promotes nothing in its round, says why, and a run that dies goes on the same")
    func pause() async throws {
        let arena = try arena("pause")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        let alarms = try store.alarms(run: run)
        let rounds = Set(alarms.map(\.round))
        #expect(!rounds.isEmpty && alarms.allSatisfy { $0.action == .pause && $0.judge.name == "sorter" })
        let updates = try store.updates(run: run)
        for update in updates where rounds.contains(update.round) {
            let sentence = try #require(alarms.first { $0.round == update.round }).sentence
            #expect(update.toVersion == nil && update.decision == "Not promoted: \(sentence)")
        }
        #expect(updates.contains { !rounds.contains($0.round) && $0.isPromotion })
        #expect(updates.allSatisfy { !$0.isReturn })
        try await resumes(arena, like: "db", alarms: rounds)
    }

    @Test("an alarm that only warns changes nothing but its own record")
    func warn() async throws {
        var contents: [[String: [String]]] = []
        for action in ["warn", "off"] {
            let arena = try arena(action)
            try await arena.tournament("db").play()
            contents.append(try arena.content("db"))
        }
        let differing = differingTables(contents[0], contents[1])
        // The run's name holds its configuration, and with it the places of its checkpoints.
        #expect(Set(differing).isSubset(of: ["runs", "alarms", "versions", "links", "statements"]))
        #expect(contents[0]["alarms"]?.isEmpty == false && contents[1]["alarms"] == [])
    }

    @Test("after a way back the earlier version plays on, the next has a number of its own, and a run that dies goes on the same")
    func rollback() async throws {
        let arena = try arena("rollback")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        let alarms = Set(try store.alarms(run: run).map(\.round))
        let updates = try store.updates(run: run)
        #expect(updates.contains { $0.isReturn })
        let versions = try store.versions(run: run).filter { !$0.isJudge }
        for agent in ["ada", "basho"] {
            let numbers = versions.filter { $0.name == agent }.map(\.version)
            #expect(numbers == Array(0..<numbers.count), "\(agent) has \(numbers)")
            var (current, newest) = (0, 0)
            for round in 1...Self.roundCount {
                // Who played, whose rating it is, and who trained.
                let seats = try store.roomResults(run: run, round: round).flatMap(\.room.seats).filter { $0.agent == agent }
                #expect(Set(seats) == [PolicyID(agent: agent, version: current)])
                #expect(try store.ratings(run: run).filter { $0.round == round && $0.policy.agent == agent }.map(\.policy.version) == [current])
                let update = try #require(updates.first { $0.round == round && $0.agent == agent })
                #expect(update.fromVersion == current)
                if let to = update.toVersion {
                    #expect(alarms.contains(round) ? to < current : to == newest + 1)
                    if update.isPromotion {
                        let parent = versions.first { $0.name == agent && $0.version == current }?.hash
                        #expect(versions.first { $0.name == agent && $0.version == to }?.parent == parent)
                    } else {
                        #expect(update.decision.hasPrefix("Went back to v\(to), its best by gold on canaries: "))
                        #expect(to == (try best(agent, store, run, upTo: round)))
                    }
                    (current, newest) = (to, max(newest, to))
                }
                // What is measured after the round is what plays on.
                let measured = try store.evaluations(run: run).filter { $0.round == round && $0.policy.agent == agent }
                #expect(!measured.isEmpty && measured.allSatisfy { $0.policy.version == current })
            }
        }
        // Somebody learned again after a way back.
        let first = try #require(alarms.min())
        #expect(updates.contains { $0.round > first && $0.isPromotion })
        try await resumes(arena, like: "db", alarms: alarms)
    }

    /// The version with most gold on canaries up to a round, each taken together with its neighbours.
    private func best(_ agent: String, _ store: ArenaStore, _ run: String, upTo round: Int) throws -> Int? {
        var gold: [Int: [Double]] = [:]
        for result in try (1...round).flatMap({ try store.roomResults(run: run, round: $0) }) where result.room.isCanary {
            for (seat, rollout) in zip(result.room.seats, result.rollouts) where seat.agent == agent {
                gold[seat.version, default: []].append(try #require(rollout.gold))
            }
        }
        let numbers = gold.keys.sorted()
        let means = numbers.indices.map { index in
            let values = numbers[max(0, index - 1)...min(numbers.count - 1, index + 1)].flatMap { gold[$0] ?? [] }
            return values.reduce(0, +) / Double(values.count)
        }
        return means.max().flatMap { top in means.firstIndex(of: top).map { numbers[$0] } }
    }
}
