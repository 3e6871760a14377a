public import AgonCore
import Foundation

/// What a judging program said of one task.
public enum JudgeReply: Sendable, Hashable {
    /// One score per answer, greater is better; nil where it gave none.
    case scores([Double?], reason: String)
    /// Every pair of answers once, first < second, in order; void where it gave none.
    case verdicts([PairVerdict], reason: String)
    /// Nothing that can be used; why.
    case unusable(String)
}

/// A program that judges, asked in JSON Lines.
///
/// It says hello first: which version of the protocol it speaks, and whether it sees the order of answers. One that
/// crashes or does not answer in time is started again and asked again, once; one that fails too often in a row is lost.
/// What it says that cannot be read is nobody's loss: `unusable`. The protocol is in `docs/judge-protocol.md`.
///
/// An actor, since a program answers one question at a time.
public actor JudgeProgram {
    /// What the program said of itself.
    public struct Handshake: Sendable, Hashable, Decodable {
        public var version: Int
        /// Whether it could prefer an answer for its place; then it is asked in both orders. True unless it says no.
        public var seesOrder: Bool

        private enum CodingKeys: String, CodingKey {
            case version
            case seesOrder = "sees_order"
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            version = try values.decode(Int.self, forKey: .version)
            seesOrder = try values.decodeIfPresent(Bool.self, forKey: .seesOrder) ?? true
        }
    }

    /// The version of the protocol.
    public static let version = 1

    private let program: LineProgram
    private let seconds: Double
    private let restartLimit: Int
    private var hello: Handshake?
    /// Failures since the last answer.
    private var failureCount = 0
    private var isBusy = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - seconds: how long it may take for an answer, the first of which includes its start.
    ///   - restartLimit: failures in a row, without an answer between them, after which it is lost.
    ///   - errorFile: where its standard error goes; nil keeps the last lines only.
    public init(_ program: Program, seconds: Double, restartLimit: Int = 3, errorFile: String? = nil) {
        self.program = LineProgram(program, errorFile: errorFile)
        self.seconds = seconds
        self.restartLimit = restartLimit
    }

    /// Starts the program where it does not run, and tells what it said of itself.
    /// - Throws: `notStarted`; `refused` where it speaks another version; `unreachable` where it is lost;
    ///   `CancellationError`.
    public func handshake() async throws -> Handshake {
        await enter()
        defer { leave() }
        return try await greetedAtLast()
    }

    /// Asks about one task. One that the program fails at twice is unusable, so that no answer can end a run by what it
    /// does to its judge.
    /// - Throws: as `handshake()`.
    public func ask(_ task: JudgingTask) async throws -> JudgeReply {
        await enter()
        defer { leave() }
        let request = try Request(task).line()
        var isSecond = false
        while true {
            _ = try await greetedAtLast()
            do {
                let reply = try await answer(to: request, task)
                failureCount = 0
                return reply
            } catch let failure as Failure {
                try note(failure)
                if isSecond { return .unusable("the program \(failure.what), twice") }
                isSecond = true
            }
        }
    }

    private func answer(to request: String, _ task: JudgingTask) async throws -> JudgeReply {
        switch try await listen(request) {
        case .line(let bytes):
            let reply = JudgeReply(bytes, to: task)
            // A program that lost count would answer every later task with the one before.
            if reply == .unusable(JudgeReply.wrongID) { await program.stop() }
            return reply
        case .tooLong:
            await program.stop()
            return .unusable("its reply is longer than \(program.lineBytes) bytes")
        case .timeLimit:
            await program.stop()
            throw Failure(what: "did not answer within \(seconds) seconds")
        case .ended(let ending): throw Failure(what: ending.description)
        }
    }

    /// Ends the program.
    public func stop() async { await program.stop() }

    /// Asks one line. Whoever gives up leaves an answer on its way, which must not meet the next question.
    private func listen(_ line: String) async throws -> LineReply {
        do {
            return try await program.ask(line, seconds: seconds)
        } catch {
            await program.stop()
            throw error
        }
    }

    /// A failure that a fresh start may mend.
    private struct Failure: Error { var what: String }

    /// Counts a failure.
    /// - Throws: `unreachable` with the one too many.
    private func note(_ failure: Failure) throws {
        failureCount += 1
        guard failureCount > restartLimit else { return }
        let said = program.lastErrors.split(separator: "\n").last.map { " It wrote: \($0.prefix(200))" } ?? ""
        throw ConnectionError(
            .unreachable,
            "The judge `\(program.program.command.joined(separator: " "))` \(failure.what), failure \(failureCount) in a row: try it by hand.\(said)")
    }

    private func greetedAtLast() async throws -> Handshake {
        while true {
            try Task.checkCancellation()
            do { return try await greeted() } catch let failure as Failure { try note(failure) }
        }
    }

    private func greeted() async throws -> Handshake {
        if let hello, program.isRunning { return hello }
        try await program.start()
        switch try await listen(#"{"judge":"agon","version":\#(JudgeProgram.version)}"#) {
        case .line(let bytes):
            guard let found = try? JSONDecoder().decode(Handshake.self, from: Data(bytes)) else {
                throw ConnectionError(
                    .refused,
                    "The judge `\(program.program.command.joined(separator: " "))` answered the greeting with `\(String(decoding: bytes.prefix(80), as: UTF8.self))`, not with {\"version\": \(JudgeProgram.version)}: see docs/judge-protocol.md.")
            }
            guard found.version == JudgeProgram.version else {
                throw ConnectionError(
                    .refused,
                    "The judge `\(program.program.command.joined(separator: " "))` speaks version \(found.version) of the protocol, not \(JudgeProgram.version).")
            }
            hello = found
            return found
        case .tooLong: throw Failure(what: "answered the greeting with a line longer than \(program.lineBytes) bytes")
        case .timeLimit:
            await program.stop()
            throw Failure(what: "did not answer the greeting within \(seconds) seconds")
        case .ended(let ending): throw Failure(what: ending.description)
        }
    }

    /// Between two awaits others may come in; they wait for their turn here.
    private func enter() async {
        if isBusy { await withCheckedContinuation { queue.append($0) } } else { isBusy = true }
    }

    private func leave() {
        if queue.isEmpty { isBusy = false } else { queue.removeFirst().resume() }
    }

    /// A task as the program reads it. The id is text: numbers of 64 bits do not survive every language's JSON.
    private struct Request: Encodable {
        var version = JudgeProgram.version
        var id: String
        var prompt: String
        var reference: String?
        var answers: [String]

        init(_ task: JudgingTask) {
            (id, prompt, reference, answers) = ("\(task.id)", task.prompt, task.reference, task.answers)
        }

        func line() throws -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension JudgeReply {
    static let wrongID = "its reply is to another task"

    private struct Line: Decodable {
        struct Pair: Decodable {
            var first: Int
            var second: Int
            var verdict: Verdict
        }
        var id: String
        var scores: [Double?]?
        var verdicts: [Pair]?
        var reason: String?
    }

    /// Reads a reply as if it were hostile.
    init(_ bytes: [UInt8], to task: JudgingTask) {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else {
            self = .unusable("its reply is no JSON of the protocol")
            return
        }
        guard line.id == "\(task.id)" else {
            self = .unusable(JudgeReply.wrongID)
            return
        }
        let reason = String((line.reason ?? "").prefix(2000))
        let count = task.answers.count
        if let scores = line.scores, line.verdicts == nil {
            guard scores.count == count else {
                self = .unusable("it gave \(scores.count) scores for \(count) answers")
                return
            }
            self = .scores(scores.map { $0.flatMap { $0.isFinite ? $0 : nil } }, reason: reason)
        } else if let pairs = line.verdicts, line.scores == nil {
            self = .verdicts(JudgeReply.complete(pairs, count: count), reason: reason)
        } else {
            self = .unusable("its reply has neither scores nor verdicts, or both")
        }
    }

    /// Every pair in order; void where it is missing or contradicts itself. Pairs of no answers are left out.
    private static func complete(_ pairs: [Line.Pair], count: Int) -> [PairVerdict] {
        var found: [Int: Verdict] = [:]
        for pair in pairs where (0..<count).contains(pair.first) && (0..<count).contains(pair.second) && pair.first != pair.second {
            let place = min(pair.first, pair.second) * count + max(pair.first, pair.second)
            let verdict = pair.first < pair.second ? pair.verdict : pair.verdict.flipped
            found[place] = found[place].map { $0 == verdict ? verdict : .void } ?? verdict
        }
        return (0..<count).flatMap { first in
            (first + 1..<max(count, first + 1)).map { second in
                PairVerdict(first: first, second: second, verdict: found[first * count + second] ?? .void)
            }
        }
    }
}
