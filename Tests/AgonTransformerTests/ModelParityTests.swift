import Foundation
import Testing

@testable import AgonTransformer

/// Our side of `Tests/Parity/models.py`, which sets `AGON_PARITY_MODELS` and compares what is written here.
@Suite struct ModelParity {
    private static let root = ProcessInfo.processInfo.environment["AGON_PARITY_MODELS"]

    @Test(.enabled(if: root != nil)) func everyFolderIsComputedAndSavedAgain() throws {
        let root = try #require(Self.root)
        for name in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
            let folder = "\(root)/\(name)"
            let model = try ModelFolder.load(folder)
            let golden = try SafetensorsFile(path: "\(folder)/golden.safetensors")
            var results: [(name: String, values: [Float])] = []
            for kernels in Kernels.allAvailable {
                for result in try ModelResults(model.parameters, golden, kernels).values {
                    results.append(("\(kernels.name)/\(result.name)", result.values))
                }
            }
            try write(results, to: "\(folder)/agon.safetensors")
            try model.save(to: "\(folder)/saved")
        }
    }

    private func write(_ results: [(name: String, values: [Float])], to path: String) throws {
        let sources = results.map { result in
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: result.values.count)
            _ = memory.initialize(fromContentsOf: result.values)
            return SafetensorsSource(
                name: result.name, shape: [result.values.count], values: UnsafeBufferPointer(memory))
        }
        defer { for source in sources { source.values.deallocate() } }
        try SafetensorsFile.write(sources, to: path)
    }
}
