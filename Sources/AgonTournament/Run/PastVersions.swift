import AgonCore
import AgonStore
import AgonTraining

/// Learners as they once were, read back from their checkpoints.
struct PastVersions {
    let arena: Arena
    let store: ArenaStore
    let run: RunRecord
    let checkpoints: CheckpointFolder

    /// The weights of a version and their hash; nil where the run has no such version of a learner.
    ///
    /// - Parameter weights: another version of it, which says what is trained.
    /// - Throws: `StoreError`; `inconsistent` where a checkpoint is not the recorded one.
    func weights(of policy: PolicyID, like weights: TrainedWeights?) throws -> (weights: TrainedWeights, hash: String)? {
        guard let like = weights,
            let version = try store.versions(run: run.id).first(where: {
                !$0.isJudge && $0.name == policy.agent && $0.version == policy.version
            }),
            try isStillThere(version),
            let weights = policy.version == 0
                ? try arena.startingWeights(policy.agent, seed: Seed(run: run.seed))
                : try checkpoints.load(version, like: like)
        else { return nil }
        return (weights, version.hash)
    }

    /// Version 0 has no checkpoint: it is what the agent's folder holds, and that may be another model by now.
    /// - Throws: `inconsistent` where it is.
    private func isStillThere(_ version: VersionRecord) throws -> Bool {
        guard version.version == 0, version.hash != arena.modelHashes[version.name] ?? "" else { return true }
        throw TournamentError(
            .inconsistent,
            "agents/\(version.name) starts from other weights now than the v0 of run \(run.id): if it was promoted since, `agon rollback \(version.name)` takes that back.")
    }
}
