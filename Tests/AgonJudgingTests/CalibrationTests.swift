import AgonCore
import Foundation
import Testing

@testable import AgonJudging

@Suite("Calibration of judges that say how sure they are") struct CalibrationTests {
    @Test("a judge without an opinion is calibrated: ECE 0, Brier a quarter, loss ln 2")
    func noOpinion() throws {
        let calibration = try #require(Calibration(logOdds: [0, 0, 0]))
        #expect(calibration.expectedError == 0 && calibration.brier == 0.25)
        #expect(abs(calibration.loss - log(2)) < 1e-15)
        #expect(calibration.bins[0] == .init(low: 0.5, high: 0.55, count: 3, confidence: 0.5, right: 0.5))
    }

    @Test("ECE, Brier and the table of four pairs are those worked out by hand")
    func byHand() throws {
        // Confidences 0.9, 0.9, 0.6, 0.6; right, wrong, right, right.
        let (sure, unsure) = (log(9.0), log(1.5))
        let calibration = try #require(Calibration(logOdds: [sure, -sure, unsure, unsure], binCount: 5))
        // Bin 0.5-0.6 … 0.9-1.0; log 1.5 gives 0.6, which opens the second bin, log 9 gives 0.9, which opens the last.
        #expect(calibration.bins.map(\.count).reduce(0, +) == 4)
        #expect(abs(calibration.expectedError - (0.5 * abs(0.5 - 0.9) + 0.5 * abs(1 - 0.6))) < 1e-12)
        #expect(abs(calibration.brier - (0.01 + 0.81 + 2 * 0.16) / 4) < 1e-12)
    }

    @Test("NaN is no opinion, and nothing measured is nil")
    func nothing() {
        #expect(Calibration(logOdds: [.nan]) == nil && Calibration.temperature(of: [.nan, 0]) == nil)
        #expect(Calibration(logOdds: [.nan, 1])?.count == 1)
    }

    @Test("outcomes drawn at a temperature give that temperature back", arguments: [0.5, 1, 3])
    func temperature(truth: Double) throws {
        var generator = SeededGenerator(Seed(run: 4).child(.judge, Int(truth * 10)))
        let odds = (0..<8000).map { _ -> Double in
            let z = 4 * (generator.unit() - 0.5) * truth
            return generator.unit() < 1 / (1 + exp(-z / truth)) ? z : -z
        }
        let found = try #require(Calibration.temperature(of: odds))
        #expect(abs(found / truth - 1) < 0.1)
        let before = Calibration.loss(odds, temperature: found)
        for other in [0.8, 0.95, 1.05, 1.25] { #expect(Calibration.loss(odds, temperature: found * other) > before) }
    }

    @Test("a judge that is never wrong, or mostly, gets the ends of the range")
    func ends() {
        #expect(Calibration.temperature(of: [1, 2, 3]) == 0.05)
        #expect(Calibration.temperature(of: [-1, -2, 0.5]) == 20)
    }
}
