import Foundation
import Testing

@testable import AgonTransformer

@Suite struct AdapterFolderTests {
    private static let config = try! AdapterConfig(
        rank: 3, alpha: 6, dropout: 0.25, targets: .names(["q_proj", "v_proj", "down_proj"]),
        rankPattern: [.init("down_proj", 2)], usesMagnitudes: true)

    private static func adapter() throws -> Adapter {
        try AdapterGradientTests.lively(config, AdapterGradientTests.tinyBase(.current))
    }

    @Test func aFolderHoldsTheAdapterAndNothingElse() throws {
        let folder = try TemporaryFolder()
        let adapter = try Self.adapter()
        let paths = ["a", "b"].map { folder.path + "/" + $0 }
        for path in paths {
            try adapter.save(to: path, baseModel: "../base", extraFiles: ["update.json": Array("{}".utf8)])
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: paths[0]).sorted()
        #expect(names == ["adapter_config.json", "adapter_model.safetensors", "update.json"])
        for name in names { #expect(try folder.read("a/\(name)") == folder.read("b/\(name)")) }
        let loaded = try Adapter.load(paths[0], for: adapter.baseConfig)
        #expect(loaded.config == adapter.config && loaded.layout == adapter.layout)
        #expect(loaded.values.elementsEqual(adapter.values))
        #expect(Adapter.isAdapterFolder(paths[0]) && !Adapter.isAdapterFolder(folder.path))

        let file = try SafetensorsFile(path: paths[0] + "/adapter_model.safetensors")
        #expect(file.metadata.map(\.key) == ["format"])
        let prefix = "base_model.model.model.layers.1.mlp.down_proj."
        #expect(file[prefix + "lora_A.weight"]?.shape == [2, 10])
        #expect(file[prefix + "lora_B.weight"]?.shape == [12, 2])
        #expect(file[prefix + "lora_magnitude_vector"]?.shape == [12])
        // Files hold B by outputs: element (output 5, rank 1).
        let b = try file.floats(prefix + "lora_B.weight")
        #expect(b[5 * 2 + 1] == adapter["model.layers.1.mlp.down_proj.lora_B.weight"]?[12 + 5])
    }

    @Test func aMergedAdapterIsAPlainModelThatComputesTheSame() throws {
        for kernels in Kernels.allAvailable {
            let base = try AdapterGradientTests.tinyBase(kernels)
            for (name, config) in AdapterGradientTests.configs {
                let adapter = try AdapterGradientTests.lively(config, base)
                let merged = Transformer(adapter.merged(into: base.parameters, kernels: kernels), kernels: kernels)
                let tokens: [Int32] = [1, 4, 7, 2, 9, 10, 3]
                let worst = worstDeviation(
                    try merged.logits(for: tokens), try base.adapted(by: adapter).logits(for: tokens),
                    absolute: 2e-5, relative: 1e-5)
                #expect(worst <= 1, "\(name) on \(kernels.name): \(worst)")
            }
        }
    }

    @Test func equalSeedsBeginEquallyAndAIsBounded() throws {
        let base = try AdapterGradientTests.tinyBase(.current)
        let config = try AdapterConfig(rank: 16, targets: .allLinear)
        let first = try Adapter.initialised(config, for: base, seed: 4)
        let same = try Adapter.initialised(config, for: base, seed: 4)
        let other = try Adapter.initialised(config, for: base, seed: 5)
        #expect(first.values.elementsEqual(same.values))
        #expect(!first.values.elementsEqual(other.values))
        for tensor in first.tensors {
            let memory = first.memory(of: tensor)
            guard tensor.name.hasSuffix("lora_A.weight") else {
                #expect(memory.allSatisfy { $0 == 0 })
                continue
            }
            let bound = 1 / Float(tensor.shape[1]).squareRoot()
            #expect(memory.allSatisfy { abs($0) <= bound } && memory.contains { abs($0) > 0.9 * bound })
        }
        let gaussian = try Adapter.initialised(
            AdapterConfig(rank: 16, targets: .allLinear, initialisation: .gaussian), for: base, seed: 4)
        let a = try #require(gaussian["model.layers.0.self_attn.q_proj.lora_A.weight"])
        let deviation = (a.reduce(0) { $0 + $1 * $1 } / Float(a.count)).squareRoot()
        #expect(abs(deviation * 16 - 1) < 0.2)
    }

    /// Writes the adapter's folder with another set of tensors.
    private func write(_ folder: TemporaryFolder, _ change: (inout [(String, [Int], [Float])]) -> Void) throws {
        let adapter = try Self.adapter()
        try adapter.save(to: folder.path + "/x")
        let path = folder.path + "/x/adapter_model.safetensors"
        let file = try SafetensorsFile(path: path)
        var tensors = try file.tensors.map { ($0.name, $0.shape, try file.floats($0.name)) }
        change(&tensors)
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensors.reduce(0) { $0 + $1.2.count })
        defer { memory.deallocate() }
        _ = memory.initialize(from: tensors.flatMap { $0.2 })
        var offset = 0
        let sources = tensors.map { name, shape, values in
            defer { offset += values.count }
            return SafetensorsSource(
                name: name, shape: shape,
                values: UnsafeBufferPointer(rebasing: memory[offset..<offset + values.count]))
        }
        try SafetensorsFile.write(sources, to: path)
    }

    @Test func aBadFolderIsOneSentence() throws {
        let folder = try TemporaryFolder()
        let model = try GradientTests.tiny(tied: true)
        let path = folder.path + "/x"
        func message() -> String { sentence { _ = try Adapter.load(path, for: model) } }
        let q = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"

        #expect(message().contains("adapter_config.json is missing"))
        try write(folder) { $0.removeAll { $0.0 == q } }
        #expect(message().contains("\(q) is missing"))
        try write(folder) { tensors in
            let index = tensors.firstIndex { $0.0 == q }!
            tensors[index].1 = tensors[index].1.reversed()
        }
        #expect(message().contains("\(q) has shape [12, 3]") && message().contains("[3, 12]"))
        try write(folder) { $0.append(("base_model.model.lm_head.lora_A.weight", [1], [0])) }
        #expect(message().contains("lm_head.lora_A.weight belongs to no targeted layer"))
        for (value, text) in [(Float.nan, "nan"), (.infinity, "inf")] {
            try write(folder) { tensors in tensors[tensors.firstIndex { $0.0 == q }!].2[7] = value }
            #expect(message().contains("\(q) holds \(text) at element 7"), "\(message())")
        }
        try write(folder) { _ in }
        #expect(message().isEmpty)
        let larger = try ModelConfig(
            vocabularySize: 11, hiddenSize: 16, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 4,
            feedForwardSize: 10)
        #expect(sentence { _ = try Adapter.load(path, for: larger) }.contains("use the base that the adapter"))
        try folder.write("{\"peft_type\": \"LORA\", \"target_modules\": [\"nothing\"]}", "x/adapter_config.json")
        #expect(message().contains("adapter_config.json: target_modules matches no linear layer"))
        try write(folder) { _ in }
        try folder.remove("x/adapter_model.safetensors")
        #expect(message().contains("adapter_model.safetensors is missing"))
        try folder.write("x", "x/adapter_model.bin")
        #expect(message().contains("adapter_model.bin cannot be read"))
        for message in [message()] { #expect(message.split(separator: "\n").count == 1) }
    }
}
