import CSandbox
import Foundation

/// The three pipes of a program that is being started.
final class ProgramPipes {
    private var ends: [Int32] = []

    /// - Throws: `notStarted` where this process may open no more files.
    init() throws(ConnectionError) {
        for _ in 0..<3 {
            var pair: (Int32, Int32) = (-1, -1)
            let code = withUnsafeMutablePointer(to: &pair) { pointer in
                pointer.withMemoryRebound(to: Int32.self, capacity: 2) { agon_pipe($0) }
            }
            guard code == 0 else {
                let reason = String(cString: strerror(errno))
                closeAll()
                throw ConnectionError(.notStarted, "No pipe to a program could be opened: \(reason): run fewer at a time.")
            }
            ends += [pair.0, pair.1]
        }
    }

    /// What becomes the program's input, output and errors.
    var itsEnds: (Int32, Int32, Int32) { (ends[0], ends[3], ends[5]) }

    /// This side of input, output and errors.
    func ownEnds() -> (Int32, Int32, Int32) { (ends[1], ends[2], ends[4]) }

    /// Closes the program's ends here, so that its own end is seen.
    func closeIts() {
        for place in [0, 3, 5] where ends[place] >= 0 {
            close(ends[place])
            ends[place] = -1
        }
    }

    func closeAll() {
        for end in ends where end >= 0 { close(end) }
        ends = []
    }
}

/// Swift's text and bytes as C takes them.
enum CStrings {
    typealias List = UnsafePointer<UnsafePointer<CChar>?>

    /// Four lists of text, each ended by nil, for the length of the call.
    static func with<Result>(
        _ first: [String], _ second: [String], _ third: [String], _ fourth: [String],
        _ body: (List, List, List, List) -> Result
    ) -> Result {
        with(first) { first in with(second) { second in with(third) { third in with(fourth) { body(first, second, third, $0) } } } }
    }

    private static func with<Result>(_ texts: [String], _ body: (List) -> Result) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let list = copies.map { $0.map { UnsafePointer($0) } } + [nil]
        return list.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a list that ends with nil is never empty") }
            return body(base)
        }
    }

    /// Arrays of bytes and their lengths, for the length of the call.
    static func withBytes<Result>(
        _ arrays: [[UInt8]], _ body: (UnsafePointer<UnsafePointer<UInt8>?>?, UnsafePointer<Int>?) -> Result
    ) -> Result {
        let joined = [UInt8](arrays.joined()) + [0]
        return joined.withUnsafeBufferPointer { bytes in
            var offset = 0
            let places: [UnsafePointer<UInt8>?] = arrays.map { array in
                defer { offset += array.count }
                return bytes.baseAddress.map { $0 + offset }
            }
            return places.withUnsafeBufferPointer { places in
                arrays.map(\.count).withUnsafeBufferPointer { body(places.baseAddress, $0.baseAddress) }
            }
        }
    }
}
