import AgonAgents
import AgonCore
import AgonGames
import Crypto
import Foundation

/// Prompts from a JSON Lines file, `{"prompt": …, "answer": …}` a line, or from a CSV file with a header.
///
/// Only `prompt` is required. `answer` is the gold; `tags` are words by which results can be told apart, a list in JSON and
/// separated by `;` in CSV; `weight` says how often a prompt is drawn relative to the others, 1 where it is left out.
/// Each prompt lies on one side by the hash of its text; the same text twice counts once.
struct PromptFile: PromptSource {
    /// The most bytes a prompt may have.
    static let promptLimit = 1_048_576

    private let pools: [PromptSide: PromptPool]
    private let drawing: PromptPool.Drawing
    let hasGold: Bool
    /// SHA-256 of the file.
    let hash: String
    /// Gold answers by prompt text, for scripted agents.
    let answers: [String: String]
    /// The tags of each prompt that has some, by its id.
    let tags: [String: [String]]

    /// The most bytes that the file may have.
    static let fileLimit = 1 << 28

    private struct Line: Decodable {
        var prompt: String
        var answer: String?
        var tags: [String]?
        var weight: Double?
    }

    /// A line with where it stands.
    private struct PlacedLine {
        var number: Int
        var line: Line
    }

    /// - Parameter drawing: whether prompts come again before all were drawn.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(path: String, drawing: PromptPool.Drawing = .withoutReplacement) throws {
        let text = try TextFile.read(path, limit: PromptFile.fileLimit)
        hash = FileHash.hexadecimal(SHA256.hash(data: Data(text.utf8)))
        let lines = try path.lowercased().hasSuffix(".csv")
            ? PromptFile.tableLines(text, path: path) : PromptFile.jsonLines(text, path: path)
        let distinct = try PromptFile.distinct(lines, path: path)
        let prompts = distinct.map(\.prompt)
        self.drawing = drawing
        pools = Dictionary(grouping: distinct) { PromptSide(of: $0.prompt.text) }.mapValues { side in
            PromptPool(prompts: side.map(\.prompt), weights: side.map { $0.line.weight ?? 1 })
        }
        guard pools[.training] != nil else {
            throw AgentError(.badValue, "\(path) has no prompts to train on: it needs a few dozen lines, of which one in five is held out and one in six is the gate's.")
        }
        hasGold = prompts.allSatisfy { $0.reference != nil }
        answers = Dictionary(uniqueKeysWithValues: prompts.compactMap { prompt in prompt.reference.map { (prompt.text, $0) } })
        tags = Dictionary(
            uniqueKeysWithValues: distinct.compactMap { entry in
                entry.line.tags.flatMap { $0.isEmpty ? nil : (entry.prompt.id, $0) }
            })
    }

    /// All prompts' texts.
    var texts: [String] { PromptSide.allCases.flatMap { pools[$0]?.prompts.map(\.text) ?? [] } }

    /// The file's prompts, each text once.
    private static func distinct(_ lines: [PlacedLine], path: String) throws(AgentError) -> [(prompt: Prompt, line: Line)] {
        var prompts: [(prompt: Prompt, line: Line)] = []
        var indexOfText: [String: Int] = [:]
        for placed in lines {
            let (line, place) = (placed.line, "\(path):\(placed.number)")
            let size = line.prompt.utf8.count
            guard size <= promptLimit else {
                throw AgentError(.badValue, "\(place): the prompt has \(size) bytes, at most \(promptLimit) are allowed.")
            }
            guard !line.prompt.allSatisfy(\.isWhitespace) else {
                throw AgentError(.badValue, "\(place): the prompt is empty: write one or remove the line.")
            }
            if let weight = line.weight, !(weight > 0 && weight <= 1e9) {
                throw AgentError(.badValue, "\(place): `weight` is \(weight), it lies above 0 and is at most 1000000000: correct it or leave it out.")
            }
            if let known = indexOfText[line.prompt] {
                guard prompts[known].prompt.reference == line.answer else {
                    throw AgentError(.badValue, "\(place): \(prompts[known].prompt.id) asks the same with another `answer`: keep one of them.")
                }
                continue
            }
            indexOfText[line.prompt] = prompts.count
            prompts.append((Prompt(id: "line-\(placed.number)", text: line.prompt, reference: line.answer), line))
        }
        return prompts
    }

    private static func jsonLines(_ text: String, path: String) throws(AgentError) -> [PlacedLine] {
        var lines: [PlacedLine] = []
        // By bytes: for Swift a line that ends in CR LF has no "\n" in it.
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let line = try decoded(bytes, place: "\(path):\(index + 1)") else { continue }
            lines.append(PlacedLine(number: index + 1, line: line))
        }
        return lines
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

    /// The rows of a table. An empty `answer` is none.
    private static func tableLines(_ text: String, path: String) throws(AgentError) -> [PlacedLine] {
        let table: CSVTable
        do {
            table = try CSVTable(text)
        } catch {
            throw AgentError(.syntax, "\(path):\(error.line): \(error.reason)", underlying: error)
        }
        guard table.columns.contains("prompt") else {
            throw AgentError(.syntax, "\(path):1: there is no column `prompt` among \(table.columns.joined(separator: ", ")): name one.")
        }
        var lines: [PlacedLine] = []
        for row in table.rows {
            func field(_ column: String) -> String? { table.field(column, of: row).flatMap { $0.isEmpty ? nil : $0 } }
            let weight = field("weight")
            if let weight, Double(weight) == nil {
                throw AgentError(.badValue, "\(path):\(row.line): `weight` is `\(weight.prefix(40))`, expected a number above 0.")
            }
            let tags = field("tags")?.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            lines.append(
                PlacedLine(
                    number: row.line,
                    line: Line(prompt: field("prompt") ?? "", answer: field("answer"), tags: tags, weight: weight.flatMap { Double($0) })))
        }
        return lines
    }

    func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt] {
        pools[side]?.drawn(count: count, seed: seed, drawing: drawing) ?? []
    }
}
