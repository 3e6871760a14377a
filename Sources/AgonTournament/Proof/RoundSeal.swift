import AgonCore
import AgonProof
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation

/// Makes a round's part of the chains from what the round has in memory: hashes of its rooms, a link for each update, and
/// signatures over both.
struct RoundSeal {
    let arena: Arena
    let store: ArenaStore
    let run: RunRecord
    let checkpoints: CheckpointFolder
    let number: Int

    /// What a round's training came to, learner by learner.
    typealias Trained = [(update: LearnerUpdate, candidate: LearnerUpdate.Candidate)]

    /// - Parameters:
    ///   - pairs: all that the round's rooms gave.
    ///   - versions: those that the round made.
    ///   - next: the learners as they play on, and the signature.
    /// - Throws: `ProofError` where a key cannot be used; `StoreError`; faults of the disk.
    func proof(
        of results: [RoomResult], pairs: [PreferencePair], trained: Trained, versions: [VersionRecord], next: RunState
    ) throws -> RoundProof {
        let hashes = RoundHashes(results)
        let keys = KeyFolder(root: checkpoints.root)
        let heads = try store.chainHeads(run: run.id)
        var links: [SealedLink] = []
        for (update, candidate) in trained {
            guard let learner = next.learners[update.agent] else { continue }
            let items = candidate.lesson.items.map { item in
                SealedLink.Item(hash: hashes.hash(of: item), addresses: item.addresses)
            }
            var child = versions.first { !$0.isJudge && $0.name == update.agent }?.hash
            if child == nil, let outcome = candidate.outcome { child = try hash(of: outcome.trained, update) }
            let link = link(of: update, items: items, child: child, next: learner, head: heads.links[update.agent])
            links.append(SealedLink(link: link, seal: try keys.key(of: .agent(update.agent)).seal(link.hash), items: items))
        }
        let statement = hashes.statement(
            run: run.id, round: number, signature: next.signature, pairs: pairs, links: links.map(\.seal.hash),
            previous: heads.statement ?? ChainLink.genesis(run: run.id, agent: "", base: ""))
        return RoundProof(
            links: links,
            statement: SealedStatement(statement: statement, seal: try keys.key(of: .arena(run.arena)).seal(statement.hash)))
    }

    private func link(
        of update: LearnerUpdate, items: [SealedLink.Item], child: String?, next: RunState.Learner,
        head: (count: Int, hash: String)?
    ) -> ChainLink {
        let base = arena.modelHashes[update.agent] ?? ""
        return ChainLink(
            run: run.id, agent: update.agent, round: number, position: head?.count ?? 0,
            parentVersion: update.learner.version, parent: update.learner.hash, base: base,
            form: arena.modelForms[update.agent] ?? "", manifest: Hexadecimal.text(MerkleTree(items.map(\.hash)).root),
            itemCount: items.count, configuration: arena.configuration.provenSettings, seed: update.seed.hexadecimal,
            kernels: arena.kernels.name, engine: EngineVersion.number, product: ProductVersion.text, child: child,
            playsVersion: next.version, plays: next.hash,
            previous: head?.hash ?? ChainLink.genesis(run: run.id, agent: update.agent, base: base))
    }

    /// The hash of a candidate's weights that no version has: written as a checkpoint, read and removed.
    private func hash(of weights: TrainedWeights, _ update: LearnerUpdate) throws -> String? {
        guard let model = arena.models[update.agent] else { return nil }
        let folder = checkpoints.training(update.agent, round: number, saveSteps: 0).path + "/candidate"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try checkpoints.write(
            weights, like: model, to: folder, name: update.agent, version: 0, round: number, parent: "", update: nil)
        return try FileHash.weights(in: folder)
    }
}

/// The hashes of a round's rooms and rollouts.
struct RoundHashes {
    private let results: [RoomResult]
    /// By room index and seat.
    private var rollouts: [Int: [[UInt8]]] = [:]

    init(_ results: [RoomResult]) {
        self.results = results.sorted { $0.room.index < $1.room.index }
        for result in self.results {
            rollouts[result.room.index] = result.rollouts.indices.map { ContentHash.rollout(result.rollouts[$0], seat: $0, of: result.room) }
        }
    }

    /// - Precondition: its rollouts are of the round's rooms.
    func hash(of item: LearnedItem) -> [UInt8] {
        ContentHash.item(
            item,
            rollouts: item.addresses.map { address in
                guard let room = rollouts[address.room] else { preconditionFailure("an item of room \(address.room), which is not of the round") }
                return room[address.seat]
            })
    }

    /// The hashes of pairs, in their order: the leaves below `pairsRoot`.
    func hashes(of pairs: [PreferencePair]) -> [[UInt8]] { pairs.map { hash(of: .pair($0)) } }

    func statement(
        run: String, round: Int, signature: String, pairs: [PreferencePair], links: [String], previous: String
    ) -> RoundStatement {
        let seats = results.flatMap { rollouts[$0.room.index] ?? [] }
        let rooms = results.map { ContentHash.room($0, rollouts: rollouts[$0.room.index] ?? []) }
        func root(_ leaves: [[UInt8]]) -> String { Hexadecimal.text(MerkleTree(leaves).root) }
        return RoundStatement(
            run: run, round: round, signature: signature, roomCount: rooms.count, rolloutCount: seats.count,
            pairCount: pairs.count, roomsRoot: root(rooms), rolloutsRoot: root(seats), pairsRoot: root(hashes(of: pairs)),
            links: links, previous: previous)
    }
}

extension ArenaConfiguration {
    /// The settings of training that a link records.
    var provenSettings: [String: String] {
        var settings = training.settingTexts
        if let adapter { settings["adapter"] = "\(adapter)" }
        if let ahead, ahead.correction != .none { settings["off_policy_correction"] = ahead.correction.rawValue }
        if let share { settings["share"] = "\(share.local) \(share.external)" }
        return settings
    }
}

extension Seed {
    /// 16 digits.
    var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
