import AgonTransformer
import Foundation

/// agon's side of `Benchmarks/tokenizer/tokenizer.py` and of `Tests/Parity/tokenization.py`.
///
///     tokenizer-tool compare TOKENIZER.json CORPUS EXPECTED    ids and text of every string against those expected
///     tokenizer-tool time TOKENIZER.json TEXT                  one encoding of the text for each line of input
///
/// CORPUS holds strings, each a 32-bit length in bytes and UTF-8; EXPECTED holds for each string its ids, the ids with
/// special tokens, those with special tokens left plain, then the texts that the ids decode to with and without
/// special tokens, every one a 32-bit length and its elements; a length of 2³² − 1 says that a text is not compared.
/// Answers are one line of JSON.
@main
struct TokenizerTool {
    /// Reads what Python's `struct` wrote, little-endian.
    private struct Reader {
        let data: Data
        var offset = 0

        init(_ path: String) throws { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) }

        var isAtEnd: Bool { offset >= data.count }

        mutating func number() -> Int {
            defer { offset += 4 }
            return Int(data.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) })
        }

        /// Nil where the writer left them out.
        mutating func bytes() -> [UInt8]? {
            let count = number()
            if count == UInt32.max { return nil }
            defer { offset += count }
            return data.withUnsafeBytes { [UInt8]($0[offset..<offset + count]) }
        }

        mutating func ids() -> [Int32] { (0..<number()).map { _ in Int32(number()) } }
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        switch (arguments.count, arguments.count > 1 ? arguments[1] : "") {
        case (5, "compare"): try compare(arguments[2], arguments[3], arguments[4])
        case (4, "time"): try time(arguments[2], arguments[3])
        default:
            FileHandle.standardError.write(
                Data("usage: tokenizer-tool compare TOKENIZER CORPUS EXPECTED | time TOKENIZER TEXT\n".utf8))
            exit(2)
        }
    }

    private static func isEqual(_ text: String, _ expected: [UInt8]?) -> Bool {
        expected.map { Array(text.utf8) == $0 } ?? true
    }

    private static func compare(_ file: String, _ corpus: String, _ expected: String) throws {
        let tokenizer = try Tokenizer.read(file)
        var (strings, answers) = (try Reader(corpus), try Reader(expected))
        var (count, mismatches, examples) = (0, 0, [[String]]())
        while !strings.isAtEnd {
            let text = String(decoding: strings.bytes() ?? [], as: UTF8.self)
            let (plain, special, outside) = (answers.ids(), answers.ids(), answers.ids())
            let (whole, skipped) = (answers.bytes(), answers.bytes())
            var stream = tokenizer.streamingDecoder()
            let streamed = special.reduce(into: "") { $0 += stream.append($1) } + stream.finish()
            let found = try tokenizer.encode(text, addSpecialTokens: false)
            let faults = [
                ("ids", found == plain), ("special", try tokenizer.encode(text) == special),
                ("plain", try tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false) == outside),
                ("decoded", isEqual(tokenizer.decode(plain, skipSpecial: false), whole)),
                ("skipped", isEqual(tokenizer.decode(special), skipped)), ("streamed", isEqual(streamed, skipped)),
            ].filter { !$0.1 }.map(\.0)
            count += 1
            guard !faults.isEmpty else { continue }
            mismatches += 1
            if examples.count < 8 {
                examples.append([text.debugDescription, faults.joined(separator: " "), "\(found)", "\(plain)"])
            }
        }
        let line = ["strings": count, "mismatches": mismatches, "examples": examples] as [String: Any]
        print(String(decoding: try JSONSerialization.data(withJSONObject: line), as: UTF8.self))
    }

    private static func time(_ file: String, _ path: String) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let tokenizer = try Tokenizer.read(file)
        print("{\"load\": \((clock.now - start) / .seconds(1))}")
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        fflush(nil)
        while readLine() != nil {
            let start = clock.now
            let count = try tokenizer.encode(text, addSpecialTokens: false).count
            print("{\"seconds\": \((clock.now - start) / .seconds(1)), \"tokens\": \(count)}")
            fflush(nil)
        }
    }
}
