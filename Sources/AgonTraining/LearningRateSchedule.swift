import Foundation

/// How the learning rate moves over a training run.
public enum LearningRateSchedule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The peak after the warm-up.
    case constant
    /// From the peak to zero in a straight line; zero would be reached one step after the last.
    case linear
    /// From the peak to zero along half a cosine.
    case cosine

    /// The schedule of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let schedule = LearningRateSchedule(rawValue: name) else {
            let valid = LearningRateSchedule.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration, "lr_scheduler_type \"\(name)\" is unknown; the valid ones are \(valid).")
        }
        self = schedule
    }

    /// The factor of the peak learning rate at a step.
    ///
    /// With w warm-up steps of n: t/w while t < w, so that the very first step of a warm-up moves nothing (as the
    /// schedulers of transformers do); then with x = (t − w)/(n − w): 1, 1 − x, or (1 + cos πx)/2.
    ///
    /// - Parameter step: t, from 0.
    public func factor(step: Int, stepCount: Int, warmupSteps: Int) -> Double {
        if step < warmupSteps { return Double(step) / Double(warmupSteps) }
        let progress = min(1, Double(step - warmupSteps) / Double(max(1, stepCount - warmupSteps)))
        switch self {
        case .constant: return 1
        case .linear: return 1 - progress
        case .cosine: return 0.5 * (1 + cos(.pi * progress))
        }
    }
}
