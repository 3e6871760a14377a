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

    /// Whether there is a folder of a version.
    func exists(_ name: String, _ version: Int) -> Bool {
        FileManager.default.fileExists(atPath: root + "/" + path(name, version))
    }

    /// Writes and syncs a checkpoint. Written again after a crash it is the same, bit for bit.
    ///
    /// - Parameter base: where the model lies that an adapter belongs to.
    func write(
        _ weights: some TrainablePolicy, like model: ModelFolder, name: String, version: Int, round: Int,
        parent: String, isJudge: Bool, update: UpdateRecord?, base: String? = nil
    ) throws -> VersionRecord {
        let relative = path(name, version)
        let folder = root + "/" + relative
        try write(
            weights, like: model, to: folder, name: name, version: version, round: round, parent: parent,
            update: update, base: base)
        return VersionRecord(
            name: name, version: version, round: round, hash: try FileHash.weights(in: folder), parent: parent,
            path: relative, isJudge: isJudge)
    }

    /// The same into a folder of any name.
    func write(
        _ weights: some TrainablePolicy, like model: ModelFolder, to folder: String, name: String, version: Int,
        round: Int, parent: String, update: UpdateRecord?, base: String? = nil
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var note = CheckpointNote(name: name, version: version, round: round, parent: parent, update: update)
        if case .adapter(_, let base) = weights.trained, base.weights != .float32 { note.weights = base.weights.rawValue }
        let files = ["update.json": Array(try encoder.encode(note))]
        switch weights.trained {
        case .parameters(let parameters): try model.replacing(parameters).save(to: folder, extraFiles: files)
        case .adapter(let adapter, _): try adapter.save(to: folder, baseModel: base, extraFiles: files)
        }
    }

    /// Where an update writes its `metrics.jsonl`, and while it runs its checkpoints.
    func training(_ name: String, round: Int, saveSteps: Int) -> TrainingFolder {
        let digits = String(round)
        let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return TrainingFolder(path: "\(root)/training/\(runID)/\(name)/round-\(number)", saveSteps: saveSteps)
    }

    /// Reads a learner's checkpoint back.
    /// - Parameter weights: an earlier version, which says what is trained.
    /// - Throws: `inconsistent` where its hash is not the recorded one.
    func load(_ record: VersionRecord, like weights: TrainedWeights) throws -> TrainedWeights {
        guard case .adapter(let adapter, let base) = weights else { return .parameters(try load(record)) }
        return .adapter(try Adapter.load(checkedFolder(record), for: adapter.baseConfig), base: base)
    }

    /// Reads the checkpoint of a whole model back.
    /// - Throws: `inconsistent` where its hash is not the recorded one.
    func load(_ record: VersionRecord) throws -> Parameters { try ModelFolder.load(checkedFolder(record)).parameters }

    private func checkedFolder(_ record: VersionRecord) throws -> String {
        let folder = root + "/" + record.path
        guard try FileHash.weights(in: folder) == record.hash else {
            let file = Adapter.isAdapterFolder(folder) ? "adapter_model.safetensors" : "model.safetensors"
            throw TournamentError(
                .inconsistent,
                "\(folder)/\(file) is not what the database recorded for \(record.name) v\(record.version): restore the file, or start a new run with another --seed.")
        }
        return folder
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
    /// What the base under an adapter was held as; nil for float32.
    var weights: String?
}
