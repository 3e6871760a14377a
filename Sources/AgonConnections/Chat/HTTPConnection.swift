import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Connections to one server, kept open and used again.
///
/// Nothing is remembered besides the connections: no cookies, no cache, no stored credentials. Redirects are not
/// followed, so that a key goes to the configured address alone.
final class HTTPConnection: Sendable {
    private let session: URLSession
    private let delegate = HTTPDelegate()

    init(width: Int, timeout: Double) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = width
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        // Ours come first; the system's own limits stay behind them.
        configuration.timeoutIntervalForRequest = min(timeout + 60, 1e6)
        session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    }

    deinit { session.invalidateAndCancel() }

    /// Sends one request and collects the reply.
    /// - Throws: `HTTPFault`, or `CancellationError` at once when the task is cancelled.
    func send(_ request: URLRequest, connectTimeout: Double, timeout: Double, byteLimit: Int) async throws -> HTTPReply {
        let exchange = HTTPExchange(byteLimit: byteLimit)
        let task = session.dataTask(with: request)
        let identifier = task.taskIdentifier
        delegate.add(exchange, for: identifier)
        defer { delegate.remove(identifier) }
        return try await withThrowingTaskGroup(of: HTTPReply?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await exchange.run(task) }
            group.addTask {
                try await Task.sleep(for: .seconds(timeout))
                throw HTTPFault.late(seconds: timeout)
            }
            if connectTimeout < timeout {
                group.addTask {
                    try await Task.sleep(for: .seconds(connectTimeout))
                    if !exchange.isConnected { throw HTTPFault.notConnected(seconds: connectTimeout) }
                    return nil
                }
            }
            while let reply = try await group.next() {
                if let reply { return reply }
            }
            throw CancellationError()
        }
    }
}

/// Hands what arrives to the exchange that it belongs to.
private final class HTTPDelegate: NSObject, URLSessionDataDelegate, Sendable {
    private let exchanges = Mutex<[Int: HTTPExchange]>([:])

    func add(_ exchange: HTTPExchange, for task: Int) { exchanges.withLock { $0[task] = exchange } }

    func remove(_ task: Int) { exchanges.withLock { $0[task] = nil } }

    private func exchange(_ task: URLSessionTask) -> HTTPExchange? {
        let identifier = task.taskIdentifier
        return exchanges.withLock { $0[identifier] }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didSendBodyData bytesSent: Int64, totalBytesSent: Int64,
        totalBytesExpectedToSend: Int64
    ) {
        exchange(task)?.connected()
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if let response = response as? HTTPURLResponse {
            var headers: [String: String] = [:]
            for (name, value) in response.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
            exchange(dataTask)?.receive(status: response.statusCode, headers: headers)
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        exchange(dataTask)?.receive(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        exchange(task)?.complete(problem: error.map { $0.localizedDescription })
    }
}
