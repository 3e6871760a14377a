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

    public init(threads: Int, roomsPerWave: Int = 256) {
        self.threads = threads
        self.roomsPerWave = roomsPerWave
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
    /// All rooms of the round are committed; training, gate and evaluation follow.
    case updating(round: Int)
    /// A round is closed.
    case closed(round: Int, ratings: [RatingRecord], health: JudgeHealthRecord?, updates: [UpdateRecord], timings: RoundTimings)
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
        var state = try restored()
        pulse.onEvent(.started(run: run, closedRounds: state.round, roundCount: arena.configuration.roundCount))
        while state.round < arena.configuration.roundCount {
            if pulse.shouldStop() { throw Interruption() }
            let number = state.round + 1
            let round = Round(
                arena: arena, store: store, run: run, checkpoints: checkpoints, number: number,
                seed: Seed(run: run.seed).child(.round, number), options: options, pulse: pulse)
            state = try await round.play(from: state)
        }
        return state.signature
    }

    /// Version 0 of every agent and of the judge.
    private func firstVersions() -> [VersionRecord] {
        var versions = arena.entrants.map { entrant in
            VersionRecord(name: entrant.name, version: 0, round: 0, hash: arena.modelHashes[entrant.name] ?? "", parent: nil, path: "")
        }
        if let judge = arena.judgeConfiguration {
            versions.append(VersionRecord(name: judge.name, version: 0, round: 0, hash: arena.judgeHash, parent: nil, path: "", isJudge: true))
        }
        return versions
    }

    /// The state after the last closed round, rebuilt from the store: the same that the process which closed it had.
    private func restored() throws -> RunState {
        var state = try RunState(arena: arena, seed: Seed(run: run.seed))
        guard let last = try store.lastClosedRound(run: run.id) else { return state }
        let health = try store.judgeHealth(run: run.id)
        for number in 1...max(1, last.number) {
            let results = try store.roomResults(run: run.id, round: number)
            try state.consume(results)
            let care = JudgeCare(arena: arena, seed: Seed(run: run.seed).child(.round, number).child(.judge, 0))
            state.remember(canaries: results.filter(\.room.isCanary), health: health.first { $0.round == number }, care: care)
        }
        for version in try store.versions(run: run.id) where version.version > 0 {
            if version.isJudge, let judge = state.judge, version.version > judge.id.version {
                state.judge = .init(id: JudgeID(name: version.name, version: version.version), parameters: judge.parameters, hash: version.hash)
            } else if let learner = state.learners[version.name], version.version > learner.version {
                state.learners[version.name] = .init(version: version.version, weights: learner.weights, hash: version.hash)
            }
        }
        try loadNewest(&state)
        state.round = last.number
        state.signature = last.signature
        return state
    }

    /// Loads the weights of the newest versions only.
    private func loadNewest(_ state: inout RunState) throws {
        for version in try store.versions(run: run.id) where version.version > 0 {
            if version.isJudge, state.judge?.id.version == version.version {
                state.judge?.parameters = try checkpoints.load(version)
            } else if !version.isJudge, let learner = state.learners[version.name], learner.version == version.version {
                state.learners[version.name]?.weights = try checkpoints.load(version, like: learner.weights)
            }
        }
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
        _ round: Int, _ ratings: [RatingRecord], _ health: JudgeHealthRecord?, _ updates: [UpdateRecord], _ timings: RoundTimings
    ) {
        onEvent(.closed(round: round, ratings: ratings, health: health, updates: updates, timings: timings))
    }
}

extension RunRecord {
    /// The run of an arena under a seed. Its id holds a hash over everything that decides: whoever changes a key,
    /// a weight, the prompts or the kernel path gets another run, never a mixture of two.
    init(arena: Arena, seed: UInt64) {
        var signature = Signature(after: arena.configuration.decidingText)
        for entrant in arena.entrants {
            let agent = arena.agents[entrant.name]
            let strategy = if case .scripted(let name, let skill) = agent?.kind { "\(name) \(skill)" } else { "" }
            signature.add("\(entrant.name) \(entrant.role.rawValue) \(arena.modelHashes[entrant.name] ?? "")")
            signature.add("\(String(describing: agent?.sampling)) \(agent?.system ?? "") \(strategy)")
            signature.add("form \(arena.modelForms[entrant.name] ?? "")")
            if let template = arena.chatTemplates[entrant.name] { signature.add("chat_template \(template.source)") }
        }
        signature.add("judge \(arena.judgeHash) \(arena.judgeForm)")
        signature.add("prompts \(arena.promptsHash)")
        signature.add("kernels \(arena.kernels.name)")
        let hash = signature.finished().prefix(8)
        self.init(
            id: "\(arena.configuration.name)-\(seed)-\(hash)", arena: arena.configuration.name, seed: seed,
            configuration: arena.configuration.text, kernels: arena.kernels.name)
    }
}

extension Tournament {
    /// The report of the run as far as it is closed.
    public func report() throws -> Report { try Report(arena: arena, store: store, run: run) }
}
