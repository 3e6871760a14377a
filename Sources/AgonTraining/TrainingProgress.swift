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
    /// The guard that ended the run before its last step; nil where it ran through.
    public let stop: GuardStop?

    public init(
        parameters: some TrainablePolicy, stepCount: Int, metrics: [String: Double], steps: [[String: Double]],
        stop: GuardStop? = nil
    ) {
        trained = parameters.trained
        self.stepCount = stepCount
        self.metrics = metrics
        self.steps = steps
        self.stop = stop
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

/// The mean of each metric over the steps that measured it.
func means(over steps: [[String: Double]]) -> [String: Double] {
    var totals: [String: (sum: Double, count: Int)] = [:]
    for step in steps {
        for (name, value) in step {
            let total = totals[name] ?? (0, 0)
            totals[name] = (total.sum + value, total.count + 1)
        }
    }
    return totals.mapValues { $0.sum / Double($0.count) }
}
