import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

/// Folders of every architecture, as transformers wrote them: `Fixtures/architectures`, and those of the folder that
/// `AGON_GOLDEN_MODELS` names, if it is set.
@Suite struct ArchitectureTests {
    private static let folders: [String] = {
        let roots = [fixture("architectures"), ProcessInfo.processInfo.environment["AGON_GOLDEN_MODELS"]]
        return roots.compactMap { $0 }.flatMap { root in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
            return names.sorted().map { "\(root)/\($0)" }.filter { DurableFile.exists("\($0)/golden.safetensors") }
        }
    }()

    private static func load(_ name: String) throws -> Parameters {
        try ModelFolder.loadParameters(fixture("architectures/\(name)"))
    }

    @Test("Logits, gradients and continuations equal those of transformers on every kernel path", arguments: folders)
    func golden(folder: String) throws {
        let parameters = try ModelFolder.loadParameters(folder)
        let golden = try SafetensorsFile(path: "\(folder)/golden.safetensors")
        for kernels in Kernels.allAvailable {
            for (name, values) in try ModelResults(parameters, golden, kernels).values {
                guard name.hasPrefix("gradient.") || name.hasSuffix("logits") else {
                    #expect(try values == ModelResults.tokens(golden, name).map { Float($0) }, "\(name) on \(kernels.name)")
                    continue
                }
                let expected = try golden.floats(name)
                var (absolute, relative): (Float, Float) = (2e-5, 1e-5)
                if !name.hasSuffix("logits") {
                    let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    (absolute, relative) = (1e-4 * norm / Float(expected.count).squareRoot() + 1e-7, 1e-4)
                }
                let worst = worstDeviation(values, expected, absolute: absolute, relative: relative)
                #expect(worst <= 1, "\(name) on \(kernels.name) is off by \(worst) tolerances")
            }
        }
    }

    @Test func theFoldersHoldEveryFamilyDialectAndStorage() throws {
        #expect(Self.folders.count >= 10)
        let names = ["llama_biases", "llama3_rope_old", "llama_linear_rope", "llama_f16_shards", "qwen2", "qwen3_old"]
        let configs = try names.map { try ModelConfig.read(folder: fixture("architectures/\($0)")) }
        #expect(configs.map(\.family) == [.llama, .llama, .llama, .llama, .qwen2, .qwen3])
        #expect(configs.map(\.attentionBias) == [true, true, false, false, false, true])
        #expect(configs.map(\.feedForwardBias) == [true, false, false, true, false, false])
        #expect(configs.map(\.tiesEmbeddings) == [false, false, false, false, true, true])
        #expect(
            configs[1].ropeScaling
                == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: 16))
        #expect(configs[2].ropeScaling == .linear(factor: 2.5))
        #expect(configs[4].ropeTheta == 1e6)
        #expect(try WeightFiles(folder: fixture("architectures/llama_f16_shards")).path.hasSuffix("index.json"))
        #expect(try WeightFiles(folder: fixture("architectures/qwen2_old")).places[0].tensor.type == "BF16")
    }

    @Test("Decoding, training and a whole forward pass agree to the bit", arguments: ["llama_biases", "qwen2", "qwen3_old"])
    func bits(name: String) throws {
        let parameters = try Self.load(name)
        let requests = (0..<24).map { (index: Int) -> GenerationRequest in
            let prompt = (0..<1 + index % 9).map { Int32(3 + ($0 * 7 + index / 3) % 19) }
            return GenerationRequest(tokens: prompt, maxNewTokens: 1 + index % 11, key: UInt64(index), stopTokens: [])
        }
        for kernels in Kernels.allAvailable {
            let model = Transformer(parameters, kernels: kernels)
            let made = try model.generate(requests, maxBatchSize: 24)
            #expect(try requests.map { try model.generate([$0])[0] } == made, "\(kernels.name)")
            #expect(try model.generate(requests, maxBatchSize: 5, threads: 2) == made)
            let sequences = zip(requests, made).map { TokenSequence(prompt: $0.tokens, completion: $1.tokens) }
            #expect(try model.logProbs(of: sequences, threads: 2) == made.map(\.logProbs))
            #expect(try TrainingPass(parameters.config, kernels: kernels).forward(sequences, parameters) == made.map(\.logProbs))
        }
    }

    @Test("A folder that is saved again keeps its dialect and its keys", arguments: ["llama3_rope_old", "qwen3", "qwen3_score"])
    func saving(name: String) throws {
        let folder = try TemporaryFolder()
        let source = fixture("architectures/\(name)")
        try FileManager.default.copyItem(atPath: source, toPath: "\(folder.path)/m")
        try FileManager.default.copyItem(
            atPath: fixture("tokenizers/characters/tokenizer.json"), toPath: "\(folder.path)/m/tokenizer.json")
        try folder.write(#"{"eos_token_id": [1, 5], "temperature": 0.6, "top_k": 20}"#, "m/generation_config.json")
        let model = try ModelFolder.load("\(folder.path)/m")
        #expect(model.config.eosTokens == [1, 5])
        try model.save(to: "\(folder.path)/saved")
        let loaded = try ModelFolder.load("\(folder.path)/saved")
        #expect(loaded.config == model.config)
        #expect(loaded.parameters.withValues { Array($0) } == model.parameters.withValues { Array($0) })
        let (was, now) = (try folder.read("m/config.json"), try folder.read("saved/config.json"))
        #expect(try JSONParser.parse(was, file: "m") == JSONParser.parse(now, file: "saved"))
        #expect(try folder.read("saved/generation_config.json") == folder.read("m/generation_config.json"))
    }

    @Test func savedWeightsAreFloatsAndSaySo() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: fixture("architectures/qwen2_old"), toPath: "\(folder.path)/m")
        try FileManager.default.copyItem(
            atPath: fixture("tokenizers/characters/tokenizer.json"), toPath: "\(folder.path)/m/tokenizer.json")
        try ModelFolder.load("\(folder.path)/m").save(to: "\(folder.path)/saved")
        let text = String(decoding: try folder.read("saved/config.json"), as: UTF8.self)
        #expect(text.contains(#""torch_dtype": "float32""#) && !text.contains(#""dtype""#))
        #expect(try SafetensorsFile(path: "\(folder.path)/saved/model.safetensors").tensors.allSatisfy { $0.type == "F32" })
    }

    @Test func aTiedHeadThatIsWrittenTwiceMustBeTheEmbedding() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: fixture("architectures/qwen2"), toPath: "\(folder.path)/m")
        let file = try SafetensorsFile(path: fixture("architectures/qwen2/model.safetensors"))
        func write(_ factor: Float) throws {
            var tensors = try file.tensors.map { ($0.name, $0.shape, try file.floats($0.name)) }
            let embedding = try file.floats("model.embed_tokens.weight").map { $0 * factor }
            tensors.append(("lm_head.weight", [40, 16], embedding))
            let memory = tensors.map { tensor in
                let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.2.count)
                _ = memory.initialize(fromContentsOf: tensor.2)
                return SafetensorsSource(name: tensor.0, shape: tensor.1, values: UnsafeBufferPointer(memory))
            }
            defer { for source in memory { source.values.deallocate() } }
            try SafetensorsFile.write(memory, to: "\(folder.path)/m/model.safetensors")
        }
        try write(1)
        #expect(try ModelFolder.loadParameters("\(folder.path)/m").config.tiesEmbeddings)
        try write(2)
        #expect(sentence { _ = try ModelFolder.loadParameters("\(folder.path)/m") }.contains("differs from the embedding"))
    }
}
