import Testing

@testable import AgonTransformer

@Suite struct AdapterConfigTests {
    private static func model() throws -> ModelConfig { try GradientTests.tiny(tied: true) }

    private func names(_ config: AdapterConfig, isStrict: Bool = true) throws -> [String] {
        try config.resolve(Self.model(), isStrict: isStrict).map(\.name)
    }

    private static let attention0 = ["q", "k", "v", "o"].map { "model.layers.0.self_attn.\($0)_proj" }
    private static let layer0 = attention0 + ["gate", "up", "down"].map { "model.layers.0.mlp.\($0)_proj" }
    private static let all = layer0 + layer0.map { $0.replacing(".0.", with: ".1.") }

    @Test func targetsAreThoseOfPEFT() throws {
        let table: [(AdapterConfig.Targets, [String])] = [
            (.allLinear, Self.all),
            (.names(["q_proj", "v_proj"]), Self.all.filter { $0.hasSuffix("q_proj") || $0.hasSuffix("v_proj") }),
            (.names(["self_attn.o_proj"]), Self.all.filter { $0.hasSuffix("o_proj") }),
            (.names(["model.layers.1.mlp.up_proj"]), ["model.layers.1.mlp.up_proj"]),
            (.names(["0.mlp.down_proj"]), ["model.layers.0.mlp.down_proj"]),
            (.pattern(#".*\.0\..*"#), Self.layer0),
            (.pattern(#"model\.layers\.\d+\.self_attn\.(k|v)_proj"#), Self.all.filter { $0.contains(/(k|v)_proj/) }),
            (.pattern(#"(?!.*mlp).*layers\.0\.(?P<part>\w+)\.[qkvo]_proj"#), Self.attention0),
        ]
        for (targets, expected) in table {
            #expect(try names(AdapterConfig(targets: targets)) == expected, "\(targets)")
        }
        // A pattern must match the whole name, an entry of a list may not begin inside a word.
        for targets in [AdapterConfig.Targets.pattern("q_proj"), .names(["proj"])] {
            #expect(throws: TransformerError.self) { try names(AdapterConfig(targets: targets), isStrict: false) }
        }
    }

    @Test func exclusionsAndLayersNarrowTheTargets() throws {
        let some = try AdapterConfig(targets: .allLinear, excluded: .names(["mlp.gate_proj", "o_proj"]), layers: [1])
        #expect(try names(some) == Self.all.filter { $0.contains(".1.") && !$0.contains(/gate|o_proj/) })
        let pattern = try AdapterConfig(targets: .allLinear, excluded: .pattern(#".*\.1\..*"#))
        #expect(try names(pattern) == Self.layer0)
    }

    @Test func patternsSetRankAndScale() throws {
        let config = try AdapterConfig(
            rank: 4, alpha: 8, targets: .allLinear,
            rankPattern: [.init(#"layers\.1\.mlp\..*"#, 16), .init("down_proj", 2)],
            alphaPattern: [.init("q_proj", 1), .init(#".*0\.self_attn.*"#, 4)])
        let targets = try config.resolve(Self.model(), isStrict: true)
        func target(_ name: String) throws -> AdapterTarget { try #require(targets.first { $0.name == name }) }
        #expect(try target("model.layers.1.mlp.down_proj").rank == 16, "the first pattern that matches counts")
        #expect(try target("model.layers.0.mlp.down_proj").rank == 2)
        #expect(try target("model.layers.0.mlp.down_proj").scale == 4)
        #expect(try target("model.layers.0.self_attn.q_proj").scale == 0.25)
        #expect(try target("model.layers.0.self_attn.k_proj").scale == 1)
        #expect(try target("model.layers.1.self_attn.k_proj").scale == 2)
        let stable = try AdapterConfig(rank: 4, alpha: 8, usesRankStabilisation: true)
        #expect(try stable.resolve(Self.model(), isStrict: true)[0].scale == 4)
    }

    @Test func whatCannotBeTargetedIsOneSentence() throws {
        let table: [(AdapterConfig.Targets, String)] = [
            (.names(["q_proj", "lm_head"]), "lm_head"), (.names(["embed_tokens"]), "embed_tokens"),
            (.pattern(".*"), "lm_head"), (.names(["q_proj", "qkv"]), "\"qkv\", which is no linear layer"),
            (.names([]), "matches no linear layer"), (.pattern("(q_proj"), "is not a regular expression"),
            (.pattern(String(repeating: "a", count: 5000)), "5000 bytes"),
            (.pattern(#"(([a-z0-9._]+)+)+X"#), "takes too long"),
        ]
        for (targets, part) in table {
            let message = sentence { _ = try names(AdapterConfig(targets: targets)) }
            #expect(message.contains(part), "\(targets): \(message)")
        }
        #expect(try names(AdapterConfig(targets: .names(["q_proj", "qkv"])), isStrict: false).count == 2)
    }

    @Test func settingsOutOfRangeAreNamed() throws {
        #expect(sentence { _ = try AdapterConfig(rank: 0) }.contains("r must be between 1"))
        #expect(sentence { _ = try AdapterConfig(alpha: 0) }.contains("lora_alpha"))
        #expect(sentence { _ = try AdapterConfig(alpha: .nan) }.contains("lora_alpha"))
        #expect(sentence { _ = try AdapterConfig(dropout: 1) }.contains("lora_dropout"))
        #expect(sentence { _ = try AdapterConfig(rankPattern: [.init("q", -1)]) }.contains("rank_pattern \"q\""))
    }

    @Test func configurationFilesTakePEFTsDefaultsAndRefuseWhatIsNotThere() throws {
        let folder = try TemporaryFolder()
        func read(_ text: String) throws -> AdapterConfig {
            try folder.write(text, "adapter_config.json")
            return try AdapterConfig.read(folder.path + "/adapter_config.json")
        }
        #expect(try read("{}") == AdapterConfig())
        #expect(try read(#"{"target_modules": "ALL-linear", "of_tomorrow": [1]}"#).targets == .allLinear)
        #expect(try read(#"{"target_modules": "a.*b"}"#).targets == .pattern("a.*b"))
        #expect(try read(#"{"layers_to_transform": 3, "use_dora": true}"#).layers == [3])
        #expect(try read(#"{"init_lora_weights": "gaussian", "lora_alpha": 0.5}"#).initialisation == .gaussian)
        let table = [
            (#"{"peft_type": "IA3"}"#, "IA3"), (#"{"bias": "all"}"#, "\"bias\""), (#"{"r": "8"}"#, "\"r\""),
            (#"{"fan_in_fan_out": true}"#, "fan_in_fan_out"), (#"{"modules_to_save": ["lm_head"]}"#, "modules_to_save"),
            (#"{"init_lora_weights": "pissa"}"#, "pissa"), (#"{"r": 0}"#, "r must be"), ("[]", "an object"),
            (#"{"rank_pattern": {"q": 1.5}}"#, "rank_pattern.q"), (#"{"target_modules": 3}"#, "target_modules"),
        ]
        for (text, part) in table {
            let message = sentence { _ = try read(text) }
            #expect(message.contains(part) && message.contains("adapter_config.json"), "\(text): \(message)")
        }
    }
}
