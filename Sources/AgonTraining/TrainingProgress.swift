public import AgonTransformer

/// How far a training run is; handed to its progress callback after each step.
public struct TrainingProgress: Sendable, Equatable {
    /// Steps done, from 1.
    public let step: Int
    /// Steps in all.
    public let stepCount: Int
    /// What the step measured, by the names of the run's metrics.
    public let metrics: [String: Double]
}

/// Called after each step, on the training thread. Throwing ends the run, which then throws the same error.
public typealias ProgressCallback = (TrainingProgress) throws -> Void

/// What a training run made.
public struct TrainingOutcome: Sendable {
    /// What was trained; the very object that was passed in where there was nothing to train on.
    public let trained: TrainedWeights
    /// Optimiser steps taken; 0 where there was nothing to train on.
    public let stepCount: Int
    /// Each metric's mean over the steps, and what was measured once after them.
    public let metrics: [String: Double]
    /// The metrics of every step, in order.
    public let steps: [[String: Double]]

    init(
        parameters: some TrainablePolicy, stepCount: Int, metrics: [String: Double], steps: [[String: Double]]
    ) {
        trained = parameters.trained
        self.stepCount = stepCount
        self.metrics = metrics
        self.steps = steps
    }

    /// The trained weights of a whole model.
    ///
    /// - Precondition: the run did not train an adapter.
    public var parameters: Parameters {
        guard case .parameters(let parameters) = trained else {
            preconditionFailure("an adapter's run has no weights of its own; read `adapter`")
        }
        return parameters
    }

    /// The trained adapter; nil where a whole model was trained.
    public var adapter: Adapter? {
        guard case .adapter(let adapter, _) = trained else { return nil }
        return adapter
    }
}

/// The mean of each metric over the steps.
func means(over steps: [[String: Double]]) -> [String: Double] {
    guard let first = steps.first else { return [:] }
    var means: [String: Double] = [:]
    for name in first.keys { means[name] = steps.reduce(0) { $0 + ($1[name] ?? 0) } / Double(steps.count) }
    return means
}
