import AgonAgents
import AgonAudit
import AgonCore
import AgonTransformer
import Foundation
import GRDB
import Testing

@testable import AgonTournament

/// Audits of whole runs.
@Suite struct AuditStoryTests {

    private func audit(
        _ story: StoryArena, _ options: AuditOptions = AuditOptions(threads: 2), database: String = "db"
    ) async throws -> RunAudit {
        try await RunAudit(StoredRun(arena: Arena(file: story.file), database: story.database(database), seed: nil), options: options)
    }

    @Test("an honest run is accepted whole: answers, games, adapters on narrow weights, rounds ahead, a pool of past versions", arguments: [
        StoryArena.prompts, StoryArena.game, StoryArena.formats, StoryArena.game + "\nsync_mode: async\n",
        StoryArena.game.replacing("{kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}", with: "{kind: self_play, rooms_per_learner: 12, window: 2}"),
    ])
    func honest(text: String) async throws {
        let story = try StoryArena(text)
        try await story.tournament("db").play()
        let audit = try await audit(story)
        #expect(audit.rejections.isEmpty, "\(audit.text)")
        #expect(audit.roundCount == 3 && audit.rolloutCount > 90 && audit.tokenCount > 300 && audit.unchecked.isEmpty)
        #expect(audit.verdictRoomCount == audit.roomCount && Set(audit.bounds.values) == [0])
        #expect(audit.text.contains("Nothing was rejected.") && audit.text.contains("to the bit"))
        #expect(try await self.audit(story, AuditOptions(threads: 1)) == audit)
    }

    @Test("tables that are played in stages are played again in stages", arguments: [
        ("[answer, critique, final]", "sort-digits"), ("[propose, solve]", "addition"),
    ])
    func stages(order: String, task: String) async throws {
        let story = try StoryArena(
            StoryArena.scripted.replacing("game: tic-tac-toe", with: "task: \(task)").replacing("{kind: referee}", with: "{kind: exact}")
                .replacing("{kind: round_robin, baseline_rooms_per_pairing: 20}", with: "{kind: free_for_all, rooms: 12}")
                + "\nstages: {order: \(order)}\ngate: {prompts: 0}\nevaluation: {prompts: 0}\n")
        try await story.tournament("db").play()
        let audit = try await audit(story)
        #expect(audit.rejections.isEmpty && audit.roomCount > 36 && audit.verdictRoomCount < audit.roomCount, "\(audit.text)")
        try await DatabaseQueue(path: story.database("db")).write { db in
            try db.execute(sql: "UPDATE rollouts SET text = text || '1' WHERE room_id = (SELECT min(id) + 1 FROM rooms WHERE round = 2) AND seat = 0")
        }
        let changed = try await self.audit(story)
        #expect(!changed.rejections.isEmpty && changed.rejections.allSatisfy { $0.round == 2 }, "\(changed.text)")
    }

    @Test("a sample, an agent and rounds narrow what is checked, and the same seed draws the same rooms")
    func narrow() async throws {
        let story = try StoryArena(StoryArena.prompts)
        try await story.tournament("db").play()
        let sample = try await audit(story, AuditOptions(sample: 10, sampleSeed: 4, agents: ["ada"], rounds: 2...3, threads: 1))
        #expect(sample.roomCount == 10 && sample.roundCount == 2 && sample.rolloutCount == 20 && sample.sampleSeed == 4)
        #expect(sample.text.contains("--sample-seed 4"))
        for (options, words) in [(AuditOptions(rounds: 3...4), "rounds 1 to 3"), (AuditOptions(agents: ["nobody"]), "no agent nobody")] {
            let error = await #expect(throws: TournamentError.self) { try await audit(story, options) }
            #expect(error?.message.contains(words) == true)
        }
    }

    @Test("what is changed in the database is found where it was changed")
    func tampered() async throws {
        let story = try StoryArena(StoryArena.game)
        try await story.tournament("db").play()
        let changes: [(sql: String, check: AuditCheck)] = [
            ("log_probs = zeroblob(length(log_probs))", .logProb), ("finish = 'length'", .outcome), ("text = text || '0'", .outcome),
            ("forfeit = 'illegal'", .outcome), ("tokens = NULL, own = NULL, token_count = NULL, own_count = NULL", .context),
        ]
        for (index, (sql, check)) in changes.enumerated() {
            try FileManager.default.copyItem(atPath: story.folder + "/db", toPath: story.folder + "/copy\(index)")
            let place: [Int] = try await DatabaseQueue(path: story.database("copy\(index)")).write { db in
                let row = try #require(
                    try Row.fetchOne(
                        db, sql: """
                            SELECT room_id, round, room, seat FROM rollouts JOIN rooms ON rooms.id = room_id
                            WHERE round = 2 AND own_count > 2 AND forfeit IS NULL ORDER BY room_id LIMIT 1 OFFSET 5
                            """))
                try db.execute(
                    sql: "UPDATE rollouts SET \(sql) WHERE room_id = ? AND seat = ?",
                    arguments: [row["room_id"] as Int64, row["seat"] as Int])
                return [row["round"], row["room"], row["seat"]]
            }
            let audit = try await audit(story, AuditOptions(rounds: 2...2, threads: 2), database: "copy\(index)")
            #expect(audit.rejections.contains { $0.check == check && [$0.round, $0.room, $0.seat ?? -1] == place }, "\(audit.text)")
            #expect(audit.rejectedRoomCount == 1 && audit.text.contains("round \(place[0]), room \(place[1]), seat \(place[2])"))
        }
    }

    @Test("weights that are gone leave rollouts unchecked, other weights reject them")
    func checkpoints() async throws {
        let story = try StoryArena(StoryArena.prompts)
        let tournament = try story.tournament("db")
        try await tournament.play()
        let folder = tournament.checkpoints.root + "/" + tournament.checkpoints.path("ada", 1)
        let other = tournament.checkpoints.root + "/" + tournament.checkpoints.path("basho", 1)
        try FileManager.default.removeItem(atPath: folder)
        let gone = try await audit(story)
        #expect(gone.rejections.isEmpty && gone.unchecked == ["checkpoints are not on disk": 24] && gone.text.contains("24 rollouts"))
        try FileManager.default.copyItem(atPath: other, toPath: folder)
        let replaced = try await audit(story)
        #expect(replaced.rejections.count == 24 && replaced.rejections.allSatisfy { $0.check == .checkpoint && $0.policy?.description == "ada@v1" })
    }

    @Test("a run of other kernels is checked within a bound, and calibration sets it")
    func otherKernels() async throws {
        let story = try StoryArena(StoryArena.game)
        try await story.tournament("db").play()
        let arena = try Arena(file: story.file)
        let run = RunRecord(arena: arena, seed: arena.configuration.seed)
        let other = try #require(Kernels.allNames.first { $0 != run.kernels })
        let renamed = RunRecord(arena: arena, seed: arena.configuration.seed, kernels: other)
        try await DatabaseQueue(path: story.database("db")).write { db in
            try db.execute(sql: "UPDATE runs SET name = ?, kernels = ?", arguments: [renamed.id, other])
            try db.execute(sql: "UPDATE versions SET path = replace(path, ?, ?)", arguments: [run.id, renamed.id])
        }
        let folder = story.folder + "/db"
        try FileManager.default.moveItem(atPath: "\(folder)/versions/\(run.id)", toPath: "\(folder)/versions/\(renamed.id)")
        let stored = try StoredRun(arena: arena, database: story.database("db"), seed: nil, kernels: Kernels.allNames)
        let audit = try await RunAudit(stored, options: AuditOptions(threads: 2))
        #expect(audit.rejections.isEmpty && audit.generatedOn == other && Set(audit.bounds.values) == [2e-4])
        #expect(audit.text.contains("within") && audit.verdictRoomCount == audit.roomCount)

        let agents = [StoryArena.root + "/agents/xena", StoryArena.root + "/agents/random"]
        let calibration = try AuditCalibration(agents: agents, database: story.database("db"), tokenCount: 500, nats: 1e-3, threads: 2)
        #expect(calibration.rows.count == Kernels.allAvailable.count && calibration.rows.allSatisfy { $0.bound.nats == 1e-3 && $0.honest.maximum < 2e-5 })
        if Kernels.named(other) != nil {
            #expect(try await RunAudit(stored, options: AuditOptions()).bounds["xena"] == 1e-3)
        }
        let own = try AuditCalibration(agents: agents, database: story.database("db"), tokenCount: 500, nats: nil, threads: 2).rows
        #expect(own.first { $0.generatedOn == run.kernels }?.bound == .exact)
        let error = #expect(throws: TournamentError.self) {
            try AuditCalibration(agents: agents, database: story.database("db"), tokenCount: 500, nats: 1e-9, threads: 1)
        }
        #expect(Kernels.allAvailable.count == 1 || error?.message.contains("would reject honest agents") == true)
    }
}
