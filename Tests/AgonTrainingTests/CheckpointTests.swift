import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct CheckpointTests {
    private struct Report: Decodable {
        struct Configuration: Decodable {
            let loss_type: [String]
            let beta: Double
            let reference: String
        }

        let agent, parent, kernels: String
        let version, round, pairs, steps: Int
        let configuration: Configuration
        let metrics: [String: Double]
    }

    private static func base() throws -> ModelFolder {
        try ModelFolder(
            parameters: GoldenModel.policy(), tokenizer: .characters("0123456789", special: ["<pad>", "<bos>", "<eos>"]))
    }

    @Test func `a checkpoint loads as a model of its own and says where it came from`() throws {
        let base = try Self.base()
        let pairs = Array(try GoldenModel.pairs().prefix(4))
        let kernels = try Kernels.current
        let configuration = try TrainingConfiguration(beta: 0.2, reference: .base)
        let outcome = try PolicyUpdate.run(
            policy: base.parameters, reference: .model(Transformer(GoldenModel.reference(), kernels: kernels)),
            data: .pairs(pairs), configuration: configuration, seed: Seed(run: 3))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let paths = ["v0001", "again"].map { folder.appendingPathComponent($0).path }
        for path in paths {
            try Checkpoint.write(
                outcome.parameters, base: base,
                report: UpdateReport(
                    agent: "ada", version: 1, round: 4, parent: "00ff", seed: 9, kernels: kernels.name,
                    pairCount: pairs.count, configuration: configuration, outcome: outcome), to: path)
        }
        let loaded = try ModelFolder.load(paths[0])
        #expect(loaded.config == base.config)
        #expect(loaded.parameters.values.elementsEqual(outcome.parameters.values))
        let data = try Data(contentsOf: URL(fileURLWithPath: paths[0] + "/update.json"))
        let report = try JSONDecoder().decode(Report.self, from: data)
        #expect(report.agent == "ada" && report.version == 1 && report.round == 4 && report.parent == "00ff")
        #expect(report.pairs == 4 && report.steps == 1 && report.kernels == kernels.name)
        #expect(report.configuration.loss_type == ["sigmoid"] && report.configuration.beta == 0.2)
        #expect(report.configuration.reference == "base")
        #expect(report.metrics["loss"] == outcome.metrics["loss"])
        for name in try FileManager.default.contentsOfDirectory(atPath: paths[0]) {
            let first = try Data(contentsOf: URL(fileURLWithPath: "\(paths[0])/\(name)"))
            let second = try Data(contentsOf: URL(fileURLWithPath: "\(paths[1])/\(name)"))
            #expect(first == second, "\(name) differs between two writes of one checkpoint")
        }
    }

    @Test func `a checkpoint that cannot be written is an error with its cause`() throws {
        let base = try Self.base()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("agon-\(UUID().uuidString)")
        try Data("not a folder".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: TrainingError.self) {
            try Checkpoint.write(base.parameters, base: base, report: ["a": 1], to: file.path + "/v0001")
        }
        #expect(error?.code == .checkpointFailed && error?.underlying is TransformerError)
    }
}
