import Testing

@testable import AgonTransformer

@Suite struct ParametersTests {
    private func config(tied: Bool = true, head: ModelConfig.Head = .language) throws -> ModelConfig {
        try ModelConfig(
            vocabularySize: 10, hiddenSize: 6, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 2,
            feedForwardSize: 5, tiesEmbeddings: tied, head: head)
    }

    @Test func theLayoutHasNoHolesAndTheNamesOfTheFile() throws {
        let layout = ParameterLayout(try config())
        var end = 0
        for tensor in layout.tensors {
            #expect(tensor.offset == end)
            end += tensor.count
        }
        #expect(layout.count == end)
        #expect(layout.tensors.count == 20)
        #expect(layout["model.layers.1.self_attn.k_proj.weight"]?.shape == [4, 6])
        #expect(layout["model.layers.1.self_attn.o_proj.weight"]?.shape == [6, 8])
        #expect(layout["lm_head.weight"] == nil)
        #expect(ParameterLayout(try config(tied: false))["lm_head.weight"]?.shape == [10, 6])
        #expect(ParameterLayout(try config(tied: false, head: .score))["score.weight"]?.shape == [1, 6])
        #expect(ParameterLayout(try config(tied: false, head: .score))["lm_head.weight"] == nil)
    }

    @Test func biasesAndNormsOfHeadsFollowTheirMatrices() throws {
        let config = try ModelConfig(
            vocabularySize: 10, hiddenSize: 6, layerCount: 1, headCount: 4, keyValueHeadCount: 2, headSize: 2,
            feedForwardSize: 5, family: .qwen3, attentionBias: true)
        let parameters = Parameters.initialised(config, seed: 1)
        let layout = parameters.layout
        func end(_ name: String) -> Int { layout[name].map { $0.offset + $0.count } ?? -1 }
        let prefix = "model.layers.0.self_attn."
        for (first, next) in [("q_proj.bias", "k_proj.bias"), ("k_proj.bias", "v_proj.bias"), ("q_proj.weight", "k_proj.weight")] {
            #expect(end(prefix + first) == layout[prefix + next]?.offset)
        }
        #expect(layout[prefix + "q_norm.weight"]?.shape == [2] && layout[prefix + "o_proj.bias"]?.shape == [6])
        #expect(layout["model.layers.0.mlp.up_proj.bias"] == nil)
        #expect(parameters[prefix + "k_norm.weight"]!.allSatisfy { $0 == 1 })
        #expect(parameters[prefix + "v_proj.bias"]!.allSatisfy { $0 == 0 })
        #expect(throws: TransformerError.self) {
            try ModelConfig(
                vocabularySize: 10, hiddenSize: 6, layerCount: 1, headCount: 2, feedForwardSize: 5, family: .qwen2,
                attentionBias: true)
        }
    }

    @Test func equalSeedsGiveEqualWeightsAndOtherSeedsOthers() throws {
        let config = try config()
        let first = Parameters.initialised(config, seed: 1)
        #expect(first.withValues { Array($0) } == Parameters.initialised(config, seed: 1).withValues { Array($0) })
        #expect(first.withValues { Array($0) } != Parameters.initialised(config, seed: 2).withValues { Array($0) })
        #expect(first["model.norm.weight"]!.allSatisfy { $0 == 1 })
    }

    @Test func initialWeightsHaveTheirDeviation() throws {
        let config = try ModelConfig(
            vocabularySize: 200, hiddenSize: 64, layerCount: 8, headCount: 4, feedForwardSize: 256)
        let parameters = Parameters.initialised(config, seed: 1)
        func deviation(_ name: String) -> Float {
            let memory = parameters[name]!
            return (memory.reduce(0) { $0 + $1 * $1 } / Float(memory.count)).squareRoot()
        }
        #expect(abs(deviation("model.embed_tokens.weight") / 0.02 - 1) < 0.05)
        #expect(abs(deviation("model.layers.3.mlp.up_proj.weight") / 0.125 - 1) < 0.05)
        #expect(abs(deviation("model.layers.3.mlp.down_proj.weight") / (0.0625 / 4) - 1) < 0.05)
    }

    @Test func aCopyIsIndependent() throws {
        let first = Parameters.initialised(try config(), seed: 1)
        let second = first.copy()
        second.setAll(to: 0)
        #expect(first.values[0] != 0)
    }

    @Test("A config with contradicting sizes is refused", arguments: [(3, 2), (4, 3)])
    func contradiction(heads: Int, keyValueHeads: Int) {
        #expect(throws: TransformerError.self) {
            try ModelConfig(
                vocabularySize: 10, hiddenSize: 12, layerCount: 1, headCount: heads, keyValueHeadCount: keyValueHeads,
                feedForwardSize: 4)
        }
    }

    @Test func aKernelPathIsSelectedByNameOrRefusedWithTheNamesThatWork() throws {
        for kernels in Kernels.allAvailable { #expect(try Kernels.select(named: kernels.name).name == kernels.name) }
        #expect(try Kernels.select(named: nil).name == Kernels.allAvailable.last?.name)
        do {
            _ = try Kernels.select(named: "sse9")
            Issue.record("an unknown name was accepted")
        } catch {
            #expect(error.code == .unknownKernels)
            #expect(error.message.contains("sse9") && error.message.contains("portable"))
        }
    }
}
