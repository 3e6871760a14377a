import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The system's own client, for addresses with TLS. Nothing is remembered besides the connections: no cookies, no cache,
/// no stored credentials.
///
/// On Linux it keeps a core busy while a request is under way: the library goes on watching whether the socket can be
/// written, which it always can. So `PlainTransport` takes what needs no TLS.
final class SystemTransport: HTTPTransport {
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

    func send(_ request: HTTPRequest, limits: HTTPLimits) async throws -> HTTPReply {
        var system = URLRequest(url: request.url)
        system.httpMethod = "POST"
        system.httpBody = Data(request.body)
        for (name, value) in request.headers { system.setValue(value, forHTTPHeaderField: name) }
        let (connectTimeout, timeout) = (limits.connectTimeout, limits.timeout)
        let exchange = HTTPExchange(byteLimit: limits.byteLimit)
        let task = session.dataTask(with: system)
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
