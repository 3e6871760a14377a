import AgonConnections
import AgonCore
import Foundation
import Synchronization
import Testing

/// What a client sends, keeps and counts.
@Suite(.timeLimit(.minutes(2))) struct ChatClientTests {
    @Test("a request carries the settings, and the reply its text, reason and cost")
    func exchange() async throws {
        let server = try StubServer { _, _ in .says("four \u{1F600}\n") }
        defer { server.stop() }
        let client = try ChatClient(
            settings(server.url + "/") {
                $0.topP = 0.5
                $0.stop = ["\n\n", "\u{0}"]
                $0.promptPrice = 3
                $0.completionPrice = 15
            }, environment: [:], clock: FakeClock())
        let reply = try await client.reply(to: question("2 + 2 = \"?\" \u{7}\\ é"))
        #expect(reply.text == "four \u{1F600}\n")
        #expect(reply.finish == "stop")
        #expect(reply.usage.promptTokenCount == 100)
        #expect(reply.usage.completionTokenCount == 20)
        #expect(abs(reply.usage.cost - 0.0006) < 1e-12)
        #expect(client.usage.requestCount == 1)
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("POST /v1/chat/completions HTTP/1.1"))
        #expect(!request.head.lowercased().contains("authorization"))
        #expect(request.field("model") as? String == "stub")
        #expect(request.field("temperature") as? Double == 0)
        #expect(request.field("top_p") as? Double == 0.5)
        #expect(request.field("max_tokens") as? Int == 16)
        #expect(request.field("seed") as? Int == 3)
        #expect(request.field("stop") as? [String] == ["\n\n", "\u{0}"])
        #expect(request.field("logprobs") == nil)
        let messages = request.field("messages") as? [[String: String]]
        #expect(messages?.last == ["role": "user", "content": "2 + 2 = \"?\" \u{7}\\ é"])
    }

    @Test("the first token's alternatives become probabilities, likeliest first")
    func logprobs() async throws {
        let list = #"[{"token":"B","logprob":-2.302585093},{"token":" A","logprob":-0.105360516},{"token":"x","logprob":"y"},{"token":"?","logprob":3}]"#
        let server = try StubServer { _, _ in
            .says("A", extra: #","logprobs":{"content":[{"token":" A","logprob":-0.105360516,"top_logprobs":\#(list)}]}"#)
        }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:])
        let reply = try await client.reply(to: question("a", topLogprobs: 5))
        #expect(reply.firstToken.map(\.token) == [" A", "B"])
        #expect(zip(reply.firstToken, [0.9, 0.1]).allSatisfy { abs($0.probability - $1) < 1e-6 })
        #expect(server.requests.first?.field("top_logprobs") as? Int == 5)
    }

    @Test(
        "auto steps down to the form that the server takes, and remembers it",
        arguments: [(400, "{}"), (500, #"{"error":{"message":"'loc': ('body', 'response_format', 'type')"}}"#)])
    func structured(status: Int, body: String) async throws {
        let server = try StubServer { _, request in
            let type = (request.field("response_format") as? [String: Any])?["type"] as? String
            return type == "json_schema" ? .reply(status: status, body: body) : .says(type ?? "plain")
        }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:])
        let first = try await client.reply(to: question("a", schema: true))
        #expect(first.text == "json_object")
        #expect(first.isStructured)
        #expect(server.requests.count == 2)
        _ = try await client.reply(to: question("b", schema: true))
        #expect(server.requests.count == 3)
    }

    @Test("where the server takes no form the plain messages are asked; a request refused in every form says so")
    func plain() async throws {
        let server = try StubServer { _, request in
            if request.body.contains("too long") || request.field("response_format") != nil {
                return .reply(status: 400, body: #"{"error":"context size exceeded"}"#)
            }
            return .says("plain")
        }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:])
        let lost = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("too long", schema: true)) }
        #expect(lost?.code == .rejected)
        #expect(lost?.message.contains("“context size exceeded”") == true)
        #expect(server.requests.count == 3)
        let reply = try await client.reply(to: question("a", schema: true))
        #expect(!reply.isStructured)
        let messages = server.requests.last?.field("messages") as? [[String: String]]
        #expect(messages == [["role": "user", "content": "plain a"]])
        #expect(server.requests.count == 6)
        let results = try await client.replies(to: [question("b", schema: true), question("too long", schema: true)])
        #expect(try results[0].get().text == "plain")
        #expect(throws: ConnectionError.self) { try results[1].get() }
        #expect(server.requests.count == 8)
    }

    @Test("json_schema is not left where it is set")
    func fixedForm() async throws {
        let server = try StubServer { _, _ in .reply(status: 400, body: "{}") }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url) { $0.structured = .jsonSchema }, environment: [:])
        await #expect(throws: ConnectionError.self) { try await client.reply(to: question("a", schema: true)) }
        #expect(server.requests.count == 1)
    }

    @Test("no more requests than allowed are with the server at a time, and all results come in order")
    func inflight() async throws {
        let meeting = Mutex(0)
        let server = try StubServer { _, request in
            meeting.withLock { $0 += 1 }
            // The first three wait for each other, and a moment for a fourth that must not come.
            var rounds = 0
            while meeting.withLock({ $0 }) < 4, rounds < 40 {
                rounds += 1
                poll(nil, 0, 5)
            }
            return .says((request.field("messages") as? [[String: String]])?.last?["content"] ?? "")
        }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url) { $0.maxInflight = 3 }, environment: [:])
        let results = try await client.replies(to: (0..<12).map { question("\($0)") })
        #expect(try results.map { try $0.get().text } == (0..<12).map(String.init))
        #expect(server.mostAtOnce == 3)
        #expect(server.connectionCount <= 4)
    }

    @Test("equal requests of one batch are asked once")
    func equal() async throws {
        let server = try StubServer { index, _ in .says("\(index)") }
        defer { server.stop() }
        let client = try ChatClient(settings(server.url), environment: [:])
        let results = try await client.replies(to: [question("a"), question("a"), question("a")])
        #expect(try results.map { try $0.get().text } == ["0", "0", "0"])
        #expect(server.requests.count == 1)
        #expect(client.usage.requestCount == 1)
        #expect(client.usage.cachedCount == 2)
    }

    @Test("requests and tokens per minute hold back what is beyond a tenth of the minute's allowance")
    func rate() async throws {
        let server = try StubServer { _, _ in .says("x") }
        defer { server.stop() }
        let clock = FakeClock()
        let client = try ChatClient(
            settings(server.url) {
                $0.requestsPerMinute = 60
                $0.maxInflight = 1
            }, environment: [:], clock: clock)
        _ = try await client.replies(to: (0..<20).map { question("\($0)") })
        #expect(abs(clock.now() - 14) < 1e-9)
        let other = FakeClock()
        let counted = try ChatClient(
            settings(server.url) {
                $0.tokensPerMinute = 1200
                $0.maxInflight = 1
            }, environment: [:], clock: other)
        // 120 tokens are there; each request takes 120 by the server's count, at 20 a second.
        _ = try await counted.replies(to: (0..<10).map { question("\($0)") })
        #expect((50...60).contains(other.now()))
    }

    @Test("settings that cannot be are refused with a sentence")
    func badSettings() throws {
        func message(_ url: String, _ environment: [String: String] = [:], _ change: (inout ChatSettings) -> Void = { _ in }) -> String? {
            #expect(throws: ConnectionError.self) { try ChatClient(settings(url, change), environment: environment) }?.message
        }
        #expect(message("localhost:80")?.contains("write it like") == true)
        #expect(message("ftp://localhost/v1")?.contains("write it like") == true)
        #expect(message("http://me:secret@localhost/v1")?.contains("secret") == false)
        #expect(message("http://localhost/v1?key=secret")?.contains("secret") == false)
        #expect(message("http://localhost/v1") { $0.maxInflight = 0 }?.contains("in flight") == true)
        #expect(message("http://localhost/v1") { $0.timeout = .nan }?.contains("timeout") == true)
        #expect(message("http://localhost/v1") { $0.apiKeyVariable = "NO_KEY" }?.contains("NO_KEY is not set") == true)
        let spaced = message("http://localhost/v1", ["KEY": "sk-secret\r\nX-Evil: 1"]) { $0.apiKeyVariable = "KEY" }
        #expect(spaced?.contains("KEY holds") == true)
        #expect(spaced?.contains("secret") == false)
    }
}
