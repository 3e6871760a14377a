import AgonCore
import Foundation
import Testing

@testable import AgonConnections

/// Servers that are out of order, over loopback.
@Suite(.timeLimit(.minutes(2))) struct ChatFaultTests {
    /// What a client comes to when the first request meets `fault` and the second is answered.
    private func recovery(
        from fault: StubAction, system: Bool = false, _ change: (inout ChatSettings) -> Void = { _ in }
    ) async throws -> (reply: ChatReply, sleeps: [Double], requests: Int) {
        let server = try StubServer { index, _ in index == 0 ? fault : .says("fine") }
        defer { server.stop() }
        let clock = FakeClock()
        let client = try ChatClient(
            settings(server.url, change), environment: [:], clock: clock, usesSystemTransport: system)
        return (try await client.reply(to: question("a")), clock.sleeps, server.requests.count)
    }

    @Test(
        "what may pass is tried again once, after a wait between half and all of the first delay",
        arguments: [
            StubAction.reply(status: 500, body: "{}"), .reply(status: 503, body: ""), .reply(status: 408, body: ""),
            .reply(status: 409, body: ""), .reply(status: 429, body: "slow down"), .truncated(body: #"{"choices":["#),
            .reply(status: 200, body: #"{"choices":[{"mess"#), .reply(status: 200, body: "{}"),
            .reply(status: 200, body: #"{"choices":[{"message":{"content":5}}]}"#), .reset,
            .reply(status: 200, headers: ["Content-Type": "text/html"], body: #"{"choices":[{"message":{"content":"x"}}]}"#),
        ])
    func passing(fault: StubAction) async throws {
        let (reply, sleeps, requests) = try await recovery(from: fault)
        #expect(reply.text == "fine")
        #expect(reply.usage.retryCount == 1)
        #expect(requests == 2)
        #expect(sleeps.count == 1)
        #expect((0.25...0.5).contains(sleeps.first ?? 0))
    }

    @Test("a server that hangs or drips a byte now and then is given up after the whole time of a try")
    func slow() async throws {
        for fault in [StubAction.hang, .drip] {
            let (reply, _, requests) = try await recovery(from: fault) { $0.timeout = 0.3 }
            #expect(reply.text == "fine")
            #expect(requests == 2)
        }
    }

    @Test("a reply beyond the byte limit is given up, announced or not")
    func oversized() async throws {
        let long = StubAction.says(String(repeating: "x", count: 20_000))
        for fault in [StubAction.flood, long] {
            let (reply, _, requests) = try await recovery(from: fault) { $0.replyByteLimit = 10_000 }
            #expect(reply.text == "fine")
            #expect(requests == 2)
        }
    }

    @Test("the system's client, which takes addresses with TLS, gives up and tries again alike")
    func system() async throws {
        let faults: [StubAction] = [
            .reply(status: 500, body: "{}"), .truncated(body: "{"), .reset, .hang,
            .says(String(repeating: "x", count: 20_000)),
        ]
        for fault in faults {
            let (reply, sleeps, requests) = try await recovery(from: fault, system: true) {
                $0.timeout = 1
                $0.replyByteLimit = 10_000
            }
            #expect(reply.text == "fine")
            #expect(requests == 2)
            #expect(sleeps.count == 1)
        }
        let server = try StubServer { _, _ in .reply(status: 302, headers: ["Location": "http://127.0.0.1:9/v1"], body: "{}") }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:], clock: FakeClock(), usesSystemTransport: true)
        let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("a")) }
        #expect(error?.code == .refused)
    }

    @Test("a connection is used again, and a server that closed it meanwhile gets a new one")
    func reuse() async throws {
        let server = try StubServer { index, _ in
            index == 2 ? .says("last", headers: ["Connection": "close"]) : .says("\(index)")
        }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:], clock: FakeClock())
        for index in 0..<5 { _ = try await client.reply(to: question("\(index)")) }
        // A machine that is busy for long may let a connection grow too old for one more request.
        #expect((2..<5).contains(server.connectionCount))
        #expect(client.usage.retryCount == 0)
    }

    @Test("Retry-After is kept to, in seconds or as a date against the server's own clock")
    func retryAfter() async throws {
        let seconds = try await recovery(from: .reply(status: 429, headers: ["Retry-After": "7"], body: "{}"))
        #expect(seconds.sleeps.first == 7)
        let date = try await recovery(
            from: .reply(
                status: 503,
                headers: ["Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2015 07:28:11 GMT"], body: "{}"))
        #expect(date.sleeps.first == 11)
        let words = try await recovery(from: .reply(status: 429, headers: ["Retry-After": "soon"], body: "{}"))
        #expect((0.25...0.5).contains(words.sleeps.first ?? 0))
    }

    @Test("a server that asks for a longer pause than is waited ends the request with a sentence")
    func tooLong() async throws {
        let server = try StubServer { _, _ in .reply(status: 429, headers: ["Retry-After": "86400"], body: "{}") }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:], clock: FakeClock())
        let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("a")) }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("86400 s") == true)
        #expect(server.requests.count == 1)
    }

    @Test("waits double and stop growing; the same request waits alike again, another request otherwise")
    func backoff() async throws {
        let server = try StubServer { _, _ in .reply(status: 500, body: #"{"error":{"message":"overloaded"}}"#) }
        defer { server.stop() }
        func sleeps(_ text: String) async throws -> [Double] {
            let clock = FakeClock()
            let client = try ChatClient(
                settings(server.url) {
                    $0.retryCount = 8
                    $0.longestDelay = 20
                }, environment: [:], clock: clock)
            let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question(text)) }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("in 9 tries, at last status 500: “overloaded”") == true)
            #expect(client.usage.retryCount == 8)
            #expect(client.usage.requestCount == 0)
            return clock.sleeps
        }
        let first = try await sleeps("a")
        for (attempt, wait) in first.enumerated() {
            let whole = min(20, 0.5 * Double(1 << attempt))
            #expect((whole / 2...whole).contains(wait))
        }
        #expect(first.count == 8)
        #expect(try await sleeps("a") == first)
        #expect(try await sleeps("b") != first)
    }

    @Test("what will not pass is thrown at once in one sentence", arguments: [401, 403, 404, 302, 405])
    func refused(status: Int) async throws {
        let server = try StubServer { _, _ in
            .reply(
                status: status, headers: ["Location": "http://127.0.0.1:9/v1"],
                body: #"{"error":{"message":"no\nsuch\u0007 thing"}}"#)
        }
        defer { server.stop() }
        let clock = FakeClock()
        let client = try ChatClient(settings(server.url), environment: [:], clock: clock)
        let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("a")) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("\(status)") == true)
        #expect(error?.message.contains("\n") == false)
        #expect(status == 302 || error?.message.contains("“no such thing”") == true)
        #expect(server.requests.count == 1)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("nobody at the port is unreachable after all tries")
    func nobody() async throws {
        let server = try StubServer { _, _ in .hang }
        let url = server.url
        server.stop()
        // The port is free once the listener's thread has seen the end.
        let clock = FakeClock()
        let client = try ChatClient(
            settings(url) {
                $0.retryCount = 2
                $0.timeout = 0.5
            }, environment: [:], clock: clock)
        let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("a")) }
        #expect(error?.code == .unreachable)
        #expect(clock.sleeps.count == 2)
    }

    @Test("a cancelled request ends at once, whether it waits for the server, its turn or its retry")
    func cancellation() async throws {
        let server = try StubServer { _, _ in .hang }
        defer { server.stop() }
        let client = try ChatClient(
            settings(server.url) {
                $0.timeout = 3600
                $0.maxInflight = 1
            }, environment: [:])
        let start = ContinuousClock.now
        let task = Task { try await client.replies(to: [question("a"), question("b"), question("c")]) }
        while server.requests.isEmpty { await Task.yield() }
        let waiting = Task { try await client.reply(to: question("d")) }
        task.cancel()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(ContinuousClock.now - start < .seconds(1800))
        #expect(server.requests.count <= 2)
    }
}
