import Foundation
import Testing

@testable import AgonTransformer

/// What both dialects of `config.json` and the defaults of each class mean, key by key as transformers 5.23 has them.
@Suite struct ConfigDialectTests {
    private static let sizes =
        #""vocab_size": 151936, "hidden_size": 4096, "num_hidden_layers": 2, "num_attention_heads": 32, "intermediate_size": 64"#

    private static func read(_ type: String, _ extra: String = "", generation: String? = nil) throws -> ModelConfig {
        let folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "\#(type)", \#(sizes)\#(extra.isEmpty ? "" : ", ")\#(extra)}"#, "config.json")
        if let generation { try folder.write(generation, "generation_config.json") }
        return try ModelConfig.read(folder: folder.path)
    }

    @Test("Absent keys take the defaults of their class", arguments: [
        ("llama", 32, 128, 2048, 1, [2]), ("qwen2", 32, 128, 32768, nil, []), ("qwen3", 32, 128, 32768, nil, []),
    ] as [(String, Int, Int, Int, Int32?, [Int32])])
    func defaults(type: String, keyValueHeads: Int, headSize: Int, positions: Int, bos: Int32?, eos: [Int32]) throws {
        let config = try Self.read(type)
        #expect(config.family.rawValue == type)
        #expect(config.keyValueHeadCount == keyValueHeads && config.headSize == headSize)
        #expect(config.maxPositionCount == positions)
        #expect(config.bosToken == bos && config.eosTokens == eos)
        #expect(config.ropeTheta == 10_000 && config.ropeScaling == nil)
        #expect(config.normEpsilon == 1e-6 && !config.tiesEmbeddings)
        #expect(!config.attentionBias && !config.feedForwardBias)
    }

    @Test func theDefaultsThatDifferAreThoseOfTheClass() throws {
        // 64 heads: llama and qwen2 divide the hidden size among them, qwen3 does not.
        let heads = #""num_attention_heads": 64"#
        func read(_ type: String, _ extra: String = "") throws -> ModelConfig {
            let folder = try TemporaryFolder()
            let sizes = Self.sizes.replacingOccurrences(of: #""num_attention_heads": 32"#, with: heads)
            try folder.write(#"{"model_type": "\#(type)", \#(sizes)\#(extra)}"#, "config.json")
            return try ModelConfig.read(folder: folder.path)
        }
        #expect(try ["llama", "qwen2", "qwen3"].map { try read($0).keyValueHeadCount } == [64, 32, 32])
        #expect(try ["llama", "qwen2", "qwen3"].map { try read($0).headSize } == [64, 64, 128])
        // null is not absent: it means as many as there are query heads.
        #expect(
            try ["llama", "qwen2", "qwen3"].map { try read($0, #", "num_key_value_heads": null"#).keyValueHeadCount }
                == [64, 64, 64])
    }

    @Test("Both dialects of a rope are the same rope", arguments: [
        (
            #""rope_theta": 500000.0, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}"#,
            #""rope_parameters": {"rope_theta": 500000.0, "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}"#,
            500_000.0,
            RotaryScaling.llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: 8192)
        ),
        (
            #""rope_scaling": {"type": "linear", "factor": 4}"#,
            #""rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 4}"#, 10_000, .linear(factor: 4)
        ),
        (#""rope_theta": 1e6, "rope_scaling": null"#, #""rope_parameters": {"rope_type": "default", "rope_theta": 1e6}"#, 1e6, nil),
    ] as [(String, String, Double, RotaryScaling?)])
    func dialects(old: String, new: String, theta: Double, scaling: RotaryScaling?) throws {
        for type in ["llama", "qwen2", "qwen3"] {
            let (left, right) = (try Self.read(type, old), try Self.read(type, new))
            #expect(left == right)
            #expect(left.ropeTheta == theta && left.ropeScaling == scaling)
            #expect(try Self.read(type, old + ", " + new) == left)
        }
    }

    @Test func biasesFollowTheClass() throws {
        let keys = #""attention_bias": true, "mlp_bias": true"#
        let configs = try ["llama", "qwen2", "qwen3"].map { try Self.read($0, keys) }
        #expect(configs.map(\.attentionBias) == [true, false, true])
        #expect(configs.map(\.feedForwardBias) == [true, false, false])
        #expect(configs.map(\.hasQueryKeyValueBias) == [true, true, true])
        #expect(configs.map(\.hasHeadNorms) == [false, false, true])
    }

    @Test func endTokensAreALineOrAListAndGenerationConfigWins() throws {
        #expect(try Self.read("qwen2", #""eos_token_id": 151643"#).eosTokens == [151_643])
        #expect(
            try Self.read("qwen2", #""eos_token_id": 151643"#, generation: #"{"eos_token_id": [151645, 151643]}"#).eosTokens
                == [151_645, 151_643])
        #expect(try Self.read("llama", #""pad_token_id": -1"#).padToken == nil)
    }

    @Test func aWindowThatHidesNothingIsNoWindow() throws {
        for extra in [
            #""use_sliding_window": false, "sliding_window": 128"#,
            #""use_sliding_window": true, "sliding_window": 128"#,  // max_window_layers is 28, the model has 2
            #""use_sliding_window": true, "sliding_window": 32768, "max_window_layers": 0"#,
            #""use_sliding_window": true, "sliding_window": null, "max_window_layers": 0"#,
            #""use_sliding_window": true, "max_window_layers": 1, "max_position_embeddings": 4096"#,
            #""layer_types": ["full_attention", "full_attention"]"#,
        ] { #expect(try Self.read("qwen3", extra).layerCount == 2, "\(extra)") }
    }

    private static let refusals: [(type: String, extra: String, reason: String)] = [
        ("mistral", "", "model_type is \"mistral\", which is not supported"),
        ("qwen3_moe", "", "use a model of type llama, qwen2 or qwen3"),
        ("llama", #""architectures": ["Qwen2ForCausalLM"]"#, "but model_type is \"llama\""),
        ("qwen2", #""architectures": ["Qwen2ForTokenClassification"]"#, "architectures is \"Qwen2ForTokenClassification\""),
        ("qwen3", #""architectures": ["Qwen3ForSequenceClassification"], "num_labels": 3"#, "num_labels is 3"),
        ("llama", #""rope_scaling": {"type": "dynamic", "factor": 2.0}"#, "rope_scaling.type is \"dynamic\""),
        ("qwen2", #""rope_scaling": {"rope_type": "yarn", "factor": 4.0}"#, "rope_scaling.rope_type is \"yarn\""),
        ("llama", #""rope_parameters": {"rope_type": "longrope"}"#, "rope_parameters.rope_type is \"longrope\""),
        ("llama", #""rope_scaling": {"type": "linear", "rope_type": "llama3"}"#, "rope_scaling.rope_type is \"llama3\" but"),
        ("llama", #""rope_scaling": {"type": "linear"}"#, "\"rope_scaling.factor\" is missing"),
        ("llama", #""rope_scaling": {"type": "linear", "factor": 0}"#, "rope's factor must be positive, but is 0"),
        ("llama", #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}"#, "must be greater than its low_freq_factor"),
        ("llama", #""rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_type": "default"}"#, "rope_scaling and rope_parameters differ"),
        ("qwen3", #""rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}"#, "rope_parameters.partial_rotary_factor is 0.5"),
        ("qwen3", #""rope_parameters": {"sliding_attention": {"rope_type": "default"}}"#, "sliding_attention is an object"),
        ("qwen2", #""use_sliding_window": true, "sliding_window": 128, "max_window_layers": 1"#, "sliding_window is 128"),
        ("qwen3", #""use_sliding_window": true, "max_window_layers": 0"#, "sliding_window is 4096"),
        ("qwen2", #""layer_types": ["full_attention", "sliding_attention"]"#, "but use_sliding_window is false"),
        ("qwen2", #""use_sliding_window": true, "layer_types": ["full_attention", "sliding_attention"]"#, "sliding_window is 4096"),
        ("qwen3", #""layer_types": ["linear_attention"]"#, "layer_types is \"linear_attention\""),
        ("qwen2", #""quantization_config": {"quant_method": "gptq"}"#, "quantization_config is set"),
        ("qwen2", #""is_causal": false"#, "is_causal is false"),
        ("llama", #""hidden_act": "gelu""#, "hidden_act is \"gelu\""),
        ("llama", #""num_attention_heads": 5"#, "appears twice"),
        ("qwen3", #""head_dim": 7"#, "head_dim must be even"),
    ]

    @Test func whatIsNotImplementedIsOneSentence() {
        for (type, extra, reason) in Self.refusals {
            let message = sentence { _ = try Self.read(type, extra) }
            #expect(message.contains("config.json") && message.contains(reason), "\(type) \(extra): \(message)")
            #expect(message.hasSuffix(".") && !message.contains("\n"))
        }
    }

    @Test func whatIsWrittenIsReadBackInEveryClass() throws {
        for type in ["llama", "qwen2", "qwen3"] {
            for rope in [
                #""rope_theta": 1e6"#,
                #""rope_scaling": {"rope_type": "linear", "factor": 2.5}"#,
                #""rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64}"#,
            ] {
                let config = try Self.read(type, rope + #", "attention_bias": true, "head_dim": 32, "num_key_value_heads": 8"#)
                for config in [config, try config.replacing(head: .score)] {
                    let folder = try TemporaryFolder()
                    try folder.write(JSONWriter.pretty(config.configJSON()), "config.json")
                    #expect(try ModelConfig.read(folder: folder.path) == config)
                }
            }
        }
    }
}
