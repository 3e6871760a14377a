import AgonCore
import AgonStore

/// What each round of a stored run began with, told round by round as the run itself knew it.
struct AuditHistory {
    private let stored: StoredRun
    private let updates: [Int: [UpdateRecord]]
    /// The round after which each round was sent out, where rounds are played ahead.
    private let journal: [Int: Int]
    private var state: RunState
    /// What was known after each closed round, from before the first.
    private var known: [Known] = []

    /// What a schedule reads.
    private struct Known {
        let versions: [String: PolicyID]
        let history: ScheduleHistory
    }

    init(_ stored: StoredRun) throws {
        self.stored = stored
        state = try RunState(arena: stored.arena, seed: Seed(run: stored.record.seed))
        updates = Dictionary(grouping: try stored.store.updates(run: stored.record.id), by: \.round)
        journal = Dictionary(
            try stored.store.dispatches(run: stored.record.id).map { ($0.round, $0.afterRound) }, uniquingKeysWith: { first, _ in first })
        remember()
    }

    private mutating func remember() {
        known.append(Known(versions: Roster.versions(stored.arena, state), history: state.scheduleHistory))
    }

    /// The tables that the next round has to consist of: pairings from the scheduler, a prompt for each group.
    func tables() -> [Room] {
        let (arena, round) = (stored.arena, state.round + 1)
        let source = arena.configuration.ahead.map { journal[round] ?? $0.dispatchRound(of: round) } ?? state.round
        let known = known[min(max(source, 0), state.round)]
        return arena.tables(
            round: round, versions: known.versions, history: known.history, runSeed: Seed(run: stored.record.seed))
    }

    /// Whether a version's weights are there: those of version 0 came with the agent.
    func isOnDisk(_ policy: PolicyID) -> Bool {
        policy.version == 0 || stored.checkpoints.exists(policy.agent, policy.version)
    }

    /// The policy of a version, under its agent's own sampling and system prompt.
    /// - Throws: `inconsistent` where a checkpoint is not the recorded one.
    func policy(_ id: PolicyID, threads: Int) throws -> any Policy {
        let past = PastVersions(arena: stored.arena, store: stored.store, run: stored.record, checkpoints: stored.checkpoints)
        let weights = try past.weights(of: id, like: state.learners[id.agent]?.weights)?.weights
        return try Roster.policy(id, parameters: weights, arena: stored.arena, threads: threads)
    }

    /// Goes on to the next round.
    mutating func close(_ results: [RoomResult]) throws {
        try state.consume(results.filter(\.room.isRated))
        state.round += 1
        for update in updates[state.round] ?? [] {
            if let version = update.toVersion { state.learners[update.agent]?.version = version }
        }
        remember()
    }
}
