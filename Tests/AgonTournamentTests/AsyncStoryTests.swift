import AgonCore
import AgonStore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import AgonTournament

/// Whole runs whose rounds are played ahead.
@Suite struct AsyncStoryTests {
    static let prompts = StoryArena.prompts + "\nsync_mode: async\n"
    /// Past versions in rooms, two rounds ahead, and a bound that some of their samples exceed.
    static let selfPlay = """
        name: story-ahead
        game: tic-tac-toe
        agents: [ROOT/agents/xena, ROOT/agents/otto, ROOT/agents/novice]
        anchors: [ROOT/agents/novice]
        rounds: 5
        schedule: {kind: self_play, rooms_per_learner: 24, latest_ratio: 0.4}
        judge: {kind: referee}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        sync_mode: async
        async_level: 2
        max_off_policy_steps: 2

        """

    /// Counted from rooms and pairs alone: the samples of learners in closed rounds, and those of them in a pair.
    private func counts(_ arena: StoryArena, _ database: String) throws -> (closed: Int, paired: Int) {
        try DatabaseQueue(path: arena.database(database)).read { db in
            let closed = try Int.fetchOne(
                db, sql: """
                    SELECT count(*) FROM rollouts JOIN rooms ON rooms.id = room_id JOIN rounds USING (run_id, round)
                        JOIN policies ON policies.id = policy_id WHERE role = 'learner'
                    """) ?? 0
            let paired = try Int.fetchOne(
                db, sql: """
                    SELECT count(*) FROM (
                        SELECT chosen_room_id AS room, chosen_seat AS seat, chosen_policy_id AS side FROM pairs
                        UNION SELECT rejected_room_id, rejected_seat, rejected_policy_id FROM pairs
                    ) JOIN policies ON policies.id = side WHERE role = 'learner'
                    """) ?? 0
            return (closed, paired)
        }
    }

    private func requireExact(_ tournament: Tournament, bound: Int) throws {
        let ledger = try tournament.store.sampleLedger(run: tournament.run.id)
        #expect(ledger.allSatisfy(\.isExact) && ledger.allSatisfy { $0.oldestTrained <= bound }, "\(ledger)")
    }

    @Test("threads and waves change no row of a run that plays ahead", arguments: [prompts, selfPlay])
    func width(text: String) async throws {
        let arena = try StoryArena(text)
        let signature = try await arena.tournament("narrow", threads: 1, roomsPerWave: 1).play()
        let narrow = try arena.content("narrow")
        for (threads, roomsPerWave) in [(8, 8), (2, 256)] {
            let name = "wide-\(threads)"
            #expect(try await arena.tournament(name, threads: threads, roomsPerWave: roomsPerWave).play() == signature)
            #expect(try differingTables(arena.content(name), narrow).isEmpty)
        }
    }

    @Test("each round is played by the versions of the round that the journal names, and every sample is accounted for")
    func ledger() async throws {
        let arena = try StoryArena(Self.prompts.replacing("rounds: 3", with: "rounds: 4"))
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        #expect(try store.dispatches(run: run).map(\.afterRound) == [0, 0, 1, 2])
        let made = try store.versions(run: run).filter { !$0.isJudge }
        for dispatch in try store.dispatches(run: run) {
            let seats = Set(try store.roomResults(run: run, round: dispatch.round).flatMap(\.room.seats))
            for learner in ["ada", "basho"] {
                let newest = made.filter { $0.name == learner && $0.round <= dispatch.afterRound }.map(\.version).max() ?? 0
                #expect(seats.filter { $0.agent == learner } == [PolicyID(agent: learner, version: newest)])
                #expect(dispatch.producedCounts[PolicyID(agent: learner, version: newest)] == 24)
            }
        }
        let ledger = try store.sampleLedger(run: run)
        let (closed, paired) = try counts(arena, "db")
        #expect(ledger.map(\.produced) == [96, 96] && closed == 192)
        #expect(ledger.reduce(0) { $0 + $1.trained } == paired && paired > 20)
        #expect(ledger.allSatisfy { $0.isExact && $0.pending == 0 && $0.stale == 0 && $0.oldestTrained == 1 })
        let report = try tournament.report()
        #expect(report.samples == ledger && TerminalReport(width: 200).text(report).contains("ada: of 96 samples"))
    }

    @Test("with max_off_policy_steps 0 a run decides what a sequential one does")
    func onPolicy() async throws {
        let arena = try StoryArena(StoryArena.prompts)
        let sequential = try await arena.tournament("sequential").play()
        #expect(try arena.tournament("sequential").store.dispatches(run: arena.tournament("sequential").run.id).isEmpty)
        try arena.write(Self.prompts + "max_off_policy_steps: 0\n", "arena.yaml")
        #expect(try await arena.tournament("zero").play() == sequential)
        try requireExact(arena.tournament("zero"), bound: 0)
        try arena.write(Self.prompts, "arena.yaml")
        #expect(try await arena.tournament("one").play() != sequential)
    }

    @Test("samples older than the bound never reach an update, and are counted")
    func stale() async throws {
        let arena = try StoryArena(Self.selfPlay)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let ledger = try tournament.store.sampleLedger(run: tournament.run.id)
        try requireExact(tournament, bound: 2)
        #expect(ledger.reduce(0) { $0 + $1.stale } > 0 && ledger.reduce(0) { $0 + $1.trained } > 0)
        #expect(try counts(arena, "db").closed == ledger.reduce(0) { $0 + $1.produced })
        let rows = try await DatabaseQueue(path: arena.database("db")).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM samples WHERE trained_count > 0 AND age > 2")
        }
        #expect(rows == 0)
    }

    @Test("killed at any step, a run plays the versions that were sent out and ends the same; no sample is lost on the way")
    func everyStep() async throws {
        let arena = try StoryArena(Self.prompts)
        let signature = try await arena.tournament("whole").play()
        let whole = try arena.content("whole")
        for step in RoundStep.allCases {
            for round in [1, 3] {
                let name = "\(step.rawValue)-\(round)"
                let hasDied = try await arena.dies(name, at: step, round: round)
                #expect(hasDied, "\(step) of round \(round) is never reached")
                let journal = try arena.tournament(name).store.dispatches(run: arena.tournament(name).run.id)
                try requireExact(arena.tournament(name), bound: 8)
                #expect(try await arena.tournament(name).play() == signature, "\(name)")
                #expect(try differingTables(arena.content(name), whole).isEmpty, "\(name)")
                #expect(try arena.tournament(name).store.dispatches(run: arena.tournament(name).run.id).starts(with: journal))
            }
        }
    }

    @Test("a run that plays ahead and is asked to stop goes on and decides the same")
    func interrupted() async throws {
        let arena = try StoryArena(Self.prompts)
        let whole = try await arena.tournament("whole").play()
        var stopped: String?
        var stopCount = 0
        while stopped == nil {
            let waves = Mutex(0)
            do {
                stopped = try await arena.tournament("stopped").play(
                    shouldStop: { waves.withLock { $0 >= 6 } },
                    onEvent: { event in
                        switch event {
                        case .wave, .playedAhead: waves.withLock { $0 += 1 }
                        default: break
                        }
                    })
            } catch is Interruption {
                stopCount += 1
                try #require(stopCount < 100)
            }
            try requireExact(arena.tournament("stopped"), bound: 8)
        }
        #expect(stopped == whole && stopCount > 1)
        #expect(try differingTables(arena.content("stopped"), arena.content("whole")).isEmpty)
    }

    @Test("rollouts and updates overlap, and no more rounds are ahead than may be")
    func overlap() async throws {
        let arena = try StoryArena(Self.prompts.replacing("rounds: 3", with: "rounds: 6") + "async_level: 2\n")
        struct Place { var (closed, ahead, sent) = (0, 0, 0) }
        let place = Mutex(Place())
        var pulse = Pulse()
        pulse.onStep = { step, round in
            place.withLock { place in
                if step == .roundDispatched { place.sent = round }
                if step == .roundClosed { place.closed = round }
                place.ahead = max(place.ahead, place.sent - place.closed)
            }
        }
        _ = try await arena.tournament("db", threads: 4).play(pulse)
        #expect(place.withLock { $0.ahead } == 3)
        try requireExact(arena.tournament("db"), bound: 2)
    }
}
