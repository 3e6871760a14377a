import AgonCore
import Foundation
import GRDB
import Testing

@testable import AgonStore

@Suite struct RoundTripTests {
    let arena = SmallArena()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func roomsComeBackEqualAndInRoomOrder() throws {
        let store = try arena.store(in: folder)
        let rooms = arena.rooms(round: 1, count: 60)
        try store.save(rooms: rooms.reversed(), run: arena.run.id)
        #expect(try store.roomResults(run: arena.run.id, round: 1) == rooms)
        #expect(try ArenaStore.readOnly(path: store.url.path).roomResults(run: arena.run.id, round: 1) == rooms)
        #expect(try store.roomResults(run: arena.run.id, round: 2).isEmpty)
    }

    @Test func aPersonsVotesAreKeptApartFromTheJudges() throws {
        let store = try arena.store(in: folder, closedRounds: 1)
        let before = try store.roomResults(run: arena.run.id, round: 1)
        var personal = PersonalVote(
            round: 1, room: 4, vote: Vote(judge: JudgeID(name: "ada"), first: 0, second: 1, verdict: .first, reason: "a\u{0}b"))
        try store.save(votes: [personal], run: arena.run.id)
        personal.vote.verdict = .tie
        try store.save(votes: [personal], run: arena.run.id)
        #expect(try store.personalVotes(run: arena.run.id) == [personal])
        #expect(try store.roomResults(run: arena.run.id, round: 1) == before)
        personal.room = 99
        #expect(storeError { try store.save(votes: [personal], run: arena.run.id) }?.code == .unknownReference)
        personal.round = 2
        #expect(storeError { try store.save(votes: [personal], run: arena.run.id) }?.code == .invalidRecord)
    }

    @Test func hostileTextIsKeptToTheLastByte() throws {
        let store = try arena.store(in: folder)
        var room = arena.room(round: 1, index: 0)
        room.room.prompt = Prompt(id: "a\u{0}b", text: "\u{0}", reference: "")
        room.rollouts[0].text = "\u{0}\u{0}x"
        try store.save(rooms: [room], run: arena.run.id)
        let back = try #require(try store.roomResults(run: arena.run.id, round: 1).first)
        #expect(back == room)
        #expect(Array(back.rollouts[0].text.utf8) == [0, 0, 120])
    }

    @Test func anEmptySequenceIsNotAMissingOne() throws {
        let store = try arena.store(in: folder)
        var room = arena.room(round: 1, index: 0)
        room.rollouts[0].sequence = TokenSequence(tokens: [], own: [])
        room.rollouts[0].logProbs = []
        room.rollouts[1].sequence = nil
        try store.save(rooms: [room], run: arena.run.id)
        let back = try #require(try store.roomResults(run: arena.run.id, round: 1).first)
        #expect(back.rollouts[0].sequence?.tokens == [])
        #expect(back.rollouts[1].sequence == nil)
    }

    @Test func everythingOfAClosedRoundComesBackEqual() throws {
        let store = try arena.store(in: folder, closedRounds: 3)
        let closings = (1...3).map { arena.closing(round: $0) }
        let id = arena.run.id
        #expect(try store.rounds(run: id) == closings.map(\.round))
        #expect(try store.lastClosedRound(run: id) == closings[2].round)
        #expect(try Array(store.matches(run: id)) == closings.flatMap(\.matches))
        #expect(try Array(store.matches(run: id, upToRound: 2)) == closings[0...1].flatMap(\.matches))
        #expect(try store.pairs(run: id, round: 2) == closings[1].pairs)
        #expect(try store.ratings(run: id) == closings.flatMap(\.ratings))
        #expect(try store.updates(run: id) == closings.flatMap(\.updates))
        #expect(try store.evaluations(run: id) == closings.flatMap(\.evaluations))
        #expect(try store.judgeHealth(run: id) == closings.compactMap(\.judgeHealth))
        #expect(try store.judgeMeasures(run: id) == closings.flatMap(\.judgeMeasures))
        #expect(try store.alarms(run: id) == closings.flatMap(\.alarms))
        #expect(try store.versions(run: id) == arena.versions + closings.flatMap(\.versions))
        #expect(try store.entrants(run: id) == arena.entrants)
    }

    @Test func aMemberLeavesItsPanelOnce() throws {
        let store = try arena.store(in: folder)
        let (id, first) = (arena.run.id, JudgeLossRecord(round: 2, judge: "bea", sentence: "It said \u{0}."))
        try store.save(losses: [first], run: id)
        let other = JudgeLossRecord(round: 1, judge: "ada", sentence: "It is gone.")
        try store.save(losses: [JudgeLossRecord(round: 3, judge: "bea", sentence: "Again."), other], run: id)
        #expect(try store.judgeLosses(run: id) == [other, first])
        #expect(throws: StoreError.self) { try store.save(losses: [first], run: "nobody's") }
    }

    @Test func overviewsCountClosedRoundsAndPromotedVersions() throws {
        let store = try arena.store(in: folder, closedRounds: 2)
        var second = arena
        second.run.id = "sums-1-2b3c"
        second.run.seed = 1
        try store.begin(run: second.run, entrants: second.entrants, versions: second.versions)
        try store.save(rooms: second.rooms(round: 1, count: 3), run: second.run.id)
        let overviews = try ArenaStore.readOnly(path: store.url.path).overviews()
        #expect(overviews.map(\.run) == [arena.run, second.run])
        #expect(overviews.map(\.closedRoundCount) == [2, 0])
        #expect(overviews.map(\.roomCount) == [24, 3])
        #expect(overviews.allSatisfy { $0.startedAt.count == 19 })
        // The judge is called `ada` too; its versions are not the agent's.
        #expect(try store.agentProgress() == [AgentProgress(agent: "zoe", run: arena.run.id, newestVersion: 2)])
    }

    @Test func numbersThatAreNoneComeBackAsSuch() throws {
        let store = try arena.store(in: folder)
        try store.save(rooms: arena.rooms(round: 1), run: arena.run.id)
        var closing = arena.closing(round: 1)
        closing.updates[0].metrics["loss"] = .nan
        closing.judgeHealth?.accuracy = .nan
        try store.close(closing, run: arena.run.id)
        #expect(try store.updates(run: arena.run.id)[0].metrics["loss"]?.isNaN == true)
        #expect(try store.judgeHealth(run: arena.run.id)[0].accuracy.isNaN)
    }

    @Test func countsOfForfeitsAndResultsAreThoseOfTheClosedRounds() throws {
        let store = try arena.store(in: folder, closedRounds: 2)
        try store.save(rooms: arena.rooms(round: 3), run: arena.run.id)
        var forfeits = Dictionary(uniqueKeysWithValues: arena.entrants.map { ($0.name, [Forfeit: Int]()) })
        for room in arena.rooms(round: 1) + arena.rooms(round: 2) {
            for (policy, rollout) in zip(room.room.seats, room.rollouts) {
                if let reason = rollout.forfeit { forfeits[policy.agent]?[reason, default: 0] += 1 }
            }
        }
        #expect(try store.forfeitCounts(run: arena.run.id) == forfeits)
    }

    @Test func theTableOfOneRunReadsOnlyThatRunAndAgreesWithTheExample() throws {
        let store = try arena.store(in: folder, closedRounds: 3)
        let example = try String(
            contentsOf: SchemaTests.leaderboard.appendingPathComponent("queries/head-to-head.sql"), encoding: .utf8)
        let queries: [(sql: String, arguments: StatementArguments)] = [(ArenaStore.promptTallyQuery, [1, 9]), (example, [])]
        for (sql, arguments) in queries {
            let plan = try store.read("a test") { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { $0["detail"] as String }
            }
            #expect(plan.contains { $0.hasPrefix("SEARCH rooms") } && plan.contains { $0.hasPrefix("SEARCH matches") })
            #expect(!plan.contains { $0.hasPrefix("SCAN matches") || $0.hasPrefix("SCAN rooms") })
        }
        var wins: [[String]: Int] = [:]
        for match in try store.matches(run: arena.run.id) where match.score != 0.5 {
            let (winner, loser) = match.score == 1 ? (match.first, match.second) : (match.second, match.first)
            if winner.agent != loser.agent { wins[[winner.agent, loser.agent], default: 0] += 1 }
        }
        let rows = try store.read("a test") { try Row.fetchAll($0, sql: example) }
        #expect(rows.count == 6)
        for row in rows {
            let (agent, opponent) = (row[0] as String, row[1] as String)
            #expect(row[2] as Int == wins[[agent, opponent], default: 0] && row[4] as Int == wins[[opponent, agent], default: 0])
        }
    }

    @Test func talliesByPromptAddUpToTheMatches() throws {
        let store = try arena.store(in: folder, closedRounds: 3)
        for round in [1, 3] {
            let matches = try store.matches(run: arena.run.id, upToRound: round).filter { $0.first.agent != $0.second.agent }
            let tallies = try store.promptTallies(run: arena.run.id, upToRound: round)
            #expect(!matches.isEmpty && tallies.allSatisfy { !$0.prompt.isEmpty })
            for agent in Set(tallies.map(\.agent)) {
                let own = tallies.filter { $0.agent == agent }
                let won = matches.count { $0.first.agent == agent && $0.score == 1 || $0.second.agent == agent && $0.score == 0 }
                let played = matches.count { $0.first.agent == agent || $0.second.agent == agent }
                #expect(own.reduce(0) { $0 + $1.wins } == won)
                #expect(own.reduce(0) { $0 + $1.wins + $1.draws + $1.losses } == played)
            }
        }
    }

    @Test func sampleRoomsDependOnTheSeedOnly() throws {
        let store = try arena.store(in: folder, closedRounds: 2)
        try store.save(rooms: arena.rooms(round: 3), run: arena.run.id)
        let all = arena.rooms(round: 1) + arena.rooms(round: 2)
        let sample = try store.sampleRooms(run: arena.run.id, count: 5, seed: Seed(run: 1))
        #expect(sample.count == 5)
        #expect(sample == all.filter(sample.contains))
        #expect(try store.sampleRooms(run: arena.run.id, count: 5, seed: Seed(run: 1)) == sample)
        #expect(try store.sampleRooms(run: arena.run.id, count: 5, seed: Seed(run: 2)) != sample)
        #expect(try store.sampleRooms(run: arena.run.id, count: 99, seed: Seed(run: 1)) == all)
    }

    @Test(arguments: 0..<18) func marksOfAnyLengthAreOneBitEach(count: Int) throws {
        let marks = (0..<count).map { $0 % 3 == 1 }
        let bytes = Blobs.encode(marks)
        #expect(bytes.count == (count + 7) / 8)
        #expect(Blobs.marks(bytes, count: count) == marks)
        #expect(Blobs.marks(bytes + [0], count: count) == nil)
    }

    @Test func numbersAreLittleEndianWhateverTheMachine() {
        #expect(Blobs.encode([Int32(0x0102_0304), -1]) == Data([4, 3, 2, 1, 255, 255, 255, 255]))
        #expect(Blobs.encode([Float(1)]) == Data([0, 0, 0x80, 0x3F]))
        #expect(Blobs.integers(Data([1, 0, 0, 0, 9])) == nil)
        #expect(Blobs.floats(Blobs.encode([Float.nan]))?[0].isNaN == true)
    }
}
