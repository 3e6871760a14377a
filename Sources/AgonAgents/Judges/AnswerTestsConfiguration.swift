import AgonConnections
import AgonCore
import AgonJudging
import Foundation

/// A judge's folder with `kind: tests`: how answers that are code are run.
public struct AnswerTestsConfiguration: Sendable {
    private let tests: AnswerTests
    private let sealing: ProgramSealing
    /// What of it decides a score; not how many run at a time, nor where this machine keeps things.
    let decidingText: String

    /// What is run, in words.
    public var sentence: String {
        "`\(tests.command.joined(separator: " "))` for at most \(String(format: "%g", tests.limits.seconds)) s a case"
    }

    var sealingSentence: String { Isolation.sealed.sentence }

    /// - Parameter reader: of a section with the keys of `kind: tests`.
    /// - Parameter folder: the judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(_ reader: ConfigurationReader, folder: String) throws {
        let reading = ProgramJudgeReading(reader: reader, folder: folder)
        let file = try reader.text("file")
        guard !file.isEmpty, !file.hasPrefix("."), !file.contains("/"), !file.utf8.contains(0) else {
            throw reader.error("file", "`\(file)` is no plain name: give one such as solution.py.")
        }
        var command = try reading.command()
        if command.isEmpty { command = ["python3", file] }
        let limits = ProgramLimits(
            seconds: try reader.number("seconds"), cpuSeconds: try reader.integer("cpu_seconds"),
            memoryMiB: try reader.integer("memory_mib"), processes: try reader.integer("processes"),
            files: try reader.integer("files"), diskMiB: try reader.integer("disk_mib"))
        sealing = try ProgramSealing(reader)
        tests = AnswerTests(
            command: command, fileName: file, limits: limits, visible: try reading.visible(), jobs: try reader.integer("jobs"))
        decidingText = "tests \(command) \(file) \(limits) \(try reader.list("visible"))"
    }

    /// The judge: an answer's score is the share of its prompt's tests that it passes, and prompts whose tests cannot be
    /// used are void.
    /// - Throws: `AgentError` naming file and line where this machine lacks the program or the means to seal it.
    func judge(id: JudgeID) throws -> any Judge {
        var tests = tests
        tests.isolation = try sealing.isolation()
        try sealing.check(Program(tests.command, confinement: .sealed(visible: tests.visible), isolation: tests.isolation))
        return ScoringJudge(id: id, needsReference: true) { [tests] tasks in
            let questions = tasks.flatMap { task in
                task.answers.map { AnswerTests.Question(answer: $0, reference: task.reference) }
            }
            var scores = try await tests.tallies(questions).map { $0?.score }[...]
            return tasks.map { task in
                defer { scores = scores.dropFirst(task.answers.count) }
                return Array(scores.prefix(task.answers.count))
            }
        }
    }
}
