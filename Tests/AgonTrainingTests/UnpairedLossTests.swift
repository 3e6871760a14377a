import AgonTraining
import Foundation
import Testing

@Suite struct UnpairedLossTests {
    private static let ratios = [0.7, -1.3, 2.4, 0.1, -4, 30]
    private static let good = [true, false, true, false, true, false]
    private static let mismatched = [1.2, -0.4, 0.9]

    @Test(arguments: UnpairedLossType.allCases)
    func `the gradient is the finite difference with z₀ held fixed`(type: UnpairedLossType) throws {
        let loss = try UnpairedLoss(type, beta: 0.3, desirableWeight: 1.5, undesirableWeight: 0.5)
        let weights = [1, 0.5, 2, 1, 1, 0.1]
        func value(_ ratios: [Double]) throws -> UnpairedLoss.Value {
            try loss.evaluate(
                logRatios: ratios, isDesirable: Self.good, mismatched: Self.mismatched, weights: weights)
        }
        let gradients = try value(Self.ratios).gradients
        for index in Self.ratios.indices {
            var (above, below) = (Self.ratios, Self.ratios)
            above[index] += 1e-5
            below[index] -= 1e-5
            let difference = try (value(above).loss - value(below).loss) / 2e-5
            #expect(isClose(gradients[index], difference, relative: 1e-6, absolute: 1e-9))
        }
    }

    @Test func `z₀ is the mean drift of mismatched answers, never below zero, and only KTO reads it`() throws {
        let kto = try UnpairedLoss()
        func kl(_ loss: UnpairedLoss, _ mismatched: [Double]) throws -> Double {
            try loss.evaluate(logRatios: [0], isDesirable: [true], mismatched: mismatched).kl
        }
        #expect(try isClose(kl(kto, Self.mismatched), 1.7 / 3, relative: 1e-12))
        #expect(try kl(kto, [-3, 1]) == 0)
        #expect(try kl(UnpairedLoss(.apoZeroUnpaired), [5]) == 0)
    }

    @Test func `an answer as likely as before costs one half, whichever class it has`() throws {
        let value = try UnpairedLoss().evaluate(logRatios: [0, 0], isDesirable: [true, false], mismatched: [0, 0])
        #expect(value.loss == 0.5 && value.gradients[0] == -value.gradients[1])
    }

    @Test func `a log-ratio that is not a number is an error that names its completion`() throws {
        let error = #expect(throws: TrainingError.self) {
            try UnpairedLoss().evaluate(logRatios: [0, .nan], isDesirable: [true, false], mismatched: [0, 0])
        }
        #expect(error?.code == .nonFiniteLoss && error?.message.contains("completion 1") == true)
    }
}
