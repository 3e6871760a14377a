/// Bounds at which an update stops by itself, before it does harm that the loss does not show. Nil is off.
///
/// Each is looked at after a step's forward pass and before its gradient is applied: the step that would have followed
/// is not taken, and what acted, where, and at which value stands in the outcome, in `metrics.jsonl` and in the update's
/// decision. A guard ends a drift, it does not undo the step that crossed the bound: whether what is left is worth
/// keeping, the gate match decides. The length terms (`ld_alpha`, `rdpo_alpha`, `sigmoid_norm`) and DPOP are guards within the loss itself.
public struct TrainingGuards: Sendable, Hashable {
    /// `chosen_floor`: the most by which the chosen (desirable) side may have become rarer than under the reference, as
    /// the batch's mean of −(log π_θ − log π_ref)/n, in nats per token. Catches both sides falling while the margin
    /// grows (likelihood displacement, Razin et al. 2024, arXiv:2410.08847).
    public var chosenFloor: Double?
    /// `max_kl`: the greatest drift from the reference (`grpo`, `ppo`: from the version that drew the rollouts), as the
    /// batch's token mean of ½(log π_θ − log π_ref)² (Schulman's k2), in nats.
    public var maxKL: Double?
    /// `max_margin`: the greatest batch mean of `rewards/margins`. Beyond about 15 the pairs are learned by heart.
    public var maxMargin: Double?

    /// - Throws: `invalidConfiguration`, naming the bound that is not positive.
    public init(chosenFloor: Double? = nil, maxKL: Double? = nil, maxMargin: Double? = nil) throws(TrainingError) {
        for (name, value) in [("chosen_floor", chosenFloor), ("max_kl", maxKL), ("max_margin", maxMargin)] {
            if let value { try requireRange(name, value, Double.leastNormalMagnitude..<1e9) }
        }
        self.chosenFloor = chosenFloor
        self.maxKL = maxKL
        self.maxMargin = maxMargin
    }

    private init() {}

    /// No bounds.
    public static let none = TrainingGuards()

    /// - Throws: `invalidConfiguration` where a bound is on something that the method does not measure.
    func check(_ method: TrainingMethod) throws(TrainingError) {
        let algorithm = method.algorithm
        let faults: [(String, Double?, Set<TrainingMethod.Algorithm>)] = [
            ("chosen_floor", chosenFloor, [.dpo, .kto]), ("max_kl", maxKL, [.dpo, .kto, .grpo, .ppo]),
            ("max_margin", maxMargin, [.dpo, .cpo, .simpo]),
        ]
        for (name, value, readers) in faults where value != nil && !readers.contains(algorithm) {
            let valid = readers.map(\.rawValue).sorted().joined(separator: ", ")
            throw TrainingError(
                .invalidConfiguration,
                "\(name) is ignored by algorithm \(algorithm.rawValue); remove it or choose one of \(valid).")
        }
    }
}

/// What a step's forward pass says to the guards; nil where it is not measured.
struct GuardReadings {
    /// Mean (log π_θ − log π_ref)/n of the chosen side, in nats per token.
    var chosenLogRatio: Double?
    /// Token mean of ½(log π_θ − log π_ref)², in nats.
    var kl: Double?
    /// `rewards/margins`.
    var margin: Double?

    /// Adds another micro-batch's readings, each counted 1/`count`.
    mutating func add(_ other: GuardReadings, share: Double) {
        func sum(_ left: Double?, _ right: Double?) -> Double? { right.map { (left ?? 0) + share * $0 } ?? left }
        chosenLogRatio = sum(chosenLogRatio, other.chosenLogRatio)
        kl = sum(kl, other.kl)
        margin = sum(margin, other.margin)
    }
}

/// That a guard ended an update.
public struct GuardStop: Sendable, Hashable, Codable {
    /// The guard's name in the configuration.
    public var name: String
    /// The step that was not taken, from 1.
    public var step: Int
    /// What was measured, and the bound that it crossed.
    public var value: Double
    public var limit: Double

    /// One sentence for the record.
    public var sentence: String { "\(name) ended it before step \(step): \(value) is beyond \(limit)." }
}

extension TrainingGuards {
    /// The first guard that these readings trip.
    func stop(_ readings: GuardReadings, step: Int) -> GuardStop? {
        if let limit = chosenFloor, let value = readings.chosenLogRatio, value < -limit {
            return GuardStop(name: "chosen_floor", step: step, value: value, limit: -limit)
        }
        if let limit = maxKL, let value = readings.kl, value > limit {
            return GuardStop(name: "max_kl", step: step, value: value, limit: limit)
        }
        if let limit = maxMargin, let value = readings.margin, value > limit {
            return GuardStop(name: "max_margin", step: step, value: value, limit: limit)
        }
        return nil
    }
}
