import AgonAgents
import AgonCore
import Crypto
import Foundation

/// Prompts from a JSON Lines file: `{"prompt": …, "answer": …}` a line, `answer` optional.
///
/// Each prompt lies on the training or the held-out side by the hash of its text, so the same text
/// twice in a file is never on both.
struct PromptFile: PromptSource {
    /// The most bytes a prompt may have.
    static let promptLimit = 1_048_576

    private let trainingPrompts: [Prompt]
    private let heldOutPrompts: [Prompt]
    let hasGold: Bool
    /// SHA-256 of the file.
    let hash: String
    /// Gold answers by prompt text, for scripted agents.
    let answers: [String: String]

    private struct Line: Decodable {
        var prompt: String
        var answer: String?
    }

    /// - Throws: `AgentError`, one sentence naming file and line.
    init(path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw AgentError(.unreadable, "\(path) cannot be read: `prompts` names a JSON Lines file in UTF-8.")
        }
        hash = FileHash.hexadecimal(SHA256.hash(data: Data(text.utf8)))
        var prompts: [Prompt] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy(\.isWhitespace) else { continue }
            let decoded: Line
            do {
                decoded = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            } catch {
                throw AgentError(
                    .syntax, "\(path):\(index + 1): expected an object such as {\"prompt\": \"…\", \"answer\": \"…\"}.",
                    underlying: error)
            }
            guard decoded.prompt.utf8.count <= PromptFile.promptLimit else {
                throw AgentError(.badValue, "\(path):\(index + 1): the prompt has \(decoded.prompt.utf8.count) bytes, at most \(PromptFile.promptLimit) are allowed.")
            }
            prompts.append(Prompt(id: "line-\(index + 1)", text: decoded.prompt, reference: decoded.answer))
        }
        trainingPrompts = prompts.filter { !HeldOutSplit.contains($0.text) }
        heldOutPrompts = prompts.filter { HeldOutSplit.contains($0.text) }
        guard !trainingPrompts.isEmpty else {
            throw AgentError(.badValue, "\(path) has no prompts to train on: it needs a few dozen lines, of which one in five is held out.")
        }
        hasGold = prompts.allSatisfy { $0.reference != nil }
        answers = Dictionary(prompts.compactMap { prompt in prompt.reference.map { (prompt.text, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// All prompts' texts.
    var texts: [String] { (trainingPrompts + heldOutPrompts).map(\.text) }

    func training(count: Int, seed: Seed) -> [Prompt] { PromptFile.drawn(trainingPrompts, count, seed) }
    func heldOut(count: Int, seed: Seed) -> [Prompt] { PromptFile.drawn(heldOutPrompts, count, seed) }

    private static func drawn(_ prompts: [Prompt], _ count: Int, _ seed: Seed) -> [Prompt] {
        guard !prompts.isEmpty else { return [] }
        var generator = SeededGenerator(seed)
        var result: [Prompt] = []
        while result.count < count { result += generator.shuffled(prompts).prefix(count - result.count) }
        return result
    }
}
