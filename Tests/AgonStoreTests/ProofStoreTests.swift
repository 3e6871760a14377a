import AgonCore
import AgonStore
import Testing

/// What the database keeps of proofs, lineage and revocations.
@Suite struct ProofStoreTests {
    let arena = SmallArena()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func linksAndStatementsComeBackAsTheyWereSealed() throws {
        let store = try arena.store(in: folder, closedRounds: 3)
        let run = arena.run.id
        #expect(try store.links(run: run, agent: "zoe") == (1...3).flatMap { arena.proof(round: $0).links })
        #expect(try store.statements(run: run) == (1...3).map { arena.proof(round: $0).statement })
        #expect(try store.links(run: run, agent: "ada").isEmpty)
        let heads = try store.chainHeads(run: run)
        #expect(heads.statement == "s3" && heads.links.count == 1 && heads.links["zoe"].map { $0 == (3, "l3") } == true)
    }

    @Test func aVersionDependsOnWhatItsAncestorsLearnedFrom() throws {
        let store = try arena.store(in: folder, closedRounds: 3)
        let run = arena.run.id
        func dependents(_ source: LineageSource) throws -> [Int] { try store.versions(dependingOn: source, run: run).map(\.version) }
        #expect(try dependents(.room(round: 2, room: 5)) == [2, 3])
        #expect(try dependents(.room(round: 2, room: 6)).isEmpty)
        #expect(try dependents(.prompt("p0")) == [1, 2, 3] && dependents(.prompt("p1")).isEmpty)
        #expect(try dependents(.judge("ada", version: 0)) == [1, 2, 3] && dependents(.judge("ada", version: 9)).isEmpty)
        // A member whose votes the panel counted, in rooms that have votes.
        #expect(try dependents(.judge("bea", version: nil)) == [1, 2, 3] && dependents(.judge("eve", version: nil)).isEmpty)
        #expect(try dependents(.agent("random")) == [1, 2, 3] && dependents(.agent("nobody")).isEmpty)
        let rows = try store.lineage(of: PolicyID(agent: "zoe", version: 2), run: run)
        #expect(rows.count == 8 && Set(rows.map(\.made)) == ["zoe@v1", "zoe@v2"] && rows[0].side == "chosen" && rows[0].room == 5)
    }

    @Test func whatIsRevokedStaysRevokedFromItsFirstRound() throws {
        let store = try arena.store(in: folder, closedRounds: 2)
        let run = arena.run.id
        #expect(try store.revoke(.agent, "random", run: run) == Revocation(kind: .agent, name: "random", fromRound: 3))
        try store.save(rooms: arena.rooms(round: 3), run: run)
        try store.close(arena.closing(round: 3), run: run)
        #expect(try store.revoke(.agent, "random", run: run).fromRound == 3)
        #expect(try store.revoke(.judge, "ada", run: run).fromRound == 4)
        #expect(try store.revocations(run: run).map(\.name) == ["random", "ada"])
        #expect(storeError { _ = try store.revoke(.agent, "ada", run: "none") }?.code == .unknownRun)
    }
}
