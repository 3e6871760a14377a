import AgonAgents
import AgonCore
import AgonGames
import Crypto
import Foundation

/// Prompts from a JSON Lines file: `{"prompt": …, "answer": …}` a line, `answer` optional.
///
/// Each prompt lies on one side by the hash of its text; the same text twice counts once.
struct PromptFile: PromptSource {
    /// The most bytes a prompt may have.
    static let promptLimit = 1_048_576

    private let pools: [PromptSide: PromptPool]
    let hasGold: Bool
    /// SHA-256 of the file.
    let hash: String
    /// Gold answers by prompt text, for scripted agents.
    let answers: [String: String]

    /// The most bytes that the file may have.
    static let fileLimit = 1 << 28

    private struct Line: Decodable {
        var prompt: String
        var answer: String?
    }

    /// - Throws: `AgentError`, one sentence naming file and line.
    init(path: String) throws {
        let text = try TextFile.read(path, limit: PromptFile.fileLimit)
        hash = FileHash.hexadecimal(SHA256.hash(data: Data(text.utf8)))
        let prompts = try PromptFile.prompts(text, path: path)
        pools = Dictionary(grouping: prompts) { PromptSide(of: $0.text) }.mapValues { PromptPool(prompts: $0) }
        guard pools[.training] != nil else {
            throw AgentError(.badValue, "\(path) has no prompts to train on: it needs a few dozen lines, of which one in five is held out and one in six is the gate's.")
        }
        hasGold = prompts.allSatisfy { $0.reference != nil }
        answers = Dictionary(uniqueKeysWithValues: prompts.compactMap { prompt in prompt.reference.map { (prompt.text, $0) } })
    }

    /// All prompts' texts.
    var texts: [String] { PromptSide.allCases.flatMap { pools[$0]?.prompts.map(\.text) ?? [] } }

    /// The file's prompts, each text once.
    private static func prompts(_ text: String, path: String) throws(AgentError) -> [Prompt] {
        var prompts: [Prompt] = []
        var indexOfText: [String: Int] = [:]
        // By bytes: for Swift a line that ends in CR LF has no "\n" in it.
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let place = "\(path):\(index + 1)"
            guard let line = try decoded(bytes, place: place) else { continue }
            let size = line.prompt.utf8.count
            guard size <= promptLimit else {
                throw AgentError(.badValue, "\(place): the prompt has \(size) bytes, at most \(promptLimit) are allowed.")
            }
            guard !line.prompt.allSatisfy(\.isWhitespace) else {
                throw AgentError(.badValue, "\(place): the prompt is empty: write one or remove the line.")
            }
            if let known = indexOfText[line.prompt] {
                guard prompts[known].reference == line.answer else {
                    throw AgentError(.badValue, "\(place): \(prompts[known].id) asks the same with another `answer`: keep one of them.")
                }
                continue
            }
            indexOfText[line.prompt] = prompts.count
            prompts.append(Prompt(id: "line-\(index + 1)", text: line.prompt, reference: line.answer))
        }
        return prompts
    }

    /// The object in a line; nil where the line is blank.
    private static func decoded(_ bytes: Substring.UTF8View, place: String) throws(AgentError) -> Line? {
        guard !bytes.allSatisfy({ [0x09, 0x0D, 0x20].contains($0) }) else { return nil }
        do {
            return try JSONDecoder().decode(Line.self, from: Data(bytes))
        } catch {
            throw AgentError(
                .syntax, "\(place): expected an object such as {\"prompt\": \"…\", \"answer\": \"…\"}: correct the line.",
                underlying: error)
        }
    }

    func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt] {
        pools[side]?.drawn(count: count, seed: seed) ?? []
    }
}
