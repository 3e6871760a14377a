import Foundation

/// The tests of one prompt, as its reference gives them.
///
/// A reference is JSON or Python:
///
///     {"cases": [{"stdin": "2 3\n", "stdout": "5\n"}]}                        any language
///     {"cases": [{"call": "add", "arguments": [2, 3], "returns": 5}]}         Python
///     {"tests": "def check(candidate): …", "entry_point": "add"}              Python
///     assert add(2, 3) == 5                                                   Python, one test for each assert
public enum TestReference: Sendable, Hashable {
    /// A program's whole life: what it reads and what it must write.
    public struct Case: Sendable, Hashable {
        public var input: String
        public var output: String

        public init(input: String, output: String) {
            self.input = input
            self.output = output
        }
    }

    case programs([Case])
    /// Cases as JSON for Python's tester.
    case calls(json: String)
    /// Python text, and the function that its `check` is called with.
    case python(text: String, entryPoint: String?)

    private struct File: Decodable {
        struct Item: Decodable {
            var stdin: String?
            var stdout: String?
            var call: String?
        }
        var cases: [Item]?
        var tests: String?
        var entryPoint: String?

        enum CodingKeys: String, CodingKey {
            case cases, tests
            case entryPoint = "entry_point"
        }
    }

    /// Reads a reference; nil where it holds no tests.
    public init?(_ reference: String) {
        guard reference.first(where: { !$0.isWhitespace }) == "{" else {
            guard reference.contains(where: { !$0.isWhitespace }) else { return nil }
            self = .python(text: reference, entryPoint: nil)
            return
        }
        guard let file = try? JSONDecoder().decode(File.self, from: Data(reference.utf8)) else { return nil }
        if let tests = file.tests {
            self = .python(text: tests, entryPoint: file.entryPoint)
            return
        }
        guard let items = file.cases, !items.isEmpty else { return nil }
        if items.allSatisfy({ $0.call != nil }) {
            self = .calls(json: reference)
            return
        }
        let cases = items.compactMap { item in item.stdout.map { Case(input: item.stdin ?? "", output: $0) } }
        guard cases.count == items.count, items.allSatisfy({ $0.call == nil }) else { return nil }
        self = .programs(cases)
    }
}
