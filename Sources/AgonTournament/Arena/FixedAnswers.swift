import AgonAgents
import Foundation

/// What an agent with `strategy: fixed` says: one answer for each prompt of a JSON Lines file.
struct FixedAnswers: Sendable {
    /// By the prompt's text.
    let answers: [String: String]
    /// SHA-256 of the file.
    let hash: String

    private struct Line: Decodable {
        var prompt: String
        var answer: String
    }

    /// - Throws: `AgentError`, one sentence naming file and line.
    init(path: String) throws {
        var answers: [String: String] = [:]
        try LineReader.forEach(path) { number, bytes in
            guard !bytes.allSatisfy({ [0x09, 0x0D, 0x20].contains($0) }) else { return }
            let line: Line
            do {
                line = try JSONDecoder().decode(Line.self, from: Data(bytes))
            } catch {
                throw AgentError(
                    .syntax, "\(path):\(number): expected an object such as {\"prompt\": \"…\", \"answer\": \"…\"}: correct the line.",
                    underlying: error)
            }
            guard answers.updateValue(line.answer, forKey: line.prompt) == nil else {
                throw AgentError(.badValue, "\(path):\(number): this prompt has an answer already: keep one of the lines.")
            }
        }
        guard !answers.isEmpty else {
            throw AgentError(.badValue, "\(path) has no answers: write lines such as {\"prompt\": \"…\", \"answer\": \"…\"}.")
        }
        self.answers = answers
        hash = try FileHash.files([path])
    }
}
