import AgonConnections
import AgonCore
import Foundation
import Testing

/// Replies that are kept, and a key that never is.
@Suite(.timeLimit(.minutes(2))) struct ReplyCacheTests {
    @Test("a second run over the same requests asks nothing, whatever form the first one ended with")
    func rerun() async throws {
        let folder = try ScratchFolder()
        let server = try StubServer { _, request in
            request.field("response_format") == nil ? .says("x") : .reply(status: 400, body: "{}")
        }
        defer { server.stop() }
        let requests = (0..<5).map { question("\($0)", schema: true) }
        func run() async throws -> (texts: [ChatReply], usage: Int, cached: Int) {
            let client = try ChatClient(settings(server.url) { $0.cacheFolder = folder.path + "/deep/er" }, environment: [:])
            let replies = try await client.replies(to: requests).map { try $0.get() }
            return (replies, client.usage.requestCount, client.usage.cachedCount)
        }
        let first = try await run()
        let asked = server.requests.count
        #expect(first.usage == 5)
        let second = try await run()
        #expect(server.requests.count == asked)
        #expect(second.usage == 0)
        #expect(second.cached == 5)
        #expect(second.texts.map(\.text) == first.texts.map(\.text))
        #expect(second.texts.map(\.isStructured) == first.texts.map(\.isStructured))
        #expect(second.texts.allSatisfy { $0.usage.cost == 0 && $0.usage.cachedCount == 1 })
    }

    @Test("another model, setting or text is another request")
    func distinct() async throws {
        let folder = try ScratchFolder()
        let server = try StubServer { index, _ in .says("\(index)") }
        defer { server.stop() }
        func ask(_ text: String, _ change: (inout ChatSettings) -> Void = { _ in }) async throws -> String {
            let client = try ChatClient(
                settings(server.url) {
                    $0.cacheFolder = folder.path
                    change(&$0)
                }, environment: [:])
            return try await client.reply(to: question(text)).text
        }
        #expect(try await ask("\u{E9}") == "0")
        #expect(try await ask("e\u{301}") == "1")
        #expect(try await ask("\u{E9}") { $0.model = "other" } == "2")
        #expect(try await ask("\u{E9}") { $0.temperature = 0.5 } == "3")
        #expect(try await ask("\u{E9}") { $0.timeout = 9 } == "0")
        #expect(folder.files.count == 4)
    }

    @Test(
        "an entry that is broken, foreign or another request's is asked again and written anew",
        arguments: ["", "{", "[]", #"{"version":1,"request":"other","reply":{"text":"lie","isStructured":false,"firstToken":[]}}"#])
    func corrupted(text: String) async throws {
        let folder = try ScratchFolder()
        let server = try StubServer { _, _ in .says("true") }
        defer { server.stop() }
        func ask() async throws -> String {
            let client = try ChatClient(settings(server.url) { $0.cacheFolder = folder.path }, environment: [:])
            return try await client.reply(to: question("a")).text
        }
        #expect(try await ask() == "true")
        let entry = try #require(folder.files.first)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(entry.key)"))
        #expect(try await ask() == "true")
        #expect(server.requests.count == 2)
        #expect(folder.files == [entry.key: entry.value])
        #expect(try await ask() == "true")
        #expect(server.requests.count == 2)
    }

    @Test("the key goes to the server and stands in no reply, error, file or description, even where the server echoes it")
    func secret() async throws {
        let folder = try ScratchFolder()
        let key = "sk-9Xq2-very-secret"
        let server = try StubServer { index, request in
            let echo = request.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("authorization") } ?? ""
            if index == 0 { return .says("you said \(echo)") }
            let padding = String(repeating: "x", count: 225)
            return .reply(status: 401, body: #"{"error":{"message":"\#(padding) \#(echo)"}}"#)
        }
        defer { server.stop() }
        let client = try ChatClient(
            settings(server.url) {
                $0.cacheFolder = folder.path
                $0.apiKeyVariable = "STUB_KEY"
            }, environment: ["STUB_KEY": key])
        let reply = try await client.reply(to: question("a"))
        #expect(server.requests.first?.head.contains("Bearer \(key)") == true)
        #expect(reply.text.hasSuffix("Bearer [redacted]"))
        let error = await #expect(throws: ConnectionError.self) { try await client.reply(to: question("b")) }
        #expect(error?.message.contains("check the key in STUB_KEY") == true)
        var dumped = ""
        dump(client, to: &dumped)
        dump(error, to: &dumped)
        for text in folder.files.values + [dumped, "\(client)", "\(String(describing: error))", "\(client.settings)"] {
            #expect(!text.contains("sk-9"))
        }
        #expect(folder.files.count == 1)
    }
}
