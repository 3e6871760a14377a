import AgonCore
import AgonStore
import Foundation
import Testing

@testable import AgonTournament

/// Lineage both ways, and what revoking does, on whole runs.
@Suite struct LineageStoryTests {
    /// What each version's own update learned from, found without the links: from pairs, rooms and versions alone.
    private func lessons(_ store: ArenaStore, _ run: String) throws -> [PolicyID: (parent: PolicyID, pairs: [PreferencePair])] {
        var lessons: [PolicyID: (parent: PolicyID, pairs: [PreferencePair])] = [:]
        for update in try store.updates(run: run) where update.isPromotion {
            let pairs = try store.pairs(run: run, round: update.round)
                .filter { $0.chosen.policy.agent == update.agent || $0.rejected.policy.agent == update.agent }
            lessons[PolicyID(agent: update.agent, version: update.toVersion ?? 0)] = (PolicyID(agent: update.agent, version: update.fromVersion), pairs)
        }
        return lessons
    }

    @Test("both ways agree with what the store's pairs say", arguments: [StoryArena.prompts, StoryArena.game])
    func bothWays(text: String) async throws {
        let arena = try StoryArena(text)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        let lessons = try lessons(store, run)
        #expect(lessons.count > 3)
        /// A version's lessons and those of its ancestors.
        func all(_ policy: PolicyID) -> [PreferencePair] { lessons[policy].map { all($0.parent) + $0.pairs } ?? [] }
        for policy in lessons.keys {
            let lineage = try Lineage(agent: policy.agent, version: policy.version, database: arena.database("db"))
            func key(_ round: Int, _ room: Int, _ seat: Int, _ source: String, _ side: String) -> String { "\(round) \(room) \(seat) \(source) \(side)" }
            let seen = lineage.rows.map { key($0.round, $0.room, $0.seat, $0.source, $0.side) }.sorted()
            let expected = all(policy).flatMap { pair in
                [(pair.chosen, "chosen"), (pair.rejected, "rejected")].map { key(pair.round, $0.room, $0.seat, "\($0.policy)", $1) }
            }.sorted()
            #expect(seen == expected && Set(lineage.rows.map(\.promptID)) == Set(all(policy).map(\.promptID)))
            #expect(Set(lineage.rows.map(\.judge)) == Set(all(policy).map(\.judge)))
            #expect(lineage.text(width: 100).contains("\(policy)"))
        }
        let rooms = try (1...3).flatMap { try store.roomResults(run: run, round: $0) }
        func expect(_ source: LineageSource, _ isOf: (RoomResult) -> Bool) throws {
            let hits = Set(rooms.filter(isOf).map { "\($0.room.round)/\($0.room.index)" })
            let expected = lessons.keys.filter { policy in
                all(policy).contains { hits.contains("\($0.round)/\($0.chosen.room)") || hits.contains("\($0.round)/\($0.rejected.room)") }
            }
            #expect(try Dependents(on: source, database: arena.database("db")).versions.sorted() == expected.sorted(), "\(source)")
        }
        for result in rooms.prefix(20) {
            let (room, id) = (result.room, result.room.prompt.id)
            try expect(.room(round: room.round, room: room.index)) { $0.room.round == room.round && $0.room.index == room.index }
            try expect(.prompt(id)) { $0.room.prompt.id == id }
            try expect(.judge(result.judge.name, version: result.judge.version)) { $0.judge == result.judge }
        }
        for name in tournament.arena.entrants.map(\.name) {
            try expect(.agent(name)) { $0.room.seats.contains { $0.agent == name } }
        }
        try expect(.judge(rooms[0].judge.name, version: nil)) { $0.judge.name == rooms[0].judge.name }
        for (source, sentence) in [
            (LineageSource.agent("nobody"), "has no agent nobody: it has "), (.room(round: 9, room: 1), "has no room 9/1"),
            (.prompt("nope"), "asks prompt nope"), (.judge(rooms[0].judge.name, version: 99), "@v99: its judges are \(rooms[0].judge.name)"),
        ] {
            let error = #expect(throws: TournamentError.self) { try Dependents(on: source, database: arena.database("db")) }
            #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
        }
    }

    @Test("a revoked agent's answers are in no later pair and no later update, whatever the algorithm", arguments: ["dpo", "kto"])
    func revokedAgent(algorithm: String) async throws {
        let arena = try StoryArena(
            StoryArena.prompts.replacing("gate:", with: "training: {algorithm: \(algorithm)}\npairs: {from: any}\ngate:"))
        let hasStopped = try await arena.dies("db", at: .roundClosed, round: 1)
        #expect(hasStopped)
        let database = arena.database("db")
        let revocation = try RunRevocation(.agent, "basho", of: Arena(file: arena.file), database: database, seed: nil)
        #expect(revocation.revocation.fromRound == 2 && revocation.versions.contains(PolicyID(agent: "ada", version: 1)))
        #expect(revocation.text.contains("From round 2 on, updates leave out the answers of basho."))
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        for round in 1...3 {
            let sides = try store.pairs(run: run, round: round).flatMap { [$0.chosen, $0.rejected] }
            #expect(sides.contains { $0.policy.agent == "basho" } == (round == 1) && !sides.isEmpty)
        }
        let links = try store.links(run: run, agent: "ada")
        #expect(links.allSatisfy { !$0.items.isEmpty })
        #expect(links.map { $0.items.flatMap(\.addresses).contains { $0.policy.agent == "basho" } } == [true, false, false])
        #expect(try Verification(agent: "ada", database: database, arena: arena.file, choice: .all, threads: 2).isSound)
        let sentences = ReportFindings(try tournament.report()).losses
        #expect(sentences == ["From round 2 on, updates leave out the answers of basho."])
    }

    @Test("what a revoked judge decided teaches nobody any more, and whoever is unknown cannot be revoked")
    func revokedJudge() async throws {
        let arena = try StoryArena(StoryArena.prompts)
        let hasStopped = try await arena.dies("db", at: .roundClosed, round: 1)
        #expect(hasStopped)
        let loaded = try Arena(file: arena.file)
        let unknown = #expect(throws: TournamentError.self) {
            try RunRevocation(.judge, "sortr", of: loaded, database: arena.database("db"), seed: nil)
        }
        #expect(unknown?.message.contains("it has sorter") == true)
        let revocation = try RunRevocation(.judge, "sorter", of: loaded, database: arena.database("db"), seed: nil)
        #expect(!revocation.versions.isEmpty)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let updates = try tournament.store.updates(run: tournament.run.id).filter { $0.round > 1 }
        #expect(updates.count == 4 && updates.allSatisfy { $0.pairCount == 0 && $0.toVersion == nil })
        #expect(try Verification(agent: "ada", database: arena.database("db"), arena: arena.file, choice: .all, threads: 2).isSound)
    }
}
