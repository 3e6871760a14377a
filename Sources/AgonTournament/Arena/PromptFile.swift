import AgonAgents
import AgonCore
import AgonGames
import Crypto
import Foundation

/// Prompts from a JSON Lines file, `{"prompt": …, "answer": …}` a line, or from a CSV file with a header.
///
/// `PromptRow.columns` lists what a line may have. Each prompt lies on one side by the hash of its text, which of a
/// conversation holds all messages; the same text twice counts once.
struct PromptFile: PromptSource {
    /// The most bytes a prompt may have; of a conversation its text.
    static let promptLimit = 1_048_576

    /// The file's prompts in its order, each text once.
    let prompts: [Prompt]
    private let pools: [PromptSide: PromptPool]
    private let drawing: PromptPool.Drawing
    /// Where each prompt stands, such as `prompts.jsonl:7`, by its id.
    let places: [String: String]
    let hasGold: Bool
    /// SHA-256 of the file.
    let hash: String
    /// Gold answers by prompt text, for scripted agents.
    let answers: [String: String]
    /// The tags of each prompt that has some, by its id.
    let tags: [String: [String]]

    /// The most bytes that the file may have.
    static let fileLimit = 1 << 28

    /// - Parameter drawing: whether prompts come again before all were drawn.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(path: String, drawing: PromptPool.Drawing = .withoutReplacement) throws {
        let text = try TextFile.read(path, limit: PromptFile.fileLimit)
        hash = FileHash.hexadecimal(SHA256.hash(data: Data(text.utf8)))
        let rows = try path.lowercased().hasSuffix(".csv") ? PromptRow.table(text, path: path) : PromptRow.lines(text, path: path)
        let distinct = try PromptFile.distinct(rows, path: path)
        prompts = distinct.map(\.prompt)
        self.drawing = drawing
        pools = Dictionary(grouping: distinct) { PromptSide(of: $0.prompt.text) }.mapValues { side in
            PromptPool(prompts: side.map(\.prompt), weights: side.map { $0.row.weight ?? 1 })
        }
        guard pools[.training] != nil else {
            throw AgentError(.badValue, "\(path) has no prompts to train on: it needs a few dozen lines, of which one in five is held out and one in six is the gate's.")
        }
        places = Dictionary(uniqueKeysWithValues: distinct.map { ($0.prompt.id, "\(path):\($0.row.line)") })
        hasGold = prompts.allSatisfy { $0.reference != nil }
        answers = Dictionary(uniqueKeysWithValues: prompts.compactMap { prompt in prompt.reference.map { (prompt.text, $0) } })
        tags = Dictionary(
            uniqueKeysWithValues: distinct.compactMap { entry in
                entry.row.tags.flatMap { $0.isEmpty ? nil : (entry.prompt.id, $0) }
            })
    }

    private static func distinct(_ rows: [PromptRow], path: String) throws(AgentError) -> [(prompt: Prompt, row: PromptRow)] {
        var prompts: [(prompt: Prompt, row: PromptRow)] = []
        var indexOfText: [String: Int] = [:]
        for row in rows {
            let place = "\(path):\(row.line)"
            let prompt = Prompt(id: "line-\(row.line)", conversation: try row.conversation(place: place), reference: row.answer)
            let size = prompt.text.utf8.count
            guard size <= promptLimit else {
                throw AgentError(.badValue, "\(place): the prompt has \(size) bytes, at most \(promptLimit) are allowed.")
            }
            if let weight = row.weight, !(weight > 0 && weight <= 1e9) {
                throw AgentError(.badValue, "\(place): `weight` is \(weight), it lies above 0 and is at most 1000000000: correct it or leave it out.")
            }
            if let known = indexOfText[prompt.text].map({ prompts[$0].prompt }) {
                guard known.conversation == prompt.conversation else {
                    throw AgentError(.badValue, "\(place): \(known.id) has the same text, one as messages and one as plain text: keep one of them.")
                }
                guard known.reference == row.answer else {
                    throw AgentError(.badValue, "\(place): \(known.id) asks the same with another `answer`: keep one of them.")
                }
                continue
            }
            indexOfText[prompt.text] = prompts.count
            prompts.append((prompt, row))
        }
        return prompts
    }

    /// How many prompts lie on a side.
    func count(of side: PromptSide) -> Int { pools[side]?.prompts.count ?? 0 }

    func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt] {
        pools[side]?.drawn(count: count, seed: seed, drawing: drawing) ?? []
    }
}
