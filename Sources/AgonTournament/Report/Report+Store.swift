public import AgonCore
import AgonGames
import AgonRatings
public import AgonStore
import Foundation

extension Report {
    /// Everything that a report shows of a run, read from the store.
    ///
    /// The change since version 0 is the difference of two ratings of one Bradley–Terry fit, with the interval of the
    /// difference. Expected scores are those of the agents' newest ratings.
    /// - Parameter tags: of prompts, by their ids.
    /// - Parameter seatCount: of the game; scores by seat are told apart in games for two alone.
    /// - Parameter last: the round after which the report is as it was then; nil: the last that is closed.
    /// - Throws: `StoreError`; `TournamentError` where the run is not in the database.
    public init(
        store: ArenaStore, run: RunRecord, isGame: Bool, reference: PolicyID, initialRating: Double, trustRule: TrustRule?,
        upToRound last: Int? = nil, tags: [String: [String]] = [:], seatCount: Int = 2
    ) throws {
        let last = last ?? .max
        let ratings = try store.ratings(run: run.id).filter { $0.round <= last }
        let rounds = try store.rounds(run: run.id).filter { $0.number <= last }
        let entrants = try store.entrants(run: run.id)
        let matches = try store.matches(run: run.id, upToRound: last)
        let meetings = Meetings(matches)
        let fit = try BradleyTerry.fit(
            matches, anchor: reference, options: .init(anchorRating: initialRating))
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
        let health = try store.judgeHealth(run: run.id).filter { $0.round <= last }
        let judging = try JudgingRecords(store: store, run: run.id, upToRound: last)
        let outsiders = try OutsideRecords(store: store, run: run.id, upToRound: last)
        self.init(
            arena: run.arena, kind: isGame ? .game : .prompts, runID: run.id, seed: run.seed, kernels: run.kernels,
            roundCount: rounds.count, signature: rounds.last?.signature ?? "", standings: standings,
            anchors: entrants.filter { $0.role != .learner }.map(\.name), ratings: ratings,
            headToHead: meetings.table.map { row in
                var row = row
                row.expectedScore = newest[row.first].flatMap { first in
                    newest[row.second].map { EloScale.expectedScore(difference: first.rating - $0.rating) }
                }
                return row
            },
            evaluations: try store.evaluations(run: run.id).filter { $0.round <= last }, judgeHealth: isGame || health.isEmpty ? nil : health,
            trustRule: trustRule, judging: judging == JudgingRecords() ? nil : judging,
            outsiders: outsiders == OutsideRecords() ? nil : outsiders, updates: try store.updates(run: run.id).filter { $0.round <= last }, timings: RoundTimings(sum: rounds.map(\.timings)),
            sampleRooms: try store.sampleRooms(run: run.id, count: Report.sampleRoomLimit, seed: Seed(run: run.seed), upToRound: last))
        let ledger = try store.sampleLedger(run: run.id, upToRound: last)
        samples = ledger.isEmpty ? nil : ledger
        let revoked = try store.revocations(run: run.id).filter { $0.fromRound <= last }
        revocations = revoked.isEmpty ? nil : revoked
        let made = try store.versions(run: run.id).filter { version in
            !version.isJudge && version.round <= last && entrants.contains { $0.name == version.name && $0.role == .learner }
        }
        versionRatings = made.compactMap { version in
            let policy = PolicyID(agent: version.name, version: version.version)
            return fit[policy]?.rating.map {
                VersionRating(policy: policy, round: version.round, rating: Estimate(value: $0.value, low: $0.low, high: $0.high))
            }
        }
        let seats: [Breakdown] = isGame && seatCount == 2
            ? .init(meetings.sides, kind: .seat) { [$0.isFirst ? "first" : "second"] } : []
        let tagged: [Breakdown] = tags.isEmpty
            ? [] : .init(try store.promptTallies(run: run.id, upToRound: last), kind: .tag) { tags[$0.prompt] ?? [] }
        breakdowns = seats + tagged
    }
}

extension Report {
    /// The report of an arena's run as far as it is closed, from a database that is opened for reading only, so that
    /// it can be asked for while the run goes on.
    /// - Parameters:
    ///   - seed: overrules the arena's seed.
    ///   - round: the round after which the report is as it was then; nil: the last that is closed.
    /// - Throws: `TournamentError` where the database has no run of the arena as it is now, or the round is not closed;
    ///   `StoreError`.
    public init(arena: Arena, database: String, seed: UInt64?, upToRound round: Int? = nil) throws {
        let stored = try StoredRun(arena: arena, database: database, seed: seed)
        if let round { try stored.require(round: round) }
        try self.init(arena: arena, store: stored.store, run: stored.record, upToRound: round)
    }

    init(arena: Arena, store: ArenaStore, run: RunRecord, upToRound round: Int? = nil) throws {
        try self.init(
            store: store, run: run, isGame: arena.game != nil, reference: arena.referencePolicy,
            initialRating: arena.configuration.initialRating, trustRule: arena.configuration.trustRule, upToRound: round, tags: arena.promptTags,
            seatCount: arena.game?.seatCount ?? 2)
        for index in standings.indices { standings[index].kind = arena.kinds[standings[index].agent] }
        let outcome = try ContestOutcome(
            arena: arena, history: ScheduleHistory(matches: Array(try store.matches(run: run.id, upToRound: round ?? .max))),
            roundCount: roundCount, seed: Seed(run: run.seed))
        switch outcome?.form {
        case .knockout(let bracket): knockout = bracket
        case .swiss(let table): swiss = table
        case nil: break
        }
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
