import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

@Suite struct GradientTests {
    static func tiny(tied: Bool, head: ModelConfig.Head = .language) throws -> ModelConfig {
        try ModelConfig(
            vocabularySize: 11, hiddenSize: 12, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 4,
            feedForwardSize: 10, ropeTheta: 100, tiesEmbeddings: tied, maxPositionCount: 64, head: head)
    }

    /// Turns of two players: own tokens come in several stretches.
    static let sequences = [
        TokenSequence(tokens: [1, 4, 7, 2, 9, 10, 3], own: [false, false, true, false, true, true, false]),
        TokenSequence(prompt: [5], completion: [6, 0]),
        TokenSequence(tokens: [3, 3], own: [false, false]),
        TokenSequence(prompt: [8, 1, 1, 4], completion: [2]),
    ]

    /// Three that begin alike, own tokens in the common part too; the last has no row of its own.
    static let alike = [
        TokenSequence(tokens: [1, 4, 7, 2, 9, 10, 3], own: [false, false, true, false, false, true, true]),
        TokenSequence(tokens: [1, 4, 7, 2, 9, 6, 6, 8], own: [false, false, true, false, false, true, true, true]),
        TokenSequence(tokens: [1, 4, 7, 2, 9, 5], own: [false, false, false, false, false, true]),
    ]

    /// Compares every derivative with a central difference of the loss.
    private func compare(_ parameters: Parameters, _ gradients: Parameters, loss: () throws -> Double) rethrows {
        let step: Float = 4e-3
        for index in parameters.values.indices {
            let value = parameters.values[index]
            parameters.values[index] = value + step
            let above = try loss()
            parameters.values[index] = value - step
            let below = try loss()
            parameters.values[index] = value
            let expected = (above - below) / (2 * Double(step))
            let difference = abs(Double(gradients.values[index]) - expected)
            #expect(
                difference <= 2e-3 + 1e-2 * abs(expected), "element \(index): \(gradients.values[index]), \(expected)")
        }
    }

    @Test("The gradient of log-probabilities equals finite differences", arguments: [true, false])
    func logProbabilities(tied: Bool) throws {
        let config = try Self.tiny(tied: tied)
        let parameters = Parameters.initialised(config, seed: 3)
        for index in parameters["model.embed_tokens.weight"]!.indices { parameters.values[index] *= 20 }
        let pass = TrainingPass(config, kernels: try .current)
        let coefficients: [[Float]] = [[0.7, -1.1, 0.4], [1, -0.5], [], [-0.9]]
        let gradients = Parameters(zeros: config)
        let logProbs = try pass.forward(Self.sequences, parameters)
        #expect(logProbs.map(\.count) == [3, 2, 0, 1])
        pass.backward(dLogProbs: coefficients, into: gradients)
        try compare(parameters, gradients) {
            let values = try pass.forward(Self.sequences, parameters)
            return zip(values.joined(), coefficients.joined()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    /// Every bias and every norm of a head, in both widths of a shared beginning.
    private static let families: [ModelConfig] = {
        func config(_ family: ModelConfig.Family, attentionBias: Bool = false, feedForwardBias: Bool = false) -> ModelConfig {
            try! ModelConfig(
                vocabularySize: 11, hiddenSize: 12, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 6,
                feedForwardSize: 10, ropeTheta: 100, maxPositionCount: 64, family: family,
                ropeScaling: .linear(factor: 1.5), attentionBias: attentionBias, feedForwardBias: feedForwardBias)
        }
        return [
            try! tiny(tied: true), config(.llama, attentionBias: true, feedForwardBias: true), config(.qwen2),
            config(.qwen3), config(.qwen3, attentionBias: true),
        ]
    }()

    @Test("The gradient of sequences that begin alike equals finite differences", arguments: families)
    func sharedBeginnings(config: ModelConfig) throws {
        let parameters = Parameters.initialised(config, seed: 10)
        for index in parameters["model.embed_tokens.weight"]!.indices { parameters.values[index] *= 20 }
        parameters.fill { tensor, memory in
            guard tensor.shape.count == 1 else { return }
            for index in memory.indices { memory[index] += 0.1 * Float((index * 5 + tensor.offset) % 7 - 3) }
        }
        let pass = TrainingPass(config, kernels: try .current)
        let gradients = Parameters(zeros: config)
        let coefficients: [[Float]] = [[0.7, -1.1, 0.4], [-0.8, 1, -0.5, 0.3], [0.9]]
        _ = try pass.forward(Self.alike, parameters)
        pass.backward(dLogProbs: coefficients, into: gradients)
        try compare(parameters, gradients) {
            let values = try pass.forward(Self.alike, parameters)
            return zip(values.joined(), coefficients.joined()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    @Test func aSharedBeginningChangesNoBitOfALogProbability() throws {
        let config = try GoldenFile.config(tied: true)
        let parameters = Parameters.initialised(config, seed: 11)
        let prompts = (0..<30).map { (index: Int) -> [Int32] in [1] + (0..<9).map { Int32(($0 * index + 5) % 128) } }
        let chosen = prompts.map { TokenSequence(prompt: $0, completion: [7, 8, 9, 2]) }
        let rejected = prompts.map { TokenSequence(prompt: $0, completion: [7, 3, 2]) }
        for kernels in Kernels.allAvailable {
            let pass = TrainingPass(config, kernels: kernels)
            let apart = try pass.forward(chosen + rejected, parameters)
            let whole = try gradient(pass, parameters, chosen + rejected)
            let pairs = zip(chosen, rejected).flatMap { [$0, $1] }
            let together = try pass.forward(pairs, parameters)
            #expect(together == zip(apart.prefix(30), apart.suffix(30)).flatMap { [$0, $1] }, "\(kernels.name)")
            let shared = try gradient(pass, parameters, pairs)
            #expect(worstDeviation(shared, whole, absolute: 1e-3, relative: 1e-4) <= 1, "\(kernels.name)")
            #expect(try Transformer(parameters, kernels: kernels).logProbs(of: pairs) == together)
        }
    }

    @Test func sequencesWithoutOwnTokensAreNothing() throws {
        let config = try Self.tiny(tied: true)
        let parameters = Parameters.initialised(config, seed: 12)
        let pass = TrainingPass(config, kernels: try .current)
        let silent = TokenSequence(tokens: [3, 3], own: [false, false])
        #expect(try pass.forward([], parameters) == [])
        #expect(try pass.forward([silent, TokenSequence(tokens: [], own: [])], parameters) == [[], []])
        #expect(try gradient(pass, parameters, [silent]).allSatisfy { $0 == 0 })
        #expect(try Transformer(parameters, kernels: .current).logProbs(of: [silent]) == [[]])
        #expect(throws: TransformerError.self) {
            try pass.forward([TokenSequence(tokens: [3], own: [true])], parameters)
        }
        #expect(throws: TransformerError.self) {
            try pass.forward([TokenSequence(prompt: [3], completion: [11])], parameters)
        }
    }

    @Test func theGradientOfScoresEqualsFiniteDifferences() throws {
        let config = try Self.tiny(tied: false, head: .score)
        let parameters = Parameters.initialised(config, seed: 4)
        for index in parameters["model.embed_tokens.weight"]!.indices { parameters.values[index] *= 20 }
        for index in parameters.values.indices.suffix(12) { parameters.values[index] *= 40 }
        let pass = TrainingPass(config, kernels: try .current)
        let sequences: [[Int32]] = [[1, 5, 7], [2], [9, 9, 4, 10, 0]]
        let coefficients: [Float] = [1, -0.6, 0.3]
        let gradients = Parameters(zeros: config)
        let scores = try pass.forwardScores(sequences, parameters)
        #expect(scores == (try Transformer(parameters, kernels: .current).scores(of: sequences)))
        pass.backward(dScores: coefficients, into: gradients)
        try compare(parameters, gradients) {
            zip(try pass.forwardScores(sequences, parameters), coefficients)
                .reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    @Test func gradientsAreAddedToWhatTheyFind() throws {
        let config = try Self.tiny(tied: true)
        let parameters = Parameters.initialised(config, seed: 5)
        let pass = TrainingPass(config, kernels: try .current)
        let once = try gradient(pass, parameters, Self.sequences)
        let twice = Parameters(zeros: config)
        _ = twice.values.update(fromContentsOf: once)
        let values = try pass.forward(Self.sequences, parameters)
        pass.backward(dLogProbs: values.map { $0.map { _ in 1 } }, into: twice)
        #expect(worstDeviation(Array(twice.values), once.map { 2 * $0 }, absolute: 1e-5, relative: 1e-5) <= 1)
    }

    @Test func aUsedPassGivesTheBitsOfANewOne() throws {
        let config = try Self.tiny(tied: true)
        let parameters = Parameters.initialised(config, seed: 6)
        let pass = TrainingPass(config, kernels: try .current)
        let expected = try gradient(pass, parameters, Self.sequences)
        let longer = (0..<80).map { _ in TokenSequence(prompt: [1, 2, 3], completion: Array(repeating: 4, count: 20)) }
        _ = try gradient(pass, parameters, longer)
        let again = try gradient(pass, parameters, Self.sequences)
        #expect(again == expected)
    }

    @Test func logitsThatAreTooManyToKeepAreRecomputedWithTheSameBits() throws {
        let config = try Self.tiny(tied: true)
        let parameters = Parameters.initialised(config, seed: 7)
        let kept = TrainingPass(config, kernels: try .current)
        let recomputed = TrainingPass(config, kernels: try .current, logitsLimit: 0)
        #expect(try gradient(kept, parameters, Self.sequences) == gradient(recomputed, parameters, Self.sequences))
    }

    @Test func trainingAndInferenceSeeTheSameBits() throws {
        let config = try GoldenFile.config(tied: true)
        let parameters = Parameters.initialised(config, seed: 8)
        // Enough rows for several groups and for two threads.
        let sequences = (0..<90).map { (index: Int) -> TokenSequence in
            let completion = (0...index % 23).map { (place: Int) -> Int32 in Int32((place * 7 + index) % 128) }
            return TokenSequence(prompt: [1, Int32(index)], completion: completion)
        }
        for kernels in Kernels.allAvailable {
            let model = Transformer(parameters, kernels: kernels)
            let trained = try TrainingPass(config, kernels: kernels).forward(sequences, parameters)
            let inferred = try model.logProbs(of: sequences)
            #expect(trained == inferred, "\(kernels.name)")
            #expect(try model.logProbs(of: sequences, threads: 2) == inferred)
            #expect(try model.logProbs(of: [sequences[41]])[0] == inferred[41])
        }
    }

    @Test func statisticsDescribeTheDistributionAtEachOwnToken() throws {
        let config = try GoldenFile.config(tied: false)
        let parameters = Parameters.initialised(config, seed: 9)
        let sequence = TokenSequence(prompt: [1, 2, 3], completion: [9, 8, 7, 6])
        let kernels = try Kernels.current
        let (logProbs, statistics) = try TrainingPass(config, kernels: kernels)
            .forwardWithStatistics([sequence], parameters, collision: true)
        let logits = try Transformer(parameters, kernels: kernels).logits(for: sequence.tokens)
        for (index, row) in (2..<6).enumerated() {
            let values = logits[row * 128..<(row + 1) * 128]
            let best = values.indices.max { values[$0] < values[$1] }! - row * 128
            #expect(statistics.isArgmax[0][index] == (Int32(best) == sequence.tokens[row + 1]))
            #expect(abs(statistics.meanLogit[0][index] - values.reduce(0, +) / 128) < 1e-5)
            let logSum = values[row * 128 + Int(sequence.tokens[row + 1])] - logProbs[0][index]
            let entropy = values.reduce(0) { $0 - ($1 - logSum) * Float(expValue($1 - logSum)) }
            #expect(abs(statistics.entropy[0][index] - entropy) < 1e-4)
            let collision = values.reduce(0) { $0 + expValue(2 * ($1 - logSum)) }
            #expect(abs(Double(statistics.logCollision[0][index]) - log(Double(collision))) < 1e-5)
        }
        let plain = try TrainingPass(config, kernels: kernels).forwardWithStatistics([sequence], parameters)
        #expect(plain.logProbs == logProbs && plain.statistics.logCollision == [[]])
    }

    private func gradient(
        _ pass: TrainingPass, _ parameters: Parameters, _ sequences: [TokenSequence]
    ) throws -> [Float] {
        let gradients = Parameters(zeros: parameters.config)
        let values = try pass.forward(sequences, parameters)
        pass.backward(dLogProbs: values.map { $0.map { _ in 1 } }, into: gradients)
        return gradients.withValues { Array($0) }
    }
}
