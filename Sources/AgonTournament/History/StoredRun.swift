import AgonAgents
import AgonCore
import AgonStore
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
    /// - Parameter seed: overrules the arena's seed.
    /// - Throws: `noRun` where the database has none; `StoreError`.
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
        (self.arena, record, self.store) = (arena, stored, store)
        let folder = (database as NSString).deletingLastPathComponent
        checkpoints = CheckpointFolder(root: folder.isEmpty ? "." : folder, runID: run.id)
        closedRoundCount = try store.lastClosedRound(run: run.id)?.number ?? 0
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
