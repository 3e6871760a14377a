import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

/// Thousands of broken files of each kind: every one is either read or refused with a sentence.
///
/// A crash would end the process, and a memory bomb is stopped by the limit that the long run sets. The short run
/// belongs to every test run. `AGON_FUZZ_SECONDS=600` turns it into a long one, with other seeds each time that
/// `AGON_FUZZ_SEED` names; the file at hand is then kept as `agon-fuzz-KIND` in the temporary folder.
@Suite(.serialized) struct HostileFileTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["AGON_FUZZ_SECONDS"].flatMap(Double.init)
    private static let seed = environment["AGON_FUZZ_SEED"].flatMap(Int.init) ?? 1
    /// What reading a broken file of at most 1 MiB may cost on top of what the process held before.
    private static let memoryLimit = 256 << 20

    /// Feeds a reader with broken files and returns how many of them it read and refused.
    private func feed(
        _ kind: String, corpus: [[UInt8]], words: [String], share: Double, _ read: ([UInt8]) throws -> Void
    ) throws -> (read: Int, refused: Int) {
        var mutator = Mutator(corpus: corpus, words: words, seed: Self.seed)
        let record = NSTemporaryDirectory() + "agon-fuzz-" + kind
        let clock = ContinuousClock()
        let end = Self.seconds.map { clock.now + .seconds($0 * share) }
        var counts = (read: 0, refused: 0)
        while end.map({ clock.now < $0 }) ?? (counts.read + counts.refused < 400) {
            let bytes = mutator.next()
            if end != nil { try Data(bytes).write(to: URL(fileURLWithPath: record)) }
            do {
                try read(bytes)
                counts.read += 1
            } catch let error as TransformerError {
                #expect(error.message.count > 20 && error.message.count < 10_000 && !error.message.contains("\n"))
                counts.refused += 1
            }
        }
        if end != nil { print("\(kind): \(counts.read) read, \(counts.refused) refused") }
        return counts
    }

    /// In a long run no allocation may go far beyond what the process holds already.
    private func limitMemory() {
        guard Self.seconds != nil, let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = status.split(separator: " ").first.flatMap({ Int($0) })
        else { return }
        var limit = rlimit(rlim_cur: rlim_t(pages * 4096 + Self.memoryLimit * 4), rlim_max: .max)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }

    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture(name))))
    }

    @Test("broken safetensors files are read or refused")
    func safetensors() throws {
        limitMemory()
        let folder = try TemporaryFolder()
        let corpus = [
            try bytes("element_types.safetensors"), try Array(bytes("Llama/dpo/logits-tied.safetensors").prefix(4000)),
            safetensorsBytes(#"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#, data: 16),
            safetensorsBytes(#"{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}"#, data: 6),
        ]
        let words = ["\"F32\"", "\"F16\"", "\"BF16\"", "\"I64\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "[0,0]", "\u{0}", "é"]
        let before = peakMemory()
        let counts = try feed("safetensors", corpus: corpus, words: words, share: 0.25) { bytes in
            try folder.write(bytes, "x.safetensors")
            let file = try SafetensorsFile(path: folder.path + "/x.safetensors")
            for tensor in file.tensors where ["F32", "F16", "BF16"].contains(tensor.type) {
                _ = try file.floats(tensor.name)
            }
        }
        #expect(counts.read > 2 && counts.refused > 100)
        #expect(peakMemory() - before < Self.memoryLimit)
    }

    @Test("broken config.json files are read or refused, and no claimed size takes memory")
    func modelFolders() throws {
        limitMemory()
        let folder = try TemporaryFolder()
        try folder.write(bytes("Llama/llama_tied/model.safetensors"), "model.safetensors")
        try folder.write(bytes("tokenizers/characters/tokenizer.json"), "tokenizer.json")
        let config = try SafetensorsFile(path: fixture("Llama/llama_tied/model.safetensors"))
        let vocabulary = try #require(config["model.embed_tokens.weight"]).shape
        let corpus = [
            #"{"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":\#(vocabulary[0]),"hidden_size":\#(vocabulary[1]),"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,"intermediate_size":160,"rope_theta":10000.0,"tie_word_embeddings":true,"eos_token_id":[1,2]}"#,
            #"{"model_type":"qwen3","architectures":["Qwen3ForCausalLM"],"vocab_size":512,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"head_dim":32,"intermediate_size":96,"rope_parameters":{"rope_type":"default","rope_theta":1000000},"rms_norm_eps":1e-6}"#,
            #"{"model_type":"llama","vocab_size":512,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":96,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":64}}"#,
        ].map { Array($0.utf8) }
        let words = ["\"llama\"", "\"qwen2\"", "\"hidden_size\":1000000000", "\"head_dim\"", "\"num_hidden_layers\":1000000", "\"rope_scaling\"", "null"]
        let before = peakMemory()
        let counts = try feed("config", corpus: corpus, words: words, share: 0.25) { bytes in
            try folder.write(bytes, "config.json")
            _ = try ModelFolder.load(folder.path)
        }
        #expect(counts.read > 2 && counts.refused > 100)
        #expect(peakMemory() - before < Self.memoryLimit)
    }

    @Test("broken tokenizer.json files are read or refused, and those read encode and decode hostile text")
    func tokenizers() throws {
        limitMemory()
        let names = ["characters", "gpt2_prefix_space", "llama2", "llama3", "qwen", "smollm"]
        let corpus = try names.map { try bytes("tokenizers/\($0)/tokenizer.json") }
        let words = ["\"BPE\"", "\"merges\"", "\"vocab\"", "\"Split\"", "\"Regex\"", "\"ByteLevel\"", "\"content\"", "\"\\ud800\"", "\"a b\"", "[\"a\",\"b\"]", "\"NFC\""]
        let text = "The  quick\u{301} 12345 \u{0} <s></s>\n\r\n\t'LL ſ 漢字 👩‍👩‍👧‍👦 \u{202E}x" + String(repeating: " a", count: 200)
        let before = peakMemory()
        let counts = try feed("tokenizer", corpus: corpus, words: words, share: 0.25) { bytes in
            let tokenizer = try Tokenizer(json: bytes, file: "tokenizer.json")
            let ids = try tokenizer.encode(text, addSpecialTokens: true, parseSpecial: true)
            _ = tokenizer.decode(ids, skipSpecial: false)
        }
        #expect(counts.read > 2 && counts.refused > 100)
        #expect(peakMemory() - before < Self.memoryLimit)
    }
}
