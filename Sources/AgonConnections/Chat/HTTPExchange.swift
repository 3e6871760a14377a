import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request on its way, collected piece by piece.
final class HTTPExchange: Sendable {
    private struct State: Sendable {
        var continuation: CheckedContinuation<HTTPReply, any Error>?
        var task: URLSessionTask?
        var reply: HTTPReply?
        var isConnected = false
        /// The end, where it came before anybody waited for it.
        var end: Result<HTTPReply, any Error>?
    }

    private let state = Mutex(State())
    private let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Whether the server has begun to take the request.
    var isConnected: Bool { state.withLock { $0.isConnected } }

    /// Starts the task and waits for the exchange's end, however it comes.
    func run(_ task: URLSessionTask) async throws -> HTTPReply {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let end = state.withLock { state -> Result<HTTPReply, any Error>? in
                    if state.end == nil {
                        state.continuation = continuation
                        state.task = task
                    }
                    return state.end
                }
                if let end { continuation.resume(with: end) } else { task.resume() }
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    func connected() { state.withLock { $0.isConnected = true } }

    func receive(status: Int, headers: [String: String]) {
        state.withLock { state in
            state.isConnected = true
            state.reply = HTTPReply(status: status, headers: headers, body: Data())
        }
    }

    func receive(_ data: Data) {
        let isTooLong = state.withLock { state in
            guard (state.reply?.body.count ?? 0) + data.count <= byteLimit else { return true }
            state.reply?.body.append(data)
            return false
        }
        if isTooLong { finish(.failure(HTTPFault.tooLong(limit: byteLimit))) }
    }

    /// The transfer ended; `problem` says why where it did not end well.
    func complete(problem: String?) {
        if let problem { return finish(.failure(HTTPFault.broken(problem))) }
        let reply = state.withLock { $0.reply }
        finish(reply.map(Result.success) ?? .failure(HTTPFault.broken("the connection was closed without a reply")))
    }

    /// The first end counts; the transfer stops.
    private func finish(_ end: Result<HTTPReply, any Error>) {
        let (continuation, task) = state.withLock { state in
            defer {
                if state.end == nil { state.end = end }
                state.continuation = nil
                state.task = nil
            }
            return (state.continuation, state.task)
        }
        task?.cancel()
        continuation?.resume(with: end)
    }
}
