import AgonAgents
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// A temporary folder, removed with the value.
final class PairFolder {
    let path = NSTemporaryDirectory() + "agon-pairs-" + UUID().uuidString

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ text: String, _ name: String) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url.path
    }
}

/// Files with preferences in every form that the field writes, and in forms that nobody should.
@Suite("Preference files") struct PairFileTests {
    /// Texts that break readers which take lines, quotes or characters for something else.
    static let hostile = [
        "plain", "", "a,b", "\"quoted\"", "two\nlines", "carriage\r\nreturn", "quote\"\u{301}combined", "nul\u{0}nul",
        "line\u{2028}separator", "\u{202E}right to left", "👩‍👩‍👧", "é", "e\u{301}", "=1+1", "\\n", "</s>", "\t",
    ]

    private func entries(_ text: String, _ name: String = "pairs.jsonl") throws -> [PairEntry] {
        let folder = try PairFolder()
        var entries: [PairEntry] = []
        try PairFile.forEach(folder.write(text, name)) { entries.append($1) }
        return entries
    }

    private func sentence(_ text: String, _ name: String = "pairs.jsonl") -> String {
        do {
            return "\(try entries(text, name).count) entries"
        } catch let error as AgentError {
            return error.message
        } catch {
            return "\(type(of: error)): \(error)"
        }
    }

    @Test("texts, messages, shared beginnings, ShareGPT and labels are all understood")
    func forms() throws {
        let (user, good, bad) = (
            ChatMessage(role: "user", content: "Q"), ChatMessage(role: "assistant", content: "G"),
            ChatMessage(role: "assistant", content: "B")
        )
        let talk = PairRecord(prompt: .messages([user]), chosen: .messages([good]), rejected: .messages([bad]))
        let message = { (role: String, text: String) in "{\"role\": \"\(role)\", \"content\": \"\(text)\"}" }
        let lines: [(line: String, record: PairRecord)] = [
            (#"{"prompt": "Q", "chosen": "G", "rejected": "B"}"#, PairRecord(prompt: .text("Q"), chosen: .text("G"), rejected: .text("B"))),
            (#"{"prompt": [\#(message("user", "Q"))], "chosen": [\#(message("assistant", "G"))], "rejected": [\#(message("assistant", "B"))]}"#, talk),
            (#"{"chosen": [\#(message("user", "Q")), \#(message("assistant", "G"))], "rejected": [\#(message("user", "Q")), \#(message("assistant", "B"))]}"#, talk),
            (#"{"prompt": "Q", "chosen": [\#(message("user", "Q")), \#(message("assistant", "G"))], "rejected": [\#(message("user", "Q")), \#(message("assistant", "B"))]}"#, talk),
            (#"{"prompt": "Q", "chosen": \#(message("assistant", "G")), "rejected": \#(message("assistant", "B"))}"#, talk),
            (#"{"conversations": [{"from": "human", "value": "Q"}], "chosen": {"from": "gpt", "value": "G"}, "rejected": {"from": "gpt", "value": "B"}}"#, talk),
            (#"{"chosen": "2 + 2 = 4", "rejected": "2 + 2 = 5"}"#, PairRecord(prompt: .text("2 + 2 ="), chosen: .text(" 4"), rejected: .text(" 5"))),
            (#"{"chosen": "abc", "rejected": "ab"}"#, PairRecord(prompt: .text("a"), chosen: .text("bc"), rejected: .text("b"))),
            (#"{"prompt": "Q", "chosen": "G", "rejected": "B", "preference": 0.75, "margin": 2, "x": null, "y": [1]}"#, PairRecord(prompt: .text("Q"), chosen: .text("G"), rejected: .text("B"), preference: 0.75, margin: 2, columns: [.init("x", .null), .init("y", [1])])),
        ]
        for (line, record) in lines { #expect(try entries(line) == [.pair(record)], "\(line)") }
        let labelled = LabelledRecord(prompt: .text("Q"), completion: .text("G"), isDesirable: false, columns: [])
        #expect(try entries(#"{"prompt": "Q", "completion": "G", "label": false}"#) == [.labelled(labelled)])
    }

    @Test("a list, blank lines, CR LF, a byte order mark and a last line without a line feed read like plain lines")
    func shapes() throws {
        let line = #"{"prompt": "Q", "chosen": "G", "rejected": "B"}"#
        let expected = try entries(line)
        #expect(try entries("\u{FEFF}\n \t\r\n\(line)\r\n\n\(line)") == expected + expected)
        #expect(try entries(" \n[\(line),\n \(line)]\n", "list.json") == expected + expected)
        #expect(try entries("") == [])
    }

    @Test(
        "what cannot be read is named with its line",
        arguments: [
            ("{\"prompt\": \"Q\", \"chosen\": \"G\"}", ":1: `chosen` and `rejected` must both be there"),
            ("\n[1]\n", "expected an object"), ("\n{\"chosen\": 1, \"rejected\": \"B\"}", ":2: `chosen` must be a text or a list"),
            ("{\"question\": \"Q\", \"answer\": \"A\"}", "but question, answer: rename the columns"), ("{}", "but nothing: rename"),
            ("nonsense", ":1: the line is no JSON object"), ("{\"chosen\": \"ab\", \"rejected\": \"cd\"}", "begin with none in common"),
            ("{\"prompt\": \"Q\", \"chosen\": \"a\", \"rejected\": \"b\", \"preference\": 2}", "`preference` is 2.0, it must be 0.0 to 1.0"),
            ("{\"prompt\": \"Q\", \"chosen\": [], \"rejected\": []}", "`chosen` has no message"),
            ("{\"prompt\": \"Q\", \"chosen\": [{\"text\": \"a\"}], \"rejected\": \"b\"}", "needs `role` and `content`"),
            ("{\"prompt\": \"Q\", \"completion\": \"a\", \"label\": 1}", "`label` must be true or false"),
            ("{\"prompt\": \"Q\", \"prompt\": \"R\", \"chosen\": \"a\", \"rejected\": \"b\"}", ":1: the line is no JSON object"),
            (String(repeating: "[", count: 100_000), "is no"),
        ])
    func faults(text: String, expected: String) {
        #expect(sentence(text).contains(expected), "\(sentence(text))")
    }

    @Test("folders, binary tables, broken UTF-8 and broken CSV are refused in a sentence")
    func refusals() throws {
        let folder = try PairFolder()
        func message(_ path: String) -> String {
            do {
                try PairFile.forEach(path) { _, _ in }
                return ""
            } catch { return (error as? AgentError)?.message ?? "\(error)" }
        }
        #expect(message(folder.path).contains("is not a regular file"))
        #expect(message(folder.path + "/none.jsonl").contains("cannot be read"))
        #expect(message(folder.path + "/data.parquet").contains("write it as JSON Lines first"))
        try Data([0x7B, 0xFF, 0x7D, 0x0A]).write(to: URL(fileURLWithPath: folder.path + "/bytes.jsonl"))
        #expect(message(folder.path + "/bytes.jsonl").contains(":1: the line is not UTF-8"))
        #expect(message(try folder.write("prompt,chosen,rejected\na,b\n", "short.csv")).contains(":2: the row has 2 fields, the heading 3"))
        #expect(message(try folder.write("prompt,chosen,rejected\na,\"b\n", "open.csv")).contains(":2: a quoted field is not closed"))
    }

    @Test("rows of a table come back as they were, whatever stands in them")
    func tables() throws {
        let folder = try PairFolder()
        let rows = Self.hostile.map { [$0, "x" + $0, $0 + $0] }
        let path = try folder.write(rows.map { CSVText.row($0) }.joined(), "rows.csv")
        var read: [[String]] = []
        try CSVText.forEachRow(path) { read.append($1) }
        // A lone carriage return before a line break belongs to the break only where it is not quoted.
        #expect(read.map { $0.map { Array($0.utf8) } } == rows.map { $0.map { Array($0.utf8) } })
    }

    @Test("a record's line is one line of JSON that reads back to the record, byte for byte")
    func lines() throws {
        for text in Self.hostile where !text.isEmpty {
            let record = PairRecord(prompt: .text(text), chosen: .text(text + "1"), rejected: .text(text + "2"), preference: 0.5)
            #expect(record.line.utf8.count { $0 == 0x0A } == 1 && record.line.utf8.last == 0x0A)
            #expect(!record.line.unicodeScalars.contains { $0.value == 0x2028 || $0.value == 0x202E || $0.value == 0 })
            guard case .pair(let read)? = try entries(record.line).first else { continue }
            #expect(Array(read.prompt.plain.utf8) == Array(text.utf8))
            #expect(read == record)
        }
    }
}
