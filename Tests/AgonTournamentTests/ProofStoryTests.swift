import AgonCore
import AgonProof
import AgonStore
import Foundation
import GRDB
import Testing

@testable import AgonTournament

/// Chains of whole runs: sound as they are, and every change of them found.
@Suite struct ProofStoryTests {
    /// A story's text with learners that improve by other algorithms than DPO on whole models.
    private static let algorithms = [
        StoryArena.prompts,
        StoryArena.formats,
        StoryArena.prompts.replacing("gate:", with: "training: {algorithm: kto}\ngate:"),
        StoryArena.prompts.replacing("gate:", with: "training: {algorithm: grpo}\ngate:"),
        // Nothing is promoted, and an alarm's way back is part of the chain too.
        StoryArena.game.replacing("min_score: 0}", with: "min_score: 1}"),
    ]

    private func verification(
        _ arena: StoryArena, _ agent: String, _ choice: Verification.Choice = .all, key: String = ""
    ) throws -> Verification {
        try Verification(agent: agent, database: arena.database("db"), arena: arena.file, choice: choice, key: key, threads: 2)
    }

    @Test("every update of a clean run gives the same bits again", arguments: algorithms)
    func clean(text: String) async throws {
        let arena = try StoryArena(text)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        for agent in tournament.arena.learners {
            let verification = try verification(arena, agent)
            #expect(verification.isSound, "\(verification.text)")
            #expect(verification.linkCount == 3 && verification.roundCount == 3 && verification.replayed == [0, 1, 2])
            #expect(verification.notes.isEmpty && verification.agentKeys.count == 1 && verification.arenaKeys.count == 1)
            #expect(try !self.verification(arena, agent, key: "00000000").isSound || verification.agentKeys[0].hasPrefix("00000000"))
        }
        let drawn = try verification(arena, tournament.arena.learners[0], .drawn(count: 2, seed: 5))
        #expect(drawn.replayed.count == 2 && drawn.seed == 5)
        // Private keys are in no other file.
        let folder = (arena.database("db") as NSString).deletingLastPathComponent
        let secret = try String(contentsOfFile: "\(folder)/keys/agent-\(tournament.arena.learners[0]).key", encoding: .utf8).prefix(64)
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder) where !file.hasPrefix("keys") {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
            #expect(data.range(of: Data(secret.utf8)) == nil && data.range(of: Data(Hexadecimal.bytes(String(secret)) ?? [])) == nil, "\(file)")
        }
    }

    /// A change of the database, what must be found of it, and in which link.
    struct Tampering: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var sql: String
        var field: String
        var link: Int? = 1
    }

    private static let ada = "(SELECT id FROM agents WHERE name = 'ada')"
    private static let tamperings = [
        Tampering(
            testDescription: "one token of a pair",
            sql: """
                UPDATE rollouts SET tokens = CAST(substr(tokens, 1, length(tokens) - 4) || x'03000000' AS BLOB) WHERE (room_id, seat) = (
                    SELECT room_id, seat FROM link_items JOIN links ON links.id = link_id
                    WHERE agent_id = \(ada) AND links.position = 1 AND link_items.position = 0)
                """, field: "item 0"),
        Tampering(
            testDescription: "who won a pair",
            sql: """
                UPDATE pairs SET chosen_seat = rejected_seat, chosen_policy_id = rejected_policy_id, rejected_seat = chosen_seat,
                    rejected_policy_id = chosen_policy_id
                WHERE id = (SELECT min(pairs.id) FROM pairs JOIN versions ON versions.id = chosen_policy_id
                    WHERE pairs.round = 2 AND versions.name = 'ada')
                """, field: "item"),
        Tampering(
            testDescription: "the order of two pairs",
            sql: """
                UPDATE link_items SET position = CASE position WHEN 0 THEN 1000 WHEN 1 THEN 0 END WHERE position < 2 AND link_id = (
                    SELECT id FROM links WHERE agent_id = \(ada) AND position = 1);
                UPDATE link_items SET position = 1 WHERE position = 1000;
                """, field: "item 1"),
        Tampering(
            testDescription: "the learning rate",
            sql: "UPDATE links SET configuration = json_set(configuration, '$.learning_rate', '0.5') WHERE agent_id = \(ada) AND position = 1",
            field: "configuration.learning_rate"),
        Tampering(
            testDescription: "the run's learning rate",
            sql: "UPDATE runs SET configuration = configuration || char(10) || 'training: {learning_rate: 0.5}'", field: "configuration.learning_rate", link: 0),
        Tampering(
            testDescription: "a seed", sql: "UPDATE links SET seed = '00000000000000aa' WHERE agent_id = \(ada) AND position = 1", field: "seed"),
        Tampering(
            testDescription: "a version's hash", sql: "UPDATE versions SET hash = parent WHERE name = 'ada' AND round = 2", field: "plays"),
        Tampering(
            testDescription: "a removed link",
            sql: """
                DELETE FROM link_items WHERE link_id = (SELECT id FROM links WHERE agent_id = \(ada) AND position = 1);
                DELETE FROM links WHERE agent_id = \(ada) AND position = 1;
                """, field: "link"),
        Tampering(
            testDescription: "a forged signature",
            sql: "UPDATE links SET signature = iif(signature LIKE 'a%', 'b', 'a') || substr(signature, 2) WHERE agent_id = \(ada) AND position = 1", field: "signature"),
        Tampering(
            testDescription: "another public key",
            sql: "UPDATE keys SET public_key = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' WHERE name = 'ada'",
            field: "signature", link: 0),
        Tampering(
            testDescription: "a verdict", sql: "UPDATE verdicts SET preference = 0.125 WHERE room_id = (SELECT min(id) FROM rooms WHERE round = 2)",
            field: "rooms_root", link: nil),
        Tampering(
            testDescription: "a round's signature", sql: "UPDATE rounds SET signature = 'x' WHERE round = 2", field: "hash", link: nil),
    ]

    /// One run that the tamperings are tried on, each on a copy of its database.
    private func run() async throws -> StoryArena {
        let arena = try StoryArena(StoryArena.prompts)
        try await arena.tournament("db").play()
        return arena
    }

    @Test("what was changed is found and named")
    func tampered() async throws {
        let arena = try await run()
        let folder = (arena.database("db") as NSString).deletingLastPathComponent
        let original = folder + "-original"
        try FileManager.default.copyItem(atPath: folder, toPath: original)
        for tampering in Self.tamperings {
            try FileManager.default.removeItem(atPath: folder)
            try FileManager.default.copyItem(atPath: original, toPath: folder)
            let queue = try DatabaseQueue(path: arena.database("db"))
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA foreign_keys = OFF")
                try db.execute(sql: tampering.sql)
                #expect(db.changesCount > 0, "\(tampering.testDescription) changed nothing")
            }
            try queue.close()
            let verification = try verification(arena, "ada", .drawn(count: 0, seed: 0))
            let found = verification.findings.contains { finding in
                finding.link == tampering.link && (finding.field == tampering.field || finding.field.hasPrefix(tampering.field + " "))
                    && finding.expected != finding.seen && finding.round == (tampering.link ?? 1) + 1
            }
            #expect(found, "\(tampering.testDescription): \(verification.text)")
        }
    }

    @Test("one bit of a version's weights, and a link of another run")
    func weightsAndForeignLinks() async throws {
        let arena = try await run()
        let store = try ArenaStore.readOnly(path: arena.database("db"))
        let record = try #require(try store.versions(run: store.runs()[0].id).last { $0.name == "ada" && $0.version > 0 })
        let file = (arena.database("db") as NSString).deletingLastPathComponent + "/\(record.path)/model.safetensors"
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        var bytes = before
        bytes[bytes.count - 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))
        let changed = try verification(arena, "ada", .drawn(count: 0, seed: 0))
        #expect(changed.findings.map(\.field) == ["weights"] && changed.findings[0].round == record.round)
        try before.write(to: URL(fileURLWithPath: file))

        try await arena.tournament("db", seed: 99).play()
        let (own, other) = try (store.runs()[1].id, store.runs()[0].id)
        try await DatabaseQueue(path: arena.database("db")).write { db in
            let columns = try db.columns(in: "links").map(\.name).filter { !["id", "run_id", "agent_id", "parent_id", "child_id", "plays_id"].contains($0) }
            let list = columns.joined(separator: ", ")
            try db.execute(
                sql: """
                    UPDATE links SET (\(list)) = (SELECT \(list) FROM links AS other JOIN agents ON agents.id = other.agent_id
                        WHERE agents.name = 'ada' AND other.position = 1 AND other.run_id = (SELECT id FROM runs WHERE name = ?))
                    WHERE position = 1 AND run_id = (SELECT id FROM runs WHERE name = ?)
                        AND agent_id = (SELECT id FROM agents WHERE name = 'ada' AND run_id = links.run_id)
                    """.replacing("SELECT \(list) FROM", with: "SELECT \(columns.map { "other.\($0)" }.joined(separator: ", ")) FROM"),
                arguments: [other, own])
        }
        let foreign = try verification(arena, "ada", .drawn(count: 0, seed: 0))
        #expect(foreign.run == own && foreign.findings.contains { $0.link == 1 && $0.field == "seed" })
        #expect(foreign.findings.contains { $0.sentence.contains("It is a link of run \(other).") }, "\(foreign.text)")
    }

    @Test("a link that was made up and signed by the right key is found by running its update again")
    func madeUp() async throws {
        let arena = try await run()
        let folder = (arena.database("db") as NSString).deletingLastPathComponent
        let store = try ArenaStore.readOnly(path: arena.database("db"))
        var link = try #require(try store.links(run: store.runs()[0].id, agent: "ada").last).link
        // As if the last update had made other weights: its version's file, row, link and signatures all agree.
        let record = try #require(try store.versions(run: link.run).last { $0.name == "ada" })
        let file = "\(folder)/\(record.path)/model.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count - 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))
        let hash = try FileHash.weights(in: "\(folder)/\(record.path)")
        (link.child, link.plays) = (hash, hash)
        let keys = KeyFolder(root: folder)
        let seal = try keys.key(of: .agent("ada")).seal(link.hash)
        var statement = try #require(try store.statements(run: link.run).last).statement
        statement.links[0] = seal.hash
        let round = try keys.key(of: .arena("story")).seal(statement.hash)
        try await DatabaseQueue(path: arena.database("db")).write { db in
            try db.execute(sql: "UPDATE versions SET hash = ? WHERE name = 'ada' AND version = ?", arguments: [hash, record.version])
            try db.execute(
                sql: "UPDATE links SET child = ?1, plays = ?1, hash = ?2, signature = ?3 WHERE agent_id = \(Self.ada) AND position = 2",
                arguments: [hash, seal.hash, seal.signature])
            try db.execute(sql: "UPDATE statements SET hash = ?, signature = ? WHERE round = 3", arguments: [round.hash, round.signature])
        }
        #expect(try verification(arena, "ada", .drawn(count: 0, seed: 0)).isSound)
        let found = try verification(arena, "ada")
        #expect(found.findings.map(\.field) == ["update"] && found.findings[0].link == 2 && found.findings[0].seen == hash)
    }

    @Test("a bundle is verified in another folder, with and without weights, and a change in it is found")
    func bundle() async throws {
        let arena = try await run()
        let away = NSTemporaryDirectory() + "agon-bundle-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: away, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: away) }
        for includesWeights in [false, true] {
            let folder = "\(away)/\(includesWeights)"
            let bundle = try ProofBundle(
                agent: "ada", database: arena.database("db"), arena: arena.file, to: folder, includesWeights: includesWeights)
            #expect(bundle.linkCount == 3 && bundle.byteCount > 10_000)
        }
        try FileManager.default.removeItem(atPath: arena.folder)
        let bare = try Verification(bundle: away + "/false", choice: .all, threads: 2)
        #expect(bare.isSound && bare.replayed.isEmpty && bare.notes.count == 1 && bare.linkCount == 3, "\(bare.text)")
        let whole = try Verification(bundle: away + "/true", choice: .all, threads: 2)
        #expect(whole.isSound && whole.replayed == [0, 1, 2], "\(whole.text)")

        let changes = [
            ("rollouts.jsonl", #"tokens":\[\d+"#, #"tokens":[9"#, "item"), ("links.jsonl", #"learning_rate":"[^"]*""#, #"learning_rate":"0.5""#, "configuration.learning_rate"),
            ("rounds.jsonl", #"pairs":\["...."#, #"pairs":["aaaa"#, "pairs_root"), ("links.jsonl", #"signature":"...."#, #"signature":"aaaa"#, "signature"),
        ]
        for (name, pattern, text, field) in changes {
            let file = "\(away)/false/\(name)"
            let before = try String(contentsOfFile: file, encoding: .utf8)
            let range = try #require(before.range(of: pattern, options: .regularExpression))
            try before.replacingCharacters(in: range, with: text).write(toFile: file, atomically: true, encoding: .utf8)
            let changed = try Verification(bundle: away + "/false", choice: .all, threads: 2)
            #expect(changed.findings.contains { $0.field == field || $0.field.hasPrefix(field + " ") }, "\(name): \(changed.text)")
            try before.write(toFile: file, atomically: true, encoding: .utf8)
        }
        let error = #expect(throws: TournamentError.self) { try Verification(bundle: away, choice: .all, threads: 1) }
        #expect(error?.code == .configuration)
    }

    @Test("a pair's proof of inclusion holds, and a run without proofs says so")
    func inclusion() async throws {
        let arena = try await run()
        let proof = try PairProof.make(agent: "ada", database: arena.database("db"), round: 2, index: 1)
        #expect(proof.isValid && proof.round.statement.round == 2)
        #expect(throws: TournamentError.self) { try PairProof.make(agent: "ada", database: arena.database("db"), round: 2, index: 9999) }
        #expect(throws: TournamentError.self) { try verification(arena, "perfect") }
        try await DatabaseQueue(path: arena.database("db")).write { db in
            for table in ["link_items", "links", "statements"] { try db.execute(sql: "DELETE FROM \(table)") }
        }
        let error = #expect(throws: TournamentError.self) { try verification(arena, "ada") }
        #expect(error?.message.contains("it was made before there were any") == true)
        let lineage = #expect(throws: TournamentError.self) { try Lineage(agent: "ada", version: 1, database: arena.database("db")) }
        #expect(lineage?.message.contains("before there were proofs") == true)
    }
}
