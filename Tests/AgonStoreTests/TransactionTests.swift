import AgonCore
import Foundation
import GRDB
import Testing

@testable import AgonStore

@Suite struct TransactionTests {
    let arena = SmallArena()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func savingAgainChangesNothingAndSaysSo() throws {
        let store = try arena.store(in: folder)
        let rooms = arena.rooms(round: 1)
        #expect(try store.save(rooms: rooms, run: arena.run.id) == RoomSaving(savedCount: 12, skippedCount: 0))
        var other = rooms[0]
        other.rollouts[0].text = "changed"
        let again = try store.save(rooms: [other] + rooms[1...] + [arena.room(round: 1, index: 12)], run: arena.run.id)
        #expect(again == RoomSaving(savedCount: 1, skippedCount: 12))
        #expect(try store.roomResults(run: arena.run.id, round: 1) == arena.rooms(round: 1, count: 13))
    }

    @Test func aRoomThatFailsTakesAllOfItsTransactionWithIt() throws {
        let store = try arena.store(in: folder)
        var rooms = arena.rooms(round: 1)
        rooms[7].room.seats[1].version = 9
        let error = storeError { try store.save(rooms: rooms, run: arena.run.id) }
        #expect(error?.code == .unknownReference)
        #expect(error?.message.contains("seat 1 of room 7 in round 1 names") == true)
        #expect(try store.roomResults(run: arena.run.id, round: 1).isEmpty)
        #expect(try rowCount(store, "rollouts") == 0)
    }

    @Test func aClosingThatFailsAtItsEndLeavesTheRoundOpen() throws {
        let store = try arena.store(in: folder)
        try store.save(rooms: arena.rooms(round: 1), run: arena.run.id)
        var closing = arena.closing(round: 1)
        closing.evaluations.append(closing.evaluations[0])
        #expect(storeError { try store.close(closing, run: arena.run.id) }?.code == .invalidRecord)
        #expect(try store.lastClosedRound(run: arena.run.id) == nil)
        #expect(try store.versions(run: arena.run.id) == arena.versions)
        for table in ["matches", "pairs", "ratings", "updates", "update_metrics", "evaluations"] {
            #expect(try rowCount(store, table) == 0, "\(table)")
        }
        try store.close(arena.closing(round: 1), run: arena.run.id)
    }

    @Test func roundsAreClosedOnceAndInOrder() throws {
        let store = try arena.store(in: folder, closedRounds: 1)
        #expect(storeError { try store.close(arena.closing(round: 1), run: arena.run.id) }?.code == .roundClosed)
        #expect(storeError { try store.close(arena.closing(round: 3), run: arena.run.id) }?.code == .roundOutOfOrder)
        #expect(try store.rounds(run: arena.run.id) == [arena.closing(round: 1).round])
    }

    @Test func aClosedRoundGetsNoNewRoom() throws {
        let store = try arena.store(in: folder, closedRounds: 1)
        #expect(try store.save(rooms: arena.rooms(round: 1), run: arena.run.id).skippedCount == 12)
        let error = storeError { try store.save(rooms: [arena.room(round: 1, index: 12)], run: arena.run.id) }
        #expect(error?.code == .roundClosed)
        #expect(try store.roomResults(run: arena.run.id, round: 1) == arena.rooms(round: 1))
    }

    @Test func aClosingMayNotSpeakOfRoomsOrRoundsThatAreNotItsOwn() throws {
        let store = try arena.store(in: folder)
        let unsaved = storeError { try store.close(arena.closing(round: 1), run: arena.run.id) }
        #expect(unsaved?.code == .unknownReference)
        try store.save(rooms: arena.rooms(round: 1), run: arena.run.id)
        var closing = arena.closing(round: 1)
        closing.ratings[0].round = 2
        let error = storeError { try store.close(closing, run: arena.run.id) }
        #expect(error?.message == "the closing of round 1 has a rating of round 2.")
    }

    @Test func aRoomWhoseArraysDoNotFitItsSeatsIsRefused() throws {
        let store = try arena.store(in: folder)
        var room = arena.room(round: 1, index: 1)
        room.rollouts.removeLast()
        #expect(storeError { try store.save(rooms: [room], run: arena.run.id) }?.code == .invalidRecord)
        room = arena.room(round: 1, index: 1)
        room.rollouts[0].gold = .nan
        #expect(storeError { try store.save(rooms: [room], run: arena.run.id) }?.code == .invalidRecord)
    }

    @Test func beginningAgainIsFreeAndARunNeverChanges() throws {
        let store = try arena.store(in: folder, closedRounds: 1)
        let newer = try store.versions(run: arena.run.id)
        try store.begin(run: arena.run, entrants: arena.entrants, versions: newer)
        #expect(try store.runs() == [arena.run])

        var changed = arena
        changed.run.configuration += "beta: 0.2\n"
        changed.versions[0].hash = "ff"
        changed.entrants.removeLast()
        for (run, entrants, versions, word) in [
            (changed.run, arena.entrants, arena.versions, "configuration"),
            (arena.run, changed.entrants, arena.versions, "agents"),
            (arena.run, arena.entrants, changed.versions, "zoe@v0"),
        ] {
            let error = storeError { try store.begin(run: run, entrants: entrants, versions: versions) }
            #expect(error?.code == .runChanged)
            #expect(error?.message.contains(word) == true)
        }
        #expect(try store.versions(run: arena.run.id) == newer)
    }

    @Test func runsAreFoundByNameAndByArena() throws {
        let store = try arena.store(in: folder)
        var second = arena.run
        second.id = "sums-8"
        second.seed = 8
        try store.begin(run: second, entrants: arena.entrants, versions: arena.versions)
        #expect(try store.runs() == [arena.run, second])
        #expect(try store.run(id: arena.run.id) == arena.run)
        #expect(try store.run(id: "nobody") == nil)
        #expect(try store.latestRun(arena: "sums") == second)
        #expect(try store.latestRun(arena: "chess") == nil)
        #expect(storeError { _ = try store.rounds(run: "nobody") }?.code == .unknownRun)
        try store.save(rooms: arena.rooms(round: 1), run: "sums-8")
        #expect(try store.roomResults(run: arena.run.id, round: 1).isEmpty)
    }

    @Test func readersSeeTheStateBeforeAWriteThatGoesOn() throws {
        let store = try arena.store(in: folder)
        let bothRead = DispatchGroup()
        let oneReads = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
        let notes = (0..<2).map { folder.url.appendingPathComponent("seen\($0)") }
        try store.write("a test") { db in
            try db.execute(sql: "UPDATE runs SET arena = 'changed'")
            for reader in 0..<2 {
                DispatchQueue.global().async(group: bothRead) {
                    let arena = try? store.read("a test") { db in
                        // Each waits inside its own transaction until the other is inside as well.
                        oneReads[1 - reader].signal()
                        oneReads[reader].wait()
                        return try String.fetchOne(db, sql: "SELECT arena FROM runs")
                    }
                    try? Data((arena ?? "nothing").utf8).write(to: notes[reader])
                }
            }
            bothRead.wait()
        }
        for note in notes { #expect(try String(contentsOf: note, encoding: .utf8) == "sums") }
        #expect(try store.run(id: arena.run.id)?.arena == "changed")
    }

    private func rowCount(_ store: ArenaStore, _ table: String) throws -> Int? {
        try store.read("a test") { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
    }
}
