import AgonAgents
public import AgonCore
public import AgonStore
import Foundation

extension RunRecord {
    /// Whether its rooms are matches of a game, which a referee decides.
    var isGame: Bool { ConfigurationReader.topKeys(in: configuration).contains("game") }

    /// Whether people's votes on its canary rooms are gold.
    var takesVotes: Bool { ConfigurationReader.value(at: ["judge", "gold"], in: configuration) == "votes" }
}

/// The run that a person means, in a database.
public enum VotableRun {
    /// A run by its id, or the newest of an arena by the arena's name or file. Without a name the newest of the only arena.
    /// - Throws: `noRun`, with what there is.
    public static func find(_ name: String?, in store: ArenaStore) throws -> RunRecord {
        let runs = try store.overviews().map(\.run)
        guard let name else {
            let arenas = Set(runs.map(\.arena)).sorted()
            guard arenas.count <= 1 else {
                throw TournamentError(
                    .noRun, "the database has runs of \(arenas.joined(separator: ", ")): name the arena or the run.")
            }
            return try newest(runs, "the database has no run yet: `agon run ARENA` makes one.")
        }
        if let run = runs.first(where: { $0.id == name }) { return run }
        let isFile = Catalog.isYAML(name) && FileManager.default.fileExists(atPath: name)
        let arena = isFile ? try ArenaConfiguration(file: name).name : name
        let known = Set(runs.flatMap { [$0.arena, $0.id] })
        let nearest = NearestName.of(name, among: Array(known)).map { "did you mean `\($0)`?" }
        let hint = nearest ?? (runs.isEmpty ? "it has none." : "it has runs of \(Set(runs.map(\.arena)).sorted().joined(separator: ", ")).")
        return try newest(runs.filter { $0.arena == arena }, "the database has no run \(arena): \(hint)")
    }

    private static func newest(_ runs: [RunRecord], _ sentence: String) throws(TournamentError) -> RunRecord {
        guard let run = runs.last else { throw TournamentError(.noRun, sentence) }
        return run
    }
}
