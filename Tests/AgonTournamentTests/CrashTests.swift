import AgonCore
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// Runs that end at a step of a round, as if the process had died there.
@Suite struct CrashTests {
    @Test(
        "killed at any step of any round, a run goes on and ends as if nothing had been",
        arguments: [StoryArena.prompts, StoryArena.game, StoryArena.formats])
    func everyStep(text: String) async throws {
        let arena = try StoryArena(text.replacing("rounds: 3", with: "rounds: 2"))
        let signature = try await arena.tournament("whole").play()
        let whole = try arena.content("whole")
        for step in RoundStep.sequential {
            // Every step of a first and of a later round in one arena; in the others of the later one.
            for round in text == StoryArena.prompts ? [1, 2] : [2] {
                let name = "\(step.rawValue)-\(round)"
                let hasDied = try await arena.dies(name, at: step, round: round)
                #expect(hasDied, "\(step) of round \(round) is never reached")
                #expect(try await arena.tournament(name).play() == signature, "\(name)")
                #expect(try differingTables(arena.content(name), whole).isEmpty, "\(name)")
            }
        }
    }

    @Test("a run that dies at every one of its steps in turn still gets to its end")
    func everyStepInTurn() async throws {
        let arena = try StoryArena(StoryArena.prompts.replacing("rounds: 3", with: "rounds: 2"))
        try await arena.tournament("whole").play()
        var deaths = 0
        for round in 1...2 {
            for step in RoundStep.sequential {
                if try await arena.dies("db", at: step, round: round) { deaths += 1 }
                // Between the checkpoints of two learners.
                guard step == .checkpointWritten else { continue }
                if try await arena.dies("db", at: step, round: round, occurrence: 2) { deaths += 1 }
            }
        }
        #expect(deaths == 2 * RoundStep.sequential.count + 2)
        try await arena.tournament("db").play()
        #expect(try differingTables(arena.content("db"), arena.content("whole")).isEmpty)
    }

    @Test("a checkpoint that changed or is gone stops the run with one sentence that names it")
    func damagedCheckpoint() async throws {
        let arena = try StoryArena(StoryArena.prompts)
        let hasDied = try await arena.dies("db", at: .roundClosed, round: 2)
        #expect(hasDied)
        let versions = try arena.tournament("db").store.versions(run: try arena.tournament("db").run.id)
        let newest = try #require(versions.last { $0.name == "ada" && $0.version > 0 })
        let file = "\(arena.folder)/db/\(newest.path)/model.safetensors"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes[bytes.count - 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let changed = await #expect(throws: TournamentError.self) { try await arena.tournament("db").play() }
        #expect(changed?.code == .inconsistent && changed?.message.contains(file) == true)
        try FileManager.default.removeItem(atPath: file)
        let missing = await #expect(throws: TournamentError.self) { try await arena.tournament("db").play() }
        #expect(missing?.message.contains("ada/v000") == true)
    }
}
