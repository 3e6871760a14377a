/// The policy that a loss holds the trained one to.
public enum ReferencePolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// The agent's own version at the start of the round: each round may move on from the last.
    case roundStart = "round_start"
    /// The agent's version 0: all rounds together stay near where it began.
    case base

    /// The reference of that name.
    ///
    /// - Throws: `invalidConfiguration`, listing the valid names.
    public init(named name: String) throws(TrainingError) {
        guard let reference = ReferencePolicy(rawValue: name) else {
            let valid = ReferencePolicy.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration, "reference \"\(name)\" is unknown; the valid ones are \(valid).")
        }
        self = reference
    }
}

/// How the reference follows the policy within an update (TR-DPO): `sync_ref_model` and its two numbers.
///
///     ref ← mixupAlpha · policy + (1 − mixupAlpha) · ref        after every `syncSteps` optimiser steps
///
/// - Source: Gorbatovski et al. 2024, arXiv:2404.09656, §3.
public struct ReferenceSync: Sendable, Hashable {
    /// `ref_model_mixup_alpha`; 1 replaces the reference.
    public let mixupAlpha: Double
    /// `ref_model_sync_steps`.
    public let syncSteps: Int

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(mixupAlpha: Double = 0.6, syncSteps: Int = 512) throws(TrainingError) {
        try requireRange("ref_model_mixup_alpha", mixupAlpha, through: 1)
        try requireRange("ref_model_sync_steps", syncSteps, 1...1_000_000_000)
        self.mixupAlpha = mixupAlpha
        self.syncSteps = syncSteps
    }
}
