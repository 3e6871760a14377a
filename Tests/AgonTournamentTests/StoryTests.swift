import AgonCore
import AgonStore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import AgonTournament

/// Whole runs of small arenas with the committed agents and judge.
@Suite struct StoryTests {
    @Test(
        "width 1 = width 8: threads and waves change no row",
        arguments: [StoryArena.prompts, StoryArena.game, StoryArena.scripted])
    func width(text: String) async throws {
        let arena = try StoryArena(text)
        let signature = try await arena.tournament("narrow", threads: 1, roomsPerWave: 1).play()
        #expect(signature.count == 64)
        let narrow = try arena.content("narrow")
        for (threads, roomsPerWave) in [(8, 8), (2, 256)] {
            let name = "wide-\(threads)"
            #expect(try await arena.tournament(name, threads: threads, roomsPerWave: roomsPerWave).play() == signature)
            #expect(try differingTables(arena.content(name), narrow).isEmpty)
        }
    }

    @Test(
        "a run that is asked to stop after every second wave decides the same",
        arguments: [StoryArena.prompts, StoryArena.game])
    func interrupted(text: String) async throws {
        let arena = try StoryArena(text)
        let whole = try await arena.tournament("whole").play()
        var stopped: String?
        var stopCount = 0
        while stopped == nil {
            let waves = Mutex(0)
            do {
                stopped = try await arena.tournament("stopped").play(
                    shouldStop: { waves.withLock { $0 >= 2 } },
                    onEvent: { if case .wave = $0 { waves.withLock { $0 += 1 } } })
            } catch is Interruption {
                stopCount += 1
                try #require(stopCount < 200)
            }
        }
        #expect(stopped == whole && stopCount > 3)
        #expect(try differingTables(arena.content("stopped"), arena.content("whole")).isEmpty)
    }

    @Test("a round of scripted agents: every room once, Elo in its order, the perfect player unbeaten, nobody trained")
    func scriptedRound() async throws {
        let arena = try StoryArena(StoryArena.scripted)
        let tournament = try arena.tournament("db")
        let signature = try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        var elo: [String: Double] = [:]
        for round in 1...3 {
            let results = try store.roomResults(run: run, round: round)
            #expect(results.map(\.room.index) == Array(0..<60))
            for result in results {
                let score = try #require(result.verdicts[0].verdict.score)
                let names = result.room.seats.map(\.agent)
                let (first, second) = (elo[names[0]] ?? 1000, elo[names[1]] ?? 1000)
                let gain = 16 * (score - 1 / (1 + pow(10, (second - first) / 400)))
                elo[names[0]] = first + gain
                elo[names[1]] = second - gain
            }
            for rating in try store.ratings(run: run) where rating.round == round {
                #expect(abs(rating.elo - (elo[rating.policy.agent] ?? 0)) < 1e-9)
                #expect(rating.low <= rating.rating && rating.rating <= rating.high)
            }
        }
        let last = try store.ratings(run: run).filter { $0.round == 3 }
        let ordered = last.sorted { $0.rating > $1.rating }.map(\.policy.agent)
        #expect(ordered == ["perfect", "noisy", "random"])
        #expect(last.first { $0.policy.agent == "random" }?.rating == 1000)
        #expect(try store.updates(run: run).isEmpty && store.pairs(run: run, round: 1).isEmpty)
        #expect(try store.rounds(run: run).last?.signature == signature)
    }

    @Test("a finished run plays no room again, and its report agrees with the store")
    func finishedRun() async throws {
        let arena = try StoryArena(StoryArena.prompts)
        let tournament = try arena.tournament("db")
        let signature = try await tournament.play()
        let before = try arena.content("db")
        let steps = Mutex(0)
        var pulse = Pulse()
        pulse.onStep = { _, _ in steps.withLock { $0 += 1 } }
        #expect(try await arena.tournament("db").play(pulse) == signature)
        #expect(steps.withLock { $0 } == 0)
        #expect(try differingTables(arena.content("db"), before).isEmpty)
        let report = try tournament.report()
        #expect(report.signature == signature)
        #expect(report.roundCount == 3 && report.timings.roomCount == 36)
        #expect(report.standings.map(\.agent).sorted() == ["ada", "basho", "perfect", "random", "rookie"])
        #expect(report.judgeHealth?.count == 3 && report.updates.count == 6)
    }

    @Test("another seed decides otherwise, in the same database")
    func anotherSeed() async throws {
        let arena = try StoryArena(StoryArena.scripted)
        let first = try await arena.tournament("db", seed: 1).play()
        let before = try arena.content("db")["rooms"]
        #expect(try await arena.tournament("db", seed: 2).play() != first)
        #expect(try await arena.tournament("db", seed: 1).play() == first)
        let after = try #require(try arena.content("db")["rooms"])
        #expect(before.map { Set($0).isSubset(of: after) } == true && after.count == 2 * 180)
    }

    @Test("adding an agent is adding a folder: a copy plays and learns under its own name")
    func addedAgent() async throws {
        let story = try StoryArena(StoryArena.game)
        let files = FileManager.default
        try files.createSymbolicLink(
            atPath: story.folder + "/agents/novice", withDestinationPath: StoryArena.root + "/agents/novice")
        for name in ["xena", "mine"] {
            try files.copyItem(atPath: StoryArena.root + "/agents/xena", toPath: "\(story.folder)/agents/\(name)")
        }
        try story.write("kind: transformer\nmodel: ../xena\ntemperature: 0.8\n", "agents/mine/agent.yaml")
        let text = StoryArena.game.replacing("ROOT/agents/xena, ROOT/agents/otto, ROOT/agents/novice", with: "mine, xena, novice")
            .replacing("[ROOT/agents/novice", with: "[novice").replacing("rounds: 3", with: "rounds: 1")
        try story.write(text, "arenas/mine.yaml")
        let arena = try Arena(file: story.folder + "/arenas/mine.yaml")
        #expect(arena.learners == ["mine", "xena"])
        let tournament = try Tournament(arena: arena, database: story.database("db"), options: TournamentOptions(threads: 2))
        try await tournament.play()
        let versions = try tournament.store.versions(run: tournament.run.id)
        #expect(versions.filter { $0.version == 1 }.map(\.name).sorted() == ["mine", "xena"])
        #expect(Set(versions.filter { $0.version == 1 }.map(\.hash)).count == 2)
    }

    @Test("the example queries answer on the database of a run", arguments: [StoryArena.prompts, StoryArena.game])
    func queries(text: String) async throws {
        let arena = try StoryArena(text.replacing("rounds: 3", with: "rounds: 2"))
        try await arena.tournament("db").play()
        let folder = StoryArena.root + "/leaderboard/queries"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            // Rules judge a game, and the tiny game has no forfeits to speak of in every run.
            let mayBeEmpty = text == StoryArena.game && ["judge-health.sql", "forfeits.sql"].contains(name)
            let sql = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            let rows = try DatabaseQueue(path: arena.database("db")).read { try Row.fetchAll($0, sql: sql) }
            #expect(!rows.isEmpty || mayBeEmpty || name == "forfeits.sql", "\(name)")
        }
    }
}
