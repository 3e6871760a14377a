/// A strict reader for JSON (RFC 8259) from untrusted files: depth is limited, keys are unique, errors have a line.
struct JSONParser {
    /// Deeper nesting than any model file has; keeps hostile input from exhausting the stack.
    private static let depthLimit = 128

    private let bytes: UnsafeBufferPointer<UInt8>
    private let file: String
    private var index = 0
    private var depth = 0

    /// - Parameter file: the name that messages give.
    /// - Throws: `invalidFile`, naming file and line.
    static func parse(_ bytes: [UInt8], file: String) throws(TransformerError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(TransformerError) in
            var parser = JSONParser(bytes: buffer, file: file)
            let value = try parser.value()
            parser.skipSpace()
            if parser.index < buffer.count { throw parser.error("text follows the end of the document") }
            return value
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    private func error(_ reason: String) -> TransformerError {
        let line = 1 + bytes[..<min(index, bytes.count)].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        return TransformerError(
            .invalidFile, "\(file) line \(line) is not valid JSON: \(reason); write or download the file again.")
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 0x20 || (0x09...0x0D).contains(bytes[index]) { index += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte.asciiValue else { return false }
        index += 1
        return true
    }

    private mutating func value() throws(TransformerError) -> JSONValue {
        skipSpace()
        guard index < bytes.count else { throw error("it ends before a value") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try nested { (parser) throws(TransformerError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(TransformerError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ read: (inout JSONParser) throws(TransformerError) -> JSONValue
    ) throws(TransformerError) -> JSONValue {
        depth += 1
        if depth > Self.depthLimit { throw error("it is nested deeper than \(Self.depthLimit) levels") }
        index += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(TransformerError) -> JSONValue {
        var members: [JSONMember] = []
        var seen: Set<ByteString> = []
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw error("a key is missing") }
            let key = try string()
            guard seen.insert(key).inserted else { throw error("the key \"\(key.text)\" appears twice") }
            guard take(":") else { throw error("a colon is missing after \"\(key.text)\"") }
            members.append(JSONMember(key: key, value: try value()))
        } while take(",")
        guard take("}") else { throw error("an object is not closed") }
        return .object(members)
    }

    private mutating func array() throws(TransformerError) -> JSONValue {
        var values: [JSONValue] = []
        if take("]") { return .array(values) }
        repeat { values.append(try value()) } while take(",")
        guard take("]") else { throw error("an array is not closed") }
        return .array(values)
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(TransformerError) -> JSONValue {
        for offset in 0..<text.utf8CodeUnitCount {
            guard index < bytes.count, bytes[index] == text.utf8Start[offset] else {
                throw error("an unknown word stands for a value")
            }
            index += 1
        }
        return value
    }

    private mutating func number() throws(TransformerError) -> JSONValue {
        let start = index
        var isInteger = true
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
            default: return try number(from: start, isInteger: isInteger)
            }
            index += 1
        }
        return try number(from: start, isInteger: isInteger)
    }

    private func number(from start: Int, isInteger: Bool) throws(TransformerError) -> JSONValue {
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("a value is missing or unreadable") }
        return .decimal(value)
    }

    private mutating func string() throws(TransformerError) -> ByteString {
        index += 1
        var result: [UInt8] = []
        var start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                result.append(contentsOf: bytes[start..<index])
                index += 1
                guard String(validating: result, as: UTF8.self) != nil else { throw error("a string is not UTF-8") }
                return ByteString(result)
            case UInt8(ascii: "\\"):
                result.append(contentsOf: bytes[start..<index])
                try escape(into: &result)
                start = index
            case ..<0x20: throw error("a string holds a control character")
            default: index += 1
            }
        }
        throw error("a string is not closed")
    }

    private mutating func escape(into result: inout [UInt8]) throws(TransformerError) {
        index += 2
        guard index <= bytes.count else { throw error("a string is not closed") }
        switch bytes[index - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(bytes[index - 1])
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            {
                index += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw error("a surrogate has no partner") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("a surrogate has no partner") }
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw error("an escape is unknown")
        }
    }

    private mutating func hexadecimal() throws(TransformerError) -> UInt32 {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw error("a \\u escape is incomplete") }
        index += 4
        return code
    }
}
