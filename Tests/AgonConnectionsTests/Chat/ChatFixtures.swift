import AgonConnections
import AgonCore
import Foundation
import Synchronization

/// A clock that never waits: a sleep moves it on.
final class FakeClock: ConnectionClock {
    private let state = Mutex((time: 0.0, sleeps: [Double]()))

    var sleeps: [Double] { state.withLock { $0.sleeps } }

    func now() -> Double { state.withLock { $0.time } }

    func sleep(seconds: Double) async throws {
        try Task.checkCancellation()
        state.withLock {
            $0.time += seconds
            $0.sleeps.append(seconds)
        }
    }
}

/// A folder of its own, gone with the value.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "agon-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file's whole text, by name.
    var files: [String: String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, String(decoding: FileManager.default.contents(atPath: "\(path)/\($0)") ?? Data(), as: UTF8.self))
            })
    }
}

func question(_ text: String, schema: Bool = false, topLogprobs: Int = 0) -> ChatRequest {
    ChatRequest(
        messages: [Message(.system, "Judge."), Message(.user, text)],
        plainMessages: schema ? [Message(.user, "plain " + text)] : nil,
        schema: schema ? ChatSchema(name: "verdict", json: #"{"type":"object"}"#) : nil, maxTokens: 16, seed: 3,
        topLogprobs: topLogprobs)
}

func settings(_ url: String, _ change: (inout ChatSettings) -> Void = { _ in }) -> ChatSettings {
    var settings = ChatSettings(url: url, model: "stub")
    settings.temperature = 0
    settings.timeout = 10
    change(&settings)
    return settings
}
