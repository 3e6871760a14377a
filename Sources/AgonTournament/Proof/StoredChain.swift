import AgonAgents
import AgonCore
import AgonJudging
import AgonProof
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation

/// An agent's chain in a database, beside the rooms and pairs that it is about.
struct StoredChain: ChainSource {
    let store: ArenaStore
    let run: RunRecord
    let agent: String
    let configuration: ArenaConfiguration
    let versions: [Int: String]
    let updates: [ChainUpdate]
    let links: [SealedLink]
    let statements: [SealedStatement]
    /// Rounds that were closed before there were proofs.
    let unprovenRoundCount: Int
    private let paths: [Int: String]
    private let root: String
    private let revocations: [Revocation]

    /// - Parameters:
    ///   - run: a run's id; nil: the newest that the agent takes part in.
    ///   - arena: the arena's file, from which the agents' folders are found; nil: one in `arenas/`.
    /// - Throws: `noRun`; `configuration` where the agent does not learn; `StoreError`.
    init(agent: String, database: String, run id: String?, arena: String?) throws {
        let listing = try VersionListing(agent: agent, database: database, run: id)
        store = try ArenaStore.readOnly(path: database)
        guard let run = try store.run(id: listing.run) else { throw TournamentError(.noRun, "\(database) has no run \(listing.run).") }
        guard try store.entrants(run: run.id).contains(where: { $0.name == agent && $0.role == .learner }) else {
            throw TournamentError(.configuration, "\(agent) does not learn in run \(run.id), so there is nothing to prove: name a learner.")
        }
        let file = arena ?? "arenas/\(run.arena).yaml"
        (self.run, self.agent) = (run, agent)
        configuration = try ArenaConfiguration(text: run.configuration, file: file)
        let records = try store.versions(run: run.id).filter { !$0.isJudge && $0.name == agent }
        versions = Dictionary(records.map { ($0.version, $0.hash) }, uniquingKeysWith: { first, _ in first })
        paths = Dictionary(records.filter { !$0.path.isEmpty }.map { ($0.version, $0.path) }, uniquingKeysWith: { first, _ in first })
        root = database.parentFolder.isEmpty ? "." : database.parentFolder
        links = try store.links(run: run.id, agent: agent)
        statements = try store.statements(run: run.id)
        let closed = try store.lastClosedRound(run: run.id)?.number ?? 0
        let first = statements.first?.statement.round ?? closed + 1
        unprovenRoundCount = first - 1
        updates = try store.updates(run: run.id).filter { $0.agent == agent && $0.round >= first }
            .map { ChainUpdate(round: $0.round, from: $0.fromVersion, to: $0.toVersion ?? $0.fromVersion) }
        revocations = try store.revocations(run: run.id)
    }

    func evidence(round: Int) throws -> ChainEvidence {
        let results = try store.roomResults(run: run.id, round: round)
        let pairs = try store.pairs(run: run.id, round: round)
        try requireWhole(results, pairs, round)
        let lessons = Revocations(revocations, round: round).kept(results)
        let version = updates.first { $0.round == round }?.from ?? 0
        let isGame = if case .game = configuration.contest { true } else { false }
        let data = UpdateData(
            configuration: configuration, isGame: isGame, policy: PolicyID(agent: agent, version: version),
            pairs: configuration.ownPairsOnly ? pairs.filter(involving: agent) : pairs, results: lessons)
        let hashes = RoundHashes(results)
        let items = named(configuration.share == nil ? data.items() : pairs.map(LearnedItem.pair), round)
        let stated = statements.first { $0.statement.round == round }?.statement
        let rooms = Dictionary(uniqueKeysWithValues: results.map { ($0.room.index, $0) })
        var rollouts: [RolloutAddress: (sequence: TokenSequence?, text: String)] = [:]
        for address in items.flatMap(\.addresses) {
            guard let rollout = rooms[address.room]?.rollouts[address.seat] else { continue }
            rollouts[address] = (rollout.sequence, rollout.text)
        }
        return ChainEvidence(
            items: items, hashes: items.map { hashes.hash(of: $0) }, rollouts: rollouts,
            statement: hashes.statement(
                run: run.id, round: round, signature: stated?.signature ?? "", pairs: pairs, links: stated?.links ?? [],
                previous: stated?.previous ?? ""),
            pairs: hashes.hashes(of: pairs))
    }

    /// What a learner drew of its own and others' pairs, or what was not too old for it, only its link says: the round's items
    /// at those addresses. Elsewhere an update learns from all.
    private func named(_ items: [LearnedItem], _ round: Int) -> [LearnedItem] {
        guard configuration.share != nil || configuration.ahead != nil else { return items }
        let known = Dictionary(items.map { ($0.addresses, $0) }, uniquingKeysWith: { first, _ in first })
        return (links.first { $0.link.round == round }?.items ?? []).compactMap { known[$0.addresses] }
    }

    /// Pairs of rooms that are gone cannot be hashed.
    private func requireWhole(_ results: [RoomResult], _ pairs: [PreferencePair], _ round: Int) throws(TournamentError) {
        let seats = Dictionary(uniqueKeysWithValues: results.map { ($0.room.index, $0.rollouts.count) })
        guard pairs.flatMap({ [$0.chosen, $0.rejected] }).allSatisfy({ $0.seat < seats[$0.room] ?? 0 }) else {
            throw TournamentError(.inconsistent, "round \(round) of run \(run.id) lacks rooms or rollouts that its pairs name: somebody has removed them from \(store.url.path).")
        }
    }

    func weights(of version: Int) -> String? { paths[version].map { root + "/" + $0 } }

    func owner(of link: SealedLink) throws -> String? {
        try store.runs().map(\.id).first { id in
            var other = link.link
            other.run = id
            return id != run.id && other.hash == link.seal.hash
        }
    }

    /// The agent's folder, as the run's arena names it.
    private var folder: String? {
        zip(configuration.agents, configuration.agentNames).first { $0.1 == agent }
            .map { ArenaConfiguration.sibling("agents", $0.0, of: configuration.file) }
    }

    func model() throws -> ReplayModel? {
        guard let folder, FileManager.default.fileExists(atPath: folder) else { return nil }
        let settings = try AgentConfiguration(folder: folder)
        guard case .transformer(let path) = settings.kind else { return nil }
        let hash = try FileHash.weights(in: path) + (settings.adapter.map { " " + (try FileHash.weights(in: $0)) } ?? "")
        guard hash == versions[0] else {
            throw TournamentError(
                .inconsistent,
                "\(folder) starts from other weights now than the v0 of run \(run.id), so its updates cannot be run again: if it was promoted since, `agon rollback \(agent)` takes that back.")
        }
        return try ReplayModel(
            model: path, adapter: settings.adapter, weights: settings.weights, configuration: configuration, agent: agent,
            seed: Seed(run: run.seed))
    }
}
