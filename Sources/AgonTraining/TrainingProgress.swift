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
    /// The trained weights; the very object that was passed in where there was nothing to train on.
    public let parameters: Parameters
    /// Optimiser steps taken; 0 where there was nothing to train on.
    public let stepCount: Int
    /// Each metric's mean over the steps, and what was measured once after them.
    public let metrics: [String: Double]
    /// The metrics of every step, in order.
    public let steps: [[String: Double]]
}

/// The mean of each metric over the steps.
func means(over steps: [[String: Double]]) -> [String: Double] {
    guard let first = steps.first else { return [:] }
    var means: [String: Double] = [:]
    for name in first.keys { means[name] = steps.reduce(0) { $0 + ($1[name] ?? 0) } / Double(steps.count) }
    return means
}
