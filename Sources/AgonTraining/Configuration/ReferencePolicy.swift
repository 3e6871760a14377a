import Foundation

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

/// How the reference follows the policy within an update: `sync_ref_model` and its numbers.
public struct ReferenceSync: Sendable, Hashable {
    /// What the reference becomes: `ref_model_sync`.
    public enum Rule: Sendable, Hashable {
        /// `mixup`, of TR-DPO: ref ← α · policy + (1 − α) · ref, with α = `ref_model_mixup_alpha`; 1 replaces it.
        /// Gorbatovski et al. 2024, arXiv:2404.09656, §3.
        case mixup(Double)
        /// `bema`: a mean of the policy's weights, corrected for its lag.
        case bema(BiasCorrectedMean)
    }

    public let rule: Rule
    /// `ref_model_sync_steps`: optimiser steps between two moves.
    public let syncSteps: Int

    /// Whether the reference is a mean of the policy's weights.
    var isMean: Bool {
        guard case .bema = rule else { return false }
        return true
    }

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(mixupAlpha: Double = 0.6, syncSteps: Int = 512) throws(TrainingError) {
        try requireRange("ref_model_mixup_alpha", mixupAlpha, through: 1)
        try requireRange("ref_model_sync_steps", syncSteps, 1...1_000_000_000)
        rule = .mixup(mixupAlpha)
        self.syncSteps = syncSteps
    }

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(bema rates: BiasCorrectedMean, syncSteps: Int = 400) throws(TrainingError) {
        try requireRange("ref_model_sync_steps", syncSteps, 1...1_000_000_000)
        rule = .bema(rates)
        self.syncSteps = syncSteps
    }
}

/// The rates of a bias-corrected exponential moving average (BEMA) of weights.
///
/// After step t, with θ₀ the weights that the policy began with, where the mean begins as well:
///
///     mean ← (1 − β) · mean + β · θ       β = (ρ + γt)^−κ
///     ref  ← mean + α · (θ − θ₀)          α = (ρ + γt)^−η
///
/// The reference that the update began with leaves no trace after the first sync, so that it must be θ₀ itself: with
/// `reference: base` this rule is refused.
///
/// - Source: Block and Zhang 2025, arXiv:2508.00180, algorithm 1.
public struct BiasCorrectedMean: Sendable, Hashable {
    /// κ: `bema_ema_power`.
    public let meanPower: Double
    /// η: `bema_bias_power`.
    public let biasPower: Double
    /// ρ: `bema_lag`, in steps.
    public let lag: Double
    /// γ: `bema_multiplier`.
    public let multiplier: Double

    /// - Throws: `invalidConfiguration`, naming the setting that is out of range.
    public init(
        meanPower: Double = 0.5, biasPower: Double = 0.2, lag: Double = 10, multiplier: Double = 1
    ) throws(TrainingError) {
        try requireRange("bema_ema_power", meanPower, 0..<100)
        try requireRange("bema_bias_power", biasPower, 0..<100)
        // With ρ of at least 1 both rates are at most 1.
        try requireRange("bema_lag", lag, 1..<1e9)
        try requireRange("bema_multiplier", multiplier, 0..<1e6)
        self.meanPower = meanPower
        self.biasPower = biasPower
        self.lag = lag
        self.multiplier = multiplier
    }

    /// β.
    func meanRate(step: Int) -> Double { pow(lag + multiplier * Double(step), -meanPower) }

    /// α.
    func biasRate(step: Int) -> Double { pow(lag + multiplier * Double(step), -biasPower) }
}
