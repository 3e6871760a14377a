public import AgonCore
import Synchronization

/// A program as a policy, by the protocol of `docs/process-agents.md`.
///
/// It is only as pure as the program: the same question has the same id and seed, and a program that goes by them answers
/// alike.
///
/// A class, since the processes that it has started are one state for all who ask it.
public final class ProcessPolicy: OutsidePolicy {
    /// How an agent's programs are run.
    public struct Settings: Sendable, Hashable {
        public var program: Program
        public var limits: AgentProgramLimits
        /// Whether each room has a process of its own, which ends with it.
        public var isPerRoom: Bool
        /// How many processes answer at a time; with one per room, how many rooms are played at a time.
        public var copies: Int
        /// How long all answers of one seat in one room may take together, in seconds; nil is no limit.
        public var roomSeconds: Double?

        public init(
            _ program: Program, limits: AgentProgramLimits = AgentProgramLimits(), isPerRoom: Bool = false, copies: Int = 1,
            roomSeconds: Double? = nil
        ) {
            self.program = program
            self.limits = limits
            self.isPerRoom = isPerRoom
            self.copies = copies
            self.roomSeconds = roomSeconds
        }
    }

    /// Who is asked one question after another.
    private enum Lane: Hashable {
        case copy(Int)
        case seat(Seat)
    }

    private struct Seat: Hashable {
        var room: UInt64
        var seat: Int
    }

    private struct State {
        var programs: [Lane: AgentProgram] = [:]
        /// How long each seat's answers have taken so far.
        var seconds: [Seat: Double] = [:]
    }

    public let id: PolicyID
    private let settings: Settings
    private let game: AgentGame?
    private let errorFile: String?
    private let standing: AgentStanding
    private let state = Mutex(State())

    /// - Parameters:
    ///   - errorFile: where the programs' standard error goes; nil keeps none.
    ///   - loss: why it was lost in an earlier start of the run; nil where it was not.
    ///   - onLoss: told once, in a sentence, when it is lost.
    public init(
        id: PolicyID, settings: Settings, game: AgentGame?, errorFile: String? = nil, loss: String? = nil,
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.id = id
        self.settings = settings
        self.game = game
        self.errorFile = errorFile
        standing = AgentStanding(agent: id.agent, loss: loss, onLoss: onLoss)
    }

    public var roomLimit: Int? { settings.isPerRoom ? settings.copies : nil }

    /// - Throws: `CancellationError` alone.
    public func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        let lanes = Dictionary(grouping: requests.indices) { lane(requests[$0]) }
        let responses = try await withThrowingTaskGroup(of: [(Int, PolicyResponse)].self) { group in
            for (lane, indices) in lanes {
                group.addTask {
                    var answers: [(Int, PolicyResponse)] = []
                    for index in indices { answers.append((index, try await self.response(requests[index], lane))) }
                    return answers
                }
            }
            return try await group.reduce(into: [Int: PolicyResponse]()) { found, answers in
                for (index, answer) in answers { found[index] = answer }
            }
        }
        return requests.indices.compactMap { responses[$0] }
    }

    private func lane(_ request: PolicyRequest) -> Lane {
        settings.isPerRoom
            ? .seat(Seat(room: request.room, seat: request.seat)) : .copy(Int(request.room % UInt64(settings.copies)))
    }

    private func response(_ request: PolicyRequest, _ lane: Lane) async throws -> PolicyResponse {
        try Task.checkCancellation()
        if let loss = standing.loss { return PolicyResponse(text: "", failure: AnswerFailure(.disqualified, loss)) }
        let seat = Seat(room: request.room, seat: request.seat)
        let spent = state.withLock { $0.seconds[seat] ?? 0 }
        let left = settings.roomSeconds.map { $0 - spent } ?? .infinity
        let (result, seconds) = try await program(lane).answer(request, within: max(0, left))
        if settings.roomSeconds != nil { state.withLock { $0.seconds[seat] = spent + seconds } }
        switch result {
        case .success(let text):
            standing.succeeded()
            return PolicyResponse(text: text)
        case .failure(let error):
            var failure = error.failure
            if failure.forfeit == .timeout, let limit = settings.roomSeconds, left < settings.limits.seconds {
                failure.reason = "took longer than the \(limit) seconds that it has for a room"
            }
            standing.failed(failure.reason)
            return PolicyResponse(text: "", failure: failure)
        }
    }

    private func program(_ lane: Lane) throws -> AgentProgram {
        try state.withLock { state in
            if let program = state.programs[lane] { return program }
            let program = try AgentProgram(
                settings.program, agent: id.agent, game: game, limits: settings.limits, errorFile: errorFile)
            state.programs[lane] = program
            return program
        }
    }

    public func end(rooms: [UInt64]) async {
        let over = Set(rooms)
        let programs = state.withLock { state in
            state.seconds = state.seconds.filter { !over.contains($0.key.room) }
            return state.programs.keys.filter { lane in
                if case .seat(let seat) = lane { over.contains(seat.room) } else { false }
            }.compactMap { state.programs.removeValue(forKey: $0) }
        }
        await stop(programs)
    }

    public func stop() async {
        let programs = state.withLock { state in
            defer { state.programs = [:] }
            return Array(state.programs.values)
        }
        await stop(programs)
    }

    private func stop(_ programs: [AgentProgram]) async {
        await withTaskGroup(of: Void.self) { group in
            for program in programs { group.addTask { await program.stop() } }
        }
    }
}
