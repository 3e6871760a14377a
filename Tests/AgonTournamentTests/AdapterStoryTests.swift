import AgonAgents
import AgonCore
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// Whole runs of an arena whose learners train adapters on one frozen model.
@Suite struct AdapterStoryTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private static let arena = """
        name: story-adapters
        game: tic-tac-toe
        agents: [ROOT/agents/xena, ROOT/agents/otto, ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        schedule: {kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}
        judge: {kind: referee}
        training: {lora_r: 4, lora_alpha: 8, use_dora: true, lora_dropout: 0.05, learning_rate: 0.005}
        gate: {prompts: 8, min_score: 0}
        evaluation: {every: 2, prompts: 8}
        """

    private func folder() throws -> String {
        let folder = NSTemporaryDirectory() + "agon-adapters-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try AdapterStoryTests.arena.replacingOccurrences(of: "ROOT", with: AdapterStoryTests.root)
            .write(toFile: folder + "/arena.yaml", atomically: true, encoding: .utf8)
        return folder
    }

    private func tournament(_ folder: String, database: String, threads: Int) throws -> Tournament {
        try Tournament(
            arena: Arena(file: folder + "/arena.yaml"), database: "\(folder)/\(database)/arena.sqlite",
            options: TournamentOptions(threads: threads, roomsPerWave: 5))
    }

    @Test("a run with adapters on one thread, on two, and stopped on the way decides the same")
    func sameSignature() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try await tournament(folder, database: "one", threads: 1).play()
        #expect(try await tournament(folder, database: "two", threads: 2).play() == whole)
        var stopped: String?
        var stops = 0
        while stopped == nil {
            let waves = Mutex(0)
            do {
                stopped = try await tournament(folder, database: "stopped", threads: 2).play(
                    shouldStop: { waves.withLock { $0 >= 3 } },
                    onEvent: { if case .wave = $0 { waves.withLock { $0 += 1 } } })
            } catch is Interruption {
                stops += 1
                try #require(stops < 200)
            }
        }
        #expect(stopped == whole)
        #expect(stops > 3)
    }

    @Test("learners with adapters write PEFT folders, share their base and are loaded again")
    func adapterVersions() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tournament = try tournament(folder, database: "db", threads: 2)
        try await tournament.play()
        let versions = try tournament.store.versions(run: tournament.run.id).filter { $0.version > 0 }
        #expect(Set(versions.map(\.name)) == ["xena", "otto"])
        for version in versions {
            let path = "\(folder)/db/\(version.path)"
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(names == ["adapter_config.json", "adapter_model.safetensors", "update.json"])
        }
        let arena = tournament.arena
        let (xena, otto) = (try #require(arena.starts["xena"]), try #require(arena.starts["otto"]))
        let novice = try #require(arena.starts["novice"])
        #expect(xena.sharesBase(with: otto) && xena.sharesBase(with: novice))

        // An agent may begin where another one's adapter stands.
        let last = try #require(versions.last { $0.name == "xena" })
        let agent = folder + "/agents/heir"
        try FileManager.default.createDirectory(atPath: agent, withIntermediateDirectories: true)
        try "kind: transformer\nmodel: \(AdapterStoryTests.root)/agents/xena\nadapter: \(folder)/db/\(last.path)\n"
            .write(toFile: agent + "/agent.yaml", atomically: true, encoding: .utf8)
        try AdapterStoryTests.arena.replacingOccurrences(of: "ROOT/agents/otto", with: agent)
            .replacingOccurrences(of: "ROOT", with: AdapterStoryTests.root)
            .write(toFile: folder + "/arena.yaml", atomically: true, encoding: .utf8)
        let next = try self.tournament(folder, database: "next", threads: 1)
        try AdapterStoryTests.takesSyncedReference(folder)
        let heir = try #require(next.arena.starts["heir"])
        let other = try #require(next.arena.starts["novice"])
        #expect(heir.sharesBase(with: other))
        #expect(next.arena.modelHashes["heir"]?.hasSuffix(last.hash) == true)
        try await next.play()
        #expect(try next.store.versions(run: next.run.id).contains { $0.name == "heir" && $0.version > 0 })
    }

    /// A reference follows an adapter that an agent brings along, though the arena has no `lora_r`.
    private static func takesSyncedReference(_ folder: String) throws {
        let file = folder + "/synced.yaml"
        let text = try String(contentsOfFile: folder + "/arena.yaml", encoding: .utf8)
        try text.replacing(/training: .*/, with: "training: {sync_ref_model: true}")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let arena = try Arena(file: file)
        #expect(arena.trainsAdapter("heir") && arena.configuration.training.method.usesReference)
    }

    @Test("keys of adapters that would be ignored or do not fit are refused with file and line")
    func badKeys() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/arena.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let table = [
            ("{lora_alpha: 8}", "`lora_alpha` belongs to an adapter"), ("{use_dora: true}", "`use_dora` belongs"),
            ("{lora_r: 4, target_modules: [q_proj, qkv]}", "\"qkv\""), ("{lora_r: -1}", "lora_r"),
            ("{lora_r: 4, target_modules: lm_head}", "lm_head"), ("{lora_r: 4, target_modules: \"(q\"}", "(q"),
        ]
        for (training, part) in table {
            try text.replacing(/training: .*/, with: "training: " + training)
                .write(toFile: file, atomically: true, encoding: .utf8)
            let error = #expect(throws: (any Error).self) { try Arena(file: file) }
            let message = "\(error.map { "\($0)" } ?? "")"
            #expect(message.contains(part) && message.contains("arena.yaml"), "\(training): \(message)")
        }
    }
}
