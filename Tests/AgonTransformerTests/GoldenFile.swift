import Foundation

@testable import AgonTransformer

/// Reads the fixtures of this folder without the module's own readers, so that a fault there cannot hide here.
struct GoldenFile {
    private let data: Data
    private let tensors: [String: (shape: [Int], range: Range<Int>)]

    static func url(_ path: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/Llama/" + path)
    }

    init(_ path: String) throws {
        data = try Data(contentsOf: Self.url(path))
        let length = data.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: [String: Any]] ?? [:]
        var found: [String: (shape: [Int], range: Range<Int>)] = [:]
        for (name, entry) in header {
            guard let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int] else { continue }
            found[name] = (shape, 8 + length + offsets[0]..<8 + length + offsets[1])
        }
        tensors = found
    }

    func values<T: BitwiseCopyable>(_ name: String, as type: T.Type) throws -> [T] {
        guard let range = tensors[name]?.range else { throw TransformerError(.invalidTensor, "\(name) is absent.") }
        return data[range].withUnsafeBytes { bytes in
            (0..<range.count / MemoryLayout<T>.stride).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: type)
            }
        }
    }

    func floats(_ name: String) throws -> [Float] { try values(name, as: Float.self) }

    /// Token ids, stored with 32 or 64 bits.
    func tokens(_ name: String) throws -> [Int32] {
        let count = tensors[name]?.shape.reduce(1, *) ?? 0
        if tensors[name]?.range.count == 8 * count { return try values(name, as: Int64.self).map { Int32($0) } }
        return try values(name, as: Int32.self)
    }

    func parameters(_ config: ModelConfig) throws -> Parameters {
        let parameters = Parameters(zeros: config)
        try parameters.fill { tensor, memory in
            let values = try floats(tensor.name)
            guard values.count == memory.count else {
                throw TransformerError(.invalidTensor, "\(tensor.name) has \(values.count) values.")
            }
            _ = memory.update(fromContentsOf: values)
        }
        return parameters
    }

    static func lines<T: Decodable>(_ path: String, as type: T.Type) throws -> [T] {
        try String(contentsOf: url(path), encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(type, from: Data($0.utf8))
        }
    }

    /// The sizes of all reference models.
    static func config(tied: Bool) throws -> ModelConfig {
        try ModelConfig(
            vocabularySize: 128, hiddenSize: 64, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headSize: 16,
            feedForwardSize: 160, ropeTheta: 10_000, normEpsilon: 1e-5, tiesEmbeddings: tied, maxPositionCount: 256,
            bosToken: 1, eosTokens: [2], padToken: 0)
    }
}

/// One DPO pair of the reference set, with its log-probabilities.
struct GoldenPair: Decodable {
    let prompt_ids, chosen_ids, rejected_ids: [Int32]
}

struct GoldenLogProbs: Decodable {
    let policy_chosen_token_logps, policy_rejected_token_logps: [Float]
    let chosen_logratio, rejected_logratio: Double
}

/// The worst of |a − b| / (absolute + relative·|b|): at most 1 where all values agree.
func worstDeviation(_ a: [Float], _ b: [Float], absolute: Float, relative: Float) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1) / (absolute + relative * abs($1.1))) }
}
