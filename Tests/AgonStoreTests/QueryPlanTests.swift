import AgonCore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import AgonStore

/// Whether every statement of the store finds its rows by an index, however many there are.
@Suite struct QueryPlanTests {
    private let arena = SmallArena()

    /// Everything that the store can be asked and told, and the statements that it makes of it.
    private func statements(in folder: TemporaryFolder) throws -> Set<String> {
        // The schema's own statements are not what is meant.
        _ = try arena.store(in: folder, closedRounds: 1)
        let seen = Mutex<Set<String>>([])
        try ArenaStore.$onStatement.withValue({ sql in seen.withLock { _ = $0.insert(sql) } }) {
            let run = arena.run.id
            let store = try ArenaStore(path: folder.path("sums.db"))
            try store.begin(run: arena.run, entrants: arena.entrants, versions: arena.versions)
            let zoe = PolicyID(agent: "zoe", version: 1)
            try store.dispatch(DispatchRecord(round: 2, afterRound: 1, maxOffPolicySteps: 1, producedCounts: [zoe: 3]), run: run)
            try store.save(rooms: arena.rooms(round: 2), run: run)
            var closing = arena.closing(round: 2)
            closing.samples = [SampleRecord(policy: zoe, age: 0, trainedCount: 3)]
            try store.close(closing, run: run)
            _ = try (store.dispatches(run: run), store.sampleLedger(run: run))
            try store.save(rooms: arena.rooms(round: 3), run: run)
            let vote = Vote(judge: JudgeID(name: "eve"), first: 0, second: 1, verdict: .first)
            try store.save(votes: [PersonalVote(round: 1, room: 0, vote: vote)], run: run)
            try store.save(losses: [JudgeLossRecord(round: 2, judge: "bea", sentence: "Gone.")], run: run)
            _ = try (store.takeVotes(run: run, round: 3), store.personalVotes(run: run), store.judgeLosses(run: run))
            _ = try store.remove(vote: PersonalVote(round: 1, room: 0, vote: vote), run: run)
            _ = try (store.votablePairs(run: run, person: "eve"), store.judgeNames(run: run), store.roomResult(run: run, round: 1, room: 3))
            _ = try (store.matches(run: run), store.matches(run: run, upToRound: 1), store.promptTallies(run: run))
            _ = try (store.overviews(), store.agentProgress(), store.runs(), store.run(id: run), store.latestRun(arena: arena.run.arena))
            _ = try (store.ratings(run: run), store.updates(run: run), store.evaluations(run: run), store.judgeHealth(run: run))
            _ = try (store.judgeMeasures(run: run), store.alarms(run: run), store.pairs(run: run, round: 1), store.forfeitCounts(run: run))
            _ = try (store.roomResults(run: run, round: 2), store.sampleRooms(run: run, count: 3, seed: Seed(run: 1)))
            _ = try store.roomAddresses(run: run)
            _ = try (store.lastClosedRound(run: run), store.rounds(run: run), store.entrants(run: run), store.versions(run: run))
            _ = try (store.chainHeads(run: run), store.links(run: run, agent: "zoe"), store.statements(run: run))
            _ = try (store.lineage(of: PolicyID(agent: "zoe", version: 1), run: run), store.revoke(.agent, "ada", run: run))
            for source in [LineageSource.room(round: 1, room: 3), .judge("ada", version: nil), .prompt("p1"), .agent("ada")] {
                _ = try (store.versions(dependingOn: source, run: run), store.knows(source, run: run))
            }
            for filter in [
                PairFilter(), PairFilter(run: run, rounds: 1...2, judge: "ada", agent: "ada", minMargin: 0.1), PairFilter(arena: arena.run.arena, judge: PairFilter.everybody),
            ] {
                try store.forEachPair(filter) { _ in }
            }
        }
        return seen.withLock { $0 }
    }

    /// Tables that grow with the rooms.
    private static let large = ["rooms", "rollouts", "verdicts", "matches", "pairs", "votes", "judge_usage", "ratings", "updates", "update_metrics", "evaluations", "samples", "links", "link_items"]

    @Test("no statement walks through a table that grows with the rooms, but the ones that are asked for all of it")
    func plans() throws {
        let folder = try TemporaryFolder()
        let statements = try statements(in: folder)
        let store = try ArenaStore.readOnly(path: folder.path("sums.db"))
        var (count, walks): (Int, [String]) = (0, [])
        for sql in statements.sorted() where ["SELECT", "WITH", "UPDATE", "DELETE", "INSERT"].contains(where: sql.hasPrefix) {
            guard !sql.contains("sqlite_"), !sql.contains("grdb_migrations") else { continue }
            let plan = try store.read("a plan") { db in
                let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                statement.setUncheckedArguments([])
                return try Row.fetchAll(statement).map { $0["detail"] as String }
            }
            count += 1
            for line in plan where Self.large.contains(where: { line.hasPrefix("SCAN \($0)") }) { walks.append("\(line): \(sql.prefix(160))") }
        }
        #expect(count > 40)
        #expect(walks.isEmpty, "\(walks.joined(separator: "\n"))")
    }
}
