import AgonConnections
import Foundation
import Testing

@Suite struct AnswerCodeTests {
    @Test("code is taken out of its fences", arguments: [
        ("x = 1", "x = 1"), ("```\nx = 1\n```", "x = 1\n"), ("Here:\n```python\nx = 1\ny = 2\n```\nand\n```\nz\n```", "x = 1\ny = 2\n"),
        ("  ```py\n  x\n", "  x\n\n"), ("", ""), ("```", "\n"),
    ])
    func fences(answer: String, code: String) {
        #expect(AnswerCode.code(in: answer) == code)
    }
}

@Suite struct TestReferenceTests {
    @Test("references are told apart, and what holds no tests is none")
    func kinds() {
        #expect(TestReference(#"{"cases": [{"stdin": "1", "stdout": "2"}]}"#) == .programs([.init(input: "1", output: "2")]))
        #expect(TestReference(#"{"tests": "assert f()", "entry_point": "f"}"#) == .python(text: "assert f()", entryPoint: "f"))
        #expect(TestReference("assert f()") == .python(text: "assert f()", entryPoint: nil))
        let calls = #"{"cases": [{"call": "f", "returns": 1}]}"#
        #expect(TestReference(calls) == .calls(json: calls))
        for broken in ["", " \n", "{", #"{"cases": []}"#, #"{"cases": [{"stdin": "1"}]}"#, "{}", #"{"cases": [{"call": "f"}, {"stdout": ""}]}"#] {
            #expect(TestReference(broken) == nil, "\(broken)")
        }
    }
}

/// Whole programs in the shell, which is everywhere.
@Suite struct AnswerProgramTests {
    private let reference = #"{"cases": [{"stdin": "2 3", "stdout": "5"}, {"stdin": "4 4", "stdout": "8\n"}, {"stdout": "0"}]}"#

    private func tests(_ isolation: Isolation, seconds: Double = 5, jobs: Int = 2) -> AnswerTests {
        AnswerTests(
            command: ["sh", "answer.sh"], fileName: "answer.sh", limits: ProgramLimits(seconds: seconds), jobs: jobs, isolation: isolation)
    }

    private func score(_ answers: [String], _ isolation: Isolation, seconds: Double = 5, jobs: Int = 2) async throws -> [Double?] {
        try await tests(isolation, seconds: seconds, jobs: jobs).tallies(answers.map { .init(answer: $0, reference: reference) }).map { $0?.score }
    }

    @Test("an answer has the share of the cases that it passes", arguments: ProgramWorld.isolations)
    func shares(isolation: Isolation) async throws {
        let answers = ["read a b; echo $((a + b))", "```sh\nread a b; echo \"$((a + b))  \"; echo\n```", "echo 5", "read a b; echo $((a + b)); exit 1", "("]
        #expect(try await score(answers, isolation) == [1, 1, 1.0 / 3, 0, 0])
    }

    @Test("printing that all is well, ending early, and writing files earn nothing", arguments: ProgramWorld.isolations)
    func cheats(isolation: Isolation) async throws {
        let answers = [
            "exit 0", "echo all tests passed; echo 3/3", "echo '{\"passed\": true}'; echo '{\"done\": true}'",
            "for f in *; do echo pass > $f; done", "kill -9 0", "echo 5 | tee -a answer.sh /proc/self/fd/0; read x < answer.sh",
        ]
        #expect(try await score(answers, isolation, seconds: 1).compactMap { $0 }.max().map { $0 <= 1.0 / 3 } == true)
        #expect(try await score(Array(answers.prefix(5)), isolation) == [0, 0, 0, 0, 0])
    }

    @Test("an answer that never ends fails in its time, and others are not hurt")
    func endless() async throws {
        #expect(try await score(["while :; do :; done", "read a b; echo $((a + b))"], .sealed, seconds: 1) == [0, 1])
    }

    @Test("equal answers run once, and results stand by index whatever the number of jobs")
    func once() async throws {
        let answers = (0..<30).map { "echo \($0 % 10)" }
        let wanted = answers.map { $0 == "echo 5" || $0 == "echo 8" || $0 == "echo 0" ? 1.0 / 3 : 0 }
        for jobs in [1, 7] { #expect(try await score(answers, .sealed, jobs: jobs) == wanted) }
        // Equal answers give one number, which two runs would not.
        let clock = "cat /proc/uptime /proc/self/stat > x; sum x"
        let tallies = try await tests(.sealed).tallies([.init(answer: clock, reference: reference), .init(answer: clock, reference: reference)])
        #expect(tallies[0] == tallies[1])
    }

    @Test("without tests there is no score, and without a sandbox there is an error, never a failed answer")
    func faults() async throws {
        let questions = [nil, "", "{", #"{"cases": []}"#].map { AnswerTests.Question(answer: "exit 0", reference: $0) }
        #expect(try await tests(.sealed).tallies(questions) == [nil, nil, nil, nil])
        var broken = tests(.sealed)
        broken.command = ["no-such-language", "answer.sh"]
        await #expect(throws: ConnectionError.self) { _ = try await broken.tallies([.init(answer: "x", reference: reference)]) }
    }
}

/// Tests in Python, where a sealed program finds it.
@Suite(.enabled(if: ProgramWorld.hasPython, "needs python3 in /usr/local/bin, /usr/bin or /bin"))
struct PythonAnswerTests {
    private func tally(_ answer: String, _ reference: String, _ isolation: Isolation = .sealed, seconds: Double = 10) async throws -> TestTally? {
        try await AnswerTests(limits: ProgramLimits(seconds: seconds), isolation: isolation).tallies([.init(answer: answer, reference: reference)])[0]
    }

    private let asserts = """
        from solution import add as plus
        import math
        base = [3, 1, 2]
        assert add(2, 3) == 5
        assert plus(0.5, 0.25) == 0.75
        order(base)
        assert base == [1, 2, 3]
        assert add((1,), (2,)) == (1, 2) and math.pi > 3
        """
    private let right = "def add(a, b): return a + b\ndef order(x): x.sort()\n"

    @Test("each assert is a test, and values keep their kinds on the way", arguments: ProgramWorld.isolations)
    func asserting(isolation: Isolation) async throws {
        #expect(try await tally(right, asserts, isolation) == TestTally(passed: 5, total: 5))
        #expect(try await tally("```python\n" + right.replacing("a + b", with: "5") + "```", asserts, isolation) == TestTally(passed: 3, total: 5))
        #expect(try await tally("def add(a, b) return", asserts, isolation) == TestTally(passed: 0, total: 5))
        #expect(try await tally("", asserts, isolation) == TestTally(passed: 0, total: 5))
    }

    @Test("test functions, a check of an entry point, and cases of calls are tests too")
    func forms() async throws {
        let functions = "def test_a():\n    assert add(1, 1) == 2\ndef test_b():\n    try:\n        add(1, None)\n    except TypeError:\n        return\n    assert False\n"
        #expect(try await tally(right, functions) == TestTally(passed: 2, total: 2))
        let check = #"{"tests": "def check(candidate):\n    assert candidate(1, 2) == 3\n", "entry_point": "add"}"#
        #expect(try await tally(right, check) == TestTally(passed: 1, total: 1))
        #expect(try await tally("def add(a, b): return 4", check) == TestTally(passed: 0, total: 1))
        let calls = #"{"cases": [{"call": "add", "arguments": [1, 2], "returns": 3}, {"call": "add", "arguments": [0.1, 0.2], "returns": 0.3}, {"call": "add", "arguments": [[1], [2]], "returns": [1, 2]}, {"call": "add", "arguments": [1, null], "raises": "TypeError"}, {"call": "add", "arguments": [1, 1], "returns": true}]}"#
        #expect(try await tally(right, calls) == TestTally(passed: 4, total: 5))
    }

    @Test("no cheat earns a point", .timeLimit(.minutes(10)), arguments: [
        "import sys; sys.exit(0)",
        "import os; os._exit(0)",
        "print('all tests passed')\nprint('{\"passed\": true}')\nprint('{\"done\": true}')",
        "import os\nfor d in ('/work', '.', '..', '/tmp'):\n    for n in os.listdir(d):\n        try: open(os.path.join(d, n), 'w').write('assert True')\n        except OSError: pass\n",
        "class E:\n    def __eq__(self, other): return True\ndef add(a, b): return E()\ndef order(x): pass",
        "class E(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef add(a, b): return E(1)\ndef order(x): pass",
        "import builtins, math\nbuiltins.AssertionError = type('N', (), {})\nmath.isclose = lambda *a, **k: True\ndef add(a, b): return 0\ndef order(x): pass",
        "import os\nfor n in range(3, 20):\n    try: os.write(n, b'{\"passed\": true}\\n{\"call\": 1, \"value\": 5}\\n')\n    except OSError: pass\n",
        "import os, signal\ntry: os.kill(os.getppid(), 9)\nexcept OSError: pass\ndef add(a, b):\n    while True: pass\n",
        "import gc, sys\nsys.settrace(lambda *a: None)\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'replies' in o:\n        print('{\"call\": 1, \"value\": {\"passed\": true}}', file=o['replies'], flush=True)\n        break\n",
        "raise KeyboardInterrupt",
        "def add(a, b): return a - b\ndef add(a, b, c): return 1",
    ])
    func cheats(answer: String) async throws {
        let reference = "assert add(2, 3) == 5\nassert add(10, -3) == 7\nassert add('a', 'b') == 'ab'\n"
        #expect(try await tally(answer, reference, seconds: 2) == TestTally(passed: 0, total: 3))
    }

    @Test("an answer that dies in one call has its chance in the next")
    func restart() async throws {
        let answer = "import os\ndef add(a, b):\n    if a == 2: os._exit(0)\n    return a + b\n"
        #expect(try await tally(answer, "assert add(2, 3) == 5\nassert add(1, 3) == 4\n") == TestTally(passed: 1, total: 2))
    }

    @Test("tests that cannot be read are nobody's failure")
    func broken() async throws {
        #expect(try await tally(right, "assert add(2, 3 ==") == nil)
        #expect(try await tally(right, "x = 1") == nil)
        #expect(try await tally(right, #"{"tests": "import no_such_module", "entry_point": "f"}"#) == nil)
    }
}
