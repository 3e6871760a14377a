import Foundation

/// How the learning rate moves over a training run, spelled as transformers' `lr_scheduler_type`.
public enum LearningRateSchedule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The peak from the first step to the last; takes no warm-up.
    case constant
    /// The peak after the warm-up.
    case constantWithWarmup = "constant_with_warmup"
    /// From the peak to zero in a straight line; zero would be reached one step after the last.
    case linear
    /// From the peak to zero along half a cosine.
    case cosine
    /// The same `num_cycles` times, each time from the peak.
    case cosineWithRestarts = "cosine_with_restarts"
    /// From the peak to `lr_end` along a power of the rest of the way.
    case polynomial
    /// The peak over the root of the time, in units of the warm-up's length (of 10,000 steps without one).
    case inverseSqrt = "inverse_sqrt"
    /// From the peak to `min_lr_rate` of it along half a cosine.
    case cosineWithMinLR = "cosine_with_min_lr"

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
    /// schedulers of transformers do); then a function of x = (t − w)/(n − w).
    ///
    /// - Parameters:
    ///   - step: t, from 0.
    ///   - peak: the peak learning rate, which `polynomial` needs because its end is absolute.
    public func factor(
        step: Int, stepCount: Int, warmupSteps: Int, options: LearningRateOptions = .init(), peak: Double = 1
    ) -> Double {
        if self == .constant { return 1 }
        if step < warmupSteps { return Double(step) / Double(warmupSteps) }
        let progress = min(1, Double(step - warmupSteps) / Double(max(1, stepCount - warmupSteps)))
        let cosine = 0.5 * (1 + cos(.pi * progress))
        switch self {
        case .constant, .constantWithWarmup: return 1
        case .linear: return 1 - progress
        case .cosine: return cosine
        case .cosineWithRestarts:
            guard progress < 1 else { return 0 }
            let cycle = (Double(options.cycleCount ?? 1) * progress).truncatingRemainder(dividingBy: 1)
            return 0.5 * (1 + cos(.pi * cycle))
        case .polynomial:
            let end = peak > 0 ? (options.endRate ?? 1e-7) / peak : 0
            return (1 - end) * pow(1 - progress, options.power ?? 1) + end
        case .inverseSqrt:
            let unit = Double(warmupSteps > 0 ? warmupSteps : 10_000)
            return 1 / ((Double(step - warmupSteps) + unit) / unit).squareRoot()
        case .cosineWithMinLR:
            let least = options.minRate ?? 0
            return cosine * (1 - least) + least
        }
    }
}

/// What some schedules read beside their length, as transformers' `lr_scheduler_kwargs` has it. Nil means not given.
public struct LearningRateOptions: Sendable, Hashable {
    /// `num_cycles` of `cosine_with_restarts`; 1 where nil.
    public var cycleCount: Int?
    /// `lr_power` of `polynomial`; 1 where nil.
    public var power: Double?
    /// `lr_end` of `polynomial`, an absolute rate; 1e-7 where nil.
    public var endRate: Double?
    /// `min_lr_rate` of `cosine_with_min_lr`, a share of the peak; must be given there.
    public var minRate: Double?

    public init(cycleCount: Int? = nil, power: Double? = nil, endRate: Double? = nil, minRate: Double? = nil) {
        self.cycleCount = cycleCount
        self.power = power
        self.endRate = endRate
        self.minRate = minRate
    }

    /// Checks ranges, and that the schedule reads what is given.
    ///
    /// - Throws: `invalidConfiguration`, naming the setting.
    func check(_ schedule: LearningRateSchedule, peak: Double) throws(TrainingError) {
        let given: [(String, Bool, LearningRateSchedule)] = [
            ("num_cycles", cycleCount != nil, .cosineWithRestarts), ("lr_power", power != nil, .polynomial),
            ("lr_end", endRate != nil, .polynomial), ("min_lr_rate", minRate != nil, .cosineWithMinLR),
        ]
        for (name, isGiven, reader) in given where isGiven && schedule != reader {
            throw TrainingError(
                .invalidConfiguration,
                "\(name) is ignored by lr_scheduler_type \(schedule.rawValue); remove it or choose "
                    + "\(reader.rawValue).")
        }
        if let cycleCount { try requireRange("num_cycles", cycleCount, 1...1_000_000) }
        if let power { try requireRange("lr_power", power, Double.leastNormalMagnitude..<1e3) }
        if let minRate { try requireRange("min_lr_rate", minRate, through: 1) }
        if schedule == .polynomial, peak > 0 { try requireRange("lr_end", endRate ?? 1e-7, 0..<peak) }
        if schedule == .cosineWithMinLR, minRate == nil {
            throw TrainingError(
                .invalidConfiguration, "min_lr_rate must be given for lr_scheduler_type cosine_with_min_lr.")
        }
    }
}

/// For how long the learning rate rises from zero.
public enum Warmup: Sendable, Hashable {
    /// `warmup_steps`.
    case steps(Int)
    /// `warmup_ratio`: a share of all steps, rounded up.
    case ratio(Double)

    /// Warm-up steps of a run of `stepCount`.
    public func stepCount(of stepCount: Int) -> Int {
        switch self {
        case .steps(let count): count
        case .ratio(let ratio): Int((ratio * Double(stepCount)).rounded(.up))
        }
    }

    /// - Throws: `invalidConfiguration` for a value out of range, and for a warm-up that the schedule has no place for.
    func check(_ schedule: LearningRateSchedule) throws(TrainingError) {
        let (name, isSome): (String, Bool)
        switch self {
        case .steps(let count):
            try requireRange("warmup_steps", count, 0...1_000_000_000)
            (name, isSome) = ("warmup_steps", count > 0)
        case .ratio(let ratio):
            try requireRange("warmup_ratio", ratio, through: 1)
            (name, isSome) = ("warmup_ratio", ratio > 0)
        }
        guard isSome, schedule == .constant else { return }
        throw TrainingError(
            .invalidConfiguration,
            "\(name) is ignored by lr_scheduler_type constant; remove it or choose constant_with_warmup.")
    }
}
