import AgonCore
import Foundation

/// What an agent's program may take of time and output.
public struct AgentProgramLimits: Sendable, Hashable {
    /// From its start to its greeting, in seconds.
    public var startSeconds: Double
    /// For one answer, in seconds.
    public var seconds: Double
    /// The most bytes of one line.
    public var lineBytes: Int

    public init(startSeconds: Double = 30, seconds: Double = 10, lineBytes: Int = 1 << 20) {
        self.startSeconds = startSeconds
        self.seconds = seconds
        self.lineBytes = lineBytes
    }
}

/// A program that answers for an agent, asked in JSON Lines.
///
/// It is started with its first question. Whatever it does wrong is a failure of that one answer, ends it with everything
/// that it started, and the next question starts it anew. One that ended by itself with status 0 after an answer was done,
/// not broken: it is started again without a failure.
///
/// An actor, since a program answers one question at a time.
actor AgentProgram {
    private let program: LineProgram
    private let greeting: String
    private let limits: AgentProgramLimits
    private var isGreeted = false
    /// Ids that this life of the program was asked, the newest last.
    private var askedIDs: [String] = []
    private var isBusy = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    /// Lines that answer old questions, and how many of them are dropped before the program counts as flooding.
    private static let lateLimit = 64

    /// - Parameter errorFile: where its standard error goes; nil keeps the last lines only.
    init(_ program: Program, agent: String, game: AgentGame?, limits: AgentProgramLimits, errorFile: String?) throws {
        self.program = LineProgram(program, lineBytes: limits.lineBytes, errorFile: errorFile)
        self.limits = limits
        greeting = try AgentWire.line(AgentWire.Greeting(agent: agent, game: game))
    }

    /// Asks one question.
    /// - Parameter seconds: how long it may take, where that is less than its limit.
    /// - Returns: the answer's text or what went wrong, and how many seconds it was waited for.
    /// - Throws: `CancellationError` alone.
    func answer(_ request: PolicyRequest, within seconds: Double) async throws -> (Result<String, Failure>, seconds: Double) {
        await enter()
        defer { leave() }
        let line = try AgentWire.line(AgentWire.Question(request))
        let wasGreeted = isGreeted && program.isRunning
        do {
            if let failure = try await greeted() { return (.failure(failure), 0) }
            var (result, waited) = try await listen(request, line, seconds: min(limits.seconds, seconds))
            if wasGreeted, case .failure(let failure) = result, failure.ending == .exited(0) {
                if let failure = try await greeted() { return (.failure(failure), waited) }
                (result, waited) = try await listen(request, line, seconds: min(limits.seconds, seconds))
            }
            if case .failure = result { await stop() }
            return (result, waited)
        } catch {
            // Whoever gives up leaves an answer on its way, which must not meet the next question.
            await stop()
            throw error
        }
    }

    /// Ends the program.
    func stop() async {
        isGreeted = false
        await program.stop()
    }

    /// What a program did instead of answering.
    struct Failure: Error {
        var failure: AnswerFailure
        /// How it ended, where it did.
        var ending: ProgramEnding?

        init(_ forfeit: Forfeit, _ reason: String, ending: ProgramEnding? = nil) {
            failure = AnswerFailure(forfeit, reason)
            self.ending = ending
        }
    }

    private func listen(
        _ request: PolicyRequest, _ line: String, seconds: Double
    ) async throws -> (Result<String, Failure>, seconds: Double) {
        let start = program.secondsWaited
        var waited: Double { program.secondsWaited - start }
        let id = AgentWire.id(request)
        program.send(line)
        var result: Result<String, Failure>?
        var lateCount = 0
        while result == nil {
            switch try await program.receive(seconds: max(0, seconds - waited)) {
            case .line(let bytes):
                switch AgentWire.read(bytes, to: request) {
                case .text(let text): result = .success(text)
                case .failure(let failure): result = .failure(Failure(failure.forfeit, failure.reason))
                case .other(let other) where askedIDs.contains(other):
                    lateCount += 1
                    if lateCount > AgentProgram.lateLimit {
                        result = .failure(Failure(.flooded, "answered old questions again and again"))
                    }
                case .other: result = .failure(Failure(.misaddressed, "answered a question that it was not asked"))
                }
            case let reply: result = .failure(failure(of: reply, seconds: seconds, "answer"))
            }
        }
        askedIDs = askedIDs.suffix(AgentProgram.lateLimit) + [id]
        return (result ?? .success(""), waited)
    }

    /// Starts the program where it does not run.
    /// - Returns: what is wrong with it; nil once it is greeted.
    private func greeted() async throws -> Failure? {
        if isGreeted, program.isRunning { return nil }
        (isGreeted, askedIDs) = (false, [])
        do {
            try await program.start()
        } catch let error as ConnectionError {
            return Failure(.crashed, "did not start: \(error.message)")
        }
        program.send(greeting)
        let reply = try await program.receive(seconds: limits.startSeconds)
        guard case .line(let bytes) = reply else {
            await stop()
            return failure(of: reply, seconds: limits.startSeconds, "answer the greeting")
        }
        guard let handshake = try? JSONDecoder().decode(AgentWire.Handshake.self, from: Data(bytes)) else {
            await stop()
            return Failure(.garbled, "answered the greeting with `\(AgentWire.excerpt(bytes))` instead of {\"agon\":\(AgentWire.version)}")
        }
        guard handshake.agon == AgentWire.version else {
            await stop()
            return Failure(.garbled, "speaks version \(handshake.agon) of the protocol instead of \(AgentWire.version)")
        }
        isGreeted = true
        return nil
    }

    private func failure(of reply: LineReply, seconds: Double, _ what: String) -> Failure {
        switch reply {
        case .line(let bytes): Failure(.garbled, "wrote `\(AgentWire.excerpt(bytes))`")
        case .tooLong: Failure(.flooded, "wrote a line of more than \(limits.lineBytes) bytes")
        case .timeLimit:
            Failure(.timeout, "did not \(what) within \(Double(Int(seconds * 1000)) / 1000) seconds")
        case .ended(let ending): Failure(.crashed, "\(ending)\(lastWords)", ending: ending)
        }
    }

    /// The last line of its standard error, which tells most of a crash.
    private var lastWords: String {
        program.lastErrors.split(whereSeparator: \.isNewline).last.map { ": \(ChatWire.excerpt(String($0.prefix(160))))" } ?? ""
    }

    /// Between two awaits others may come in; they wait for their turn here.
    private func enter() async {
        if isBusy { await withCheckedContinuation { queue.append($0) } } else { isBusy = true }
    }

    private func leave() {
        if queue.isEmpty { isBusy = false } else { queue.removeFirst().resume() }
    }
}
