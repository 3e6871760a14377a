import Foundation
import Testing

@testable import AgonTransformer

@Suite struct ModelFolderTests {
    private static func model(ties: Bool = true, head: ModelConfig.Head = .language) throws -> ModelFolder {
        let tokenizer = try Tokenizer.characters("0123456789+=", special: ["<bos>", "<eos>", "<pad>"])
        let config = try ModelConfig(
            vocabularySize: 16, hiddenSize: 8, layerCount: 2, headCount: 2, keyValueHeadCount: 1, feedForwardSize: 12,
            tiesEmbeddings: ties, bosToken: 0, eosTokens: [1], padToken: 2, head: head)
        return try ModelFolder(parameters: Parameters.initialised(config, seed: 5), tokenizer: tokenizer)
    }

    private func expectSameBits(_ left: ModelFolder, _ right: ModelFolder) {
        withExtendedLifetime((left, right)) {
            #expect(left.parameters.values.elementsEqual(right.parameters.values))
        }
    }

    private static func sources(_ model: ModelFolder) -> [SafetensorsSource] {
        model.parameters.layout.tensors.map {
            SafetensorsSource(
                name: $0.name, shape: $0.shape, values: UnsafeBufferPointer(model.parameters.memory(of: $0)))
        }
    }

    @Test(arguments: [(true, ModelConfig.Head.language), (false, .language), (true, .score)])
    func whatIsSavedIsLoadedWithTheSameBits(_ ties: Bool, _ head: ModelConfig.Head) throws {
        let folder = try TemporaryFolder()
        let model = try Self.model(ties: ties, head: head)
        try model.save(to: "\(folder.path)/agents/ada/v0001", extraFiles: ["update.json": Array("{}".utf8)])
        let loaded = try ModelFolder.load("\(folder.path)/agents/ada/v0001/")
        #expect(loaded.config == model.config)
        expectSameBits(loaded, model)
        #expect(try loaded.tokenizer.encode("<bos>1+2=3") == [0, 4, 13, 5, 14, 6])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/agents/ada/v0001").sorted() == [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                "update.json",
            ])
        let file = try SafetensorsFile(path: "\(folder.path)/agents/ada/v0001/model.safetensors")
        #expect((file["lm_head.weight"] == nil) == (ties || head == .score))
        try loaded.save(to: "\(folder.path)/again")
        for name in ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
            #expect(try folder.read("agents/ada/v0001/\(name)") == folder.read("again/\(name)"), "\(name)")
        }
    }

    @Test func aSaveReplacesTheFolderAndClearsWhatAKilledOneLeft() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/.v1.partial/nested", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/v1", withIntermediateDirectories: true)
        try folder.write("old", "v1/stale.txt")
        try Self.model().save(to: "\(folder.path)/v1")
        #expect(try folder.names == ["v1"])
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/v1/stale.txt"))
        _ = try ModelFolder.load("\(folder.path)/v1")
    }

    @Test func newWeightsKeepTheTokenizerAndItsCompanions() throws {
        let folder = try TemporaryFolder()
        try Self.model().save(to: "\(folder.path)/a")
        try folder.write("{\"chat_template\": \"x\"}", "a/tokenizer_config.json")
        try folder.write("template", "a/chat_template.jinja")
        let loaded = try ModelFolder.load("\(folder.path)/a")
        let changed = loaded.parameters.copy()
        changed.setAll(to: 0.5)
        try loaded.replacing(changed).save(to: "\(folder.path)/b")
        #expect(try folder.read("b/tokenizer_config.json") == folder.read("a/tokenizer_config.json"))
        #expect(try folder.read("b/chat_template.jinja") == Array("template".utf8))
        let reloaded = try ModelFolder.load("\(folder.path)/b").parameters
        withExtendedLifetime(reloaded) { #expect(reloaded.values.allSatisfy { $0 == 0.5 }) }
    }

    @Test func shardsAreReadThroughTheirIndex() throws {
        let folder = try TemporaryFolder()
        let model = try Self.model(ties: false)
        try model.save(to: "\(folder.path)/m")
        try folder.remove("m/model.safetensors")
        defer { withExtendedLifetime(model) {} }
        let sources = Self.sources(model)
        let parts = [Array(sources[..<7]), Array(sources[7...])]
        var map: [JSONMember] = []
        for (index, part) in parts.enumerated() {
            let name = "model-0000\(index + 1)-of-00002.safetensors"
            try SafetensorsFile.write(part, to: "\(folder.path)/m/\(name)")
            map += part.map { JSONMember($0.name, .string(ByteString(name))) }
        }
        func writeIndex(_ map: [JSONMember]) throws {
            try folder.write(
                JSONWriter.pretty(.object([JSONMember("weight_map", .object(map))])), "m/model.safetensors.index.json")
        }
        try writeIndex(map)
        let loaded = try ModelFolder.load("\(folder.path)/m")
        expectSameBits(loaded, model)

        try writeIndex(map.dropLast() + [JSONMember(map[map.count - 1].key.text, .string(ByteString("../x")))])
        #expect(sentence { _ = try ModelFolder.load("\(folder.path)/m") }.contains("\"../x\" is not the name of a file"))
        try writeIndex(map.dropLast() + [JSONMember(map[map.count - 1].key.text, .string(ByteString("none.safetensors")))])
        #expect(sentence { _ = try ModelFolder.load("\(folder.path)/m") }.contains("none.safetensors: no such file"))
        try writeIndex(map + [JSONMember("ghost", map[0].value)])
        #expect(sentence { _ = try ModelFolder.load("\(folder.path)/m") }.contains("has no tensor ghost"))
    }

    private struct Breakage: Sendable {
        let file: String
        let reason: String
        let apply: @Sendable (TemporaryFolder) throws -> Void

        init(_ file: String, _ reason: String, _ apply: @escaping @Sendable (TemporaryFolder) throws -> Void) {
            self.file = file
            self.reason = reason
            self.apply = apply
        }
    }

    private static func writeWeights(
        _ folder: TemporaryFolder, _ model: ModelFolder, shapes: [String: [Int]] = [:], without missing: String = ""
    ) throws {
        try withExtendedLifetime(model) {
            let changed = sources(model).filter { $0.name != missing }.map { source in
                SafetensorsSource(name: source.name, shape: shapes[source.name] ?? source.shape, values: source.values)
            }
            try SafetensorsFile.write(changed, to: "\(folder.path)/m/model.safetensors")
        }
    }

    /// The model's weights with one element replaced.
    private static func poison(_ folder: TemporaryFolder, _ value: Float) throws {
        let model = try model()
        let parameters = model.parameters.copy()
        parameters["model.layers.1.mlp.up_proj.weight"]?[7] = value
        try writeWeights(folder, model.replacing(parameters))
    }

    private static let brokenText: [Breakage] = [
        Breakage("/m does not exist", "correct the path") { try $0.remove("m") },
        Breakage("/m is a file", "not a model folder") { try $0.remove("m"); try $0.write("x", "m") },
        Breakage("config.json", "is missing") { try $0.remove("m/config.json") },
        Breakage("config.json", "line 1 is not valid JSON") { try $0.write("", "m/config.json") },
        Breakage("config.json", "line 2 is not valid JSON") { try $0.write("{\n\"a\": tru}", "m/config.json") },
        Breakage("config.json", "the key \"vocab_size\" is missing") {
            try $0.write("{\"model_type\": \"llama\"}", "m/config.json")
        },
        Breakage("generation_config.json", "not valid JSON") { try $0.write("{", "m/generation_config.json") },
        Breakage("tokenizer.json", "is missing") { try $0.remove("m/tokenizer.json") },
        Breakage("tokenizer.json", "line 1 is not valid JSON") { try $0.write("", "m/tokenizer.json") },
        Breakage("tokenizer.json", "has token id 17 but the model has only 16 rows") {
            try Tokenizer.characters("abcdefghijklmnopqr", special: []).save(to: "\($0.path)/m/tokenizer.json")
        },
    ]

    private static let brokenWeights: [Breakage] = [
        Breakage("model.safetensors", "is missing") { try $0.remove("m/model.safetensors") },
        Breakage("pytorch_model.bin", "save the model as model.safetensors") {
            try $0.remove("m/model.safetensors")
            try $0.write("x", "m/pytorch_model.bin")
        },
        Breakage("model.safetensors", "has only 0 bytes") { try $0.write("", "m/model.safetensors") },
        Breakage("model.safetensors", "is truncated: tensor") {
            try $0.write(Array($0.read("m/model.safetensors").dropLast(100)), "m/model.safetensors")
        },
        Breakage("model.safetensors", "truncated, copy it again") {
            try $0.write(Array($0.read("m/model.safetensors").prefix(200)), "m/model.safetensors")
        },
        Breakage("model.safetensors", "claims a header of 10000000000 bytes") {
            try $0.write(safetensorsBytes("{}", claimedLength: 10_000_000_000), "m/model.safetensors")
        },
        Breakage("model.safetensors", "tensor model.embed_tokens.weight and 19 others are missing") {
            try $0.write(safetensorsBytes("{}"), "m/model.safetensors")
        },
        Breakage("model.safetensors", "tensor model.norm.weight is missing") {
            try writeWeights($0, model(), without: "model.norm.weight")
        },
        Breakage("model.safetensors", "lm_head.weight is not part of the model; it differs from the embedding, so set tie_word_embeddings") {
            try writeWeights($0, model(ties: false))
        },
        Breakage("model.safetensors", "tensor model.norm.weight has shape [2, 4] but config.json asks for [8]") {
            try writeWeights($0, model(), shapes: ["model.norm.weight": [2, 4]])
        },
        Breakage("model.safetensors", "tensor model.layers.1.mlp.up_proj.weight holds nan at element 7") {
            try poison($0, .nan)
        },
        Breakage("model.safetensors", "tensor model.layers.1.mlp.up_proj.weight holds -inf at element 7") {
            try poison($0, -.infinity)
        },
    ]

    /// Each entry breaks a good folder in one way; the sentence must name the file and the reason.
    @Test func everyBrokenFolderIsOneSentence() throws {
        let good = try Self.model()
        for breakage in Self.brokenText + Self.brokenWeights {
            let folder = try TemporaryFolder()
            try good.save(to: "\(folder.path)/m")
            try breakage.apply(folder)
            let message = sentence { _ = try ModelFolder.load("\(folder.path)/m") }
            #expect(message.contains(breakage.file) && message.contains(breakage.reason), "\(message)")
            #expect(message.hasSuffix(".") && !message.contains("\n"))
        }
    }

    @Test func aConfigThatAsksForMoreMemoryThanTheWeightsHoldTakesNone() throws {
        let folder = try TemporaryFolder()
        try Self.model().save(to: "\(folder.path)/m")
        let text = String(decoding: try folder.read("m/config.json"), as: UTF8.self)
            .replacingOccurrences(of: "\"hidden_size\": 8", with: "\"hidden_size\": 131072")
            .replacingOccurrences(of: "\"vocab_size\": 16", with: "\"vocab_size\": 4194304")
        try folder.write(text, "m/config.json")
        #expect(
            sentence { _ = try ModelFolder.load("\(folder.path)/m") }.contains(
                "tensor model.embed_tokens.weight has shape [16, 8] but config.json asks for [4194304, 131072]"))
    }

    @Test func theFoldersThatASaveMakesOnItsWayAreKnownSoThatTheirEntriesCanBeSynced() throws {
        let folder = try TemporaryFolder()
        #expect(DurableFile.missingFolders(folder.path).isEmpty && DurableFile.missingFolders("").isEmpty)
        let wanted = ["\(folder.path)/run/ada", "\(folder.path)/run"]
        #expect(DurableFile.missingFolders("\(folder.path)/run/ada") == wanted)
        try Self.model().save(to: "\(folder.path)/run/ada/v0001")
        #expect(DurableFile.missingFolders("\(folder.path)/run/ada/v0001").isEmpty)
    }

    @Test func aTokenizerLargerThanTheModelIsRefusedBeforeItIsSaved() throws {
        let model = try Self.model()
        let wide = try Tokenizer.characters("abcdefghijklmnopqr", special: [])
        #expect(
            sentence { _ = try ModelFolder(parameters: model.parameters, tokenizer: wide) }
                .contains("The tokenizer has token id 17"))
    }
}
