import AgonCore
import Testing

@testable import AgonTransformer

@Suite struct AdapterGradientTests {
    /// An adapter whose B is not zero and whose magnitudes are not the norms, so that every derivative is alive.
    static func lively(
        _ config: AdapterConfig, _ base: Transformer, seed: UInt64 = 1, size: Float = 0.3
    ) throws -> Adapter {
        let adapter = try Adapter.initialised(config, for: base, seed: seed)
        for (index, tensor) in adapter.tensors.enumerated() where !tensor.name.hasSuffix("lora_A.weight") {
            var stream = NormalStream(seed: seed &+ 77, stream: UInt64(index))
            let memory = adapter.memory(of: tensor)
            for i in memory.indices { memory[i] = tensor.isMagnitude ? memory[i] * 1.2 + 0.1 : size * stream.next() }
        }
        return adapter
    }

    static func tinyBase(_ kernels: Kernels) throws -> Transformer {
        let parameters = Parameters.initialised(try GradientTests.tiny(tied: true), seed: 3)
        for index in parameters["model.embed_tokens.weight"]!.indices { parameters.values[index] *= 20 }
        return Transformer(parameters, kernels: kernels)
    }

    static let configs: [String: AdapterConfig] = [
        "plain": try! AdapterConfig(rank: 2, alpha: 3, targets: .allLinear),
        "dora": try! AdapterConfig(rank: 2, alpha: 3, targets: .allLinear, usesMagnitudes: true),
        "dropout": try! AdapterConfig(rank: 3, alpha: 3, dropout: 0.4, targets: .allLinear),
        "dora with dropout": try! AdapterConfig(
            rank: 2, alpha: 3, dropout: 0.4, targets: .allLinear, usesMagnitudes: true),
        "stabilised, ranks by pattern": try! AdapterConfig(
            rank: 2, alpha: 3, targets: .allLinear, rankPattern: [.init("k_proj", 4), .init("0.mlp.up_proj", 1)],
            alphaPattern: [.init("down_proj", 5)], usesRankStabilisation: true),
        "query and value": try! AdapterConfig(rank: 2),
        "last layer": try! AdapterConfig(rank: 2, targets: .pattern(#".*layers\.1\..*_proj"#)),
        "last output": try! AdapterConfig(rank: 2, targets: .pattern(#".*\.1\.self_attn\.o_proj"#)),
        "last down": try! AdapterConfig(rank: 2, targets: .pattern(#".*\.1\.mlp\.down_proj"#), usesMagnitudes: true),
        "last gate and first value": try! AdapterConfig(
            rank: 2, targets: .pattern(#".*(1\.mlp\.gate|0\.self_attn\.v)_proj"#)),
    ]

    @Test(
        "The gradient of an adapter equals finite differences",
        arguments: configs.keys.sorted(), [GradientTests.sequences, GradientTests.alike])
    func differences(name: String, sequences: [TokenSequence]) throws {
        let config = try #require(Self.configs[name])
        let base = try Self.tinyBase(.current)
        let adapter = try Self.lively(config, base)
        let keys: [UInt64]? = config.dropout > 0 ? sequences.indices.map { UInt64($0 + 5) } : nil
        let batch = AdapterBatch(adapter, count: sequences.count, dropoutKeys: keys)
        let pass = TrainingPass(adapting: base)
        let first = try pass.forward(sequences, batch)
        let coefficients = first.enumerated().map { place, values in
            values.indices.map { Float((place * 3 + $0 * 5) % 7) / 4 - 0.7 }
        }
        let gradient = adapter.zeroAdapter()
        pass.backward(dLogProbs: coefficients, into: [gradient])
        func loss() throws -> Double {
            // Magnitudes are held by a norm that the gradient takes for a constant.
            zip(try pass.forward(sequences, batch).joined(), coefficients.joined())
                .reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let step: Float = 4e-3
        // With DoRA only the magnitudes' derivatives are those of the loss: that of A and B leaves the norm out.
        for tensor in adapter.tensors where !config.usesMagnitudes || tensor.isMagnitude {
            let (memory, made) = (adapter.memory(of: tensor), gradient.memory(of: tensor))
            for index in memory.indices {
                let value = memory[index]
                memory[index] = value + step
                let above = try loss()
                memory[index] = value - step
                let below = try loss()
                memory[index] = value
                let expected = (above - below) / (2 * Double(step))
                #expect(
                    abs(Double(made[index]) - expected) <= 2e-3 + 1e-2 * abs(expected),
                    "\(name), \(tensor.name) \(index): \(made[index]), \(expected)")
            }
        }
        #expect(gradient.values.contains { $0 != 0 })
    }

    @Test("Biases and norms of the heads stay out of an adapter's way", arguments: ["plain", "dora"])
    func architectures(name: String) throws {
        let config = try #require(Self.configs[name])
        let model = try ModelConfig(
            vocabularySize: 11, hiddenSize: 12, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 4,
            feedForwardSize: 10, family: .qwen3, attentionBias: true)
        let parameters = Parameters.initialised(model, seed: 3)
        for tensor in parameters.tensors where tensor.name.hasSuffix(".bias") {
            let memory = parameters.memory(of: tensor)
            for index in memory.indices { memory[index] = Float(index % 5) / 5 - 0.4 }
        }
        let base = Transformer(parameters, kernels: try .current)
        let adapter = try Self.lively(config, base)
        let merged = Transformer(adapter.merged(into: parameters, kernels: base.kernels), kernels: base.kernels)
        let tokens: [Int32] = [1, 4, 7, 2, 9, 10, 3]
        let (made, expected) = (try base.adapted(by: adapter).logits(for: tokens), try merged.logits(for: tokens))
        #expect(worstDeviation(made, expected, absolute: 2e-5, relative: 1e-5) <= 1)
        let fresh = try Adapter.initialised(config, for: base, seed: 2)
        #expect(worstDeviation(
            try base.adapted(by: fresh).logits(for: tokens), try base.logits(for: tokens), absolute: 1e-6,
            relative: 1e-6) <= 1)
    }

    @Test func withDoRATheNormIsConstant() throws {
        // A base whose rows are gain · W, adapted without DoRA by gain · B, computes the same function of A and B.
        let base = try Self.tinyBase(.current)
        let config = try AdapterConfig(rank: 2, alpha: 3, targets: .names(["v_proj"]), usesMagnitudes: true)
        let adapter = try Self.lively(config, base)
        let sequences = GradientTests.sequences
        let pass = TrainingPass(adapting: base)
        let values = try pass.forward(sequences, AdapterBatch(adapter, count: sequences.count))
        let gradient = adapter.zeroAdapter()
        pass.backward(dLogProbs: values.map { $0.map { _ in 1 } }, into: [gradient])

        let merged = adapter.merged(into: base.parameters, kernels: base.kernels)
        let scaled = base.parameters.copy()
        let plain = try Adapter.initialised(
            AdapterConfig(rank: 2, alpha: 3, targets: .names(["v_proj"])), for: base, seed: 1)
        var gains: [String: [Float]] = [:]
        for layer in 0..<base.config.layerCount {
            let name = "model.layers.\(layer).self_attn.v_proj"
            let (rows, columns) = (base.config.keyValueSize, base.config.hiddenSize)
            let b = try #require(plain["\(name).lora_B.weight"])
            let ours = try #require(adapter["\(name).lora_B.weight"])
            let a = try #require(adapter["\(name).lora_A.weight"])
            _ = try #require(plain["\(name).lora_A.weight"]).update(fromContentsOf: a)
            let weights = try #require(scaled["\(name).weight"])
            let goal = try #require(merged["\(name).weight"])
            gains[name] = (0..<rows).map { row in
                let change = (0..<columns).map { 1.5 * (ours[row] * a[$0] + ours[rows + row] * a[columns + $0]) }
                let column = (0..<columns).max { abs(weights[row * columns + $0]) < abs(weights[row * columns + $1]) }!
                return goal[row * columns + column] / (weights[row * columns + column] + change[column])
            }
            for row in 0..<rows {
                let gain = gains[name]![row]
                for column in 0..<columns { weights[row * columns + column] *= gain }
                for rank in 0..<2 { b[rank * rows + row] = ours[rank * rows + row] * gain }
            }
        }
        let other = Transformer(scaled, kernels: base.kernels)
        let otherPass = TrainingPass(adapting: other)
        let otherValues = try otherPass.forward(sequences, AdapterBatch(plain, count: sequences.count))
        let (made, wanted) = (Array(values.joined()), Array(otherValues.joined()))
        #expect(worstDeviation(made, wanted, absolute: 1e-4, relative: 1e-4) <= 1)
        let expected = plain.zeroAdapter()
        otherPass.backward(dLogProbs: values.map { $0.map { _ in 1 } }, into: [expected])
        for tensor in gradient.tensors where tensor.name.hasSuffix("lora_A.weight") {
            let made = Array(gradient.memory(of: tensor))
            #expect(
                worstDeviation(made, Array(try #require(expected[tensor.name])), absolute: 1e-3, relative: 1e-3) <= 1)
        }
    }

    @Test func aNewAdapterLeavesEveryResultAsItIs() throws {
        for (name, config) in Self.configs {
            let base = try Self.tinyBase(.current)
            let adapter = try Adapter.initialised(config, for: base, seed: 9)
            let plain = try base.logProbs(of: GradientTests.sequences)
            let adapted = try base.adapted(by: adapter).logProbs(of: GradientTests.sequences)
            #expect(adapted == plain, "\(name)")
        }
    }

    @Test func trainingAndInferenceThroughAnAdapterSeeTheSameBits() throws {
        for kernels in Kernels.allAvailable {
            let base = Transformer(
                try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: kernels)
            for name in ["plain", "dora", "dropout"] {
                let adapter = try Self.lively(try #require(Self.configs[name]), base)
                let sequences = (0..<90).map { (index: Int) -> TokenSequence in
                    let completion = (0...index % 23).map { (place: Int) -> Int32 in Int32((place * 7 + index) % 128) }
                    return TokenSequence(prompt: [1, Int32(index)], completion: completion)
                }
                let trained = try TrainingPass(adapting: base).forward(
                    sequences, AdapterBatch(adapter, count: sequences.count))
                #expect(try base.adapted(by: adapter).logProbs(of: sequences, threads: 2) == trained, "\(name)")
            }
        }
    }

    @Test func dropoutIsAFunctionOfItsKeys() throws {
        let base = try Self.tinyBase(.current)
        let adapter = try Self.lively(try #require(Self.configs["dropout"]), base)
        let sequences = GradientTests.sequences
        let pass = TrainingPass(adapting: base)
        func values(_ keys: [UInt64]?) throws -> [[Float]] {
            try pass.forward(sequences, AdapterBatch(adapter, count: sequences.count, dropoutKeys: keys))
        }
        let off = try values(nil)
        let one = try values([1, 2, 3, 4])
        #expect(off != one)
        #expect(try values([1, 2, 3, 4]) == one)
        let other = try values([1, 2, 3, 5])
        #expect(other[0] == one[0] && other[1] == one[1] && other[3] != one[3])
        // Over many masks the mean of the result is near that without dropout.
        var sum: Float = 0
        for key in 0..<400 { sum += try values([UInt64(key), 0, 0, 0])[0].reduce(0, +) }
        let expected = off[0].reduce(0, +)
        #expect(abs(sum / 400 - expected) < 0.15 * abs(expected))
    }
}
