import AgonCore
import Foundation

@testable import AgonTransformer

/// What a model of any kind says to the inputs of a folder's `golden.safetensors`, under the names used there.
///
/// `logits`; `greedy`, the continuation of the inputs, and `greedy_reppen1.3`, that under a repetition penalty of 1.3;
/// `padded_logits`, the scores of four sequences of `padded_ids`, of which some begin, end or consist of padding;
/// `gradient.NAME`, that of Σ coefficient · log p(next token), or of coefficient · score.
struct ModelResults {
    private(set) var values: [(name: String, values: [Float])] = []

    init(_ parameters: Parameters, _ golden: SafetensorsFile, _ kernels: Kernels) throws {
        let config = parameters.config
        let ids = try Self.tokens(golden, "input_ids")
        let model = Transformer(parameters, kernels: kernels)
        if config.head == .language {
            values.append(("logits", try model.logits(for: ids)))
        } else {
            values.append(("logits", try model.scores(of: [ids])))
            if golden["padded_ids"] != nil {
                let padded = try Self.tokens(golden, "padded_ids")
                let rows = stride(from: 0, to: padded.count, by: padded.count / 4).map { Array(padded[$0..<$0 + padded.count / 4]) }
                let scores = try model.scores(of: rows)
                values.append(("padded_logits", scores))
            }
        }
        for (name, penalty) in [("greedy", 1), ("greedy32", 1), ("greedy_reppen1.3", 1.3), ("greedy32_reppen1.3", 1.3)] {
            guard let greedy = golden[name] else { continue }
            let request = GenerationRequest(
                tokens: ids, maxNewTokens: greedy.count,
                sampling: SamplingOptions(temperature: 0, repetitionPenalty: penalty), key: 0, stopTokens: [])
            values.append((name, try model.generate([request])[0].tokens.map { Float($0) }))
        }
        guard golden["coefficients"] != nil else { return }
        let coefficients = try golden.floats("coefficients")
        let (pass, gradients) = (TrainingPass(config, kernels: kernels), Parameters(zeros: config))
        if config.head == .language {
            let sequence = TokenSequence(prompt: Array(ids.prefix(1)), completion: Array(ids.dropFirst()))
            _ = try pass.forward([sequence], parameters)
            pass.backward(dLogProbs: [coefficients], into: gradients)
        } else {
            _ = try pass.forwardScores([ids], parameters)
            pass.backward(dScores: coefficients, into: gradients)
        }
        gradients.fill { tensor, memory in values.append(("gradient." + tensor.name, Array(memory))) }
    }

    /// Integers are stored as I32, which the module's own reader refuses to take for weights.
    static func tokens(_ file: SafetensorsFile, _ name: String) throws -> [Int32] {
        guard let tensor = file[name], tensor.type == "I32" else {
            throw TransformerError(.invalidTensor, "\(file.path) has no integers \(name).")
        }
        return try file.withBytes(of: tensor) { (bytes) throws(TransformerError) in
            (0..<tensor.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
        }
    }
}
