import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

/// Our side of `Tests/Parity/lora.py`, which sets `AGON_PARITY_ADAPTERS` and compares what is written here.
@Suite struct AdapterParity {
    private static let root = ProcessInfo.processInfo.environment["AGON_PARITY_ADAPTERS"]

    @Test(.enabled(if: root != nil)) func everyFolderIsComputedAndSavedAgain() throws {
        let root = try #require(Self.root)
        for name in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
            let folder = "\(root)/\(name)"
            let model = try ModelFolder.load("\(folder)/base")
            let adapter = try Adapter.load("\(folder)/adapter", for: model.config)
            let golden = try SafetensorsFile(path: "\(folder)/golden.safetensors")
            let own = try Adapter.initialised(
                adapter.config, for: Transformer(model.parameters, kernels: .current), seed: 5)
            for tensor in own.tensors where tensor.name.hasSuffix("lora_B.weight") {
                let memory = own.memory(of: tensor)
                for index in memory.indices { memory[index] = Float(index % 5) / 20 - 0.1 }
            }
            var results: [(name: String, shape: [Int], values: [Float])] = []
            for kernels in Kernels.allAvailable {
                let base = Transformer(model.parameters, kernels: kernels)
                for result in try numbers(adapter, base, golden) {
                    results.append(("\(kernels.name)/\(result.name)", result.shape, result.values))
                }
                let logits = try base.adapted(by: own).logits(for: tokens(golden))
                results.append(("\(kernels.name)/made", [logits.count], logits))
            }
            try write(results, to: "\(folder)/agon.safetensors")
            try adapter.save(to: "\(folder)/saved", baseModel: "../base")
            try own.save(to: "\(folder)/made")
            try model.replacing(adapter.merged(into: model.parameters, kernels: .current)).save(to: "\(folder)/merged")
        }
    }

    private func tokens(_ golden: SafetensorsFile) throws -> [Int32] {
        let tensor = try #require(golden["input_ids"])
        let data = try Data(contentsOf: URL(fileURLWithPath: golden.path))
        return data[tensor.byteRange].withUnsafeBytes { bytes in
            (0..<tensor.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
        }
    }

    /// Logits, and the gradients of A, B and magnitudes under PEFT's names and shapes.
    private func numbers(
        _ adapter: Adapter, _ base: Transformer, _ golden: SafetensorsFile
    ) throws -> [(name: String, shape: [Int], values: [Float])] {
        let tokens = try tokens(golden)
        let logits = try base.adapted(by: adapter).logits(for: tokens)
        let sequence = TokenSequence(prompt: [tokens[0]], completion: Array(tokens.dropFirst()))
        let pass = TrainingPass(adapting: base)
        _ = try pass.forward([sequence], AdapterBatch(adapter, count: 1))
        let gradient = adapter.zeroAdapter()
        pass.backward(dLogProbs: [try golden.floats("coefficients")], into: [gradient])
        return [("logits", [logits.count], logits)]
            + gradient.tensors.map { tensor in
                let values = Array(gradient.memory(of: tensor))
                guard tensor.isTransposedInFiles else { return ("gradient.\(tensor.name)", tensor.shape, values) }
                let (rank, outputs) = (tensor.shape[0], tensor.shape[1])
                let turned = (0..<outputs).flatMap { output in (0..<rank).map { values[$0 * outputs + output] } }
                return ("gradient.\(tensor.name)", [outputs, rank], turned)
            }
    }

    private func write(_ results: [(name: String, shape: [Int], values: [Float])], to path: String) throws {
        let sources = results.map { result in
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: result.values.count)
            _ = memory.initialize(fromContentsOf: result.values)
            return SafetensorsSource(name: result.name, shape: result.shape, values: UnsafeBufferPointer(memory))
        }
        defer { for source in sources { source.values.deallocate() } }
        try SafetensorsFile.write(sources, to: path)
    }
}
