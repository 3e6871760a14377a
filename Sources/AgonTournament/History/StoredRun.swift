import AgonAgents
import AgonCore
import AgonStore
import AgonTransformer
import Foundation

/// A run of an arena in a database that is only read, for whoever looks back.
public struct StoredRun: Sendable {
    let arena: Arena
    let record: RunRecord
    let store: ArenaStore
    /// Where checkpoints lie.
    let checkpoints: CheckpointFolder
    public let closedRoundCount: Int

    /// Finds the run of the arena as it is now.
    ///
    /// - Parameters:
    ///   - seed: overrules the arena's seed.
    ///   - kernels: names of the paths whose runs will do, the first that made one; nil for this process's.
    /// - Throws: `noRun` where the database has none; `StoreError`.
    public init(arena: Arena, database: String, seed: UInt64?, kernels: [String]? = nil) throws {
        let run = RunRecord(arena: arena, seed: seed ?? arena.configuration.seed)
        guard FileManager.default.fileExists(atPath: database) else {
            throw TournamentError(.noRun, "there is no database \(database): `agon run \(arena.configuration.file)` makes it.")
        }
        let store = try ArenaStore.readOnly(path: database)
        let ids = (kernels ?? [run.kernels]).map { RunRecord(arena: arena, seed: run.seed, kernels: $0).id }
        guard let stored = try ids.compactMap({ try store.run(id: $0) }).first else {
            let known = try store.overviews().filter { $0.run.arena == run.arena }
            let list = known.map { "\($0.run.id) (\($0.closedRoundCount) rounds)" }.joined(separator: ", ")
            let hint = known.isEmpty
                ? "`agon run \(arena.configuration.file)` makes one."
                : "it has \(list). The arena, its agents, the kernel path or the seed were others then."
            throw TournamentError(.noRun, "\(database) has no run \(run.id): \(hint)")
        }
        (self.arena, record, self.store) = (arena, stored, store)
        let folder = (database as NSString).deletingLastPathComponent
        checkpoints = CheckpointFolder(root: folder.isEmpty ? "." : folder, runID: stored.id)
        closedRoundCount = try store.lastClosedRound(run: stored.id)?.number ?? 0
    }

    /// Finds what a person names: a run of the database by its id, or the run of an arena by its file or name.
    ///
    /// - Throws: as the other initialiser; `configuration` where the text is neither.
    public init(named text: String, in catalog: Catalog, database: String, seed: UInt64?) throws {
        let record = FileManager.default.fileExists(atPath: database) ? try ArenaStore.readOnly(path: database).run(id: text) : nil
        let arena = try Arena(file: catalog.path(of: record?.arena ?? text, among: [.arena]))
        try self.init(
            arena: arena, database: database, seed: record?.seed ?? seed,
            kernels: record.map { [$0.kernels] } ?? [arena.kernels.name] + Kernels.allNames)
    }

    /// The seed of a round.
    func seed(ofRound round: Int) -> Seed { Seed(run: record.seed).child(.round, round) }

    /// Refuses a round that is not closed.
    /// - Throws: `configuration`.
    func require(round: Int) throws(TournamentError) {
        guard (1...max(1, closedRoundCount)).contains(round), closedRoundCount > 0 else {
            let known = closedRoundCount == 0 ? "no round of it is closed yet." : "rounds 1 to \(closedRoundCount) are closed."
            throw TournamentError(.configuration, "run \(record.id) has no closed round \(round): \(known)")
        }
    }
}
