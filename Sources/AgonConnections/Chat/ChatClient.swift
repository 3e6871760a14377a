public import AgonCore
public import Foundation
import Synchronization

/// One server that speaks OpenAI chat completions, asked by many at a time.
///
/// What may pass (no connection, silence, status 408, 409, 425, 429 and 5xx, replies that cannot be read) is tried again
/// with growing waits; what will not (a wrong key, an unknown model) is thrown at once in one sentence. Replies are
/// cached by the whole text of the request where a folder is given. The key is read from the environment when the client
/// is made and stands in no error, no file and no description.
public final class ChatClient: ChatAnswerer {
    private struct State: Sendable {
        var usage = JudgeUsage()
        /// The strictest form that the server is known to take.
        var form: StructuredOutput
        /// True once it has answered in that form: a refusal is then not about the form.
        var isFormKnown = false
        var limit: RateLimit
    }

    public let settings: ChatSettings
    private let address: URL
    private let key: APIKey?
    private let clock: any ConnectionClock
    private let transport: any HTTPTransport
    private let turnstile: Turnstile
    private let cache: ReplyCache?
    private let state: Mutex<State>

    /// - Parameter environment: where the key's variable is looked up.
    /// - Throws: `badSetting`, naming what cannot be.
    public convenience init(
        _ settings: ChatSettings, environment: [String: String] = ProcessInfo.processInfo.environment,
        clock: any ConnectionClock = SystemClock()
    ) throws(ConnectionError) {
        try self.init(settings, environment: environment, clock: clock, usesSystemTransport: false)
    }

    /// - Parameter usesSystemTransport: takes the system's client although the address needs no TLS.
    init(
        _ settings: ChatSettings, environment: [String: String], clock: any ConnectionClock, usesSystemTransport: Bool
    ) throws(ConnectionError) {
        try settings.check()
        self.settings = settings
        self.clock = clock
        address = try ChatClient.address(settings.url)
        if let variable = settings.apiKeyVariable {
            key = try APIKey(variable: variable, environment: environment)
        } else {
            key = nil
        }
        if let folder = settings.cacheFolder {
            cache = try ReplyCache(folder: folder, replyByteLimit: settings.replyByteLimit)
        } else {
            cache = nil
        }
        transport = address.scheme == "https" || usesSystemTransport
            ? SystemTransport(width: settings.maxInflight, timeout: settings.timeout) : PlainTransport()
        turnstile = Turnstile(width: settings.maxInflight)
        state = Mutex(
            State(
                form: settings.structured == .auto ? .jsonSchema : settings.structured,
                limit: RateLimit(
                    requestsPerMinute: settings.requestsPerMinute, tokensPerMinute: settings.tokensPerMinute)))
    }

    /// What all requests so far have cost, failed ones included.
    public var usage: JudgeUsage { state.withLock { $0.usage } }

    /// The answer to one request, from the cache where it has one.
    /// - Throws: `rejected` where the server refuses this request, `refused` where it refuses everything,
    ///   `unreachable` where it stayed out of order through all retries; `CancellationError`.
    public func reply(to request: ChatRequest) async throws -> ChatReply {
        let text = identity(request)
        if let cache, var reply = cache.reply(to: text) {
            reply.usage.cachedCount = 1
            state.withLock { $0.usage += reply.usage }
            return reply
        }
        let reply = try await ask(request, text)
        try cache?.store(reply, to: text)
        return reply
    }

    /// One result per request, in order. Where replies do not depend on chance, equal requests are asked once.
    /// - Throws: what concerns every request, as `reply(to:)`; then the requests still under way are given up. Where every
    ///   one is rejected by a server that has never answered, it is not for their own sake: the first rejection.
    public func replies(to requests: [ChatRequest]) async throws -> [Result<ChatReply, ConnectionError>] {
        let isSteady = cache != nil || settings.temperature == 0
        var places: [[UInt8]: Int] = [:]
        let firsts = requests.enumerated().map { index, request in
            guard isSteady else { return index }
            let text = Array(identity(request).utf8)
            defer { if places[text] == nil { places[text] = index } }
            return places[text] ?? index
        }
        let asked = firsts.indices.filter { firsts[$0] == $0 }
        var results: [Int: Result<ChatReply, ConnectionError>] = [:]
        try await withThrowingTaskGroup(of: (Int, Result<ChatReply, ConnectionError>).self) { group in
            for (count, index) in asked.enumerated() {
                if count >= settings.maxInflight, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await self.result(of: requests[index])) }
            }
            while let (done, result) = try await group.next() { results[done] = result }
        }
        let known = usage
        if known.requestCount + known.cachedCount == 0, case .failure(let error) = results[0] { throw error }
        return try firsts.enumerated().map { index, first in
            guard let result = results[first] else { throw CancellationError() }
            guard first != index, case .success(var reply) = result else { return result }
            reply.usage = JudgeUsage()
            reply.usage.cachedCount = 1
            state.withLock { $0.usage += reply.usage }
            return .success(reply)
        }
    }

    private func result(of request: ChatRequest) async throws -> Result<ChatReply, ConnectionError> {
        do {
            return .success(try await reply(to: request))
        } catch let error as ConnectionError where error.code == .rejected {
            return .failure(error)
        }
    }

    /// What the cache goes by: the server and the request as it is first tried, whatever the server makes of it.
    private func identity(_ request: ChatRequest) -> String {
        let form = settings.structured == .auto ? .jsonSchema : settings.structured
        return "\(address.absoluteString) \(settings.structured.rawValue) \(ChatWire.body(request, settings, form: form))"
    }

    /// `…/v1` and `…/v1/chat/completions` are the same server.
    private static func address(_ text: String) throws(ConnectionError) -> URL {
        var base = text
        while base.hasSuffix("/") { base.removeLast() }
        if !base.hasSuffix("/chat/completions") { base += "/chat/completions" }
        guard let parts = URLComponents(string: base), ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false,
            let url = parts.url
        else {
            throw ConnectionError(
                .badSetting, "`\(ChatWire.excerpt(text))` is no address of a server: write it like http://127.0.0.1:11434/v1.")
        }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            throw ConnectionError(
                .badSetting,
                "the address of the server at \(parts.host ?? "") holds a user, a password or a query: name the key's environment variable instead.")
        }
        return url
    }
}

extension ChatClient {
    /// Asks in the strictest form that the server takes; where `auto` lets it, a refusal leads to the next form.
    private func ask(_ request: ChatRequest, _ text: String) async throws -> ChatReply {
        guard request.schema != nil else { return try await deliver(request, .none, text) }
        var (form, isKnown) = state.withLock { ($0.form, $0.isFormKnown || settings.structured != .auto) }
        while true {
            do {
                let reply = try await deliver(request, form, text)
                // Remembered only now: a refusal of every form was not about the form.
                state.withLock { state in
                    if !state.isFormKnown { state.form = form }
                    state.isFormKnown = true
                }
                return reply
            } catch let error as ConnectionError where error.code == .rejected && !isKnown {
                isKnown = state.withLock { $0.isFormKnown && $0.form == form }
                if isKnown { throw error }
                switch form {
                case .jsonSchema: form = .jsonObject
                case .jsonObject: form = .none
                case .none, .auto: throw error
                }
            }
        }
    }

    /// Tries until there is a reply, as often as the settings allow.
    private func deliver(_ request: ChatRequest, _ form: StructuredOutput, _ text: String) async throws -> ChatReply {
        let body = ChatWire.body(request, settings, form: form)
        let promptEstimate = body.utf8.count / 4
        var usage = JudgeUsage()
        var problem = ""
        for attempt in 0...settings.retryCount {
            let (outcome, seconds) = try await turnstile.pass {
                let reserved = promptEstimate + request.maxTokens
                let wait = self.state.withLock { $0.limit.reserve(tokenCount: reserved, now: self.clock.now()) }
                if wait > 0 { try await self.clock.sleep(seconds: wait) }
                let start = self.clock.now()
                let outcome = try await self.attempt(body)
                let end = self.clock.now()
                if case .read(let reading) = outcome {
                    let used = reading.promptTokenCount + reading.completionTokenCount
                    if used > 0 { self.state.withLock { $0.limit.settle(reserved: reserved, used: used, now: end) } }
                }
                return (outcome, end - start)
            }
            usage.seconds += seconds
            switch outcome {
            case .read(let reading):
                usage.requestCount = 1
                usage.promptTokenCount = reading.promptTokenCount
                usage.completionTokenCount = reading.completionTokenCount
                usage.cost = (Double(reading.promptTokenCount) * settings.promptPrice
                    + Double(reading.completionTokenCount) * settings.completionPrice) / 1e6
                var reply = reading.reply
                reply.isStructured = request.schema != nil && form != .none
                reply.usage = usage
                state.withLock { $0.usage += usage }
                return reply
            case .failed(let error):
                state.withLock { $0.usage += usage }
                throw error
            case .passing(let sentence, let retryAfter):
                problem = sentence
                if attempt == settings.retryCount { break }
                usage.retryCount += 1
                do {
                    try await pause(attempt: attempt, retryAfter: retryAfter, text)
                } catch {
                    state.withLock { $0.usage += usage }
                    throw error
                }
            }
        }
        state.withLock { $0.usage += usage }
        throw ConnectionError(
            .unreachable,
            "\(place) gave no usable reply in \(settings.retryCount + 1) tries, at last \(problem): see whether the server is up, or raise the timeout or the retries.")
    }

    /// The wait before the next try: doubled each time, between half and the whole of it by seeded chance, and not shorter
    /// than the server asks for.
    private func pause(attempt: Int, retryAfter: Double?, _ text: String) async throws {
        if let retryAfter {
            guard retryAfter <= settings.longestRetryAfter else {
                throw ConnectionError(
                    .unreachable,
                    "\(place) asks to be left alone for \(Int(min(retryAfter, 1e9))) s, more than the \(settings.longestRetryAfter) s that are waited: try again later.")
            }
            state.withLock { $0.limit.pause(until: clock.now() + retryAfter) }
        }
        var generator = SeededGenerator(settings.seed.child(.sample, named: ReplyCache.name(text)).child(.sample, attempt))
        let whole = min(settings.longestDelay, settings.firstDelay * Double(sign: .plus, exponent: min(attempt, 60), significand: 1))
        try await clock.sleep(seconds: max(whole * (0.5 + 0.5 * generator.unit()), retryAfter ?? 0))
    }

    /// The server, as an error names it.
    private var place: String { "\(address.absoluteString) (\(settings.model))" }
}

extension ChatClient {
    /// What one try came to.
    private enum Outcome: Sendable {
        case read(ChatWire.Reading)
        /// A fault that may pass, and how many seconds the server wants to be left alone.
        case passing(String, retryAfter: Double?)
        case failed(ConnectionError)
    }

    private func attempt(_ body: String) async throws -> Outcome {
        var headers = [(name: "Content-Type", value: "application/json"), (name: "Accept", value: "application/json")]
        if let key { headers.append((name: "Authorization", value: key.header)) }
        do {
            let reply = try await transport.send(
                HTTPRequest(url: address, headers: headers, body: Array(body.utf8)),
                limits: HTTPLimits(
                    connectTimeout: settings.connectTimeout, timeout: settings.timeout,
                    byteLimit: settings.replyByteLimit))
            return outcome(of: key?.redacted(reply) ?? reply)
        } catch let fault as HTTPFault {
            return .passing(redacted(fault.sentence), retryAfter: nil)
        }
    }

    private func outcome(of reply: HTTPReply) -> Outcome {
        let problem = redacted(ChatWire.problem(reply).map { ": “\($0)”" } ?? "")
        switch reply.status {
        case 200..<300:
            do {
                var reading = try ChatWire.read(reply)
                reading.reply.text = redacted(reading.reply.text)
                return .read(reading)
            } catch {
                return .passing(redacted(error.reason), retryAfter: nil)
            }
        case 400, 413, 422:
            return .failed(
                ConnectionError(
                    .rejected,
                    "\(place) rejects a request with status \(reply.status)\(problem): it may be too long, or hold a setting that the server does not know."))
        // Some servers call a form that they do not know their own fault.
        case 500 where problem.contains("response_format"):
            return .failed(ConnectionError(.rejected, "\(place) rejects a request with status 500\(problem)."))
        case 408, 409, 425, 429, 500...:
            return .passing("status \(reply.status)\(problem)", retryAfter: RetryAfter.seconds(reply.headers))
        case 401, 403:
            let hint = settings.apiKeyVariable.map { "check the key in \($0)" } ?? "name the variable that holds its API key"
            return .failed(ConnectionError(.refused, "\(place) refuses with status \(reply.status)\(problem): \(hint)."))
        case 404:
            return .failed(
                ConnectionError(
                    .refused, "\(place) refuses with status 404\(problem): check the address and the model's name."))
        case 300..<400:
            return .failed(
                ConnectionError(
                    .refused, "\(place) answers with a redirect (status \(reply.status)), which is not followed: set the address that it leads to."))
        default:
            return .failed(
                ConnectionError(.refused, "\(place) refuses with status \(reply.status)\(problem): check the address."))
        }
    }

    private func redacted(_ text: String) -> String { key?.redacted(text) ?? text }
}
