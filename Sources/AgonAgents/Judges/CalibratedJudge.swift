public import AgonCore
import Foundation

/// A judge that scores, whose differences of scores are read as probabilities.
///
///     preference = σ((score_first − score_second) / temperature)
///
/// The temperature is what `agon judge train` found on pairs that the judge had not seen. Verdicts stay as they are.
public struct CalibratedJudge: Judge {
    private let judge: any Judge
    private let temperature: Double

    public var id: JudgeID { judge.id }
    public var needsReference: Bool { judge.needsReference }

    /// - Precondition: `temperature` is positive.
    public init(_ judge: any Judge, temperature: Double) {
        precondition(temperature > 0, "a temperature is positive, not \(temperature)")
        self.judge = judge
        self.temperature = temperature
    }

    /// The judge's judgements, with a preference in each verdict on two scored answers.
    /// - Throws: what the judge throws.
    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        try await judge.judge(tasks).map { judgement in
            guard let scores = judgement.scores else { return judgement }
            var calibrated = judgement
            for index in calibrated.verdicts.indices where calibrated.verdicts[index].verdict != .void {
                let pair = calibrated.verdicts[index]
                let preference = 1 / (1 + exp((scores[pair.second] - scores[pair.first]) / temperature))
                calibrated.verdicts[index].preference = preference
            }
            return calibrated
        }
    }
}
