import Foundation

/// A reply of HTTP/1.1, taken in as it arrives (RFC 9112). Nothing of it is trusted.
struct HTTPReader: Sendable {
    /// How the body ends.
    private enum Framing: Sendable {
        case length(Int)
        case chunked
        /// Lines after the last chunk, up to an empty one.
        case trailer
        case untilClose
    }

    private static let headLimit = 65_536
    private static let end: [UInt8] = [13, 10]
    private let byteLimit: Int
    private var buffer: [UInt8] = []
    /// Where the part of the buffer begins that has not been read.
    private var position = 0
    private var framing: Framing?
    private var status = 0
    private var headers: [String: String] = [:]
    private var body: [UInt8] = []
    /// Bytes of the chunk that are still to come, then its line end; nil before a chunk's size.
    private var chunkRest: Int?
    private(set) var isComplete = false
    private var isClosed = false

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Whether nothing has arrived yet.
    var isEmpty: Bool { buffer.isEmpty && framing == nil && status == 0 }

    /// Whether another request may follow on the connection.
    var keepsConnection: Bool {
        guard isComplete, !isClosed, position == buffer.count else { return false }
        if case .untilClose = framing { return false }
        return headers["connection"]?.lowercased().contains("close") != true
    }

    /// - Throws: `tooLong`, or `broken` where it is no HTTP.
    mutating func take(_ piece: ArraySlice<UInt8>) throws {
        if position > 65_536 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer += piece
        while !isComplete, try step() {}
    }

    /// The server has closed: the end of a body without another one.
    mutating func close() throws {
        isClosed = true
        guard case .untilClose = framing else {
            throw HTTPFault.broken(isEmpty ? "the connection was closed without a reply" : "the reply was cut short")
        }
        isComplete = true
    }

    /// - Throws: `broken` where it is not complete.
    func reply() throws -> HTTPReply {
        guard isComplete else { throw HTTPFault.broken("the reply was cut short") }
        return HTTPReply(status: status, headers: headers, body: Data(body))
    }

    /// Reads one part; false where more must arrive first.
    private mutating func step() throws -> Bool {
        switch framing {
        case nil: return try readHead()
        case .length(let length):
            let wanted = length - body.count
            try append(min(wanted, buffer.count - position))
            isComplete = body.count == length
            return false
        case .untilClose:
            try append(buffer.count - position)
            return false
        case .chunked: return try readChunk()
        case .trailer:
            guard let text = try line() else { return false }
            isComplete = text.isEmpty
            return true
        }
    }

    private mutating func append(_ count: Int) throws {
        guard body.count + count <= byteLimit else { throw HTTPFault.tooLong(limit: byteLimit) }
        body += buffer[position..<position + count]
        position += count
    }

    /// The line from the position on, without its end; nil where its end has not arrived.
    private mutating func line() throws -> String? {
        guard let newline = buffer[position...].firstIndex(of: 10) else {
            if buffer.count - position > HTTPReader.headLimit { throw HTTPFault.broken("a reply without line ends") }
            return nil
        }
        let text = buffer[position..<newline]
        position = newline + 1
        return String(decoding: text.last == 13 ? text.dropLast() : text, as: UTF8.self)
    }

    private mutating func readHead() throws -> Bool {
        let start = position
        guard let end = Data(buffer[position...]).range(of: Data([13, 10, 13, 10])) else {
            if buffer.count - position > HTTPReader.headLimit { throw HTTPFault.broken("a reply without an end of its head") }
            return false
        }
        let head = String(decoding: buffer[start..<start + end.lowerBound], as: UTF8.self)
        position = start + end.upperBound
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]) else {
            throw HTTPFault.broken("a reply that is not HTTP/1.1")
        }
        // 100 Continue and its like come before the reply.
        if (100..<200).contains(status) { return true }
        self.status = status
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        framing = try framing(status)
        return true
    }

    private func framing(_ status: Int) throws -> Framing {
        if status == 204 || status == 304 { return .length(0) }
        if let coding = headers["transfer-encoding"]?.lowercased() {
            guard coding == "chunked" else { throw HTTPFault.broken("a reply in a transfer coding that was not asked for") }
            return .chunked
        }
        guard let text = headers["content-length"] else { return .untilClose }
        guard let length = Int(text), length >= 0 else { throw HTTPFault.broken("a reply whose length is no number") }
        if length > byteLimit { throw HTTPFault.tooLong(limit: byteLimit) }
        return .length(length)
    }

    private mutating func readChunk() throws -> Bool {
        if let rest = chunkRest {
            let count = min(rest, buffer.count - position)
            try append(count)
            chunkRest = rest - count
            guard rest == count else { return false }
            guard let text = try line() else { return false }
            guard text.isEmpty else { throw HTTPFault.broken("a reply with a chunk longer than its size") }
            chunkRest = nil
            return true
        }
        guard let text = try line() else { return false }
        guard let size = Int(text.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces), radix: 16), size >= 0 else {
            throw HTTPFault.broken("a reply with a chunk whose size is no number")
        }
        if size > 0 { chunkRest = size } else { framing = .trailer }
        return true
    }
}
