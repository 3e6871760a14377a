import AgonAgents
import AgonCore
import AgonGames
import Foundation

/// A line of a prompt file, or a row of a table, before it is a prompt.
struct PromptRow {
    /// The line on which it stands, or begins, from 1.
    var line: Int
    var prompt: String?
    var answer: String?
    var tags: [String]?
    var weight: Double?
    var system: String?
    var messages: RawMessages?

    /// What stands as `messages`.
    struct RawMessages: Decodable {
        /// A message whose role may be unknown.
        struct Item: Decodable {
            var role: String
            var content: String
        }

        /// Nil where it is no list of messages.
        var items: [Item]?

        init(_ items: [Item]?) { self.items = items }

        init(from decoder: any Decoder) { items = try? [Item](from: decoder) }
    }

    /// A column for the documentation.
    struct Column {
        var name: String
        /// What stands there in JSON and in CSV.
        var json: String
        var csv: String
        var meaning: String
    }

    static let columns = [
        Column(name: "prompt", json: "text", csv: "text", meaning: "What is asked, as the user's turn. It may be left out where there are `messages`; beside them it repeats their last content."),
        Column(name: "system", json: "text", csv: "text", meaning: "The system's message, which stands in place of an agent's `system.md`."),
        Column(name: "messages", json: "list of `{\"role\": …, \"content\": …}`", csv: "the same as JSON", meaning: "A conversation as OpenAI's chat completions have it: roles `system` (first, and only where there is no `system` beside it), `user` and `assistant`, contents as texts, a user's turn at the end."),
        Column(name: "answer", json: "text", csv: "text; empty is none", meaning: "The gold answer; for a judge of `kind: tests` the tests."),
        Column(name: "tags", json: "list of text", csv: "text, separated by `;`", meaning: "Words by which the report tells results apart."),
        Column(name: "weight", json: "number", csv: "number", meaning: "How often the prompt is drawn relative to the others, above 0; 1 where it is left out."),
    ]

    /// The columns as a Markdown table.
    static var markdown: String {
        "| column | JSON Lines | CSV | meaning |\n|---|---|---|---|\n"
            + columns.map { "| `\($0.name)` | \($0.json) | \($0.csv) | \($0.meaning) |\n" }.joined()
    }

    /// What is asked.
    /// - Parameter place: the file and line, to begin messages with.
    /// - Throws: `badValue`, saying what the row has too much, or too little.
    func conversation(place: String) throws(AgentError) -> Conversation {
        func fault(_ sentence: String) -> AgentError { AgentError(.badValue, "\(place): \(sentence)") }
        var turns: [Message] = []
        if let system {
            guard !system.allSatisfy(\.isWhitespace) else { throw fault("`system` is empty: write it or leave it out.") }
            turns.append(Message(.system, system))
        }
        guard let messages else {
            guard let prompt, !prompt.allSatisfy(\.isWhitespace) else {
                throw fault("the prompt is empty: write one or remove the line.")
            }
            return Conversation(turns + [Message(.user, prompt)])
        }
        guard let items = messages.items else {
            throw fault("`messages` must be a list of {\"role\": \"user\", \"content\": \"…\"} with texts: correct it.")
        }
        for (index, message) in items.enumerated() {
            let name = "message \(index + 1) of `messages`"
            guard let role = Message.Role(rawValue: message.role) else {
                throw fault("\(name) has the role `\(DisplayText.name(message.role))`: use system, user or assistant.")
            }
            guard !message.content.allSatisfy(\.isWhitespace) else { throw fault("\(name) is empty: write it or leave it out.") }
            if role == .system, !turns.isEmpty {
                throw fault(
                    turns[0].role == .system
                        ? "\(name) is a second system's message: keep one." : "\(name) is the system's: put it first.")
            }
            turns.append(Message(role, message.content))
        }
        guard let last = turns.last, last.role == .user else {
            throw fault("`messages` must end with the user's turn, which is what agents answer: add one or remove what follows it.")
        }
        guard prompt == nil || prompt == last.content else {
            throw fault("`prompt` is not what `messages` end with: leave one of them out.")
        }
        return Conversation(turns)
    }
}

extension PromptRow {
    private struct Line: Decodable {
        var prompt: String?
        var answer: String?
        var tags: [String]?
        var weight: Double?
        var system: String?
        var messages: RawMessages?
    }

    /// The objects of a JSON Lines text, blank lines left out.
    static func lines(_ text: String, path: String) throws(AgentError) -> [PromptRow] {
        var rows: [PromptRow] = []
        // By bytes: for Swift a line that ends in CR LF has no "\n" in it.
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard !bytes.allSatisfy({ [0x09, 0x0D, 0x20].contains($0) }) else { continue }
            let line = try decoded(bytes, place: "\(path):\(index + 1)")
            rows.append(
                PromptRow(
                    line: index + 1, prompt: line.prompt, answer: line.answer, tags: line.tags, weight: line.weight,
                    system: line.system, messages: line.messages))
        }
        return rows
    }

    /// The rows of a table. An empty field is none.
    static func table(_ text: String, path: String) throws(AgentError) -> [PromptRow] {
        let table: CSVTable
        do {
            table = try CSVTable(text)
        } catch {
            throw AgentError(.syntax, "\(path):\(error.line): \(error.reason)", underlying: error)
        }
        guard table.columns.contains("prompt") || table.columns.contains("messages") else {
            throw AgentError(.syntax, "\(path):1: there is no column `prompt` or `messages` among \(table.columns.joined(separator: ", ")): name one.")
        }
        var rows: [PromptRow] = []
        for row in table.rows {
            let place = "\(path):\(row.line)"
            func field(_ column: String) -> String? { table.field(column, of: row).flatMap { $0.isEmpty ? nil : $0 } }
            let weight = field("weight")
            if let weight, Double(weight) == nil {
                throw AgentError(.badValue, "\(place): `weight` is `\(weight.prefix(40))`, expected a number above 0.")
            }
            let messages = field("messages").map { cell in
                (try? JSONDecoder().decode(RawMessages.self, from: Data(cell.utf8))) ?? RawMessages(nil)
            }
            let tags = field("tags")?.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            rows.append(
                PromptRow(
                    line: row.line, prompt: field("prompt"), answer: field("answer"), tags: tags,
                    weight: weight.flatMap { Double($0) }, system: field("system"), messages: messages))
        }
        return rows
    }

    /// - Throws: `syntax` for what is no object, or asks nothing.
    private static func decoded(_ bytes: Substring.UTF8View, place: String) throws(AgentError) -> Line {
        var underlying: (any Error)?
        do {
            let line = try JSONDecoder().decode(Line.self, from: Data(bytes))
            if line.prompt != nil || line.messages != nil { return line }
        } catch { underlying = error }
        throw AgentError(
            .syntax, "\(place): expected an object such as {\"prompt\": \"…\", \"answer\": \"…\"}: correct the line.",
            underlying: underlying)
    }
}
