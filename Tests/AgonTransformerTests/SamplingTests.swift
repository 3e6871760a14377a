import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

@Suite struct SamplingTests {
    private struct Golden: Decodable {
        struct Case: Decodable {
            struct Options: Decodable {
                let temperature, top_p, min_p, typical_p, repetition_penalty: Double?
                let top_k: Int?
            }
            let options: Options
            let probs: [Double]
        }
        let context_ids: [Int32]
        let logits: [Float]
        let cases: [Case]
    }

    /// softmax(logits / temperature) over what the options keep, after these tokens.
    private func probabilities(_ logits: [Float], _ options: SamplingOptions, said: [Int32] = []) -> [Double] {
        let original = logits
        var (logits, scratch) = (logits, [Float]())
        let count = logits.count
        let floor = logits.withUnsafeMutableBufferPointer {
            options.prepare($0.baseAddress!, of: original, count: count, said: said[...], scratch: &scratch)
        }
        let greatest = logits.max() ?? 0
        let weights = logits.map { $0 >= floor ? exp(Double($0 - greatest) / Double(options.temperature)) : 0 }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    @Test func everyOptionLeavesTheReferenceProbabilities() throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: GoldenFile.url("dpo/sampling-warpers.json")))
        #expect(golden.cases.count == 10)
        for reference in golden.cases {
            let options = SamplingOptions(
                temperature: reference.options.temperature ?? 1, topK: reference.options.top_k ?? 0,
                topP: reference.options.top_p ?? 1, minP: reference.options.min_p ?? 0,
                typicalP: reference.options.typical_p ?? 1,
                repetitionPenalty: reference.options.repetition_penalty ?? 1)
            let made = probabilities(golden.logits, options, said: golden.context_ids)
            for (made, expected) in zip(made, reference.probs) {
                #expect(abs(made - expected) <= 1e-9 + 2e-6 * expected, "\(reference.options)")
            }
        }
    }

    @Test func aRepetitionPenaltyCountsATokenOnceAndPushesBothSignsDown() {
        let original: [Float] = [3, -3, 3, 0, 1]
        var (logits, scratch) = (original, [Float]())
        let options = SamplingOptions(repetitionPenalty: 1.5)
        let floor = logits.withUnsafeMutableBufferPointer {
            options.prepare($0.baseAddress!, of: original, count: 5, said: [0, 1, 0, 0, 3, 7], scratch: &scratch)
        }
        #expect(logits == [2, -4.5, 3, 0, 1] && floor == -.infinity)
    }

    @Test func typicalTokensAreKeptUntilTheirProbabilityIsReached() {
        // p = 1/2, 1/4, 1/8, 1/8: H = 1.75 ln 2, so the deviations are 0.75, 0.25, 1.25 and 1.25 times ln 2.
        let logits = [4, 2, 1, 1].map { Float(log(Double($0))) }
        func kept(_ options: SamplingOptions) -> [Bool] { probabilities(logits, options).map { $0 > 0 } }
        #expect(kept(SamplingOptions(typicalP: 0.2)) == [false, true, false, false])
        #expect(kept(SamplingOptions(typicalP: 0.7)) == [true, true, false, false])
        // The last two are equally untypical: both stay.
        #expect(kept(SamplingOptions(typicalP: 0.8)) == [true, true, true, true])
        // It acts on what the other filters have kept.
        #expect(kept(SamplingOptions(topK: 1, typicalP: 0.2)) == [true, false, false, false])
        #expect(!SamplingOptions(temperature: 0, typicalP: 0.2).changesLogits, "the likeliest token needs no filter")
    }

    /// Which tokens `typicalP` keeps, by sorting all of them.
    private func typical(_ logits: [Float], _ options: SamplingOptions) -> [Bool] {
        let greatest = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - greatest) / options.temperature) }
        let total = weights.reduce(0, +)
        let surprises = logits.map { log(total) - (Double($0) - greatest) / options.temperature }
        let entropy = zip(weights, surprises).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * $1.1 : 0) } / total
        var (kept, mass) = (logits.map { _ in false }, 0.0)
        for index in logits.indices.sorted(by: { abs(surprises[$0] - entropy) < abs(surprises[$1] - entropy) }) {
            kept[index] = true
            mass += weights[index]
            if mass >= options.typicalP * total { break }
        }
        return kept
    }

    @Test func typicalTokensAreThoseOfAFullSort() {
        var generator = SeededGenerator(Seed(run: 1))
        for (count, spread) in [(1, 1.0), (2, 3), (17, 0.01), (300, 1), (300, 8), (5000, 4), (5000, 60)] {
            var logits = (0..<count).map { _ in
                // Nearly normal, so that a few tokens stand out.
                Float(spread * ((0..<4).reduce(-2) { sum, _ in sum + generator.unit() }))
            }
            for typicalP in [1e-9, 0.05, 0.2, 0.5, 0.9, 0.999] {
                for temperature in [0.1, 0.7, 1, 3] {
                    let options = SamplingOptions(temperature: temperature, typicalP: typicalP)
                    let made = probabilities(logits, options)
                    let expected = typical(logits, options)
                    for index in logits.indices where (made[index] > 0) != expected[index] {
                        // Too rare for a probability at all.
                        #expect(expected[index] && made[index] == 0 && logits[index] < logits.max() ?? 0)
                    }
                }
            }
            logits[count - 1] = -.infinity
            #expect(probabilities(logits, SamplingOptions(typicalP: 0.9)).allSatisfy { count == 1 || $0.isFinite })
        }
    }

    @Test func typicalTokensAreFoundAtEveryTemperature() {
        let logits: [Float] = [7.1, 7.1, 7.1, -1e30, 3]
        for temperature in [Double.leastNonzeroMagnitude, 1e-300, 1e-30, 1e-3, 1e30, 1e300] {
            let made = probabilities(logits, SamplingOptions(temperature: temperature, typicalP: 0.5))
            #expect(made[0] > 0 && made[0] == made[1] && made[1] == made[2], "\(temperature)")
        }
    }

    @Test func topKKeepsAllThatEqualTheKth() {
        let kept = probabilities([1, 3, 2, 2, 0, 2], SamplingOptions(topK: 2)).map { $0 > 0 }
        #expect(kept == [false, true, true, true, false, true])
    }

    @Test func everyFilterKeepsTheMostProbableToken() {
        let logits: [Float] = [-3, 7.25, 7.2, 0]
        for options in [
            SamplingOptions(topK: 1), SamplingOptions(topP: 1e-6), SamplingOptions(minP: 1),
            SamplingOptions(temperature: 0.01, topP: 1e-6, minP: 1),
        ] {
            #expect(probabilities(logits, options) == [0, 1, 0, 0])
        }
    }

    @Test func theNucleusOfAFlatDistributionIsFoundBeyondTheFirstWindow() {
        // One peak far above a plateau that holds most of the mass.
        let logits = [Float](repeating: 0, count: 100_000) + [10]
        let kept = probabilities(logits, SamplingOptions(topP: 0.9)).reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
        #expect(kept == 100_001)
    }
}
