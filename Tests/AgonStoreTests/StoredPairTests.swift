import AgonCore
import GRDB
import Testing

@testable import AgonStore

@Suite("Preference pairs with their texts") struct StoredPairTests {
    private let arena = SmallArena()

    private func pairs(_ store: ArenaStore, _ filter: PairFilter = PairFilter()) throws -> [StoredPair] {
        var pairs: [StoredPair] = []
        try store.forEachPair(filter) { pairs.append($0) }
        return pairs
    }

    @Test("each pair has the texts, scores and addresses of its two rollouts, in the order of the closings")
    func texts() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 3)
        let expected = (1...3).flatMap { round -> [StoredPair] in
            arena.closing(round: round).pairs.map { pair in
                func side(_ address: RolloutAddress) -> StoredPair.Side {
                    let result = arena.room(round: round, index: address.room)
                    return StoredPair.Side(
                        address: address, text: result.rollouts[address.seat].text,
                        score: result.scores.isEmpty ? nil : result.scores[address.seat])
                }
                return StoredPair(
                    arena: "sums", run: arena.run.id, round: round, promptID: pair.promptID,
                    prompt: arena.room(round: round, index: pair.chosen.room).room.prompt.text,
                    chosen: side(pair.chosen), rejected: side(pair.rejected), judge: pair.judge, label: pair.label)
            }
        }
        let seen = try pairs(store)
        #expect(seen == expected && seen.count == 6)
    }

    @Test("filters keep what they name and nothing else")
    func filters() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 3)
        // Each of the pairs has a side in a room without scores.
        try store.write("scores") { try $0.execute(sql: "UPDATE rollouts SET score = rowid * rowid % 7") }
        let all = try pairs(store)
        #expect(try pairs(store, PairFilter(run: arena.run.id, arena: "sums", judge: "ada")) == all)
        #expect(try pairs(store, PairFilter(arena: "other")).isEmpty)
        #expect(try pairs(store, PairFilter(judge: "zoe")).isEmpty)
        #expect(try pairs(store, PairFilter(rounds: 2...3)) == all.filter { $0.round > 1 })
        for name in ["zoe", "ada", "random"] {
            let kept = try pairs(store, PairFilter(agent: name))
            #expect(kept == all.filter { [$0.chosen, $0.rejected].contains { $0.address.policy.agent == name } })
        }
        let margins = all.compactMap(\.margin)
        let bound = try #require(margins.max())
        #expect(try pairs(store, PairFilter(minMargin: bound)) == all.filter { $0.margin == bound })
        #expect(Set(margins).count > 1)
        #expect(throws: StoreError.self) { try pairs(store, PairFilter(run: "no such run")) }
    }

    @Test("the body's own error comes through and ends the walk")
    func ending() throws {
        struct Enough: Error {}
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 2)
        var count = 0
        #expect(throws: Enough.self) {
            try store.forEachPair(PairFilter()) { _ in
                count += 1
                if count == 2 { throw Enough() }
            }
        }
        #expect(count == 2)
    }

    @Test("the pairs of a run are found by their index and everything else by its key")
    func plan() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 1)
        for filter in [PairFilter(run: arena.run.id), PairFilter(arena: "sums", rounds: 1...2), PairFilter()] {
            let steps = try store.read("a plan") { db in
                try Row.fetchAll(
                    db, sql: "EXPLAIN QUERY PLAN " + ArenaStore.pairsQuery(where: filter.condition.sql),
                    arguments: StatementArguments(filter.condition.values)
                ).map { $0["detail"] as String }
            }
            #expect(steps.contains { $0.contains("SEARCH pairs USING INDEX pairs_by_round (run_id=?") }, "\(steps)")
            #expect(!steps.contains { $0.hasPrefix("SCAN") && !$0.hasPrefix("SCAN runs") }, "\(steps)")
            #expect(!steps.contains { $0.contains("TEMP B-TREE") }, "\(steps)")
        }
    }
}
