import AgonAgents
public import AgonCore
import AgonStore
import AgonTraining
import Foundation

/// An agent or a judge whose answers or verdicts a run learns from no more.
public struct RunRevocation: Sendable, Codable {
    /// The run's id.
    public var run: String
    public var revocation: Revocation
    /// The versions that learned from it before, themselves or by descent. They stay.
    public var versions: [PolicyID]

    /// Records the revocation, for the arena's run as it is now.
    ///
    /// - Parameter seed: overrules the arena's seed.
    /// - Throws: `noRun`; `configuration` where nobody of the name takes part; `StoreError` where a run goes on.
    public init(_ kind: Revocation.Kind, _ name: String, of arena: Arena, database: String, seed: UInt64?) throws {
        let stored = try StoredRun(arena: arena, database: database, seed: seed)
        let id = stored.record.id
        let known = kind == .agent ? arena.entrants.map(\.name) : try stored.store.judgeNames(run: id)
        guard known.contains(name) else {
            throw TournamentError(.configuration, "run \(id) has no \(kind.rawValue) \(name): it has \(known.joined(separator: ", ")).")
        }
        let store = try ArenaStore(path: database)
        let lock = try store.lockForRun(description: "agon revoke of run \(id)")
        defer { lock.release() }
        (run, revocation) = (id, try store.revoke(kind, name, run: id))
        versions = try store.versions(dependingOn: kind == .agent ? .agent(name) : .judge(name, version: nil), run: id)
        // An update that was killed half-way had begun with what is left out now.
        for learner in arena.learners {
            try stored.checkpoints.training(learner, round: revocation.fromRound, saveSteps: 0).removeCheckpoint()
        }
    }

    /// What was done, and who depends on it, in sentences.
    public var text: String {
        let names = versions.map(\.description).joined(separator: " ")
        return DisplayText.visible(
            "\(revocation.sentence) " + (versions.isEmpty ? "No version of run \(run) depends on it." : "These versions depend on it and stay: \(names)."))
    }
}

extension Revocation {
    /// What it means, in a sentence.
    var sentence: String {
        let what = kind == .agent ? "answers of \(name)" : "verdicts of judge \(name)"
        return "From round \(fromRound) on, updates leave out the \(what)."
    }
}
