/// JSON text with members in the given order, so that equal contents are equal bytes.
enum JSONWriter {
    /// One value per line, indented by two spaces, as Hugging Face writes its files; a final newline.
    static func pretty(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        write(value, indent: 0, into: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Everything on one line without spaces.
    static func compact(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        write(value, indent: nil, into: &bytes)
        return bytes
    }

    private static func write(_ value: JSONValue, indent: Int?, into bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += Array("null".utf8)
        case .bool(let flag): bytes += Array((flag ? "true" : "false").utf8)
        case .integer(let number): bytes += Array(String(number).utf8)
        case .decimal(let number): bytes += Array(String(number).utf8)
        case .string(let text): write(text, into: &bytes)
        case .array(let values):
            list(values, "[", "]", indent, into: &bytes) { value, indent, bytes in
                write(value, indent: indent, into: &bytes)
            }
        case .object(let members):
            list(members, "{", "}", indent, into: &bytes) { member, indent, bytes in
                write(member.key, into: &bytes)
                bytes += Array((indent == nil ? ":" : ": ").utf8)
                write(member.value, indent: indent, into: &bytes)
            }
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ indent: Int?, into bytes: inout [UInt8],
        element: (Element, Int?, inout [UInt8]) -> Void
    ) {
        bytes += Array(open.utf8)
        let inner = indent.map { $0 + 2 }
        for (index, value) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(inner, into: &bytes)
            element(value, inner, &bytes)
        }
        if !elements.isEmpty { newLine(indent, into: &bytes) }
        bytes += Array(close.utf8)
    }

    private static func newLine(_ indent: Int?, into bytes: inout [UInt8]) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private static func write(_ text: ByteString, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.bytes {
            switch byte {
            case UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case ..<0x20:
                let digits = String(byte, radix: 16)
                bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
