import Foundation
import Testing

@testable import AgonConnections

/// Replies as bytes, in pieces of every size.
@Suite struct HTTPReaderTests {
    /// What a reader makes of a reply that arrives in pieces of `size` bytes, then perhaps a close.
    private func read(_ text: String, size: Int, closes: Bool = false, limit: Int = 100) throws -> (reply: HTTPReply, keeps: Bool) {
        var reader = HTTPReader(byteLimit: limit)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try reader.take(bytes[start..<min(bytes.count, start + size)])
        }
        if closes { try reader.close() }
        return (try reader.reply(), reader.keepsConnection)
    }

    @Test("lengths, chunks and closing end a body alike, however the bytes are cut", arguments: 1...40)
    func framings(size: Int) throws {
        let length = try read("HTTP/1.1 200 OK\r\ncontent-LENGTH:  11 \r\nX: a:b\r\n\r\nhello\r\n\r\nab", size: size)
        #expect(length.reply.status == 200)
        #expect(length.reply.headers["x"] == "a:b")
        #expect(String(decoding: length.reply.body, as: UTF8.self) == "hello\r\n\r\nab")
        #expect(length.keeps)
        let chunks = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
        let chunked = try read(chunks, size: size)
        #expect(chunked.reply.status == 429)
        #expect(String(decoding: chunked.reply.body, as: UTF8.self) == "hello0123456789")
        #expect(chunked.keeps)
        let closed = try read("HTTP/1.0 200 OK\r\n\r\nhello", size: size, closes: true)
        #expect(String(decoding: closed.reply.body, as: UTF8.self) == "hello")
        #expect(!closed.keeps)
        #expect(try !read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", size: size).keeps)
        #expect(try !read("HTTP/1.1 204 No\r\n\r\nmore", size: 400).keeps)
    }

    @Test(
        "what is no reply, is cut short or too long is a fault",
        arguments: [
            "", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + String(repeating: "x", count: 101),
            "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101),
            "HTTP/1.1 200 OK\r\n" + String(repeating: "x", count: 70_000), "HTTP/1.1 200 OK\r\nContent-Le",
        ])
    func faults(text: String) {
        for size in [1, 7, 100_000] {
            #expect(throws: HTTPFault.self) { try read(text, size: size, closes: true) }
        }
    }
}
