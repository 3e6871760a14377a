import AgonTraining
import Foundation
import Testing

@testable import AgonTournament

@Suite struct PretrainingTests {
    private struct Killed: Error {}

    @Test("a pretraining that was killed goes on to the model and the log of one that was not", arguments: ["language", "reward_model"])
    func killed(kind: String) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        func run(_ name: String, right: Double = 0.5, killAfter: Int? = nil) throws {
            let text = """
                output: \(kind == "language" ? name : "\(root)/\(name)/")
                kind: \(kind)
                task: sort-digits
                right: \(right)
                model: {hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2, intermediate_size: 24}
                steps: 7
                batch_size: 4
                warmup_steps: 2
                save_steps: 2

                """
            try text.write(toFile: "\(root)/\(name).yaml", atomically: true, encoding: .utf8)
            _ = try Pretraining(PretrainingConfiguration(file: "\(root)/\(name).yaml")).run(threads: 1) {
                if $0.step == killAfter { throw Killed() }
            }
        }
        try run("whole")
        #expect(throws: Killed.self) { try run("killed", killAfter: 5) }
        #expect(FileManager.default.fileExists(atPath: root + "/killed.training/checkpoint"))
        // So near that the first batch is the same.
        let error = #expect(throws: TrainingError.self) { try run("killed", right: 0.500001) }
        #expect(error?.message.contains("belongs to a run with other data") == true)
        try run("killed")
        for file in ["/model.safetensors", "/tokenizer.json", ".training/metrics.jsonl"] {
            #expect(FileManager.default.contentsEqual(atPath: root + "/whole" + file, andPath: root + "/killed" + file), "\(file)")
        }
        #expect(!FileManager.default.fileExists(atPath: root + "/killed.training/checkpoint"))
    }
}
