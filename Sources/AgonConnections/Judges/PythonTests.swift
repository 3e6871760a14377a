import Foundation
import Synchronization

/// One answer against tests in Python: the tester in one sandbox, the answer in another, and the calls carried between.
struct PythonTests: ~Copyable {
    private let tester: LineProgram
    private let answer: LineProgram
    private let seconds: Double
    /// How long former lives of the answer's process were waited for.
    private let earlier = Mutex(0.0)

    /// - Parameter files: what the tester reads beside its driver: `cases.json`, or `tests.py` and `entry_point.txt`.
    init(_ tests: AnswerTests, code: String, files: [String: [UInt8]]) {
        let python = tests.command.first ?? "python3"
        tester = LineProgram(
            tests.sealed(
                [python, "agon_tester.py"],
                files: files.merging(["agon_tester.py": Array(PythonTests.testerDriver.utf8)]) { $1 }))
        answer = LineProgram(
            tests.sealed(
                [python, "agon_answer.py"],
                files: ["solution.py": Array(code.utf8), "agon_answer.py": Array(PythonTests.answerDriver.utf8)]))
        seconds = tests.limits.seconds
    }

    /// What the tester says in one line.
    private struct Message: Decodable {
        var total: Int?
        var call: Int?
        var passed: Bool?
        var done: Bool?
    }

    /// What is left of the tests' time, in which one of the two programs is always waited for.
    private var left: Double {
        max(0, seconds - tester.secondsWaited - answer.secondsWaited - earlier.withLock { $0 })
    }

    /// Runs the tests; nil where they cannot be run whatever the answer.
    /// - Throws: `notStarted`, `CancellationError`.
    func tally() async throws -> TestTally? {
        do {
            let tally = try await counted()
            await stop()
            return tally
        } catch {
            await stop()
            throw error
        }
    }

    private func stop() async {
        await tester.stop()
        await answer.stop()
    }

    private func counted() async throws -> TestTally? {
        try await tester.start()
        var tally: TestTally?
        // The first line comes before the answer is called for the first time.
        while case .line(let bytes) = try await tester.receive(seconds: left) {
            guard let message = try? JSONDecoder().decode(Message.self, from: Data(bytes)) else { break }
            if let total = message.total { tally = total > 0 ? TestTally(passed: 0, total: total) : nil }
            if message.passed == true { tally?.passed += 1 }
            if let call = message.call { tester.send(try await answer(to: bytes, call: call)) }
            if message.done == true { break }
        }
        return tally
    }

    /// Has the answer's process do a call. One that ended is started again, so that each test has its chance.
    private func answer(to request: [UInt8], call: Int) async throws -> String {
        if !answer.isRunning {
            let before = answer.secondsWaited
            earlier.withLock { $0 += before }
            try await answer.start()
        }
        let reply = try await answer.ask(String(decoding: request, as: UTF8.self), seconds: left)
        if case .line(let bytes) = reply, let text = String(validating: bytes, as: UTF8.self) { return text }
        await answer.stop()
        return #"{"call": \#(call), "gone": true}"#
    }
}
