import AgonAgents
import AgonTransformer
import Foundation
import Testing

/// A temporary folder with `agents/` and `judges/` in it, removed with the value.
final class AgentFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "agon-agents-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, its folders included.
    func write(_ bytes: [UInt8], _ name: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }

    /// A small model that reads digits, `=` and letters.
    static func model(head: ModelConfig.Head = .language) throws -> ModelFolder {
        let tokenizer = try Tokenizer.characters("0123456789=abc ", special: ["<pad>", "<bos>", "<eos>"])
        let config = try ModelConfig(
            vocabularySize: tokenizer.idLimit, hiddenSize: 16, layerCount: 2, headCount: 2, feedForwardSize: 24,
            maxPositionCount: 32, bosToken: 1, eosTokens: [2], padToken: 0, head: head)
        return try ModelFolder(parameters: Parameters.initialised(config, seed: 3), tokenizer: tokenizer)
    }
}

/// The sentence of the error that a body throws, which must be one of the module's; empty where it throws none.
func sentence(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let error as AgentError {
        return error.message
    } catch let error as TransformerError {
        return error.message
    } catch {
        Issue.record("\(error) is neither an AgentError nor a TransformerError")
        return "\(error)"
    }
}
