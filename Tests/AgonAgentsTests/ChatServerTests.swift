import AgonAgents
import AgonConnections
import AgonCore
import AgonJudging
import AgonLaws
import Foundation
import Testing

/// llama.cpp's server with a tiny random model, started by `Tests/Parity/chat_server.py` and gone with the value.
private final class ChatServer {
    private let process = Process()
    private let input = Pipe()
    let url: String
    /// Whether it can be held to a schema; else only to JSON of any shape.
    let knowsSchemas: Bool

    static let python = ProcessInfo.processInfo.environment["AGON_PYTHON"] ?? "python3"
    static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Parity/chat_server.py").path

    /// Whether Python and the packages are there.
    static let isInstalled: Bool = {
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = [python, script, "--check"]
        check.standardOutput = FileHandle.nullDevice
        check.standardError = FileHandle.nullDevice
        do { try check.run() } catch { return false }
        check.waitUntilExit()
        return check.terminationStatus == 0
    }()

    init() throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [Self.python, Self.script, "--serve"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("listening ") }
        let words = try #require(line).split(separator: " ")
        url = "http://127.0.0.1:\(words[1])/v1"
        knowsSchemas = words[2] == "xllamacpp"
    }

    deinit {
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}

/// The `llm` judge against a server that was not written here.
@Suite(
    .enabled(
        if: ChatServer.isInstalled,
        "no server of chat completions: pip install xllamacpp gguf, and name the Python that has them in AGON_PYTHON"),
    .timeLimit(.minutes(3)))
struct ChatServerTests {
    private static let tasks = [["four", "five"], ["a", "b", "c"], ["same", "same"]].enumerated()
        .map { JudgingTask(id: UInt64($0), prompt: "2 + 2?", answers: $1) }

    private static func client(_ server: ChatServer, cache: String? = nil, structured: StructuredOutput = .auto) throws -> ChatClient {
        var settings = ChatSettings(url: server.url, model: "tiny")
        settings.temperature = 0
        settings.structured = structured
        settings.maxInflight = 2
        settings.retryCount = 1
        settings.cacheFolder = cache
        settings.promptPrice = 1
        return try ChatClient(settings, environment: [:])
    }

    /// - Parameter maxTokens: 600 characters of four bytes, each a token, with all that stands around them need 3,000.
    private static func judge(
        _ client: ChatClient, _ style: LanguageModelOptions.Style, logprobs: Bool = false, maxTokens: Int = 300
    ) -> LanguageModelJudge {
        LanguageModelJudge(
            id: JudgeID(name: "llm"),
            options: LanguageModelOptions(
                style: style, prompts: JudgePrompts(rubric: "The right number wins."), maxTokens: maxTokens,
                usesLogprobs: logprobs), answerer: client)
    }

    @Test("held to a schema, even a random model gives verdicts that can be read, in every style, and a second run asks nothing")
    func structured() async throws {
        let server = try ChatServer()
        let folder = NSTemporaryDirectory() + "agon-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let maxTokens = server.knowsSchemas ? 3_000 : 300
        for style in LanguageModelOptions.Style.allCases {
            let client = try Self.client(server, cache: folder)
            let judgements = try await Self.judge(client, style, maxTokens: maxTokens).judge(Self.tasks)
            let isReadable = judgements.flatMap(\.verdicts).contains { $0.verdict != .void }
            // No schema keeps a list from naming a letter twice, and a random model does.
            #expect(isReadable == server.knowsSchemas || style == .listwise, "\(style): \(judgements.flatMap(\.votes).map(\.reason))")
            #expect(client.usage.requestCount > 0)
            #expect(client.usage.promptTokenCount > 500 * client.usage.requestCount)
            #expect(client.usage.completionTokenCount >= client.usage.requestCount)
            #expect(abs(client.usage.cost - Double(client.usage.promptTokenCount) / 1e6) < 1e-9)
            #expect(client.usage.retryCount == 0)
            let again = try Self.client(server, cache: folder)
            let second = try await Self.judge(again, style, maxTokens: maxTokens).judge(Self.tasks)
            #expect(second.map(\.verdicts) == judgements.map(\.verdicts))
            #expect(again.usage.requestCount == 0)
            #expect(try await JudgeLaws.violations(of: Self.judge(again, style, maxTokens: maxTokens), tasks: Self.tasks).isEmpty)
        }
    }

    @Test("asked in words only, a random model cannot be read, and its voids say so")
    func plain() async throws {
        let server = try ChatServer()
        let client = try Self.client(server, structured: .none)
        let judgement = try await Self.judge(client, .pairwise).judge([Self.tasks[0]])[0]
        #expect(judgement.verdicts[0].verdict == .void)
        #expect(judgement.votes[0].reason.hasPrefix("unreadable: "))
    }

    @Test("the server tells probabilities of the first token; a random model's letters are too unlikely to be an answer")
    func logprobs() async throws {
        let server = try ChatServer()
        let client = try Self.client(server)
        let request = ChatRequest(messages: [Message(.user, "A or B?")], maxTokens: 8, topLogprobs: 5)
        let reply = try await client.reply(to: request)
        #expect((1...6).contains(reply.firstToken.count))
        let sum = reply.firstToken.reduce(0) { $0 + $1.probability }
        #expect(sum > 0 && sum <= 1.000001)
        let judgement = try await Self.judge(client, .pairwise, logprobs: true).judge([Self.tasks[0]])[0]
        #expect(judgement.verdicts[0].verdict == .void)
        #expect(judgement.votes[0].reason.hasPrefix("unreadable: "))
    }

    @Test("a question that is longer than the model's context is void, and the next one is answered")
    func tooLong() async throws {
        let server = try ChatServer()
        let client = try Self.client(server)
        let long = JudgingTask(id: 9, prompt: "2 + 2?", answers: [String(repeating: "4 ", count: 11_000), "four"])
        let judgements = try await Self.judge(client, .pairwise).judge([Self.tasks[0], long])
        #expect(judgements[0].verdicts[0].verdict != .void || judgements[0].votes[0].reason.hasPrefix("unreadable"))
        #expect(judgements[1].verdicts[0].verdict == .void)
        #expect(judgements[1].votes[0].reason.contains("rejects a request with status 400"))
    }

    @Test("an agent behind the server answers prompts and is told its moves, and a second run asks nothing")
    func agent() async throws {
        let server = try ChatServer()
        let folder = NSTemporaryDirectory() + "agon-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let requests = (0..<4).map { room in
            PolicyRequest(
                prompt: "5\(room)", maxNewTokens: 1, seed: Seed(run: 1).child(.room, room),
                legalMoves: room % 2 == 0 ? [] : ["1", "2"], room: UInt64(room))
        }
        func policy() throws -> EndpointPolicy {
            EndpointPolicy(
                id: PolicyID(agent: "far", version: 0), client: try Self.client(server, cache: folder), system: "Be brief.", maxTokens: 8,
                game: AgentGame(name: "g", rules: "Rules."))
        }
        let responses = try await policy().respond(to: requests)
        #expect(responses.allSatisfy { $0.failure == nil && $0.usage?.requestCount == 1 && ($0.usage?.promptTokenCount ?? 0) > 10 })
        let again = try await policy().respond(to: requests)
        #expect(again.map(\.text) == responses.map(\.text) && again.allSatisfy { $0.usage?.cachedCount == 1 })
    }
}
