import Testing

@testable import AgonTransformer

@Suite struct ModelConfigFileTests {
    private static func text(_ extra: [String: String] = [:], without removed: [String] = []) -> String {
        var members = [
            "architectures": #"["LlamaForCausalLM"]"#, "model_type": #""llama""#, "vocab_size": "128", "hidden_size": "64",
            "num_hidden_layers": "2", "num_attention_heads": "4", "num_key_value_heads": "2", "intermediate_size": "160",
            "rms_norm_eps": "1e-05", "eos_token_id": "[2, 3]", "bos_token_id": "1", "pad_token_id": "null",
        ]
        members.merge(extra) { $1 }
        for key in removed { members[key] = nil }
        return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n") + "}"
    }

    private static func read(_ text: String, generation: String? = nil) throws -> ModelConfig {
        let folder = try TemporaryFolder()
        try folder.write(text, "config.json")
        if let generation { try folder.write(generation, "generation_config.json") }
        return try ModelConfig.read(folder: folder.path)
    }

    @Test func bothDialectsOfTheRopeBaseAreRead() throws {
        #expect(try Self.read(Self.text(["rope_theta": "500000.0"])).ropeTheta == 500_000)
        #expect(
            try Self.read(Self.text(["rope_parameters": #"{"rope_theta": 1000000, "rope_type": "default"}"#])).ropeTheta
                == 1_000_000)
        #expect(try Self.read(Self.text(["rope_theta": "1e4", "rope_scaling": "null"])).ropeTheta == 10_000)
        #expect(try Self.read(Self.text()).ropeTheta == 10_000)
    }

    @Test func keysHaveTheMeaningAndDefaultsOfTransformers() throws {
        let config = try Self.read(Self.text(["tie_word_embeddings": "true", "head_dim": "32"]))
        #expect(config.vocabularySize == 128)
        #expect(config.keyValueHeadCount == 2)
        #expect(config.headSize == 32)
        #expect(config.normEpsilon == 1e-5)
        #expect(config.tiesEmbeddings)
        #expect(config.eosTokens == [2, 3])
        #expect(config.padToken == nil)
        let plain = try Self.read(
            Self.text(without: ["num_key_value_heads", "rms_norm_eps", "eos_token_id", "bos_token_id", "architectures"]))
        #expect(plain.keyValueHeadCount == 4)
        #expect(plain.headSize == 16)
        #expect(plain.normEpsilon == 1e-6)
        #expect(!plain.tiesEmbeddings)
        #expect(plain.eosTokens == [2])
        #expect(plain.bosToken == 1)
        #expect(try Self.read(Self.text(["bos_token_id": "null"])).bosToken == nil)
        #expect(try Self.read(Self.text(["architectures": #"["LlamaForSequenceClassification"]"#])).head == .score)
    }

    @Test func generationConfigWinsForSpecialTokens() throws {
        let config = try Self.read(Self.text(), generation: #"{"eos_token_id": 7}"#)
        #expect(config.eosTokens == [7])
        #expect(config.bosToken == 1)
    }

    @Test func whatWouldChangeTheLogitsIsRefused() throws {
        let cases: [(extra: [String: String], reason: String)] = [
            (["architectures": #"["MistralForCausalLM"]"#], "architectures is \"MistralForCausalLM\""),
            (["model_type": #""gemma""#], "model_type is \"gemma\""),
            (["hidden_act": #""gelu""#], "hidden_act is \"gelu\""),
            (["rope_scaling": #"{"factor": 2.0}"#], "a scaling without a type"),
            (["rope_parameters": #"{"full_attention": {"rope_type": "default"}}"#], "full_attention is an object"),
            (["rope_theta": "1e4", "rope_parameters": #"{"rope_theta": 5e5}"#], "rope_theta is 10000.0 at the top but 500000.0"),
            (["quantization_config": "{}"], "quantization_config is set"),
            (["partial_rotary_factor": "0.5"], "partial_rotary_factor is 0.5"),
            (
                ["architectures": #"["LlamaForSequenceClassification"]"#, "id2label": #"{"0": "a", "1": "b"}"#],
                "id2label is a list of 2 labels"
            ),
            (["hidden_size": "\"64\""], "\"hidden_size\" must be an integer but is a string"),
            (["hidden_size": "0"], "hidden_size must be between 1 and"),
            (["hidden_size": "9000000000000000000"], "hidden_size must be between 1 and"),
            (["num_attention_heads": "3", "head_dim": "16"], "num_key_value_heads (2) must divide num_attention_heads (3)"),
            (["eos_token_id": "128"], "Special token 128 lies outside"),
            (["eos_token_id": "5000000000"], "\"eos_token_id\" must be a token id"),
        ]
        for (extra, reason) in cases {
            let message = sentence { _ = try Self.read(Self.text(extra)) }
            #expect(message.contains("config.json"), "\(extra)")
            #expect(message.contains(reason), "\(message)")
        }
        for key in ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"] {
            #expect(
                sentence { _ = try Self.read(Self.text(without: [key])) }.contains("config.json: the key \"\(key)\" is missing"))
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let configs = [
            try ModelConfig(
                vocabularySize: 40, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1, headSize: 6,
                feedForwardSize: 24, ropeTheta: 123_456.5, normEpsilon: 1e-6, tiesEmbeddings: false, maxPositionCount: 99,
                bosToken: 1, eosTokens: [2, 4], padToken: 0),
            try ModelConfig(
                vocabularySize: 40, hiddenSize: 16, layerCount: 1, headCount: 2, feedForwardSize: 24, head: .score),
        ]
        for config in configs {
            let text = String(decoding: JSONWriter.pretty(config.configJSON()), as: UTF8.self)
            #expect(try Self.read(text) == config)
            let generation = String(decoding: JSONWriter.pretty(config.generationConfigJSON()), as: UTF8.self)
            #expect(try Self.read(text, generation: generation) == config)
        }
    }
}
