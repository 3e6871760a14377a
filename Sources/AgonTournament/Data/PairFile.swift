import AgonAgents
import AgonTransformer
import Foundation

/// A file with preferences: JSON Lines, one JSON list, or CSV with a heading.
enum PairFile {
    /// The most bytes of a file that is one JSON list, which has to be read whole.
    static let listLimit = 1 << 28

    /// Hands over each record with the number of its line; in a JSON list, of its element.
    /// - Throws: `AgentError`, naming file and line; what the body throws.
    static func forEach(_ path: String, _ body: (_ number: Int, _ entry: PairEntry) throws -> Void) throws {
        try forEachObject(path) { number, value in try body(number, try PairEntry(value, place: "\(path):\(number)")) }
    }

    /// The same before it is known what the records are.
    static func forEachObject(_ path: String, _ body: (_ number: Int, _ value: ChatValue) throws -> Void) throws {
        if path.lowercased().hasSuffix(".parquet") || path.lowercased().hasSuffix(".arrow") {
            throw AgentError(.syntax, "\(path) is a binary table: write it as JSON Lines first (in Python `dataset.to_json(\"pairs.jsonl\")`).")
        }
        if path.lowercased().hasSuffix(".csv") { return try forEachRow(path, body) }
        if try beginsWithList(path) { return try forEachElement(path, body) }
        try LineReader.forEach(path) { number, line in
            guard !line.allSatisfy({ [0x09, 0x0D, 0x20].contains($0) }) else { return }
            try body(number, try value(line, place: "\(path):\(number)"))
        }
    }

    private static func value(_ bytes: ArraySlice<UInt8>, place: String) throws(AgentError) -> ChatValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AgentError(.unreadable, "\(place): the line is not UTF-8: save the file as UTF-8.")
        }
        do {
            return try ChatValue(json: text, name: place)
        } catch {
            throw AgentError(.syntax, "\(place): the line is no JSON object: correct it.", underlying: error)
        }
    }

    private struct Decided: Error {}

    /// Whether the first character that is no space opens a list.
    private static func beginsWithList(_ path: String) throws -> Bool {
        var first: UInt8?
        do {
            try LineReader.forEach(path) { _, line in
                first = line.first { ![0x09, 0x0D, 0x20].contains($0) }
                if first != nil { throw Decided() }
            }
        } catch is Decided {
            return first == UInt8(ascii: "[")
        }
        return false
    }

    private static func forEachElement(_ path: String, _ body: (Int, ChatValue) throws -> Void) throws {
        let text = try TextFile.read(path, limit: listLimit)
        guard case .array(let values) = try ChatValue(json: text, name: path) else { return }
        for (index, value) in values.enumerated() { try body(index + 1, value) }
    }

    /// What a column of numbers of this project's own tables ends with.
    private static let numbers = ["preference", "margin", "round", "room", "seat", "version", "score"]

    private static func forEachRow(_ path: String, _ body: (Int, ChatValue) throws -> Void) throws {
        var names: [String]?
        try CSVText.forEachRow(path) { line, fields in
            guard let names else {
                names = fields
                return
            }
            guard fields.count == names.count else {
                throw AgentError(.syntax, "\(path):\(line): the row has \(fields.count) fields, the heading \(names.count): correct it.")
            }
            let members = zip(names, fields).compactMap { name, field -> ChatValue.Member? in
                if name == "label", let flag = ["true": true, "false": false, "1": true, "0": false][field.lowercased()] {
                    return ChatValue.Member(name, .bool(flag))
                }
                guard numbers.contains(where: name.hasSuffix) else { return ChatValue.Member(name, .string(field)) }
                let number = Int(field).map { ChatValue.integer($0) } ?? Double(field).map { .number($0) }
                return field.isEmpty ? nil : ChatValue.Member(name, number ?? .string(field))
            }
            try body(line, .object(members))
        }
    }
}
