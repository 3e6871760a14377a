import AgonCore
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// The program itself, ended by signals from outside.
@Suite(.serialized) struct KillTests {
    private static let text = StoryArena.prompts

    private func start(_ arena: StoryArena, _ database: String) throws -> AgonProcess {
        try AgonProcess(["run", "arena.yaml", "--db", arena.database(database), "--threads", "2"], in: arena.folder)
    }

    /// Rooms that are committed, and rounds that are closed, as another process sees them.
    private func progress(_ arena: StoryArena, _ database: String) throws -> (rooms: Int, rounds: Int) {
        // Before the first transaction there is no database, then one that is not yet complete.
        guard let store = try? ArenaStore.readOnly(path: arena.database(database)), let run = try store.runs().first else {
            return (0, 0)
        }
        let closed = try store.lastClosedRound(run: run.id)?.number ?? 0
        return (try (1...closed + 1).reduce(0) { try $0 + store.roomResults(run: run.id, round: $1).count }, closed)
    }

    @Test(
        "kill -9 at any moment: the next start goes on, no room is missing and none is there twice",
        arguments: [text, AsyncStoryTests.prompts])
    func killed(text: String) async throws {
        let arena = try StoryArena(text)
        let signature = try await arena.tournament("whole").play()
        let versions = "\(arena.folder)/db/versions"
        let learner = "\(versions)/\(try arena.tournament("whole").run.id)/ada"
        func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
        let moments: [(name: String, isReached: () throws -> Bool)] = [
            ("the lock is taken", { exists(arena.database("db") + ".lock") }),
            ("canaries are committed", { try progress(arena, "db").rooms >= 4 }),
            ("all rooms are committed", { try progress(arena, "db").rooms >= 12 }),
            ("a checkpoint is written", { exists(learner + "/v0001") }),
            ("round 1 is closed", { try progress(arena, "db").rounds >= 1 }),
            ("canaries of round 2 are committed", { try progress(arena, "db").rooms >= 16 }),
            ("round 2 is being closed", { exists(learner + "/v0002") }),
            ("rooms of round 3 are committed", { try progress(arena, "db").rooms >= 28 }),
            ("round 3 is being closed", { exists(learner + "/v0003") }),
        ]
        var killCount = 0
        for moment in moments {
            let process = try start(arena, "db")
            let isRunning = try process.runs(until: moment.isReached)
            let printed = process.end(signal: SIGKILL)
            if process.process.terminationReason == .uncaughtSignal { killCount += 1 }
            #expect(isRunning || killCount > 5, "it ended before \(moment.name): \(printed)")
        }
        #expect(killCount > 5)
        let last = try start(arena, "db")
        let printed = last.end()
        #expect(last.process.terminationStatus == 0, "\(printed)")
        #expect(exists("\(arena.folder)/db/story/report.html"))
        let store = try ArenaStore.readOnly(path: arena.database("db"))
        let run = try #require(try store.runs().first)
        #expect(try store.lastClosedRound(run: run.id)?.signature == signature)
        #expect(try store.sampleLedger(run: run.id).allSatisfy { $0.isExact && $0.pending == 0 })
        for round in 1...3 {
            #expect(try store.roomResults(run: run.id, round: round).map(\.room.index) == Array(0..<12))
        }
        #expect(try differingTables(arena.content("db"), arena.content("whole")).isEmpty)
    }

    @Test("a second run on the database is told who holds it, and Ctrl-C ends the first with 130 and loses nothing")
    func heldAndInterrupted() throws {
        let arena = try StoryArena(Self.text.replacing("rounds: 3", with: "rounds: 100000"))
        let first = try start(arena, "db")
        #expect(try first.runs { try progress(arena, "db").rooms > 0 })
        let second = try start(arena, "db")
        let refusal = second.end()
        #expect(second.process.terminationStatus == 1)
        #expect(refusal.contains("is in use by process \(first.process.processIdentifier): "), "\(refusal)")
        let printed = first.end(signal: SIGINT)
        #expect(first.process.terminationReason == .exit && first.process.terminationStatus == 130, "\(printed)")
        let (rooms, rounds) = try progress(arena, "db")
        #expect(rooms > 0)
        let third = try start(arena, "db")
        #expect(try third.runs { try progress(arena, "db").rounds > rounds })
        third.end(signal: SIGTERM)
        #expect(third.process.terminationStatus == 130)
    }
}
