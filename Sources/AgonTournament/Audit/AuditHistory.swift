import AgonCore
import AgonStore

/// What each round of a stored run began with, told round by round as the run itself knew it.
struct AuditHistory {
    private let stored: StoredRun
    private let updates: [Int: [UpdateRecord]]
    private var state: RunState

    init(_ stored: StoredRun) throws {
        self.stored = stored
        state = try RunState(arena: stored.arena, seed: Seed(run: stored.record.seed))
        updates = Dictionary(grouping: try stored.store.updates(run: stored.record.id), by: \.round)
    }

    /// The rooms that the next round has to consist of: pairings from the scheduler, a prompt for each group.
    func rooms() -> [Room] {
        let (arena, round) = (stored.arena, state.round + 1)
        let pairings = arena.scheduler.pairings(
            round: round, entrants: arena.entrants, history: state.scheduleHistory,
            seed: arena.scheduleSeed(Seed(run: stored.record.seed), round: round))
        let groups = Set(pairings.map(\.group)).sorted()
        let prompts = arena.prompts.prompts(.training, count: groups.count, seed: stored.seed(ofRound: round).child(.prompt, 0))
        let promptOfGroup = Dictionary(uniqueKeysWithValues: zip(groups, prompts))
        return pairings.enumerated().compactMap { index, pairing in
            guard let prompt = promptOfGroup[pairing.group] else { return nil }
            return Room(
                round: round, index: index, group: pairing.group, prompt: prompt,
                seats: pairing.seats.enumerated().map { seat, name in
                    let past = pairing.versions.isEmpty ? nil : pairing.versions[seat]
                    return PolicyID(agent: name, version: past ?? state.learners[name]?.version ?? 0)
                },
                isCanary: index < arena.configuration.judge.canaryRoomCount)
        }
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
        try state.consume(results)
        state.round += 1
        for update in updates[state.round] ?? [] {
            if let version = update.toVersion { state.learners[update.agent]?.version = version }
        }
    }
}
