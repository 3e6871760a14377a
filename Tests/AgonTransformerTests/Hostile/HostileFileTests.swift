import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

#if canImport(CAllocations)
    import CAllocations
#endif

/// Thousands of broken files of each kind: every one is either read or refused with a sentence, and what is read can be
/// used. `HostileFeed` tells how to make the run a long one.
@Suite(.serialized) struct HostileFileTests {
    private static let hostileText =
        "The  quick\u{301} 12345 \u{0} <s></s>\n\r\n\t'LL ſ 漢字 👩‍👩‍👧‍👦 \u{202E}x" + String(repeating: " a", count: 200)

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture(name))))
    }

    /// Files that once did harm, by the beginning of their names.
    private func known(_ kind: String) throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture("hostile")).sorted()
        return try names.filter { $0.hasPrefix(kind) }.map { try bytes("hostile/\($0)") }
    }

    @Test("broken safetensors files are read or refused")
    func safetensors() throws {
        let folder = try TemporaryFolder()
        let corpus = [
            try bytes("element_types.safetensors"), try bytes("Llama/dpo/logits-tied.safetensors"),
            try bytes("architectures/llama_score/model.safetensors"),
            safetensorsBytes(#"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#, data: 16),
            safetensorsBytes(#"{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}"#, data: 6),
        ]
        let words = [
            "\"F32\"", "\"F16\"", "\"BF16\"", "\"I64\"", "\"F8_E4M3\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "[0,0]", "\u{0}",
        ]
        let feed = HostileFeed(kind: "safetensors", count: 100, allowance: HostileFeed.proportionate)
        let counts = try feed.run(SafetensorsMutator(corpus, words: words, seed: HostileFeed.seed)) { bytes, _, measure in
            try folder.write(bytes, "x.safetensors")
            try measure {
                let file = try SafetensorsFile(path: folder.path + "/x.safetensors")
                for tensor in file.tensors where ["F32", "F16", "BF16"].contains(tensor.type) {
                    _ = try file.floats(tensor.name)
                }
            }
        }
        #expect(counts.read > 5 && counts.refused > 25)
    }

    /// Puts broken files into good folders, one at a time, and takes each out again.
    ///
    /// - Parameter load: gets the path of the folder that the broken file is in.
    private func feedFolders(
        _ feed: HostileFeed, _ files: [String: [UInt8]], words: [String],
        _ load: (_ folder: String, _ measure: HostileFeed.Measure) throws -> Void
    ) throws -> (read: Int, refused: Int) {
        let folder = try TemporaryFolder()
        for (name, bytes) in files {
            let parent = (name as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(parent)", withIntermediateDirectories: true)
            try folder.write(bytes, name)
        }
        return try feed.run(FolderMutator(files, words: words, seed: HostileFeed.seed)) { bytes, name, measure in
            try folder.write(bytes, name)
            defer { try? files[name].map { try folder.write($0, name) } }
            try load("\(folder.path)/\((name as NSString).deletingLastPathComponent)", measure)
        }
    }

    @Test("model folders with a broken file are loaded or refused, and those loaded answer")
    func modelFolders() throws {
        var files: [String: [UInt8]] = [:]
        let tokenizer = try Tokenizer.characters("ab", special: ["<s>", "</s>"]).source
        for folder in ["llama_biases", "llama_f16_shards", "llama_score", "llama3_rope_old", "qwen2_old", "qwen3_old"] {
            let path = fixture("architectures/\(folder)")
            for name in try FileManager.default.contentsOfDirectory(atPath: path) where !name.hasPrefix("golden") {
                files["\(folder)/\(name)"] = try bytes("architectures/\(folder)/\(name)")
            }
            files["\(folder)/tokenizer.json"] = tokenizer
        }
        files["qwen2_old/special_tokens_map.json"] = Array(#"{"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":false}}"#.utf8)
        files["qwen2_old/tokenizer_config.json"] = Array(
            #"{"bos_token":"<s>","pad_token":null,"chat_template":[{"name":"default","template":"{{ bos_token }}"},{"name":"tool_use","template":"{% for m in messages %}{{ m.content }}{% endfor %}"}]}"#.utf8)
        let words = [
            "\"llama\"", "\"qwen2\"", "\"qwen3\"", "\"hidden_size\"", "\"head_dim\"", "\"num_hidden_layers\"", "\"rope_scaling\"", "\"linear\"",
            "\"llama3\"", "\"model-00001-of-00002.safetensors\"", "\"../model.safetensors\"", "\"LlamaForSequenceClassification\"", "4096", "4194304",
        ]
        let whole = 4 * 60_000
        let feed = HostileFeed(kind: "model", count: 100) { HostileFeed.proportionate($0) + whole }
        let counts = try feedFolders(feed, files, words: words) { folder, measure in
            let model = try measure { try ModelFolder.load(folder) }
            _ = try model.chatTemplate(forTools: true)
            try answer(Transformer(model.parameters, kernels: .current))
        }
        #expect(counts.read > 5 && counts.refused > 25)
    }

    /// Passes a few tokens through a model, in every way that reads what it says.
    private func answer(_ model: Transformer) throws {
        guard model.config.head == .language else {
            _ = try model.scores(of: [[0, 1], [2]])
            return
        }
        let options = [
            SamplingOptions(temperature: 0), SamplingOptions(), SamplingOptions(temperature: 0.7, topK: 3, topP: 0.9, minP: 0.1),
        ]
        _ = try model.generate(
            options.enumerated().map { GenerationRequest(tokens: [0, 1], maxNewTokens: 3, sampling: $1, key: UInt64($0)) })
    }

    @Test("adapter folders with a broken file are loaded or refused, and those loaded answer")
    func adapterFolders() throws {
        let base = try AdapterGradientTests.tinyBase(.current)
        var files: [String: [UInt8]] = [:]
        for name in ["plain", "dora", "stabilised, ranks by pattern", "last layer"] {
            let config = try #require(AdapterGradientTests.configs[name])
            let folder = try TemporaryFolder()
            try AdapterGradientTests.lively(config, base).save(to: folder.path + "/x")
            for file in ["adapter_config.json", "adapter_model.safetensors"] {
                files["\(name)/\(file)"] = try folder.read("x/\(file)")
            }
        }
        let words = [
            "\"all-linear\"", "\"q_proj\"", "[\"q_proj\",\"down_proj\"]", "\".*_proj\"", "\"(.+)+x\"", "\"(((.{900}){900}){900})\"", "\"[\"",
            "\"(?P<a>.)\"", "{\"q_proj\":65536}", "65536", "\"LORA\"", "\"gaussian\"", "\"lm_head\"", "\"layers_to_transform\"", "\"rank_pattern\"",
        ]
        let whole = 4 * 20_000
        let feed = HostileFeed(kind: "adapter", count: 80) { HostileFeed.proportionate($0) + whole }
        let counts = try feedFolders(feed, files, words: words) { folder, measure in
            let adapter = try measure { try Adapter.load(folder, for: base.config) }
            try answer(base.adapted(by: adapter))
        }
        #expect(counts.read > 5 && counts.refused > 25)
    }

    @Test("broken tokenizer.json files are read or refused, and those read encode and decode hostile text")
    func tokenizers() throws {
        let names = ["characters", "gpt2_prefix_space", "llama2", "llama3", "mistral", "qwen", "smollm"]
        let corpus = try names.map { try bytes("tokenizers/\($0)/tokenizer.json") } + known("tokenizer")
        let words = [
            "\"BPE\"", "\"merges\"", "\"vocab\"", "\"Split\"", "\"Regex\"", "\"ByteLevel\"", "\"content\"", "\"\\ud800\"", "\"a b\"", "[\"a\",\"b\"]",
            "\"NFC\"", "\"Metaspace\"", "\"Replace\"", "\"Prepend\"", "\"Digits\"", "\"Fuse\"", "\"Strip\"", "\"ByteFallback\"", "\"always\"", "4194303",
            "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}", "{\"type\":\"Metaspace\",\"replacement\":\"\"}",
        ]
        // The first text makes tables of all characters, which no file is to be blamed for.
        for json in corpus[1..<names.count] {
            _ = try Tokenizer(json: json, file: "tokenizer.json").encode(Self.hostileText)
        }
        let feed = HostileFeed(kind: "tokenizer", count: 80, allowance: HostileFeed.proportionate)
        let counts = try feed.run(JSONMutator(corpus, words: words, seed: HostileFeed.seed)) { bytes, _, measure in
            let tokenizer = try measure { try Tokenizer(json: bytes, file: "tokenizer.json") }
            let ids = try measure { try tokenizer.encode(Self.hostileText, addSpecialTokens: true, parseSpecial: true) }
            _ = try tokenizer.encode(Self.hostileText, addSpecialTokens: false, parseSpecial: false)
            _ = tokenizer.decode(ids + [-1, 0, .max, Int32(tokenizer.idLimit)], skipSpecial: false)
        }
        #expect(counts.read > 5 && counts.refused > 25)
    }

    @Test("broken chat templates are read or refused, and those read are rendered or refused")
    func templates() throws {
        let snippets = try ChatCase.read(fixture("chat/snippets.jsonl"))
        let corpus = try ["turns", "headers", "thinking", "marked", "bars", "calls"].map { try bytes("chat/\($0).jinja") }
        let words = [
            "{%", "%}", "{{", "}}", "-%}", "{%-", "{#", "#}", " if ", " for ", " in ", " else ", "endif", "endfor", "set ", "loop.",
            "messages", "[::-1]", "|", "is ", "not ", "namespace(", "macro ", "* 999999", "** 99", "range(99)", "~", "''", "ns.",
            "(", ")", "[", "]", "|join", "|tojson(indent=9)", ".split(", ".replace('','aa')", ".format(", "|indent(999)", "'x'.zfill(9999)",
        ]
        let example = try #require(snippets.first)
        // A rendering has limits of its own, whatever the template's size.
        let feed = HostileFeed(kind: "template", count: 200) { _ in 256 << 20 }
        let seeds = corpus + snippets.map { Array($0.template.utf8) }
        let counts = try feed.run(TemplateMutator(seeds, words: words, seed: HostileFeed.seed)) { bytes, _, measure in
            let template = try measure { try ChatTemplate(source: String(decoding: bytes, as: UTF8.self)) }
            let rendering = try measure {
                try template.render(
                    messages: example.messages, addGenerationPrompt: true, variables: example.variables, date: ChatCase.date)
            }
            _ = rendering.following("</s>")
        }
        #expect(counts.read > 5 && counts.refused > 25)
    }

    @Test("files that once did harm are refused, or read within their means")
    func knownFiles() throws {
        let json = try known("tokenizer")
        #expect(json.count >= 4)
        for bytes in json { #expect(throws: TransformerError.self) { try Tokenizer(json: bytes, file: "tokenizer.json") } }
        let distant = try bytes("hostile/tokenizer-distant-id.json")
        let said = sentence { _ = try Tokenizer(json: distant, file: "tokenizer.json") }
        #expect(said.contains("is 4194303, outside the ids 0 to \(distant.count - 1), no more than the file has bytes"), "\(said)")
    }

    @Test("layers that a config only claims and lists that are long take memory by the size of the file")
    func claims() throws {
        let folder = try TemporaryFolder()
        let config = String(decoding: try bytes("architectures/qwen2_old/config.json"), as: UTF8.self)
        try folder.write(
            config.replacing(try Regex(#""num_hidden_layers": *[0-9]+"#), with: #""num_hidden_layers": 4096"#), "config.json")
        try folder.write(bytes("architectures/qwen2_old/model.safetensors"), "model.safetensors")
        let layers = HostileFeed.Measure()
        let said = sentence { try layers { _ = try ModelFolder.loadParameters(folder.path) } }
        #expect(said.contains("too few for the 4096 layers"), "\(said)")
        #expect(layers.held < 200_000)

        let ones = String(repeating: "1,", count: 30_000) + "1"
        let file = safetensorsBytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[\(ones)],\"data_offsets\":[0,4]}}", data: 4)
        try folder.write(file, "long.safetensors")
        let list = HostileFeed.Measure()
        let tensor = try list { try SafetensorsFile(path: folder.path + "/long.safetensors").tensors[0] }
        #expect(tensor.count == 1 && tensor.shape.count == 30_001)
        #expect(list.held < 64 * file.count, "\(list.held / file.count) times")
    }

    @Test("the allocator of the tests counts what a thread holds", .enabled(if: HostileFeed.countsMemory))
    func counting() throws {
        #if canImport(CAllocations)
            _ = agon_allocations_begin()
            let kept = [UInt8](repeating: 1, count: 1 << 20)
            var (length, passing) = (3 << 20, [UInt8]())
            for _ in 0..<3 {
                passing = []
                passing = [UInt8](repeating: kept[length % kept.count], count: length)
                length -= 1 << 20
            }
            let most = agon_allocations_end()
            #expect(kept.count + passing.count == 2 << 20)
            #expect(most >= 4 << 20 && most < 5 << 20, "\(most)")
        #endif
    }
}
