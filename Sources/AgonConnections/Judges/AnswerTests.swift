import Foundation

/// How many tests an answer passed.
public struct TestTally: Sendable, Hashable {
    public var passed: Int
    public var total: Int

    public init(passed: Int, total: Int) {
        self.passed = passed
        self.total = total
    }

    /// Passed over total.
    public var score: Double { total == 0 ? 0 : Double(passed) / Double(total) }
}

/// Runs answers that are code against the tests of their prompts.
///
/// What an answer should give never enters the sandbox in which it runs: whole programs are compared out here, and
/// Python's asserts run in a second sandbox that calls the answer's functions through pipes and gets plain values back.
/// So there is nothing to overwrite, nothing to patch, and no line to print that would count as a pass.
public struct AnswerTests: Sendable {
    /// What runs the answer's file; the first word runs Python's tests too.
    public var command: [String]
    /// The file that holds the answer, a plain name.
    public var fileName: String
    /// For each case that is a whole program, and for all of an answer's Python tests together.
    public var limits: ProgramLimits
    /// Further files and folders that the programs may read, such as a language's own.
    public var visible: [String]
    /// Sandboxes at one time.
    public var jobs: Int
    public var isolation: Isolation

    public init(
        command: [String] = ["python3", "solution.py"], fileName: String = "solution.py",
        limits: ProgramLimits = ProgramLimits(), visible: [String] = [], jobs: Int = 2, isolation: Isolation = .sealed
    ) {
        self.command = command
        self.fileName = fileName
        self.limits = limits
        self.visible = visible
        self.jobs = jobs
        self.isolation = isolation
    }

    /// An answer and the tests of its prompt.
    public struct Question: Sendable, Hashable {
        public var answer: String
        public var reference: String?

        public init(answer: String, reference: String?) {
            self.answer = answer
            self.reference = reference
        }
    }

    /// One tally per question, in order; nil where the prompt's tests cannot be used. Equal questions run once.
    /// - Throws: `notStarted` where a sandbox cannot be, which no answer is to blame for; `CancellationError`.
    public func tallies(_ questions: [Question]) async throws -> [TestTally?] {
        var places: [Question: Int] = [:]
        var unique: [Question] = []
        for question in questions where places[question] == nil {
            places[question] = unique.count
            unique.append(question)
        }
        let tallies = try await withThrowingTaskGroup(of: (Int, TestTally?).self) { group in
            var (next, found) = (0, [TestTally?](repeating: nil, count: unique.count))
            while next < unique.count || !group.isEmpty {
                while next < unique.count, next < max(1, jobs) {
                    let (index, question) = (next, unique[next])
                    group.addTask { (index, try await tally(question)) }
                    next += 1
                }
                guard let (index, tally) = try await group.next() else { break }
                found[index] = tally
                if next < unique.count {
                    let (index, question) = (next, unique[next])
                    group.addTask { (index, try await self.tally(question)) }
                    next += 1
                }
            }
            return found
        }
        return questions.map { question in places[question].flatMap { tallies[$0] } }
    }

    private func tally(_ question: Question) async throws -> TestTally? {
        guard let reference = question.reference.flatMap(TestReference.init) else { return nil }
        let code = AnswerCode.code(in: question.answer)
        switch reference {
        case .programs(let cases): return try await tally(code, cases)
        case .calls(let json): return try await PythonTests(self, code: code, files: ["cases.json": Array(json.utf8)]).tally()
        case .python(let text, let entryPoint):
            let files = ["tests.py": Array(text.utf8), "entry_point.txt": Array((entryPoint ?? "").utf8)]
            return try await PythonTests(self, code: code, files: files).tally()
        }
    }

    /// Every case in a sandbox of its own.
    private func tally(_ code: String, _ cases: [TestReference.Case]) async throws -> TestTally {
        let program = sealed(command, files: [fileName: Array(code.utf8)])
        var passed = 0
        for test in cases {
            let result = try await program.run(input: Array(test.input.utf8))
            if result.succeeded, AnswerTests.lines(result.outputText) == AnswerTests.lines(test.output) { passed += 1 }
        }
        return TestTally(passed: passed, total: cases.count)
    }

    func sealed(_ command: [String], files: [String: [UInt8]]) -> Program {
        Program(command, confinement: .sealed(files: files, visible: visible), limits: limits, isolation: isolation)
    }

    /// Lines without the white space at their ends and without empty ones at the end.
    private static func lines(_ text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.prefix(upTo: line.lastIndex { !$0.isWhitespace }.map { line.index(after: $0) } ?? line.startIndex)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
