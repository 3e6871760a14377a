import AgonCore
import AgonJudging
import Testing

/// What each mode takes for right; nil is void.
struct ExactModeTests {
    private func score(
        _ answer: String, _ reference: String, _ mode: ExactJudge.Mode, _ options: ExactJudge.Options = .init()
    ) -> Double? {
        ExactJudge.score(answer, reference: reference, mode: mode, options: options)
    }

    @Test(arguments: [
        ("b", "B", true, 1.0), ("b", "B", false, 0), ("ÀB", "àb", true, 1), ("e\u{301}", "É", true, 1), ("", "", true, 1),
    ])
    func `strings may ignore case`(answer: String, reference: String, ignores: Bool, wanted: Double) {
        #expect(score(answer, reference, .string, .init(ignoresCase: ignores)) == wanted)
    }

    @Test(arguments: [
        ("3.14159", "3.14159265", 1e-3, 0, 1.0), ("3.15", "3.14159265", 1e-3, 0, 0), ("101", "100", 0, 0.01, 1),
        ("101.1", "100", 0, 0.01, 0), ("-99", "-100", 0, 0.01, 1), ("nan", "1", 9, 9, 0), ("1", "1", 0, 0, 1),
    ])
    func `numbers may be close`(answer: String, reference: String, absolute: Double, relative: Double, wanted: Double) {
        let options = ExactJudge.Options(absoluteTolerance: absolute, relativeTolerance: relative)
        #expect(score(answer, reference, .number, options) == wanted)
    }

    @Test(arguments: [
        ("abc", "a.c", 1.0), ("a\nc", "a.c", 0), ("abcd", "abc", 0), ("xabc", "abc", 0), ("ac", "ab?c", 1),
        ("abbb", "ab{2,3}", 1), ("ab", "ab{2,3}", 0), ("abbbb", "ab{2,3}", 0), ("abab", "(ab)+", 1), ("", "(ab)*", 1),
        ("cat", "cat|dog", 1), ("dog", "(?:cat|dog)", 1), ("cow", "cat|dog", 0), ("12-07", "\\d\\d-\\d{2}", 1),
        ("a b", "\\w\\s\\w", 1), ("x", "[^a-w]", 1), ("c", "[^a-w]", 0), ("]", "[\\]]", 1), ("-", "[a-]", 1),
        ("é", "\\w", 0), ("é", ".", 1), ("the cat", ".*\\bcat\\b.*", 1), ("concat", ".*\\bcat\\b.*", 0), ("aaa", "a*?", 1),
        ("a+b", "a\\+b", 1), ("ab", "^ab$", 1), ("x", "[\\S]", 1), (" y", "y", 1), ("7", "[\\d.]", 1), ("aaaa", "(a|aa)+", 1),
        ("", "a{0}", 1), ("aaa", "(a*)*", 1), ("b", "(a*)*", 0), ("aaaaa", "a{5,}", 1), ("aaaa", "a{5,}", 0),
    ])
    func `patterns match whole answers`(answer: String, pattern: String, wanted: Double) {
        #expect(score(answer, pattern, .regex) == wanted)
    }

    @Test func `patterns may ignore case`() {
        #expect(score("PARIS", "par[i]s", .regex, .init(ignoresCase: true)) == 1)
        #expect(score("É", "é", .regex, .init(ignoresCase: true)) == 1)
        #expect(score("PARIS", "paris", .regex) == 0)
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "[]", "*a", "a**", "a{2", "a{3,2}", "a{99999}", "(a{50}){50}", "\\1", "(?=a)", "(?<n>a)", "\\p{L}",
        "[z-a]", "a\\", "^*", "{", String(repeating: "(", count: 100) + String(repeating: ")", count: 100),
    ])
    func `what a pattern may not say makes the task void`(pattern: String) {
        #expect(score("a", pattern, .regex) == nil)
    }

    @Test(arguments: [
        (#"{"b": [1, 2.50], "a": null}"#, #"{"a":null,"b":[1.0,25e-1]}"#, 1.0), ("[1,2]", "[2,1]", 0), ("1e400", "1e400", 1),
        ("1e400", "1e401", 0), ("-0", "0", 1), ("0e7", "0", 1), ("100", "1e2", 1), ("9007199254740993", "9007199254740992", 0),
        (#""\u00e9\n\ud83d\ude00""#, "\"é\\n😀\"", 1), ("true", "1", 0), ("\"1\"", "1", 0), (" [ ] ", "[]", 1), ("{}", "[]", 0),
        ("[1,]", "[1]", 0), ("[1] x", "[1]", 0), ("01", "1", 0), ("+1", "1", 0), ("1.", "1", 0), (".5", "0.5", 0), ("", "1", 0),
        (#"{"a":1,"a":1}"#, #"{"a":1}"#, 0), (#""\ud83d""#, "\"x\"", 0), ("\"a\nb\"", #""a\nb""#, 0), ("'a'", "\"a\"", 0),
        ("NaN", "1", 0), ("nul", "null", 0), ("\"\\x\"", "\"x\"", 0), ("[1", "[1]", 0), ("{\"a\"}", "{}", 0), ("-", "1", 0),
        ("1e99999999999", "1", 0), ("\"open", "\"open\"", 0), ("\"\\u12", "\"x\"", 0),
    ])
    func `JSON is equal by structure`(answer: String, reference: String, wanted: Double) {
        #expect(score(answer, reference, .json) == wanted)
    }

    @Test func `JSON numbers may be close, broken references are void`() {
        let close = ExactJudge.Options(absoluteTolerance: 0.01)
        #expect(score(#"{"x": [1.001, "a"]}"#, #"{"x": [1, "a"]}"#, .json, close) == 1)
        #expect(score(#"{"x": [1.1, "a"]}"#, #"{"x": [1, "a"]}"#, .json, close) == 0)
        #expect(score(#"{"y": 1}"#, #"{"x": 1}"#, .json, close) == 0)
        #expect(score("1", "{", .json) == nil)
    }

    @Test(arguments: [
        ("B", 1.0), ("b", 1), ("(B)", 1), ("**B.**", 1), ("B. Paris", 1), ("B) Paris", 1), ("The answer is B.", 1),
        ("the answer is (b)", 1), ("Answer: **B**", 1), ("I think A, no.\nANSWER: B", 1), ("Choice B", 1),
        ("The correct option is B, since …", 1), ("Let me think.\n\nB", 1), ("The answer should be B", 1),
        ("The answer is A. No: the answer is B", 1), ("The answer is B or C", 0), ("Answer: A, B", 0), ("Answer: A/B", 0),
        ("C", 0), ("A B", 0), ("ABBA", 0), ("Paris", 0), ("", 0), ("The answer is a good one", 0), ("answer B2", 0),
        ("My answer is Berlin", 0), ("B\u{202E}", 0), ("Ｂ", 0), ("B\0", 0), ("The answer is B and it is right", 1),
    ])
    func `the letter of a choice is what the answer settles on`(answer: String, wanted: Double) {
        #expect(score(answer, "(B)", .choice) == wanted)
    }

    @Test func `a reference that is no letter is void`() {
        #expect(score("B", "Berlin", .choice) == nil && score("B", "", .choice) == nil)
    }

    @Test(arguments: [
        ("NYC", #"["New York", "NYC"]"#, 1.0), (" New York ", #"["New York", "NYC"]"#, 1), ("nyc", #"["NYC"]"#, 0),
        ("7", "[7, \"seven\"]", 1), ("two", "one\ntwo\n\n", 1), ("", "one\n\ntwo", 0), ("[x", "[x\ny", 1), ("z", "x\ny", 0),
    ])
    func `one of several texts is enough`(answer: String, reference: String, wanted: Double) {
        #expect(score(answer, reference, .anyOf) == wanted)
    }

    @Test func `accepted answers may ignore case, none are void`() {
        #expect(score("nyc", "NYC\nNew York", .anyOf, .init(ignoresCase: true)) == 1)
        for reference in ["", " \n ", "[]", "[null]", "[[1]]"] { #expect(score("x", reference, .anyOf) == nil) }
    }

    @Test(arguments: [
        ("4*6", "24", 1.0), ("(8 / (3 - 8 / 3))", "24 using 3 3 8 8", 1), ("8/(3-8/3) = 24", "24 using 8, 8, 3, 3", 1),
        ("8*3", "24 using 3 3 8 8", 0), ("(4+4+16)", "24 using 4 4 16", 1), ("44-20", "24 using 4 4 20", 0),
        ("2^3^2", "512", 1), ("-2^2", "-4", 1), ("(-2)^2", "4", 1), ("2^-1", "0.5", 1), ("2**10", "1024", 1), ("2**-2*4", "1", 1),
        ("0.1+0.2", "0.3", 1), ("1/3+1/3+1/3", "1", 1), ("6÷2×(1+2)", "9", 1), ("5−7", "-2", 1), ("--5", "5", 1),
        ("1/0", "1", 0), ("0^-1", "1", 0), ("2^0.5", "2", 0), ("", "1", 0), ("()", "1", 0), ("1 2", "12", 0), ("1+", "1", 0),
        ("(1", "1", 0), ("1)", "1", 0), ("1=1=1", "1", 0), ("24=25", "24", 0), ("24 =", "24", 0), ("2x", "2", 0), ("1,000", "1000", 0),
        ("10-4-3", "3", 1), ("100/10/2", "5", 1), ("1/2*4", "2", 1), ("٣", "3", 0), ("1.", "1", 0), ("(1)(2)", "2", 0),
    ])
    func `expressions are worth what they come to`(answer: String, reference: String, wanted: Double) {
        #expect(score(answer, reference, .expression) == wanted)
    }

    @Test func `what overflows is not known, and a reference that is no expression is void`() {
        #expect(score("9^9^9", "24", .expression) == nil)
        #expect(score("9223372036854775807+1", "24", .expression) == nil)
        #expect(score("99999999999999999999", "24", .expression) == nil)
        #expect(score("3037000500*3037000500/3037000500", "3037000500", .expression) == nil)
        #expect(score("4611686018427387904*3/3", "4611686018427387904", .expression) == nil)
        #expect(score("1^99999999999 + (-1)^99999999999 + 0^5", "0", .expression) == 1)
        #expect(score("1", "many", .expression) == nil && score("1", "1 using", .expression) == nil)
    }
}

struct HostileAnswerTests {
    /// A good reference for each mode, and long patterns that make a backtracking matcher hang.
    private static let references: [(ExactJudge.Mode, String)] = [
        (.string, "a"), (.number, "1"), (.regex, "(a|aa)*(a|b)*c"), (.regex, "(((a*)*)*)*b"), (.json, "[1]"), (.choice, "B"),
        (.anyOf, "a\nb"), (.expression, "24"), (.regex, "(a?){80}a{80}"),
    ]

    private static let answers: [String] = [
        String(repeating: "a", count: 1_000_000), String(repeating: "a", count: 60_000), "\0", "a\0", "\u{202E}a", "\u{200B}a\u{FEFF}",
        String(repeating: "[", count: 60_000), String(repeating: "(", count: 60_000), String(repeating: "{\"a\":", count: 10_000),
        String(repeating: "-", count: 60_000), String(repeating: "2^", count: 30_000) + "2", String(repeating: "9", count: 60_000),
        String(repeating: "answer ", count: 9000), String(repeating: "answer is ", count: 6000), "\"" + String(repeating: "\\u0000", count: 9000),
        String(repeating: "e\u{301}", count: 10_000), "a" + String(repeating: "\u{301}", count: 20_000), String(repeating: "1+", count: 30_000),
        "1e" + String(repeating: "9", count: 1000), String(repeating: "1/3+", count: 10_000) + "1", String(repeating: "\n", count: 60_000),
        String(repeating: "**", count: 30_000), String(repeating: "(((", count: 20) + "1" + String(repeating: ")", count: 60),
    ]

    @Test(.timeLimit(.minutes(2))) func `no answer is right, crashes or hangs a mode`() {
        for (mode, reference) in Self.references {
            for answer in Self.answers {
                #expect(ExactJudge.score(answer, reference: reference, mode: mode) != 1)
            }
        }
    }

    @Test func `no text crashes a mode as its reference`() {
        let texts = Self.answers.map { String($0.prefix(12_000)) }
        for mode in ExactJudge.Mode.allCases {
            for text in texts {
                let score = ExactJudge.score("24", reference: text, mode: mode)
                #expect(score == nil || score == 0)
            }
        }
    }

    @Test func `an answer past the limit is wrong, not void`() {
        let long = String(repeating: " ", count: ExactJudge.answerLimit) + "1"
        for mode in [ExactJudge.Mode.number, .json, .regex, .expression] {
            #expect(ExactJudge.score(long, reference: "1", mode: mode) == 0)
            #expect(ExactJudge.score(String(long.dropFirst()), reference: "1", mode: mode) == 1)
        }
    }
}
