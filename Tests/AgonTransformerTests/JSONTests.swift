import Testing

@testable import AgonTransformer

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8), file: "file.json")
    }

    @Test func valuesAndEscapesAreRead() throws {
        let value = try parse(#" {"a": [1, -2.5e3, true, false, null], "\u00e9\n\ud83d\ude00": "x\/\"\\"} "#)
        #expect(
            value
                == .object([
                    JSONMember("a", .array([.integer(1), .decimal(-2500), .bool(true), .bool(false), .null])),
                    JSONMember("é\n😀", .string(ByteString("x/\"\\"))),
                ]))
        #expect(try parse(String(decoding: JSONWriter.pretty(value), as: UTF8.self)) == value)
        #expect(try parse(String(decoding: JSONWriter.compact(value), as: UTF8.self)) == value)
    }

    @Test func canonicallyEquivalentKeysStayApart() throws {
        guard case .object(let members) = try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}") else {
            Issue.record("not an object")
            return
        }
        #expect(members.count == 2)
    }

    @Test func whatIsNoJSONIsAnErrorWithItsLine() {
        let cases: [(text: String, reason: String)] = [
            ("", "line 1"), ("{\n\"a\": 1,\n}", "line 3"), ("{\"a\" 1}", "a colon is missing after \"a\""),
            ("[1, 2", "an array is not closed"), ("{\"a\": 1", "an object is not closed"), ("[1] x", "text follows"),
            ("{\"a\": 1, \"a\": 2}", "the key \"a\" appears twice"), ("\"abc", "a string is not closed"),
            ("\"\\q\"", "an escape is unknown"), ("\"\\ud800x\"", "a surrogate has no partner"), ("\"\\u12\"", "incomplete"),
            ("\"\n\"", "control character"), ("nul", "unknown word"), ("1e999", "unreadable"), ("-", "unreadable"),
            (String(repeating: "[", count: 200_000), "nested deeper"), ("\"\\", "not closed"),
        ]
        for (text, reason) in cases {
            let message = sentence { _ = try parse(text) }
            #expect(message.contains(reason), "\(text.prefix(20)): \(message)")
            #expect(message.contains("file.json line"))
        }
        #expect(sentence { _ = try JSONParser.parse([0x22, 0xFF, 0x22], file: "f") }.contains("not UTF-8"))
    }
}
