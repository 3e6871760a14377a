import Foundation

/// A request as the stub received it.
struct StubRequest: Sendable {
    var head: String
    var body: String

    /// A field of the JSON body.
    func field(_ name: String) -> Any? {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])?[name]
    }
}

/// What the stub does with a request.
enum StubAction: Sendable {
    case reply(status: Int, headers: [String: String] = [:], body: String)
    /// Announces more bytes than it sends, then closes.
    case truncated(body: String)
    /// Sends nothing until the client gives up.
    case hang
    /// Sends a head and then a byte now and then, for ever.
    case drip
    /// Ends the connection with a reset.
    case reset
    /// Sends spaces without end.
    case flood

    /// A chat completion that says `text`.
    static func says(_ text: String, headers: [String: String] = [:], extra: String = "") -> StubAction {
        let quoted = String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
        return .reply(
            status: 200, headers: headers,
            body: #"{"choices":[{"index":0,"message":{"role":"assistant","content":\#(quoted)},"finish_reason":"stop"\#(extra)}],"usage":{"prompt_tokens":100,"completion_tokens":20}}"#)
    }
}

/// An HTTP server on a port of the loopback that the system chooses, with a script for faults.
///
/// It takes at most 64 connections, each with a thread of its own that ends with the client, with `stop()` or after 20 s.
final class StubServer: Sendable {
    typealias Script = @Sendable (_ index: Int, _ request: StubRequest) -> StubAction

    private let state = StubState()
    private let listener: Int32
    let port: UInt16
    private let script: Script

    var url: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [StubRequest] { state.requests }
    /// The most requests that were with it at one time.
    var mostAtOnce: Int { state.mostAtOnce }
    /// Connections that were accepted.
    var connectionCount: Int { state.connectionCount }

    init(_ script: @escaping Script) throws {
        self.script = script
        let descriptor = socket(AF_INET, StubServer.stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &size) == 0
            }
        }
        guard bound else { throw CocoaError(.fileReadUnknown) }
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        let (listener, state, script) = (listener, state, script)
        Thread.detachNewThread { StubServer.accept(listener, state, script) }
    }

    deinit { stop() }

    func stop() { state.stop() }

    private static var stream: Int32 {
        #if canImport(Darwin)
            SOCK_STREAM
        #else
            Int32(SOCK_STREAM.rawValue)
        #endif
    }

    private static func accept(_ listener: Int32, _ state: StubState, _ script: @escaping Script) {
        defer { close(listener) }
        while !state.isStopped {
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 50) > 0 else { continue }
            let connection = Foundation.accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            guard state.connect() else {
                close(connection)
                continue
            }
            Thread.detachNewThread { StubConnection(descriptor: connection, state: state).serve(script) }
        }
    }
}

/// What the threads of a stub share.
final class StubState: @unchecked Sendable {
    // Safety: every access holds the lock.
    private let lock = NSLock()
    private var received: [StubRequest] = []
    private var current = 0
    private var most = 0
    private var connections = 0
    private var stopped = false

    var requests: [StubRequest] { lock.withLock { received } }
    var mostAtOnce: Int { lock.withLock { most } }
    var connectionCount: Int { lock.withLock { connections } }
    var isStopped: Bool { lock.withLock { stopped } }

    func stop() { lock.withLock { stopped = true } }

    func connect() -> Bool {
        lock.withLock {
            connections += 1
            return connections <= 64
        }
    }

    /// Notes a request and returns its number.
    func begin(_ request: StubRequest) -> Int {
        lock.withLock {
            received.append(request)
            current += 1
            most = max(most, current)
            return received.count - 1
        }
    }

    func end() { lock.withLock { current -= 1 } }
}

/// One connection of a stub, on a thread of its own.
struct StubConnection {
    let descriptor: Int32
    let state: StubState

    func serve(_ script: StubServer.Script) {
        defer { close(descriptor) }
        var buffer: [UInt8] = []
        while let request = receive(&buffer) {
            let index = state.begin(request)
            let isOpen = act(script(index, request))
            state.end()
            if !isOpen { return }
        }
    }

    /// - Returns: whether the connection stays open.
    private func act(_ action: StubAction) -> Bool {
        switch action {
        case .reply(let status, let headers, let body):
            var head = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n"
            for (name, value) in headers.merging(["Content-Type": "application/json"], uniquingKeysWith: { given, _ in given }) {
                head += "\(name): \(value)\r\n"
            }
            return send(head + "\r\n" + body)
        case .truncated(let body):
            _ = send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count + 100)\r\n\r\n" + body)
            return false
        case .hang:
            while !state.isStopped, !isClosed(milliseconds: 50) {}
            return false
        case .drip:
            guard send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n") else { return false }
            while !state.isStopped, !isClosed(milliseconds: 20), send(" ") {}
            return false
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            return false
        case .flood:
            let piece = String(repeating: " ", count: 65_536)
            guard send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n") else { return false }
            while !state.isStopped, send("10000\r\n\(piece)\r\n") {}
            return false
        }
    }

    /// Whether the client is gone; waits that long for it to go.
    private func isClosed(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) <= 0
    }

    private func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// The next request; nil where the client has gone, is silent for 20 s or the stub was stopped.
    private func receive(_ buffer: inout [UInt8]) -> StubRequest? {
        var wanted: Int?
        var head = ""
        var waits = 0
        while true {
            if wanted == nil, let end = Data(buffer).range(of: Data("\r\n\r\n".utf8)) {
                head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                buffer.removeFirst(end.upperBound)
                let lines = head.lowercased().split(separator: "\r\n")
                let length = lines.first { $0.hasPrefix("content-length:") }?.split(separator: ":").last
                wanted = length.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } ?? 0
                if lines.contains(where: { $0.hasPrefix("expect:") }) { _ = send("HTTP/1.1 100 Continue\r\n\r\n") }
            }
            if let wanted, buffer.count >= wanted {
                defer { buffer.removeFirst(wanted) }
                return StubRequest(head: head, body: String(decoding: buffer[..<wanted], as: UTF8.self))
            }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, 50) == 0 {
                waits += 1
                if state.isStopped || waits > 400 { return nil }
                continue
            }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            buffer += piece[..<count]
        }
    }
}
