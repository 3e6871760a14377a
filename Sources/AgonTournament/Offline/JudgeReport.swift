public import AgonJudging
import AgonRatings
import Foundation

/// What became of a judge's training: `training.json` in its folder.
public struct JudgeReport: Sendable, Codable {
    public var judge: String
    public var trainingPairCount: Int
    public var heldOutPairCount: Int
    /// Distinct prompts of the held-out pairs.
    public var heldOutPromptCount: Int
    public var undecidedCount: Int
    public var unreadableCount: Int
    public var stepCount: Int
    /// What the training measured, each the mean over its steps.
    public var metrics: [String: Double]
    /// Share of held-out pairs that are scored the right way, a tie counting half, with its 95 % interval over prompts;
    /// nil where nothing is held out.
    public var accuracy: PairStatistics.Share?
    /// The same before the first step.
    public var accuracyBefore: PairStatistics.Share?
    /// How well differences of scores serve as log-odds on the held-out pairs.
    public var calibration: Calibration?
    /// The same after division by a temperature that was found on the other half of the held-out prompts.
    public var calibrationScaled: Calibration?
    /// The temperature of all held-out pairs, which `judge.yaml` holds; nil where they say too little.
    public var temperature: Double?

    /// - Parameters:
    ///   - before: score of the chosen minus that of the rejected side of each held-out pair, before the training.
    ///   - after: the same after it.
    init(_ training: JudgeTraining, metrics: [String: Double], before: [Double], after: [Double]) {
        let prompts = training.heldOut.map(\.prompt)
        judge = training.options.judge
        (trainingPairCount, heldOutPairCount) = (training.training.count, prompts.count)
        heldOutPromptCount = Set(prompts).count
        (undecidedCount, unreadableCount) = (training.undecidedCount, training.unreadableCount)
        stepCount = training.stepCount
        self.metrics = metrics
        accuracy = JudgeReport.accuracy(after, prompts)
        accuracyBefore = JudgeReport.accuracy(before, prompts)
        calibration = Calibration(logOdds: after)
        // Each half is scaled by what the other one found.
        let halves = [0, 1].map { half in after.indices.filter { (prompts[$0] & 1) == half } }
        let temperatures = halves.map { half in Calibration.temperature(of: half.map { after[$0] }) }
        if let first = temperatures[0], let second = temperatures[1] {
            calibrationScaled = Calibration(logOdds: halves[0].map { after[$0] / second } + halves[1].map { after[$0] / first })
            temperature = Calibration.temperature(of: after)
        }
    }

    private static func accuracy(_ odds: [Double], _ prompts: [Int]) -> PairStatistics.Share? {
        Interval.mean(of: odds.map { $0 > 0 ? 1 : $0 == 0 ? 0.5 : 0 }, clusters: prompts).map {
            PairStatistics.Share(value: $0.value, low: $0.low, high: $0.high, count: $0.count)
        }
    }

    /// The report in lines for a terminal.
    public func text(width: Int) -> String {
        var lines = ["Wrote \(DisplayText.visible(judge)) after \(ReportNumber.count(stepCount)) steps on \(ReportNumber.count(trainingPairCount)) pairs."]
        if undecidedCount + unreadableCount > 0 {
            lines.append("Left out: \(ReportNumber.count(undecidedCount)) pairs that decide nothing, \(ReportNumber.count(unreadableCount)) that the model cannot read.")
        }
        guard let accuracy, let accuracyBefore, let calibration else {
            return (lines + ["No pair is held out, so that nothing is known of how right it is."]).joined(separator: "\n")
        }
        func share(_ value: PairStatistics.Share) -> String {
            "\(ReportNumber.percent(value.value)) [\(ReportNumber.fixed(value.low * 100, decimals: 1)), \(ReportNumber.fixed(value.high * 100, decimals: 1))]"
        }
        lines.append("Right on \(share(accuracy)) of \(ReportNumber.count(heldOutPairCount)) pairs of \(ReportNumber.count(heldOutPromptCount)) held-out prompts; before the training on \(share(accuracyBefore)).")
        func line(_ name: String, _ value: Calibration) -> [String] {
            [name] + [value.expectedError, value.brier, value.loss].map { ReportNumber.fixed($0, decimals: 4) }
        }
        var rows = [line("scores as they are", calibration)]
        if let calibrationScaled, let temperature {
            rows.append(line("divided by a temperature (\(ReportNumber.metric(temperature)))", calibrationScaled))
        }
        lines += [""] + JudgeReport.table(["calibration", "ECE", "Brier", "loss"], rows, width)
        let bins = calibration.bins.filter { $0.count > 0 }.map { bin in
            ["\(ReportNumber.fixed(bin.low, decimals: 2))–\(ReportNumber.fixed(bin.high, decimals: 2))", ReportNumber.count(bin.count)]
                + [bin.confidence, bin.right].map { ReportNumber.fixed($0 ?? .nan, decimals: 3) }
        }
        lines += [""] + JudgeReport.table(["confidence", "pairs", "mean", "right"], bins, width)
        return lines.joined(separator: "\n")
    }

    private static func table(_ titles: [String], _ rows: [[String]], _ width: Int) -> [String] {
        TextTable(
            columns: titles.enumerated().map { .init(title: $1, isNumber: $0 > 0, expendability: 0) }, rows: rows,
            flexibleColumn: 0
        ).lines(width: width)
    }
}
