import AgonCore
import Foundation
import Synchronization
import Testing

@testable import AgonConnections

/// Agents behind an endpoint, against a server on the loopback.
@Suite struct EndpointPolicyTests {
    private func policy(
        _ server: StubServer, system: String = "", game: AgentGame? = nil, temperature: Double = 0, key: String? = nil,
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> EndpointPolicy {
        var settings = ChatSettings(url: server.url, model: "m")
        (settings.retryCount, settings.firstDelay, settings.temperature) = (1, 0.001, temperature)
        (settings.promptPrice, settings.completionPrice, settings.maxInflight) = (1, 10, 2)
        settings.apiKeyVariable = key.map { _ in "BOT_KEY" }
        return EndpointPolicy(
            id: PolicyID(agent: "bot", version: 0), client: try ChatClient(settings, environment: ["BOT_KEY": key ?? ""]),
            system: system, maxTokens: 64, game: game, onLoss: onLoss)
    }

    private func requests(_ count: Int, moves: [String] = []) -> [PolicyRequest] {
        (0..<count).map { room in
            PolicyRequest(
                prompt: "p\(room)", turns: moves.isEmpty ? [] : [.own(tokens: [], text: "1"), .other(text: "2")], maxNewTokens: 1,
                seed: Seed(run: 3).child(.room, room), legalMoves: moves, room: UInt64(room))
        }
    }

    @Test("a prompt is the user's message and system.md the system's; what it cost comes with the answer")
    func prompts() async throws {
        let server = try StubServer { _, request in .says("echo \(request.field("seed") as? Int ?? -1)") }
        let responses = try await policy(server, system: "Be brief.", temperature: 0.5).respond(to: requests(3))
        #expect(responses.map(\.text) == requests(3).map { "echo \(Int($0.seed.value >> 33))" })
        #expect(responses.allSatisfy { $0.usage?.promptTokenCount == 100 && abs(($0.usage?.cost ?? 0) - 0.0003) < 1e-12 && $0.finish == .stop })
        let body = try #require(server.requests.first { $0.body.contains("p1") }?.body)
        #expect(body.contains(#""messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"p1"}],"max_tokens":64"#))
        #expect(server.mostAtOnce <= 2)
    }

    @Test("a prompt of several messages is asked as exactly these, its system's in place of system.md")
    func conversations() async throws {
        let turns = [Message(.user, "a\"\n"), Message(.assistant, "### user"), Message(.user, "b")]
        for (own, system, expected) in [("", "", "None"), ("", "Be brief.", "Be brief."), ("Talk.", "Be brief.", "Talk.")] {
            let server = try StubServer { _, _ in .says("a") }
            let talk = Conversation((own.isEmpty ? [] : [Message(.system, own)]) + turns)
            let request = PolicyRequest(prompt: talk.text, conversation: talk, maxNewTokens: 1, seed: Seed(run: 1))
            #expect(try await policy(server, system: system).respond(to: [request]).map(\.text) == ["a"])
            let sent = try #require(server.requests[0].field("messages") as? [[String: String]])
            #expect(sent == ((expected == "None" ? [] : [Message(.system, expected)]) + turns).map { ["role": $0.role.rawValue, "content": $0.content] })
        }
    }

    @Test("in a game it is told the rules, what the seat has seen and the legal moves")
    func games() async throws {
        let server = try StubServer { _, _ in .says("<think>5 is taken.</think>\n\n**6**.\n") }
        let game = AgentGame(name: "g", rules: "Rules.", picture: { "[\($0)]" })
        let response = try await policy(server, system: "Win.", game: game).respond(to: requests(1, moves: ["5", "6"]))[0]
        #expect(response.text == "6" && response.failure == nil)
        let messages = try #require(server.requests[0].field("messages") as? [[String: String]])
        #expect(messages.map { $0["content"] } == [
            "Win.\n\nRules.", "The game as you see it: p012\n\n[p012]\n\nYour legal moves: 5, 6. Answer with one of them and nothing else.",
        ])
    }

    @Test("an answer names a move or stays what it is", arguments: [
        ("5", "5"), (" 5\n", "5"), ("`5`", "5"), ("\"5\".", "5"), ("5 it is", "5 it is"), ("", ""), ("<think>6</think>5", "5"), ("7", "7"),
    ])
    func moves(text: String, move: String) { #expect(EndpointPolicy.move(in: text, among: ["5", "6", "5 "]) == move) }

    @Test("a server that fails through all retries is a forfeit, and after three in a row it is asked no more")
    func failures() async throws {
        let lost = Mutex<[String]>([])
        let server = try StubServer { _, _ in .reply(status: 503, body: "secret-key") }
        let bot = try policy(server, key: "secret-key") { sentence in lost.withLock { $0.append(sentence) } }
        var responses: [PolicyResponse] = []
        for request in requests(5) { responses += try await bot.respond(to: [request]) }
        #expect(responses.map(\.failure?.forfeit) == [.unreachable, .unreachable, .unreachable, .disqualified, .disqualified])
        #expect(server.requests.count == 6)
        let sentences = lost.withLock { $0 }
        #expect(sentences.count == 1 && sentences[0].hasPrefix("Agent bot is disqualified: it failed 3 times in a row, at last it gave no answer: "))
        #expect(!"\(responses)\(sentences)".contains("secret-key"))
    }

    @Test("a question that is refused for its own sake costs nothing but itself")
    func rejected() async throws {
        let server = try StubServer { _, request in
            request.body.contains("p0") ? .reply(status: 400, body: #"{"error":{"message":"too long"}}"#) : .says("a")
        }
        let bot = try policy(server)
        for _ in 0..<4 { #expect(try await bot.respond(to: [requests(1)[0]])[0].failure?.reason.contains("too long") == true) }
        #expect(try await bot.respond(to: requests(2)).map(\.text) == ["", "a"])
    }

    @Test("a wrong key ends the run before the first answer, and is a forfeit after it")
    func refused() async throws {
        let server = try StubServer { _, request in request.body.contains("p0") ? .says("a") : .reply(status: 401, body: "{}") }
        let error = await #expect(throws: ConnectionError.self) { _ = try await policy(server).respond(to: [requests(2)[1]]) }
        #expect(error?.code == .refused)
        let bot = try policy(server)
        _ = try await bot.respond(to: requests(1))
        #expect(try await bot.respond(to: [requests(2)[1]])[0].failure?.forfeit == .unreachable)
    }

    @Test("an answer that the token limit cut is unfinished")
    func cut() async throws {
        let server = try StubServer { _, _ in
            .reply(status: 200, body: #"{"choices":[{"message":{"role":"assistant","content":"abc"},"finish_reason":"length"}]}"#)
        }
        #expect(try await policy(server).respond(to: requests(1))[0].finish == .length)
    }
}
