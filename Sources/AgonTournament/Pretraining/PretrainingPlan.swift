import AgonTransformer
import Foundation

/// What `agon pretrain` would make: everything is checked, nothing is trained and nothing is written.
public struct PretrainingPlan: Sendable, Hashable, Codable {
    public var file: String
    /// `language model` or `reward model`.
    public var kind: String
    /// The folder that would be written.
    public var output: String
    public var parameterCount: Int
    public var stepCount: Int
    public var batchSize: Int
    public var seed: UInt64
    /// Kernel path that the model's bits would belong to.
    public var kernels: String
    /// Whether the folder holds a model already, which would be replaced.
    public var replaces: Bool

    public init(_ pretraining: Pretraining) {
        let settings = pretraining.configuration
        file = settings.file
        kind = settings.isRewardModel ? "reward model" : "language model"
        output = settings.output
        parameterCount = ParameterLayout(pretraining.model).count
        (stepCount, batchSize, seed) = (settings.stepCount, settings.batchSize, settings.seed)
        kernels = pretraining.kernels.name
        replaces = FileManager.default.fileExists(atPath: settings.output + "/config.json")
    }

    /// The plan in sentences, fit for a terminal.
    public var text: String {
        DisplayText.visible(
            """
            A \(kind) with \(ReportNumber.count(parameterCount)) parameters, \(ReportNumber.count(stepCount)) steps of \(batchSize), seed \(seed), kernels \(kernels).
            It would be written to \(Catalog.standardized(output))\(replaces ? ", in place of the model there" : ""). Nothing was made.
            """, keepsLines: true)
    }
}
