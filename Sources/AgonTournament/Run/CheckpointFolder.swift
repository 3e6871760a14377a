import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// Where a run's checkpoints lie: `versions/RUN/NAME/v0001` beside the database.
struct CheckpointFolder: Sendable {
    /// The database's folder.
    let root: String
    let runID: String

    /// The checkpoint's folder, relative to the database's.
    func path(_ name: String, _ version: Int) -> String {
        let digits = String(version)
        return "versions/\(runID)/\(name)/v" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Writes and syncs a checkpoint. Written again after a crash it is the same, bit for bit.
    func write(
        _ parameters: Parameters, like model: ModelFolder, name: String, version: Int, round: Int, parent: String,
        isJudge: Bool, update: UpdateRecord?
    ) throws -> VersionRecord {
        let relative = path(name, version)
        let folder = root + "/" + relative
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let note = CheckpointNote(name: name, version: version, round: round, parent: parent, update: update)
        try model.replacing(parameters).save(to: folder, extraFiles: ["update.json": Array(try encoder.encode(note))])
        return VersionRecord(
            name: name, version: version, round: round, hash: try FileHash.weights(in: folder), parent: parent,
            path: relative, isJudge: isJudge)
    }

    /// Where an update writes its `metrics.jsonl`, and while it runs its checkpoints.
    func training(_ name: String, round: Int, saveSteps: Int) -> TrainingFolder {
        let digits = String(round)
        let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return TrainingFolder(path: "\(root)/training/\(runID)/\(name)/round-\(number)", saveSteps: saveSteps)
    }

    /// Reads a checkpoint back.
    /// - Throws: `inconsistent` where its hash is not the recorded one.
    func load(_ record: VersionRecord) throws -> Parameters {
        let folder = root + "/" + record.path
        guard try FileHash.weights(in: folder) == record.hash else {
            throw TournamentError(
                .inconsistent,
                "\(folder)/model.safetensors is not what the database recorded for \(record.name) v\(record.version): restore the file, or start a new run with another --seed.")
        }
        return try ModelFolder.load(folder).parameters
    }
}

/// `update.json` in a checkpoint's folder.
private struct CheckpointNote: Encodable {
    var name: String
    var version: Int
    var round: Int
    /// SHA-256 of the parent's weights file.
    var parent: String
    var update: UpdateRecord?
}
