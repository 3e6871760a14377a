/// A JSON object of texts, whole numbers and lists of texts, read strictly (RFC 8259): nothing before or after it, no key
/// twice, no deeper nesting.
enum FlatJSON {
    enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int)
        case texts([String])
    }

    /// The object's members; nil where the text is anything else.
    static func object(_ text: String) -> [String: Value]? {
        var reader = Reader(rest: text.unicodeScalars[...])
        guard let members = reader.object() else { return nil }
        reader.skipSpace()
        return reader.rest.isEmpty ? members : nil
    }

    private struct Reader {
        var rest: Substring.UnicodeScalarView

        mutating func skipSpace() {
            rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }
        }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            skipSpace()
            guard rest.first == scalar else { return false }
            rest.removeFirst()
            return true
        }

        mutating func object() -> [String: Value]? {
            guard take("{") else { return nil }
            var members: [String: Value] = [:]
            if take("}") { return members }
            repeat {
                skipSpace()
                guard let key = string(), take(":"), members[key] == nil, let value = value() else { return nil }
                members[key] = value
            } while take(",")
            return take("}") ? members : nil
        }

        mutating func value() -> Value? {
            skipSpace()
            switch rest.first {
            case "\"": return string().map(Value.text)
            case "[": return list().map(Value.texts)
            default:
                let digits = rest.prefix { ("0"..."9").contains($0) }
                guard let value = Int(String(digits)), digits.count == 1 || digits.first != "0" else { return nil }
                rest = rest.dropFirst(digits.count)
                return .integer(value)
            }
        }

        mutating func list() -> [String]? {
            guard take("[") else { return nil }
            var texts: [String] = []
            if take("]") { return texts }
            repeat {
                skipSpace()
                guard let text = string() else { return nil }
                texts.append(text)
            } while take(",")
            return take("]") ? texts : nil
        }

        mutating func string() -> String? {
            guard rest.first == "\"" else { return nil }
            rest.removeFirst()
            var result = String.UnicodeScalarView()
            while let scalar = rest.popFirst() {
                switch scalar {
                case "\"": return String(result)
                case "\\":
                    guard let escaped = escape() else { return nil }
                    result.append(escaped)
                case _ where scalar.value < 0x20: return nil
                default: result.append(scalar)
                }
            }
            return nil
        }

        private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        ]

        mutating func escape() -> Unicode.Scalar? {
            guard let kind = rest.popFirst() else { return nil }
            guard kind == "u" else { return Reader.escapes[kind] }
            guard let high = unit() else { return nil }
            guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
            guard rest.popFirst() == "\\", rest.popFirst() == "u", let low = unit(), (0xDC00..<0xE000).contains(low) else {
                return nil
            }
            return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        }

        mutating func unit() -> UInt32? {
            let digits = rest.prefix(4)
            guard digits.count == 4, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return nil }
            rest = rest.dropFirst(4)
            return UInt32(String(digits), radix: 16)
        }
    }
}
