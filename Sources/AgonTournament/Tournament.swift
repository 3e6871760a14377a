import AgonAgents
public import AgonCore
import AgonJudging
public import AgonStore
import AgonTransformer
import Crypto
import Foundation

/// How a run is carried out. Nothing here changes what it decides.
public struct TournamentOptions: Sendable {
    /// Threads for rollouts, judging and training.
    public var threads: Int
    /// Rooms that are played and committed together.
    public var roomsPerWave: Int
    /// After so many seconds without anything new an asynchronous run says what it waits for.
    public var silenceSeconds = 60.0

    public init(threads: Int, roomsPerWave: Int = 256) {
        self.threads = threads
        self.roomsPerWave = roomsPerWave
    }

    /// The threads cut in two: for rounds that are played ahead, and for the one that is being closed. A single thread does
    /// one after the other.
    var halves: (ahead: TournamentOptions, closing: TournamentOptions) {
        var (ahead, closing) = (self, self)
        ahead.threads = max(1, threads / 2)
        closing.threads = max(1, threads - threads / 2)
        return (ahead, closing)
    }

    /// As `agon run` carries a run out where it is told nothing: one thread per core.
    public static var allCores: TournamentOptions {
        TournamentOptions(threads: max(1, ProcessInfo.processInfo.activeProcessorCount))
    }

    /// Threads for each of some pieces of work that are done side by side.
    func threads(forEachOf count: Int) -> Int { max(1, threads / max(1, count)) }
}

/// What a run tells while it goes on.
public enum TournamentEvent: Sendable {
    /// The run begins, or goes on after the round that it had closed.
    case started(run: RunRecord, closedRounds: Int, roundCount: Int)
    /// Rooms of a round that are committed so far.
    case wave(round: Int, rooms: Int, of: Int, timings: RoundTimings)
    /// Rooms of a round that are played so far, ahead of the one that is being closed.
    case playedAhead(round: Int, rooms: Int, of: Int)
    /// Nothing has moved for a while in an asynchronous run; one sentence says which side waits for what.
    case silent(String)
    /// All rooms of the round are committed; training, gate and evaluation follow.
    case updating(round: Int)
    /// A member left the panel, now or before an earlier start ended; one sentence.
    case judgeLost(String)
    /// An agent from outside is asked no more, now or since an earlier start; one sentence.
    case agentLost(String)
    /// The run ends before its last round; one sentence.
    case ended(String)
    /// A round is closed.
    case closed(round: Int, ratings: [RatingRecord], health: JudgeHealthRecord?, updates: [UpdateRecord], alarms: [AlarmRecord], timings: RoundTimings)
}

/// The user asked to stop. What was reported as done is committed; the next start goes on from there.
public struct Interruption: Error, Sendable {}

/// A run of an arena: from its configuration, or from where an earlier start of the same run stopped.
public struct Tournament: Sendable {
    public let arena: Arena
    public let store: ArenaStore
    public let run: RunRecord
    let checkpoints: CheckpointFolder
    let options: TournamentOptions
    /// What was sent out after which round, where another run's rounds are played again; nil: this run's own journal.
    var journal: [DispatchRecord]?

    /// - Parameter database: the SQLite file; checkpoints and reports lie beside it.
    /// - Parameter seed: overrules the arena's seed.
    /// - Throws: `AgentError` where the run would not fit into memory on so many threads; `StoreError`.
    public init(arena: Arena, database: String, seed: UInt64? = nil, options: TournamentOptions) throws {
        try arena.checkMemory(options)
        self.arena = arena
        self.options = options
        store = try ArenaStore(path: database)
        let run = RunRecord(arena: arena, seed: seed ?? arena.configuration.seed)
        // A file that differs from the one which the run began with in nothing that decides is still the run's file.
        self.run = try store.run(id: run.id) ?? run
        let folder = database.parentFolder
        checkpoints = CheckpointFolder(root: folder.isEmpty ? "." : folder, runID: run.id)
    }

    /// Plays the rounds that are still missing.
    ///
    /// - Parameter shouldStop: asked between waves; true ends the run with `Interruption` after the rooms in flight
    ///   are committed.
    /// - Returns: the signature over everything that the run decided.
    /// - Throws: `Interruption`; `StoreError` where another run holds the database; faults of the world.
    @discardableResult
    public func play(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        onEvent: @escaping @Sendable (TournamentEvent) -> Void = { _ in }
    ) async throws -> String {
        try await play(Pulse(shouldStop: shouldStop, onEvent: onEvent))
    }

    func play(_ pulse: Pulse) async throws -> String {
        let lock = try store.lockForRun(description: "arena \(arena.configuration.name), run \(run.id)")
        defer { lock.release() }
        try store.begin(run: run, entrants: arena.entrants, versions: firstVersions())
        let arena = try connected(pulse)
        do {
            let signature = try await play(arena, pulse)
            await arena.disconnect()
            return signature
        } catch {
            await arena.disconnect()
            throw error
        }
    }

    /// The arena with its agents from outside, those left out that were lost before.
    private func connected(_ pulse: Pulse) throws -> Arena {
        guard !arena.outsiders.isEmpty else { return arena }
        return try arena.connected(
            errors: .init(root: checkpoints.root, runID: run.id), losses: try store.disqualifications(run: run.id)
        ) { pulse.onEvent(.agentLost($0)) }
    }

    private func play(_ arena: Arena, _ pulse: Pulse) async throws -> String {
        let losses = try store.judgeLosses(run: run.id)
        let bench = try JudgeBench(arena: arena, threads: options.threads, losses: losses) {
            pulse.onEvent(.judgeLost($0.message))
        }
        let lead = arena.configuration.ahead?.lead ?? 0
        let states = try restored(last: lead + 1)
        guard var state = states.values.max(by: { $0.round < $1.round }) else { preconditionFailure("a run has a state") }
        pulse.onEvent(.started(run: run, closedRounds: state.round, roundCount: arena.configuration.roundCount))
        for loss in losses { pulse.onEvent(.judgeLost(loss.sentence)) }
        for (agent, reason) in try store.disqualifications(run: run.id).sorted(by: { $0.key < $1.key }) {
            pulse.onEvent(.agentLost("Agent \(agent) was disqualified before: it \(reason)."))
        }
        if arena.configuration.ahead != nil { return try await playAhead(arena, bench, states, pulse).signature }
        while try goesOn(arena, state, pulse) {
            state = try await round(state.round + 1, arena, bench, options, pulse).play(from: state)
        }
        return state.signature
    }

    /// Whether another round follows.
    /// - Throws: `Interruption`.
    func goesOn(_ arena: Arena, _ state: RunState, _ pulse: Pulse) throws -> Bool {
        guard state.round < arena.configuration.roundCount else { return false }
        if let end = try arena.configuration.until.reason(run, state, store, reference: arena.referencePolicy)
            ?? arena.scheduleEnd(after: state, seed: Seed(run: run.seed))
        {
            pulse.onEvent(.ended(end))
            return false
        }
        if pulse.shouldStop() { throw Interruption() }
        return true
    }

    func round(_ number: Int, _ arena: Arena, _ bench: JudgeBench, _ options: TournamentOptions, _ pulse: Pulse) throws -> Round {
        Round(
            arena: arena, store: store, run: run, checkpoints: checkpoints, number: number,
            seed: Seed(run: run.seed).child(.round, number), options: options, bench: bench,
            revocations: Revocations(try store.revocations(run: run.id), round: number), pulse: pulse)
    }

    /// Version 0 of every agent and of the judge.
    private func firstVersions() -> [VersionRecord] {
        var versions = arena.entrants.map { entrant in
            VersionRecord(name: entrant.name, version: 0, round: 0, hash: arena.modelHashes[entrant.name] ?? "", parent: nil, path: "")
        }
        versions += arena.judges.members.filter { $0.model != nil }.map {
            VersionRecord(name: $0.name, version: 0, round: 0, hash: $0.hash, parent: nil, path: "", isJudge: true)
        }
        return versions
    }

    /// The states after the last closed rounds, by round, rebuilt from the store: the same that the process which closed them
    /// had.
    ///
    /// - Parameter count: how many; fewer where the run has fewer, beginning with round 0.
    func restored(last count: Int = 1) throws -> [Int: RunState] {
        var state = try RunState(arena: arena, seed: Seed(run: run.seed))
        let closed = try store.rounds(run: run.id)
        var states = closed.count < count ? [0: state] : [:]
        let health = try store.judgeHealth(run: run.id)
        let alarms = try store.alarms(run: run.id)
        let updates = Dictionary(grouping: try store.updates(run: run.id), by: \.round)
        let versions = try store.versions(run: run.id).filter { $0.version > 0 }
        for round in closed {
            let number = round.number
            let results = try store.roomResults(run: run.id, round: number).filter(\.room.isRated)
            try state.consume(results)
            let roundSeed = Seed(run: run.seed).child(.round, number)
            let care = JudgeCare(arena: arena, seed: roundSeed.child(.judge, 0))
            state.remember(
                results, gold: try goldRooms(results, round: number, seed: roundSeed),
                health: health.first { $0.round == number }, care: care,
                wasRolledBack: alarms.contains { $0.round == number && $0.action == .rollback })
            state.follow(updates[number] ?? [])
            (state.round, state.signature) = (number, round.signature)
            if closed.count - number < count { states[number] = try loaded(state, versions.filter { $0.round <= number }) }
        }
        return states
    }

    /// A state with the weights of its round.
    ///
    /// - Parameter versions: those that were made by then.
    private func loaded(_ state: RunState, _ versions: [VersionRecord]) throws -> RunState {
        var state = state
        // Whoever went back to an earlier version plays with that, not with the newest.
        for version in versions where !version.isJudge {
            guard var learner = state.learners[version.name] else { continue }
            learner.newestVersion = max(learner.newestVersion, version.version)
            if state.lineages[version.name]?.last == version.version {
                (learner.version, learner.hash) = (version.version, version.hash)
                learner.weights = try checkpoints.load(version, like: learner.weights)
            }
            state.learners[version.name] = learner
        }
        for (index, judge) in state.judges.enumerated() {
            let own = versions.filter { $0.isJudge && $0.name == judge.id.name }
            guard let newest = own.max(by: { $0.version < $1.version }) else { continue }
            state.judges[index] = .init(
                id: JudgeID(name: newest.name, version: newest.version), parameters: try checkpoints.load(newest),
                hash: newest.hash)
        }
        return state
    }

    /// The rooms with gold that a closed round learned from.
    private func goldRooms(_ results: [RoomResult], round: Int, seed: Seed) throws -> [RoomResult] {
        guard case .votes = arena.configuration.judge.gold else { return results.filter(\.room.isCanary) }
        let votes = try store.personalVotes(run: run.id).filter { $0.usedIn == round }
        let rooms = try Set(votes.map(\.round)).sorted().flatMap { try store.roomResults(run: run.id, round: $0) }
        return CanaryGold(arena: arena, seed: seed).voted(votes, rooms: rooms)
    }
}

/// Carries events out of a round and the wish to stop into it.
struct Pulse: Sendable {
    var shouldStop: @Sendable () -> Bool = { false }
    var onEvent: @Sendable (TournamentEvent) -> Void = { _ in }
    /// Told of every step of every round. What it throws ends the run there and then, as a crash would.
    var onStep: @Sendable (RoundStep, _ round: Int) throws -> Void = { _, _ in }

    /// After a wave was committed.
    func wave(_ round: Int, _ done: Int, _ total: Int, _ timings: RoundTimings) throws {
        onEvent(.wave(round: round, rooms: done, of: total, timings: timings))
        if shouldStop() { throw Interruption() }
    }

    func updating(_ round: Int) { onEvent(.updating(round: round)) }

    func closed(
        _ round: Int, _ ratings: [RatingRecord], _ health: JudgeHealthRecord?, _ updates: [UpdateRecord],
        _ alarms: [AlarmRecord], _ timings: RoundTimings
    ) {
        onEvent(.closed(round: round, ratings: ratings, health: health, updates: updates, alarms: alarms, timings: timings))
    }
}

extension RunRecord {
    /// The run of an arena under a seed. Its id holds a hash over everything that decides: whoever changes a key,
    /// a weight, the prompts or the kernel path gets another run, never a mixture of two.
    ///
    /// - Parameter kernels: the path's name; nil for this process's.
    init(arena: Arena, seed: UInt64, kernels: String? = nil) {
        let kernels = kernels ?? arena.kernels.name
        var signature = Signature(after: arena.configuration.decidingText)
        for entrant in arena.entrants {
            let agent = arena.agents[entrant.name]
            signature.add("\(entrant.name) \(entrant.role.rawValue) \(arena.modelHashes[entrant.name] ?? "")")
            if !entrant.tier.isEmpty || !entrant.owner.isEmpty { signature.add("\(entrant.tier) of \(entrant.owner)") }
            signature.add("\(String(describing: agent?.sampling)) \(agent?.system ?? "") \(agent?.decidingText ?? "")")
            signature.add("form \(arena.modelForms[entrant.name] ?? "")")
            if let template = arena.chatTemplates[entrant.name] { signature.add("chat_template \(template.source)") }
        }
        let judges = arena.judges
        for judge in judges.members + (judges.gold.map { [$0] } ?? []) {
            signature.add("judge \(judge.name) \(judge.hash) \(judge.form)")
        }
        signature.add("panel \(judges.panel?.decidingText ?? "")")
        signature.add("prompts \(arena.promptsHash)")
        signature.add("kernels \(kernels)")
        let hash = signature.finished().prefix(8)
        self.init(
            id: "\(arena.configuration.name)-\(seed)-\(hash)", arena: arena.configuration.name, seed: seed,
            configuration: arena.configuration.text, kernels: kernels)
    }
}

extension Tournament {
    /// The report of the run as far as it is closed.
    public func report() throws -> Report { try Report(arena: arena, store: store, run: run) }
}
