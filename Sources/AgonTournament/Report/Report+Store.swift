public import AgonCore
import AgonRatings
public import AgonStore
import Foundation

extension Report {
    /// Everything that a report shows of a run, read from the store.
    ///
    /// The change since version 0 is the difference of two ratings of one Bradley–Terry fit, with the interval of the
    /// difference. Expected scores are those of the agents' newest ratings.
    /// - Throws: `StoreError`; `TournamentError` where the run is not in the database.
    public init(store: ArenaStore, run: RunRecord, isGame: Bool, reference: PolicyID, initialRating: Double, trustRule: TrustRule?) throws {
        let ratings = try store.ratings(run: run.id)
        let rounds = try store.rounds(run: run.id)
        let entrants = try store.entrants(run: run.id)
        let fit = try BradleyTerry.fit(
            store.matches(run: run.id), anchor: reference, options: .init(anchorRating: initialRating))
        let newest = Dictionary(ratings.map { ($0.policy.agent, $0) }, uniquingKeysWith: { $0.round > $1.round ? $0 : $1 })
        let standings = entrants.map { entrant in
            guard let row = newest[entrant.name] else { return Standing(unplayed: entrant, initial: initialRating) }
            var standing = Standing(
                agent: entrant.name, role: entrant.role, version: row.policy.version, elo: row.elo,
                rating: Estimate(value: row.rating, low: row.low, high: row.high), wins: row.wins, draws: row.draws,
                losses: row.losses, forfeits: row.forfeits)
            if row.policy.version > 0, let change = fit.difference(row.policy, PolicyID(agent: entrant.name, version: 0)) {
                standing.changeSinceFirst = Estimate(value: change.value, low: change.low, high: change.high)
            }
            return standing
        }
        let health = try store.judgeHealth(run: run.id)
        let judging = try JudgingRecords(store: store, run: run.id)
        let outsiders = try OutsideRecords(store: store, run: run.id)
        self.init(
            arena: run.arena, kind: isGame ? .game : .prompts, runID: run.id, seed: run.seed, kernels: run.kernels,
            roundCount: rounds.count, signature: rounds.last?.signature ?? "", standings: standings,
            anchors: entrants.filter { $0.role != .learner }.map(\.name), ratings: ratings,
            headToHead: try store.headToHead(run: run.id).map { row in
                HeadToHead(
                    first: row.agent, second: row.opponent, wins: row.wins, draws: row.draws, losses: row.losses,
                    expectedScore: newest[row.agent].flatMap { first in
                        newest[row.opponent].map { EloScale.expectedScore(difference: first.rating - $0.rating) }
                    })
            },
            evaluations: try store.evaluations(run: run.id), judgeHealth: isGame || health.isEmpty ? nil : health,
            trustRule: trustRule, judging: judging == JudgingRecords() ? nil : judging,
            outsiders: outsiders == OutsideRecords() ? nil : outsiders, updates: try store.updates(run: run.id), timings: RoundTimings(sum: rounds.map(\.timings)),
            sampleRooms: try store.sampleRooms(run: run.id, count: Report.sampleRoomLimit, seed: Seed(run: run.seed)))
    }
}

extension Report {
    /// The report of an arena's run as far as it is closed, from a database that is opened for reading only, so that
    /// it can be asked for while the run goes on.
    /// - Parameter seed: overrules the arena's seed.
    /// - Throws: `TournamentError` where the database has no run of the arena as it is now; `StoreError`.
    public init(arena: Arena, database: String, seed: UInt64?) throws {
        let run = RunRecord(arena: arena, seed: seed ?? arena.configuration.seed)
        guard FileManager.default.fileExists(atPath: database) else {
            throw TournamentError(.noRun, "there is no database \(database): `agon run \(arena.configuration.file)` makes it.")
        }
        let store = try ArenaStore.readOnly(path: database)
        guard let stored = try store.run(id: run.id) else {
            let others = try store.overviews().filter { $0.run.arena == run.arena }
            let known = others.map { "\($0.run.id) (\($0.closedRoundCount) rounds)" }.joined(separator: ", ")
            let hint = others.isEmpty
                ? "`agon run \(arena.configuration.file)` makes one."
                : "it has \(known). The arena, its agents, the kernel path or the seed were others then."
            throw TournamentError(.noRun, "\(database) has no run \(run.id): \(hint)")
        }
        try self.init(arena: arena, store: store, run: stored)
    }

    init(arena: Arena, store: ArenaStore, run: RunRecord) throws {
        try self.init(
            store: store, run: run, isGame: arena.game != nil, reference: arena.referencePolicy,
            initialRating: arena.configuration.initialRating, trustRule: arena.configuration.trustRule)
    }
}

extension RoundTimings {
    /// The sum over rounds.
    init(sum parts: [RoundTimings]) {
        self.init()
        for part in parts {
            rollouts += part.rollouts
            judging += part.judging
            training += part.training
            evaluation += part.evaluation
            store += part.store
            roomCount += part.roomCount
            tokenCount += part.tokenCount
        }
    }
}
