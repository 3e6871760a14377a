import AgonTraining
import Foundation
import Testing

@Suite struct LearningRateTests {
    private struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Options: Decodable, Sendable {
            let num_cycles: Int?
            let power, lr_end, min_lr_rate: Double?
        }

        let name: String
        let warmup: Int
        let options: Options
        let rates: [Double]

        var testDescription: String { "\(name) \(warmup)" }
    }

    @Test(arguments: try Fixture.decode([Case].self, "schedules.json"))
    private func `twenty steps have the rates of transformers`(golden: Case) throws {
        let schedule = try LearningRateSchedule(named: golden.name)
        let options = LearningRateOptions(
            cycleCount: golden.options.num_cycles, power: golden.options.power, endRate: golden.options.lr_end,
            minRate: golden.options.min_lr_rate)
        for (step, rate) in golden.rates.enumerated() {
            let ours = 1e-3 * schedule.factor(
                step: step, stepCount: 20, warmupSteps: golden.warmup, options: options, peak: 1e-3)
            #expect(isClose(ours, rate, relative: 1e-12, absolute: 1e-15), "step \(step): \(ours), \(rate)")
        }
    }

    @Test func `a warm-up as long as the run never divides by zero`() {
        for schedule in LearningRateSchedule.allCases {
            let factors = (0...3).map { schedule.factor(step: $0, stepCount: 3, warmupSteps: 3) }
            #expect(factors.allSatisfy { (0...1).contains($0) })
        }
    }

    @Test func `a warm-up ratio is a share of the steps, rounded up`() {
        #expect(Warmup.ratio(0.1).stepCount(of: 41) == 5)
        #expect(Warmup.ratio(0).stepCount(of: 41) == 0)
        #expect(Warmup.steps(7).stepCount(of: 41) == 7)
    }
}
