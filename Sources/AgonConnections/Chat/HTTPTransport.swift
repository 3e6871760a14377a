import Foundation

/// A request with a body, as bytes.
struct HTTPRequest: Sendable {
    var url: URL
    var headers: [(name: String, value: String)]
    var body: [UInt8]
}

/// What a server sent, whole.
struct HTTPReply: Sendable {
    var status: Int
    /// By names in small letters.
    var headers: [String: String]
    var body: Data
}

/// How long and how much one exchange may take.
struct HTTPLimits: Sendable {
    /// Until the connection stands, in seconds.
    var connectTimeout: Double
    /// Until the last byte, in seconds.
    var timeout: Double
    /// The most bytes of a reply's body.
    var byteLimit: Int
}

/// Why nothing whole came back. Each may pass.
enum HTTPFault: Error, Sendable {
    case notConnected(seconds: Double)
    case late(seconds: Double)
    case tooLong(limit: Int)
    /// The connection failed, in the system's words.
    case broken(String)

    var sentence: String {
        switch self {
        case .notConnected(let seconds): "no connection within \(seconds) s"
        case .late(let seconds): "no complete reply within \(seconds) s"
        case .tooLong(let limit): "a reply of more than \(limit) bytes"
        case .broken(let words): words
        }
    }
}

/// Connections to one server, kept open and used again. Redirects are not followed, so that a key goes to the configured
/// address alone.
protocol HTTPTransport: Sendable {
    /// Sends one request as POST and collects the reply.
    /// - Throws: `HTTPFault`, or `CancellationError` at once when the task is cancelled.
    func send(_ request: HTTPRequest, limits: HTTPLimits) async throws -> HTTPReply
}
