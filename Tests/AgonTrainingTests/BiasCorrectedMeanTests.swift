import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct BiasCorrectedMeanTests {
    @Test func `a reference that follows by BEMA is the weighted sum of all weights that it saw`() throws {
        let rates = try BiasCorrectedMean(meanPower: 0.6, biasPower: 0.3, lag: 7, multiplier: 2)
        let sync = try ReferenceSync(bema: rates, syncSteps: 3)
        let weights = (0..<5).map { Parameters.initialised(ToyTask.config, seed: UInt64($0)) }
        // The reference begins elsewhere than the policy: that must leave no trace.
        let reference = ReferenceLogProbs(
            .model(Transformer(Parameters.initialised(ToyTask.config, seed: 99), kernels: try .current)), threads: 1)
        try reference.begin(following: .parameters(weights[0]), sync)
        for index in 1...4 { reference.follow(weights[index], sync, step: 3 * index) }
        // Written out: mean = Σ θ_i β_i Π_{j>i} (1 − β_j), with β = 1 for the beginning, and t = 3, 6, 9, 12.
        let betas = [1.0] + [3, 6, 9, 12].map { 1 / pow(7.0 + 2 * $0, 0.6) }
        let shares = betas.indices.map { index in betas[index] * betas[(index + 1)...].reduce(1) { $0 * (1 - $1) } }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
        let bias = 1 / pow(7.0 + 2 * 12, 0.3)
        let made = try #require(reference.model).parameters
        for index in made.values.indices {
            let values = weights.map { Double($0.values[index]) }
            let mean = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 }
            let expected = mean + bias * (values[4] - values[0])
            #expect(abs(Double(made.values[index]) - expected) < 1e-6 + 1e-6 * abs(expected))
        }
    }

    @Test func `the rates of the paper's defaults fall, the bias more slowly`() throws {
        let rates = try BiasCorrectedMean()
        #expect(isClose(rates.meanRate(step: 390), 1 / 20, relative: 1e-12))
        #expect(isClose(rates.biasRate(step: 22), 0.5, relative: 1e-12))
    }
}
