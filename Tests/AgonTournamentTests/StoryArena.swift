import Foundation
import GRDB
import Synchronization

@testable import AgonTournament

/// A small arena in a temporary folder that is removed with it. `ROOT` in its text is the repository, `HERE` the folder.
final class StoryArena {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// Answers to prompts, ranked by a reward model that learns from canaries, with the committed agents.
    static let prompts = """
        name: story
        task: sort-digits
        agents: [ROOT/agents/ada, ROOT/agents/basho, ROOT/agents/rookie, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/rookie, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        max_new_tokens: 8
        schedule: {kind: free_for_all, rooms: 12, seats_per_learner: 2}
        judge: {kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}
        gate: {prompts: 8, min_score: 0}
        evaluation: {every: 2, prompts: 12}
        """

    /// The judge of `prompts`.
    static let judge = "{kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}"

    /// A game with its referee, trained on trajectories.
    static let game = """
        name: story-game
        game: tic-tac-toe
        agents: [ROOT/agents/xena, ROOT/agents/otto, ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/novice, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        schedule: {kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}
        judge: {kind: referee}
        gate: {prompts: 8, min_score: 0}
        evaluation: {every: 2, prompts: 8}
        """

    /// A game among rules: nobody learns, so all that happens can be foretold.
    static let scripted = """
        name: story-scripted
        game: tic-tac-toe
        agents: [HERE/agents/noisy, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/random]
        rounds: 3
        schedule: {kind: round_robin, baseline_rooms_per_pairing: 20}
        judge: {kind: referee}
        """

    /// A game of learners with adapters on a base held as int8 and on one that training multiplies in bf16, against a
    /// frozen policy held as bf16.
    static let formats = """
        name: story-formats
        game: tic-tac-toe
        agents: [HERE/agents/small, ROOT/agents/otto, HERE/agents/half, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [HERE/agents/half, ROOT/agents/random, ROOT/agents/perfect]
        rounds: 3
        schedule: {kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}
        judge: {kind: referee}
        training: {lora_r: 4, lora_alpha: 8, use_dora: true, learning_rate: 0.005, bf16: true}
        gate: {prompts: 8, min_score: 0}
        evaluation: {every: 2, prompts: 8}
        """

    let folder: String

    init(_ text: String) throws {
        folder = NSTemporaryDirectory() + "agon-story-" + UUID().uuidString
        try write("kind: scripted\nstrategy: noisy_expert\nskill: 0.7\n", "agents/noisy/agent.yaml")
        for (name, weights) in [("small", "int8"), ("half", "bf16")] {
            try write("kind: transformer\nmodel: ROOT/agents/novice\nweights: \(weights)\n", "agents/\(name)/agent.yaml")
        }
        try write(text, "arena.yaml")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var file: String { folder + "/arena.yaml" }

    func database(_ name: String) -> String { "\(folder)/\(name)/arena.sqlite" }

    /// Writes a text file with the places filled in.
    func write(_ text: String, _ name: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.replacing("ROOT", with: StoryArena.root).replacing("HERE", with: folder)
            .write(to: url, atomically: true, encoding: .utf8)
    }

    func tournament(_ database: String, threads: Int = 2, roomsPerWave: Int = 5, seed: UInt64? = nil) throws -> Tournament {
        try Tournament(
            arena: Arena(file: file), database: self.database(database), seed: seed,
            options: TournamentOptions(threads: threads, roomsPerWave: roomsPerWave))
    }

    private struct Crash: Error {}

    /// Starts the run; it dies at the given occurrence of a step in a round.
    /// - Returns: whether it died, and did not run to its end.
    func dies(
        _ database: String, at step: RoundStep, round: Int, occurrence: Int = 1,
        onEvent: @escaping @Sendable (TournamentEvent) -> Void = { _ in }
    ) async throws -> Bool {
        let seen = Mutex(0)
        var pulse = Pulse(onEvent: onEvent)
        pulse.onStep = { reached, number in
            guard reached == step, number == round else { return }
            if seen.withLock({ $0 += 1; return $0 }) == occurrence { throw Crash() }
        }
        do {
            _ = try await tournament(database).play(pulse)
            return false
        } catch is Crash {
            return true
        }
    }

    /// Every row of a database but its wall clock: what two runs must agree on to have decided the same.
    func content(_ name: String) throws -> [String: [String]] {
        // How many rooms and tokens the process that closed a round had played itself belongs to the clock.
        let clock = ["started_at", "closed_at", "token_count"]
        // Keys are drawn, and each database has its own.
        let drawn = ["signature", "public_key"]
        return try DatabaseQueue(path: database(name)).read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return try tables.reduce(into: [:]) { content, table in
                let columns = try db.columns(in: table).map(\.name)
                    .filter { column in
                        !clock.contains(column) && !column.hasSuffix("_seconds") && (table == "rounds" || !drawn.contains(column))
                            && !(table == "rounds" && column == "room_count")
                    }
                let list = columns.map { "quote(\($0))" }.joined(separator: " || ' ' || ")
                content[table] = try String.fetchAll(db, sql: "SELECT \(list) FROM \(table) ORDER BY 1")
            }
        }
    }
}

/// The tables in which two databases differ.
func differingTables(_ left: [String: [String]], _ right: [String: [String]]) -> [String] {
    Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
}

extension RoundStep {
    /// The steps of rounds that are not played ahead.
    static let sequential = allCases.filter { $0 != .roundDispatched }
}
