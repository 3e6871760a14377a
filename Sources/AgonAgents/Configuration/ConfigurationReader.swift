import Foundation
import Yams

/// A section of a YAML file, checked against its keys, that knows file and line of everything it hands out.
///
/// Types, ranges and defaults come from the `Section`, so that what the reader accepts and what the
/// documentation's tables say cannot differ.
public struct ConfigurationReader {
    /// The file's path as the user wrote it.
    public let file: String
    public let section: Section
    private let mapping: Node.Mapping
    private let line: Int

    /// The most bytes that a configuration file may have.
    public static let byteLimit = 262_144

    /// Reads a whole file.
    /// - Throws: `unreadable`, `syntax` or `unknownKey`, each naming file and line.
    public init(file: String, section: Section) throws {
        try self.init(
            text: TextFile.read(file, limit: ConfigurationReader.byteLimit), file: file, section: section)
    }

    /// Reads a text that came from `file`.
    public init(text: String, file: String, section: Section) throws {
        guard let mapping = try ConfigurationReader.compose(text, file: file)?.mapping else {
            throw AgentError(.syntax, "\(file):1: expected keys and values such as `\(section.keys[0].name): …`.")
        }
        try self.init(file: file, section: section, mapping: mapping, line: 1)
    }

    /// The nodes of a text that may come from anywhere.
    /// - Throws: `syntax`, naming file and line.
    private static func compose(_ text: String, file: String) throws(AgentError) -> Node? {
        try HostileYAML.check(text, file: file)
        do {
            return try Yams.compose(yaml: text)
        } catch {
            let (line, problem) = (error as? YamlError).map { sentence($0, text) } ?? (1, "\(error)")
            throw AgentError(.syntax, "\(file):\(line): not valid YAML: \(problem).", underlying: error)
        }
    }

    private init(file: String, section: Section, mapping: Node.Mapping, line: Int) throws {
        self.file = file
        self.section = section
        self.mapping = mapping
        self.line = line
        for (key, _) in mapping {
            let name = key.string ?? ""
            guard section.key(name) == nil else { continue }
            let nearest = NearestName.of(name, among: section.keys.map(\.name))
            let place = section.name.isEmpty ? "here" : "in `\(section.name)`"
            let hint = nearest.map { "did you mean `\($0)`?" } ?? "known are \(section.keys.map(\.name).joined(separator: ", "))."
            throw AgentError(
                .unknownKey,
                "\(file):\(key.mark?.line ?? line): there is no key `\(ConfigurationReader.clipped(name))` \(place): \(hint)")
        }
    }

    /// The keys at the top of a YAML text, in its order, whatever they are: what kind of file is this?
    /// Empty where the text is no YAML or no mapping.
    public static func topKeys(in text: String) -> [String] {
        guard let root = try? compose(text, file: ""), let mapping = root.mapping else { return [] }
        return mapping.map { key, _ in key.string ?? "" }
    }

    /// A scalar at the top of a YAML text, whatever it is: of which kind is this? Nil where there is none.
    public static func topValue(of key: String, in text: String) -> String? { value(at: [key], in: text) }

    /// A scalar of a YAML text by the keys that lead to it. Nil where there is none.
    public static func value(at path: [String], in text: String) -> String? {
        path.reduce(try? compose(text, file: "")) { $0?.mapping?[$1] }?.scalar?.string
    }

    /// Whether the file gives the key.
    public func has(_ name: String) -> Bool { mapping[name] != nil }

    /// The line of a key's value, or of the section where it is absent.
    public func line(of name: String) -> Int { mapping[name]?.mark?.line ?? line }

    /// `file:line`, to begin a sentence about a key's value.
    public func place(_ name: String) -> String { "\(file):\(line(of: name))" }

    /// A whole number within the key's range.
    public func integer(_ name: String) throws -> Int {
        guard case .integer(let range, let fallback) = spec(name).kind else { preconditionFailure("`\(name)` is no integer key") }
        guard let node = mapping[name] else { return try fallback ?? missing(name) }
        guard let value = node.int else { throw bad(name, node, "a whole number") }
        guard range.contains(value) else { throw bad(name, node, spec(name).range) }
        return value
    }

    /// A finite number within the key's range.
    public func number(_ name: String) throws -> Double {
        guard case .number(let range, let fallback) = spec(name).kind else { preconditionFailure("`\(name)` is no number key") }
        guard let node = mapping[name] else { return try fallback ?? missing(name) }
        guard let value = node.float ?? node.int.map(Double.init), value.isFinite else { throw bad(name, node, "a number") }
        guard range.contains(value) else { throw bad(name, node, spec(name).range) }
        return value
    }

    /// True or false.
    public func boolean(_ name: String) throws -> Bool {
        guard case .boolean(let fallback) = spec(name).kind else { preconditionFailure("`\(name)` is no boolean key") }
        guard let node = mapping[name] else { return fallback }
        guard let value = node.bool else { throw bad(name, node, "true or false") }
        return value
    }

    /// A text or a choice.
    public func text(_ name: String) throws -> String {
        switch spec(name).kind {
        case .text(let fallback):
            guard let node = mapping[name] else { return try fallback ?? missing(name) }
            guard let value = node.scalar?.string else { throw bad(name, node, "text") }
            return value
        case .choice(let values, let fallback):
            guard let node = mapping[name] else { return try fallback ?? missing(name) }
            guard let value = node.scalar?.string else { throw bad(name, node, "one of \(spec(name).range)") }
            guard values.contains(value) else {
                let hint = NearestName.of(value, among: values).map { "; did you mean `\($0)`?" } ?? "."
                throw AgentError(
                    .badValue,
                    "\(place(name)): `\(name)` is `\(ConfigurationReader.clipped(value))`, it must be one of \(spec(name).range)\(hint)")
            }
            return value
        default: preconditionFailure("`\(name)` is no text key")
        }
    }

    /// A list of texts; a single text counts as a list of one.
    public func list(_ name: String) throws -> [String] {
        guard case .list(let fallback) = spec(name).kind else { preconditionFailure("`\(name)` is no list key") }
        guard let node = mapping[name] else { return try fallback ?? missing(name) }
        if let single = node.scalar { return [single.string] }
        guard let sequence = node.sequence else { throw bad(name, node, "a list such as [a, b]") }
        return try sequence.map { item in
            guard let value = item.scalar?.string else { throw bad(name, item, "a list of text") }
            return value
        }
    }

    /// A list of finite numbers; nil where it is absent and has no default.
    public func numbers(_ name: String) throws -> [Double]? {
        guard case .numbers(let fallback) = spec(name).kind else { preconditionFailure("`\(name)` is no number list key") }
        guard let node = mapping[name] else { return fallback }
        guard let sequence = node.sequence else { throw bad(name, node, "a list of numbers such as [1, 0.2]") }
        return try sequence.map { item in
            guard let value = item.float ?? item.int.map(Double.init), value.isFinite else { throw bad(name, item, "a list of numbers") }
            return value
        }
    }

    /// The reader of a section; where the file leaves the section out, every key has its default.
    public func reader(_ name: String) throws -> ConfigurationReader {
        guard case .section(let inner) = spec(name).kind else { preconditionFailure("`\(name)` is no section") }
        guard let node = mapping[name] else {
            return try ConfigurationReader(file: file, section: inner, mapping: Node.Mapping([]), line: line)
        }
        guard let value = node.mapping else { throw bad(name, node, "a section with keys such as `\(inner.keys[0].name)`") }
        return try ConfigurationReader(file: file, section: inner, mapping: value, line: node.mark?.line ?? line)
    }

    /// Refuses keys that are given although nothing would read them.
    /// - Parameter owner: what they belong to, such as "`kind: scripted`".
    public func refuse(_ names: [String], belongingTo owner: String) throws {
        guard let name = names.first(where: has) else { return }
        throw error(name, "nothing would read `\(name)` here, it belongs to \(owner): remove it.")
    }

    /// The error for a value that parses but cannot be: a sentence that begins with file and line.
    public func error(_ name: String, _ sentence: String) -> AgentError {
        AgentError(.badValue, "\(place(name)): \(sentence)")
    }

    private func spec(_ name: String) -> Key {
        guard let key = section.key(name) else { preconditionFailure("`\(name)` is no key of `\(section.name)`") }
        return key
    }

    private func missing<Value>(_ name: String) throws -> Value {
        let path = section.name.isEmpty ? name : "\(section.name).\(name)"
        throw AgentError(.missingKey, "\(file):\(line): `\(path)` is missing: \(spec(name).meaning)")
    }

    private func bad(_ name: String, _ node: Node, _ expected: String) -> AgentError {
        let seen = node.scalar.map { "`\(ConfigurationReader.clipped($0.string))`" } ?? "a nested value"
        return AgentError(.badValue, "\(file):\(node.mark?.line ?? line): `\(name)` is \(seen), it must be \(expected).")
    }

    /// A value of any length, fit to stand in a sentence.
    private static func clipped(_ value: String) -> String { value.count > 60 ? value.prefix(60) + "…" : value }

    /// The next line with a key of the same name and column; nil where it is not written as plainly as that.
    private static func lineAgain(of key: String, after mark: Mark, _ text: String) -> Int? {
        guard mark.line >= 1, mark.column >= 1 else { return nil }
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let start = String(repeating: " ", count: mark.column - 1) + key
        return lines.indices.dropFirst(mark.line).first { index in
            lines[index].hasPrefix(start) && lines[index].dropFirst(start.count).drop { $0 == " " }.first == ":"
        }.map { $0 + 1 }
    }

    /// Line and fault. Yams describes errors over several lines with a picture; one sentence is enough.
    private static func sentence(_ error: YamlError, _ text: String) -> (line: Int, problem: String) {
        switch error {
        case .parser(_, let problem, let mark, _), .scanner(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return (mark.line, "\(problem) at column \(mark.column); correct the line")
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            guard let second = lineAgain(of: key, after: context.mark, text) else {
                return (max(1, context.mark.line), "the key `\(clipped(key))` stands twice in one section; keep one of them")
            }
            return (second, "the key `\(clipped(key))` stands in line \(context.mark.line) of the same section already; keep one of them")
        case .reader(let problem, let offset, _, _):
            let line = 1 + text.utf8.prefix(offset ?? 0).count { $0 == UInt8(ascii: "\n") }
            return (line, "\(problem); save the file as plain text")
        default:
            return (1, error.description.split(separator: "\n").first.map(String.init) ?? "unknown fault")
        }
    }
}
