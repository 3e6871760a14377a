public import AgonTransformer
import Foundation

/// What an update consumed and measured: `update.json` in a checkpoint's folder.
public struct UpdateReport: Sendable, Encodable {
    /// The agent's name and the version that the update made.
    public var agent: String
    public var version: Int
    /// The round whose pairs were trained on.
    public var round: Int
    /// Lowercase hexadecimal SHA-256 of the parent's weights file.
    public var parent: String
    /// The address of the update's randomness.
    public var seed: UInt64
    /// The kernel path that computed: replaying the update to the bit needs the same one.
    public var kernels: String
    /// Gradient shards per batch; part of the bits.
    public var shardCount: Int
    public var pairCount: Int
    public var stepCount: Int
    public var configuration: TrainingConfiguration
    public var metrics: [String: Double]

    private enum CodingKeys: String, CodingKey {
        case agent, version, round, parent, seed, kernels, configuration, metrics
        case shardCount = "shards"
        case pairCount = "pairs"
        case stepCount = "steps"
    }

    public init(
        agent: String, version: Int, round: Int, parent: String, seed: UInt64, kernels: String, shardCount: Int = 1,
        pairCount: Int, configuration: TrainingConfiguration, outcome: TrainingOutcome
    ) {
        self.agent = agent
        self.version = version
        self.round = round
        self.parent = parent
        self.seed = seed
        self.kernels = kernels
        self.shardCount = shardCount
        self.pairCount = pairCount
        stepCount = outcome.stepCount
        self.configuration = configuration
        metrics = outcome.metrics
    }
}

/// One version's immutable weights on disk, with the report of the update beside them: a Hugging Face model folder, or
/// the folder of an adapter in PEFT's layout.
public enum Checkpoint {
    /// Writes a version's folder whole or not at all: a sibling folder is written, synced and renamed.
    ///
    /// Tokenizer and companion files are those of the base, so that the folder can be loaded by itself. Equal
    /// arguments give equal bytes.
    ///
    /// - Parameters:
    ///   - parameters: the trained weights, of the base's sizes.
    ///   - base: the folder that the agent came with.
    ///   - report: becomes `update.json`, keys sorted.
    ///   - path: the folder to make, such as `agents/ada/versions/v0003`; an older one of that name is replaced.
    /// - Throws: `checkpointFailed`, with what the disk or the base said.
    public static func write(
        _ parameters: Parameters, base: ModelFolder, report: some Encodable, to path: String
    ) throws(TrainingError) {
        try write(report, to: path) { try base.replacing(parameters).save(to: path, extraFiles: $0) }
    }

    /// Writes the version of an agent that trains an adapter: its matrices and the report, without the base.
    ///
    /// - Parameters:
    ///   - baseModel: where the base lies, for those who load the folder; nil leaves it open.
    ///   - path: the folder to make, replaced whole or not at all.
    /// - Throws: `checkpointFailed`, with what the disk said.
    public static func write(
        _ adapter: Adapter, baseModel: String?, report: some Encodable, to path: String
    ) throws(TrainingError) {
        try write(report, to: path) { try adapter.save(to: path, baseModel: baseModel, extraFiles: $0) }
    }

    private static func write(
        _ report: some Encodable, to path: String, _ save: ([String: [UInt8]]) throws -> Void
    ) throws(TrainingError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let bytes = try Array(encoder.encode(report)) + [UInt8(ascii: "\n")]
            try save(["update.json": bytes])
        } catch {
            throw TrainingError(.checkpointFailed, "The checkpoint \(path) could not be written.", underlying: error)
        }
    }
}
