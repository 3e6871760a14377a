import AgonCore
import AgonStore

/// A round that is sent out to be played: everything that decides its rollouts beside the run's seed.
struct DispatchedRound: Sendable {
    let number: Int
    /// The state whose versions play it, some rounds before.
    let state: RunState
    /// The newest versions of that state.
    let versions: [String: PolicyID]
    let rooms: [Room]
}

/// A round that was played, not yet judged. Kept in memory alone: what a dispatch decides can be played again.
struct PlayedRound: Sendable {
    let versions: [String: PolicyID]
    let rooms: [Room]
    /// The rooms of each table, by its place; without those that an earlier start had committed.
    private var played: [Int: [PlayedRoom]] = [:]
    private(set) var timings = RoundTimings()

    init(_ dispatched: DispatchedRound) { (versions, rooms) = (dispatched.versions, dispatched.rooms) }

    mutating func add(_ wave: [Room], _ tables: [[PlayedRoom]], _ timings: RoundTimings) {
        for (room, table) in zip(wave, tables) { played[room.index] = table }
        self.timings = timings
    }

    func tables(_ wave: [Room]) -> [[PlayedRoom]] {
        wave.map { room in
            guard let table = played[room.index] else { preconditionFailure("table \(room.index) was not played") }
            return table
        }
    }

    /// Refuses to keep rooms of newest versions that are older than they may be. The journal sends none out that will be.
    /// - Throws: `inconsistent`.
    func requireFresh(for state: RunState, _ arena: Arena) throws(TournamentError) {
        guard let settings = arena.configuration.ahead else { return }
        for name in arena.learners {
            let age = versions[name].map { state.age(of: $0.version, name) } ?? 0
            guard age > settings.maxOffPolicySteps else { continue }
            throw TournamentError(
                .inconsistent,
                "round \(state.round + 1) was played by \(name) as it was \(age) updates ago, but `max_off_policy_steps` is \(settings.maxOffPolicySteps): the database was changed by hand.")
        }
    }
}

/// The half of a round that does not wait for the round before.
extension Round {
    /// Plans the round's rooms and writes down who plays them, before any is played.
    ///
    /// - Parameter state: after the closed round whose versions play.
    func dispatch(after state: RunState, _ settings: AsyncSettings) throws -> DispatchedRound {
        let versions = Roster.versions(arena, state)
        let rooms = schedule(versions, after: state)
        let learners = Set(arena.learners)
        // Every seat of a table answers once in each of its stages.
        let samples = rooms.flatMap(\.seats).filter { learners.contains($0.agent) }
        try store.dispatch(
            DispatchRecord(
                round: number, afterRound: state.round, maxOffPolicySteps: settings.maxOffPolicySteps,
                producedCounts: samples.reduce(into: [:]) { $0[$1, default: 0] += stride }), run: run.id)
        try pulse.onStep(.roundDispatched, number)
        return DispatchedRound(number: number, state: state, versions: versions, rooms: rooms)
    }

    /// Plays the rooms that no earlier start has committed. A pure function of the dispatch and the run's seed.
    ///
    /// - Parameter isOver: asked between waves: whether nobody waits for the rooms any more.
    func rollouts(of dispatched: DispatchedRound, isOver: () -> Bool) async throws -> PlayedRound {
        var stopwatch = RoundStopwatch()
        var roster = try Roster(arena: arena, state: dispatched.state, threads: options.threads)
        try seat(dispatched.rooms, &roster, dispatched.state)
        let committed = Set(try store.roomResults(run: run.id, round: number).map(\.room.index))
        let missing = dispatched.rooms.filter { !committed.contains($0.index * stride) }
        let player = RoomPlayer(arena: arena, policies: roster.policies)
        var played = PlayedRound(dispatched)
        for start in Swift.stride(from: 0, to: missing.count, by: options.roomsPerWave) {
            if isOver() { throw CancellationError() }
            if pulse.shouldStop() { throw Interruption() }
            let wave = Array(missing[start..<min(start + options.roomsPerWave, missing.count)])
            let tables = try await stopwatch.measure(\.rollouts) {
                try await player.play(tables: wave, stride: stride, seed: seed)
            }
            played.add(wave, tables, stopwatch.timings)
            try pulse.onStep(.roomsPlayed, number)
            pulse.onEvent(.playedAhead(round: number, rooms: dispatched.rooms.count - missing.count + start + wave.count, of: dispatched.rooms.count))
        }
        return played
    }

    /// Seats the past versions that the rooms ask for.
    func seat(_ rooms: [Room], _ roster: inout Roster, _ state: RunState) throws {
        for past in Set(rooms.flatMap(\.seats)).subtracting(roster.policies.keys).sorted() {
            guard let weights = try pastVersions.weights(of: past, like: state.learners[past.agent]?.weights) else { continue }
            try roster.seat(past, weights.weights)
        }
    }

    /// What a learner may learn from a round that was played ahead.
    func staleness(_ agent: String, _ results: [RoomResult], _ state: RunState) -> StalenessCut? {
        arena.configuration.ahead.map { settings in
            StalenessCut(settings, agent: agent, results: results) { state.age(of: $0, agent) }
        }
    }
}
