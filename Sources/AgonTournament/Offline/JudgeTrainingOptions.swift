public import AgonStore

/// What `agon judge train` is asked for.
public struct JudgeTrainingOptions: Sendable {
    /// Where the preferences come from.
    public enum Source: Sendable {
        /// A file in any form that `agon pairs import` reads.
        case file(String)
        /// A database's pairs.
        case database(String, PairFilter)

        /// What messages call it.
        var name: String {
            switch self {
            case .file(let path), .database(let path, _): path
            }
        }
    }

    /// The judge's folder to write.
    public var judge: String
    /// A model folder to start from, with a language or a score head, or the folder of a judge.
    public var base: String
    public var source: Source
    /// Whether a judge that is there is replaced.
    public var replaces = false
    /// The share of prompts that no step sees.
    public var heldOutShare = 0.2
    public var epochCount = 1
    /// Pairs a step.
    public var batchSize = 16
    public var learningRate = 1e-4
    public var weightDecay = 0.01
    /// The share of steps over which the step size rises.
    public var warmupShare = 0.1
    /// Price of scores that wander off together.
    public var centerCoefficient = 0.01
    public var seed: UInt64 = 1

    public init(judge: String, base: String, source: Source) {
        self.judge = judge
        self.base = base
        self.source = source
    }
}
