import AgonTransformer
import Foundation

/// Where an update keeps its `metrics.jsonl` and, every `saveSteps` steps, a checkpoint from which it goes on exactly.
///
/// A run that was killed at any moment and started again with the same arguments ends with the same bits, the same
/// metrics and the same `metrics.jsonl` as one that was not. The randomness of a run is its seed and the step alone, so
/// that step, seed and the position in the data are all there is to keep of it. Only the newest checkpoint is kept:
///
///     checkpoint/model.safetensors               what is trained
///     checkpoint/adam_mean.safetensors           first moments, and adam_mean_square.safetensors second ones
///     checkpoint/reference.safetensors           where the reference follows the policy; reference_mean.safetensors
///                                                where it follows by an average
///     checkpoint/trainer_state.json              step, epoch, position, seed, fingerprint
///
/// Beside them `train_results.json` says how fast the steps went; it alone differs from run to run.
public struct TrainingFolder: Sendable, Hashable {
    /// The folder; made as needed.
    public var path: String
    /// `save_steps`: steps between checkpoints, the last step included; 0 writes none.
    public var saveSteps: Int

    public init(path: String, saveSteps: Int = 0) {
        self.path = path
        self.saveSteps = saveSteps
    }

    private var checkpoint: String { path + "/checkpoint" }
    /// Far from where the count would overflow.
    private static let tokenLimit = 1 << 62
    private var stateFile: String { checkpoint + "/trainer_state.json" }

    /// Removes the checkpoint of an update that is no longer needed; the metrics stay.
    ///
    /// - Throws: `checkpointFailed` where the disk refuses.
    public func removeCheckpoint() throws(TrainingError) {
        guard DurableFile.exists(checkpoint) else { return }
        do {
            try FileManager.default.removeItem(atPath: checkpoint)
        } catch {
            throw TrainingError(.checkpointFailed, "\(checkpoint) cannot be removed.", underlying: error)
        }
    }

    /// How far a run was.
    struct State: Codable, Equatable {
        /// Steps done.
        var step: Int
        var epoch: Int
        /// Items of that epoch already seen.
        var position: Int
        /// The address of the run's randomness. In text, as the next: JSON readers lose digits of 64-bit numbers.
        var seed: String
        /// What the run is.
        var fingerprint: String
        /// Tokens seen, for `num_tokens`.
        var tokenCount: Int
        /// Lines of `metrics.jsonl`.
        var lineCount: Int
        /// The guard that ended the run.
        var stop: GuardStop?
    }

    /// Makes the folder and opens the log with its first lines.
    func log(keeping lineCount: Int) throws(TrainingError) -> MetricsLog {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrainingError(.checkpointFailed, "The folder \(path) cannot be made.", underlying: error)
        }
        return try MetricsLog(path: path + "/metrics.jsonl", keeping: lineCount)
    }

    /// Writes a checkpoint whole or not at all, in place of the one before.
    func save(_ state: State, _ tensors: [(file: String, memory: any TensorMemory)]) throws(TrainingError) {
        do {
            let bytes = try Self.json(state)
            try DurableFile.writeFolder(to: checkpoint) { (folder) throws(TransformerError) in
                for (file, memory) in tensors { try Self.write(memory, to: "\(folder)/\(file)") }
                try DurableFile.write(bytes, to: "\(folder)/trainer_state.json")
            }
        } catch {
            throw TrainingError(.checkpointFailed, "The checkpoint \(checkpoint) cannot be written.", underlying: error)
        }
    }

    /// Writes `train_results.json`.
    func write(_ speed: TrainingSpeed) throws(TrainingError) {
        do {
            try DurableFile.write(Self.json(speed), to: path + "/train_results.json")
        } catch {
            throw TrainingError(.checkpointFailed, "\(path)/train_results.json cannot be written.", underlying: error)
        }
    }

    private static func json(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// The state of the newest checkpoint; nil where there is none.
    ///
    /// - Parameter stepCount: steps of the whole run.
    /// - Throws: `checkpointFailed` where it cannot be read, belongs to another run or counts what no run counts.
    func state(fingerprint: String, stepCount: Int) throws(TrainingError) -> State? {
        guard saveSteps > 0, DurableFile.exists(stateFile) else { return nil }
        let state: State
        do {
            state = try JSONDecoder().decode(State.self, from: Data(DurableFile.read(stateFile, limit: 1 << 20)))
        } catch {
            throw TrainingError(
                .checkpointFailed, "\(stateFile) cannot be read; remove \(path) to begin again.", underlying: error)
        }
        guard state.fingerprint == fingerprint else {
            throw TrainingError(
                .checkpointFailed,
                "\(checkpoint) belongs to a run with other data, settings, weights, weight format or kernels "
                    + "(\(state.fingerprint), this one is \(fingerprint)); remove it or choose another folder.")
        }
        let stopLines = state.stop == nil ? 0 : 1
        guard (0...stepCount).contains(state.step), (0...Self.tokenLimit).contains(state.tokenCount),
            (state.step + stopLines...state.step + stopLines + 1).contains(state.lineCount)
        else {
            throw TrainingError(
                .checkpointFailed,
                "\(stateFile) counts \(state.step) of \(stepCount) steps, \(state.lineCount) lines and "
                    + "\(state.tokenCount) tokens, which do not go together; remove \(path) to begin again.")
        }
        return state
    }

    /// What the log says of the steps done so far, and of the time before the first.
    func lines(_ state: State) throws(TrainingError) -> (before: [String: Double]?, steps: [[String: Double]]) {
        let file = path + "/metrics.jsonl"
        let lines: [[String: Double]]
        do {
            let count = state.lineCount - (state.stop == nil ? 0 : 1)
            lines = try DurableFile.read(file, limit: 1 << 30).split(separator: UInt8(ascii: "\n")).prefix(count).map {
                var metrics = try JSONDecoder().decode([String: Double].self, from: Data($0))
                metrics["step"] = nil
                return metrics
            }
        } catch {
            throw TrainingError(.checkpointFailed, "\(file) cannot be read; remove \(path) to begin again.", underlying: error)
        }
        let steps = lines.filter { $0["loss"] != nil }
        guard steps.count == state.step else {
            throw TrainingError(
                .checkpointFailed,
                "\(file) has \(steps.count) steps, but the checkpoint beside it was made after \(state.step); remove "
                    + "\(path) to begin again.")
        }
        return (lines.first { $0["loss"] == nil }, steps)
    }

    /// Fills these tensors with the checkpoint's.
    func load(_ tensors: [(file: String, memory: any TensorMemory)]) throws(TrainingError) {
        do {
            for (file, memory) in tensors { try Self.read("\(checkpoint)/\(file)", into: memory) }
        } catch {
            throw TrainingError(
                .checkpointFailed, "The checkpoint \(checkpoint) cannot be read; remove \(path) to begin again.",
                underlying: error)
        }
    }

    private static func write(_ memory: any TensorMemory, to path: String) throws(TransformerError) {
        try withExtendedLifetime(memory) { () throws(TransformerError) in
            try SafetensorsFile.write(
                memory.tensors.map {
                    SafetensorsSource(
                        name: $0.name, shape: $0.shape, values: UnsafeBufferPointer(memory.memory(of: $0)))
                }, to: path)
        }
    }

    private static func read(_ path: String, into memory: any TensorMemory) throws {
        let file = try SafetensorsFile(path: path)
        for tensor in memory.tensors {
            guard let stored = file[tensor.name], stored.shape == tensor.shape else {
                throw TrainingError(
                    .checkpointFailed, "\(path) has no tensor \(tensor.name) of shape \(tensor.shape).")
            }
            try file.read(stored, into: memory.memory(of: tensor))
        }
    }
}
