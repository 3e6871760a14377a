import AgonCore
import AgonStore
import Testing

/// The journal of rounds that are played ahead, and the ledger of their samples.
@Suite struct DispatchTests {
    private let arena = SmallArena()
    private let zoe = PolicyID(agent: "zoe", version: 0)
    private let ada = PolicyID(agent: "ada", version: 0)

    private func dispatch(_ round: Int, after: Int, bound: Int = 1) -> DispatchRecord {
        DispatchRecord(round: round, afterRound: after, maxOffPolicySteps: bound, producedCounts: [zoe: 10, ada: 7])
    }

    private func closing(_ samples: [SampleRecord]) -> RoundClosing {
        var closing = arena.closing(round: 1)
        closing.samples = samples
        return closing
    }

    @Test("a round that was sent out stays as it was sent out, and its samples are pending until it closes")
    func journal() throws {
        let folder = try TemporaryFolder()
        let (store, run) = (try arena.store(in: folder), arena.run.id)
        try store.dispatch(dispatch(1, after: 0), run: run)
        try store.dispatch(dispatch(2, after: 0), run: run)
        try store.dispatch(dispatch(2, after: 1), run: run)
        #expect(try store.dispatches(run: run) == [dispatch(1, after: 0), dispatch(2, after: 0)])
        #expect(try store.sampleLedger(run: run).map(\.pending) == [14, 20])
        try store.save(rooms: arena.rooms(round: 1), run: run)
        try store.close(
            closing([
                SampleRecord(policy: zoe, age: 1, trainedCount: 4, staleCount: 3, maskedCount: 2, unusedCount: 1),
                SampleRecord(policy: ada, age: 0, trainedCount: 7),
            ]), run: run)
        let ledger = try store.sampleLedger(run: run)
        #expect(ledger[0] == SampleLedger(agent: "ada", produced: 14, trained: 7, stale: 0, masked: 0, unused: 0, pending: 7, oldestTrained: 0))
        #expect(ledger[1] == SampleLedger(agent: "zoe", produced: 20, trained: 4, stale: 3, masked: 2, unused: 1, pending: 10, oldestTrained: 1))
        let isExact = ledger.map(\.isExact)
        #expect(isExact == [true, true])
        #expect(try store.sampleLedger(run: run, upToRound: 1).map(\.pending) == [0, 0])
        let late = storeError { try store.dispatch(dispatch(1, after: 0), run: run) }
        #expect(late?.code == .roundClosed)
    }

    @Test("no round is sent out further ahead than its samples may age")
    func bound() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder)
        for (round, after) in [(3, 1), (2, 2), (1, -1)] {
            let bound = round == 3 ? 0 : 1
            let error = storeError { try store.dispatch(dispatch(round, after: after, bound: bound), run: arena.run.id) }
            #expect(error?.code == .invalidRecord)
        }
        #expect(try store.dispatches(run: arena.run.id).isEmpty)
    }

    @Test("a round does not close before each of its samples is in exactly one place")
    func exactness() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder)
        try store.dispatch(dispatch(1, after: 0), run: arena.run.id)
        try store.save(rooms: arena.rooms(round: 1), run: arena.run.id)
        let whole = [SampleRecord(policy: zoe, age: 0, trainedCount: 10), SampleRecord(policy: ada, age: 0, unusedCount: 7)]
        var lost = whole
        lost[0].trainedCount = 9
        var foreign = whole
        foreign.append(SampleRecord(policy: PolicyID(agent: "random", version: 0), age: 0))
        for samples in [[], [whole[0]], [whole[0], whole[0], whole[1]], lost, foreign] {
            let error = storeError { try store.close(closing(samples), run: arena.run.id) }
            #expect(error?.code == .invalidRecord)
            #expect(try store.lastClosedRound(run: arena.run.id) == nil)
        }
        try store.close(closing(whole), run: arena.run.id)
    }
}
