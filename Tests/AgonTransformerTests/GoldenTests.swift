import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

@Suite struct GoldenTests {
    @Test("Logits equal the reference on every kernel path", arguments: ["llama_tied", "llama_untied"])
    func logits(model: String) throws {
        let golden = try GoldenFile("\(model)/golden.safetensors")
        let parameters = try GoldenFile("\(model)/model.safetensors")
            .parameters(GoldenFile.config(tied: model == "llama_tied"))
        for kernels in Kernels.allAvailable {
            let logits = try Transformer(parameters, kernels: kernels).logits(for: golden.tokens("input_ids"))
            let worst = worstDeviation(logits, try golden.floats("logits"), absolute: 2e-5, relative: 1e-5)
            #expect(worst <= 1, "\(kernels.name)")
        }
    }

    @Test(
        "Greedy decoding continues as the reference does, with and without a repetition penalty",
        arguments: ["llama_tied", "llama_untied"], [1, 1.3])
    func greedy(model: String, penalty: Double) throws {
        let golden = try GoldenFile("\(model)/golden.safetensors")
        let parameters = try GoldenFile("\(model)/model.safetensors")
            .parameters(GoldenFile.config(tied: model == "llama_tied"))
        let expected = try golden.tokens(penalty == 1 ? "greedy32" : "greedy32_reppen\(penalty)")
        for kernels in Kernels.allAvailable {
            let request = GenerationRequest(
                tokens: try golden.tokens("input_ids"), maxNewTokens: 32,
                sampling: SamplingOptions(temperature: 0, repetitionPenalty: penalty), key: 0)
            let made = try Transformer(parameters, kernels: kernels).generate([request])[0].tokens
            let end = expected.firstIndex(of: 2).map { $0 + 1 } ?? expected.count
            #expect(made == Array(expected[..<end]), "\(kernels.name)")
        }
    }

    @Test("What the first layer leaves is the reference's", arguments: ["llama_tied", "llama_untied"])
    func firstLayer(model: String) throws {
        let file = try GoldenFile("\(model)/model.safetensors")
        let golden = try GoldenFile("\(model)/golden.safetensors")
        let (channels, epsilon) = (64, Float(1e-5))
        // One layer, then a norm of weight 1 and a head whose first rows are those of the identity.
        let config = try ModelConfig(
            vocabularySize: 128, hiddenSize: channels, layerCount: 1, headCount: 4, keyValueHeadCount: 2, headSize: 16,
            feedForwardSize: 160, ropeTheta: 10_000, normEpsilon: epsilon, tiesEmbeddings: false, maxPositionCount: 256)
        let parameters = Parameters(zeros: config)
        try parameters.fill { tensor, memory in
            switch tensor.name {
            case "model.norm.weight": memory.update(repeating: 1)
            case "lm_head.weight": for channel in 0..<channels { memory[channel * channels + channel] = 1 }
            default: _ = memory.update(fromContentsOf: try file.floats(tensor.name))
            }
        }
        let hidden = try golden.floats("hidden_after_layer0")
        let rows = stride(from: 0, to: hidden.count, by: channels).map { Array(hidden[$0..<$0 + channels]) }
        let expected = rows.flatMap { row -> [Float] in
            let square = row.reduce(0) { $0 + Double($1) * Double($1) } / Double(channels)
            return row.map { Float(Double($0) / (square + Double(epsilon)).squareRoot()) }
        }
        for kernels in Kernels.allAvailable {
            let logits = try Transformer(parameters, kernels: kernels).logits(for: golden.tokens("input_ids"))
            let made = stride(from: 0, to: logits.count, by: 128).flatMap { logits[$0..<$0 + channels] }
            #expect(worstDeviation(made, expected, absolute: 2e-5, relative: 1e-5) <= 1, "\(kernels.name)")
        }
    }

    @Test func logProbabilitiesOfAllPairsEqualTheReference() throws {
        let parameters = try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true))
        let expected = try GoldenFile.lines("dpo/logps-tied.jsonl", as: GoldenLogProbs.self)
        let pairs = try GoldenFile.lines("dpo/pairs.jsonl", as: GoldenPair.self)
        #expect(pairs.count == 16)
        let chosen = pairs.map { TokenSequence(prompt: $0.prompt_ids, completion: $0.chosen_ids) }
        let rejected = pairs.map { TokenSequence(prompt: $0.prompt_ids, completion: $0.rejected_ids) }
        for kernels in Kernels.allAvailable {
            let model = Transformer(parameters, kernels: kernels)
            let made = try model.logProbs(of: chosen + rejected)
            for (values, reference) in zip(
                made, expected.map(\.policy_chosen_token_logps) + expected.map(\.policy_rejected_token_logps))
            {
                #expect(worstDeviation(values, reference, absolute: 1e-5, relative: 1e-5) <= 1)
            }
            let logits = try GoldenFile("dpo/logits-tied.safetensors")
            let whole = try model.logits(for: logits.tokens("input_ids"))
            #expect(worstDeviation(whole, try logits.floats("logits"), absolute: 2e-5, relative: 1e-5) <= 1)
        }
    }

    @Test func gradientOfTheDirectPreferenceLossEqualsTheReference() throws {
        let config = try GoldenFile.config(tied: true)
        let parameters = try GoldenFile("dpo/policy.safetensors").parameters(config)
        let golden = try GoldenFile("dpo/grads-sigmoid-tied.safetensors")
        let expected = try GoldenFile.lines("dpo/logps-tied.jsonl", as: GoldenLogProbs.self)
        let sequences = try GoldenFile.lines("dpo/pairs.jsonl", as: GoldenPair.self).flatMap {
            [
                TokenSequence(prompt: $0.prompt_ids, completion: $0.chosen_ids),
                TokenSequence(prompt: $0.prompt_ids, completion: $0.rejected_ids),
            ]
        }
        // ∂/∂(log p chosen) of the mean over 16 pairs of −log σ(z), z = β·(ratio chosen − ratio rejected).
        let slopes = expected.map { Float(-0.1 / (1 + exp(0.1 * ($0.chosen_logratio - $0.rejected_logratio))) / 16) }
        for kernels in Kernels.allAvailable {
            let pass = TrainingPass(config, kernels: kernels)
            let gradients = Parameters(zeros: config)
            let logProbs = try pass.forward(sequences, parameters)
            pass.backward(
                dLogProbs: logProbs.enumerated().map { index, values in
                    values.map { _ in index.isMultiple(of: 2) ? slopes[index / 2] : -slopes[index / 2] }
                }, into: gradients)
            try gradients.fill { tensor, memory in
                let reference = try golden.floats(tensor.name)
                let norm = reference.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let scale = norm / Float(reference.count).squareRoot()
                let worst = worstDeviation(Array(memory), reference, absolute: 1e-4 * scale, relative: 1e-4)
                #expect(worst <= 1, "\(tensor.name) on \(kernels.name)")
            }
        }
    }
}
