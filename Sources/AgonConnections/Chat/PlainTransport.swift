import Foundation
import Synchronization

/// HTTP/1.1 without TLS over sockets of its own, for servers on this machine or in its network.
///
/// Each exchange has a thread for as long as it lasts, asleep while the server thinks. It looks up from its sleep 20 times
/// a second, so a cancelled request ends within 50 ms.
final class PlainTransport: HTTPTransport {
    /// Open connections that nobody uses, the last used at the end.
    private let idle = Mutex<[PlainSocket]>([])

    func send(_ request: HTTPRequest, limits: HTTPLimits) async throws -> HTTPReply {
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try self.exchange(request, limits, isCancelled) })
                }
            }
        } onCancel: {
            isCancelled.value.store(true, ordering: .relaxed)
        }
    }

    /// A server may close a connection that it kept open just when it is used again: then once more on a new one.
    private func exchange(_ request: HTTPRequest, _ limits: HTTPLimits, _ isCancelled: Flag) throws -> HTTPReply {
        let wait = SocketWait(limits: limits, isCancelled: isCancelled)
        if let socket = idle.withLock({ $0.popLast() }) {
            var reader = HTTPReader(byteLimit: limits.byteLimit)
            do {
                return try exchange(request, socket, wait, &reader)
            } catch HTTPFault.broken where reader.isEmpty {
                // The next lines.
            }
        }
        var reader = HTTPReader(byteLimit: limits.byteLimit)
        return try exchange(request, PlainSocket(to: request.url, wait), wait, &reader)
    }

    private func exchange(
        _ request: HTTPRequest, _ socket: PlainSocket, _ wait: SocketWait, _ reader: inout HTTPReader
    ) throws -> HTTPReply {
        try socket.send(PlainTransport.bytes(request), wait)
        while !reader.isComplete {
            let piece = try socket.receive(wait)
            if piece.isEmpty { try reader.close() } else { try reader.take(piece) }
        }
        if reader.keepsConnection { idle.withLock { $0.append(socket) } }
        return try reader.reply()
    }

    private static func bytes(_ request: HTTPRequest) -> [UInt8] {
        let parts = URLComponents(url: request.url, resolvingAgainstBaseURL: false)
        let path = parts?.percentEncodedPath ?? ""
        let port = request.url.port.map { ":\($0)" } ?? ""
        var head = "POST \(path.isEmpty ? "/" : path) HTTP/1.1\r\nHost: \(parts?.percentEncodedHost ?? "")\(port)\r\n"
        for (name, value) in request.headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(request.body.count)\r\n\r\n"
        return Array(head.utf8) + request.body
    }
}

/// Set once, from anywhere.
final class Flag: Sendable {
    let value = Atomic(false)
}

/// How long a thread may go on waiting for a socket.
struct SocketWait: Sendable {
    let limits: HTTPLimits
    let isCancelled: Flag
    private let start = ContinuousClock.now

    init(limits: HTTPLimits, isCancelled: Flag) {
        self.limits = limits
        self.isCancelled = isCancelled
    }

    /// Waits until the socket has one of the events.
    func until(_ events: Int32, _ descriptor: Int32, isConnecting: Bool = false) throws {
        while true {
            if isCancelled.value.load(ordering: .relaxed) { throw CancellationError() }
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            if elapsed > limits.timeout { throw HTTPFault.late(seconds: limits.timeout) }
            if isConnecting, elapsed > limits.connectTimeout {
                throw HTTPFault.notConnected(seconds: limits.connectTimeout)
            }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&entry, 1, 50)
            if count > 0 { return }
            if count < 0, errno != EINTR { throw HTTPFault.broken(PlainSocket.problem(errno)) }
        }
    }
}

/// One connection, closed with the value.
final class PlainSocket: Sendable {
    private let descriptor: Int32

    /// Connects to the first of the host's addresses that answers.
    init(to url: URL, _ wait: SocketWait) throws {
        var host = url.host ?? ""
        if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
        var list: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        hints.ai_socktype = PlainSocket.stream
        let code = getaddrinfo(host, "\(url.port ?? 80)", &hints, &list)
        guard code == 0 else { throw HTTPFault.broken("no address for \(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var problem: any Error = HTTPFault.broken("no address for \(host)")
        var next = list
        while let address = next?.pointee {
            do {
                descriptor = try PlainSocket.connected(address, wait)
                return
            } catch let fault as HTTPFault {
                problem = fault
            }
            next = address.ai_next
        }
        throw problem
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8], _ wait: SocketWait) throws {
        var sent = 0
        while sent < bytes.count {
            try wait.until(POLLOUT, descriptor)
            let count = bytes[sent...].withUnsafeBytes { part in
                Foundation.send(descriptor, part.baseAddress, part.count, PlainSocket.noSignal)
            }
            if count > 0 { sent += count } else { try check() }
        }
    }

    /// Some bytes, none where the server has closed.
    func receive(_ wait: SocketWait) throws -> ArraySlice<UInt8> {
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            try wait.until(POLLIN, descriptor)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count >= 0 { return piece[..<count] }
            try check()
        }
    }

    /// A call that only asks to be made again is no fault.
    private func check() throws {
        let code = errno
        if ![EINTR, EAGAIN, EWOULDBLOCK].contains(code) { throw HTTPFault.broken(PlainSocket.problem(code)) }
    }

    static func problem(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func connected(_ address: addrinfo, _ wait: SocketWait) throws -> Int32 {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { throw HTTPFault.broken(problem(errno)) }
        do {
            // Programs that are started meanwhile inherit nothing of it.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            #if canImport(Darwin)
                setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            #endif
            if connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw HTTPFault.broken(problem(errno)) }
                try wait.until(POLLOUT, descriptor, isConnecting: true)
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                guard code == 0 else { throw HTTPFault.broken(problem(code)) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static var stream: Int32 {
        #if canImport(Darwin)
            SOCK_STREAM
        #else
            Int32(SOCK_STREAM.rawValue)
        #endif
    }

    private static var noSignal: Int32 {
        #if canImport(Darwin)
            0
        #else
            Int32(MSG_NOSIGNAL)
        #endif
    }
}
