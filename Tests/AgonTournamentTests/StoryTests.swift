import AgonCore
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// Whole runs of small arenas with the committed agents and judge.
@Suite struct StoryTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private static let quickstart = """
        name: story
        task: sort-digits
        agents: [ROOT/agents/ada, ROOT/agents/basho, ROOT/agents/rookie, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/rookie, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        max_new_tokens: 8
        schedule: {kind: free_for_all, rooms: 12, seats_per_learner: 2}
        judge: {kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}
        gate: {prompts: 8, min_score: 0.3}
        evaluation: {every: 2, prompts: 12}
        """

    private static let game = """
        name: story-game
        game: tic-tac-toe
        agents: [ROOT/agents/xena, ROOT/agents/otto, ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        schedule: {kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}
        judge: {kind: referee}
        gate: {prompts: 8, min_score: 0.3}
        evaluation: {every: 2, prompts: 8}
        """

    private func folder(_ arena: String) throws -> String {
        let folder = NSTemporaryDirectory() + "agon-story-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try arena.replacingOccurrences(of: "ROOT", with: StoryTests.root)
            .write(toFile: folder + "/arena.yaml", atomically: true, encoding: .utf8)
        return folder
    }

    private func tournament(_ folder: String, database: String, threads: Int) throws -> Tournament {
        try Tournament(
            arena: Arena(file: folder + "/arena.yaml"), database: "\(folder)/\(database)/arena.sqlite",
            options: TournamentOptions(threads: threads, roomsPerWave: 5))
    }

    @Test("a run on one thread, on two, and stopped after every wave decides the same", arguments: [quickstart, game])
    func sameSignature(arena: String) async throws {
        let folder = try folder(arena)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try await tournament(folder, database: "one", threads: 1).play()
        #expect(whole.count == 64)
        let wide = try await tournament(folder, database: "two", threads: 2).play()
        #expect(wide == whole)

        var stopped: String?
        var stops = 0
        while stopped == nil {
            let waves = Mutex(0)
            do {
                stopped = try await tournament(folder, database: "stopped", threads: 2).play(
                    shouldStop: { waves.withLock { $0 >= 2 } },
                    onEvent: { if case .wave = $0 { waves.withLock { $0 += 1 } } })
            } catch is Interruption {
                stops += 1
                try #require(stops < 200)
            }
        }
        #expect(stopped == whole)
        #expect(stops > 3)
    }

    @Test("a finished run plays no room again, and its report agrees with the store")
    func finishedRun() async throws {
        let folder = try folder(StoryTests.quickstart)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tournament = try tournament(folder, database: "db", threads: 2)
        let signature = try await tournament.play()
        let events = Mutex(0)
        let again = try await self.tournament(folder, database: "db", threads: 2).play(onEvent: { event in
            if case .started = event { return }
            events.withLock { $0 += 1 }
        })
        #expect(again == signature)
        #expect(events.withLock { $0 } == 0)
        let report = try tournament.report()
        #expect(report.signature == signature)
        #expect(report.roundCount == 3)
        #expect(report.timings.roomCount == 36)
        #expect(report.standings.map(\.agent).sorted() == ["ada", "basho", "perfect", "random", "rookie"])
        #expect(report.judgeHealth?.count == 3)
        #expect(report.updates.count == 6)
    }

    @Test("another seed decides otherwise")
    func anotherSeed() async throws {
        let folder = try folder(StoryTests.game)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let arena = try Arena(file: folder + "/arena.yaml")
        var signatures: Set<String> = []
        for seed: UInt64 in [1, 2] {
            signatures.insert(
                try await Tournament(
                    arena: arena, database: folder + "/db/arena.sqlite", seed: seed,
                    options: TournamentOptions(threads: 2)
                ).play())
        }
        #expect(signatures.count == 2)
    }
}
