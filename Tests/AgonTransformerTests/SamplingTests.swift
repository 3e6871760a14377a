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
        let logits: [Float]
        let cases: [Case]
    }

    /// softmax(logits / temperature) over what the filters keep.
    private func probabilities(_ logits: [Float], _ options: SamplingOptions) -> [Double] {
        var scratch: [Float] = []
        let floor = options.floor(of: logits, count: logits.count, scratch: &scratch)
        let greatest = logits.max() ?? 0
        let weights = logits.map { $0 >= floor ? exp(Double($0 - greatest) / Double(options.temperature)) : 0 }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    @Test func filtersLeaveTheReferenceProbabilities() throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: GoldenFile.url("dpo/sampling-warpers.json")))
        var compared = 0
        for reference in golden.cases
        where reference.options.typical_p == nil && reference.options.repetition_penalty == nil {
            let options = SamplingOptions(
                temperature: reference.options.temperature ?? 1, topK: reference.options.top_k ?? 0,
                topP: reference.options.top_p ?? 1, minP: reference.options.min_p ?? 0)
            for (made, expected) in zip(probabilities(golden.logits, options), reference.probs) {
                #expect(abs(made - expected) <= 1e-9 + 2e-6 * expected, "\(reference.options)")
            }
            compared += 1
        }
        #expect(compared >= 7)
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
