/// A JSON value, for comparison only: keys without order, numbers by value.
///
/// Strict as RFC 8259: one value and white space, no comments, no trailing commas, no lone surrogates; repeated keys are
/// refused too, since readers differ in which one counts. Nested at most 64 deep.
enum JSONForm: Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONForm])
    case object([String: JSONForm])

    static let depthLimit = 64

    /// Nil where the text is no JSON value.
    init?(_ text: some StringProtocol) {
        var parser = Parser(bytes: Array(text.utf8))
        guard let value = parser.document() else { return nil }
        self = value
    }

    /// The same value; numbers within the tolerances where there are some.
    func isSame(as other: JSONForm, _ options: ExactJudge.Options) -> Bool {
        guard options.isTolerant else { return self == other }
        switch (self, other) {
        case (.number(let one), .number(let two)): return options.isClose(one.value, to: two.value) || one == two
        case (.array(let one), .array(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { $0.isSame(as: $1, options) }
        case (.object(let one), .object(let two)):
            return one.count == two.count
                && one.allSatisfy { key, value in two[key].map { value.isSame(as: $0, options) } ?? false }
        default: return self == other
        }
    }
}

/// A decimal number by its exact value, digits · 10^exponent: `1`, `1.0` and `10e-1` are equal, and so is nothing else.
struct JSONNumber: Hashable {
    /// Without zeros at either end; empty for 0.
    private let digits: [UInt8]
    private let exponent: Int
    private let isNegative: Bool
    /// As it was written.
    let source: String

    /// - Parameter text: by JSON's grammar.
    /// - Returns: nil where the exponent has more than 9 digits.
    init?(_ text: ArraySlice<UInt8>) {
        source = String(decoding: text, as: UTF8.self)
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E")
        }
        var exponent = 0
        if parts.count == 2 {
            guard parts[1].count <= 10, let value = Int(String(decoding: parts[1], as: UTF8.self)) else { return nil }
            exponent = value
        }
        let mantissa = parts[0].drop { $0 == UInt8(ascii: "-") }
        let halves = mantissa.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        exponent -= halves.count == 2 ? halves[1].count : 0
        let all = halves.joined().drop { $0 == UInt8(ascii: "0") }
        let zeroCount = all.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        digits = all.dropLast(zeroCount).map { $0 }
        self.exponent = digits.isEmpty ? 0 : exponent + zeroCount
        isNegative = !digits.isEmpty && parts[0].first == UInt8(ascii: "-")
    }

    var value: Double { Double(source) ?? .nan }

    static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        left.digits == right.digits && left.exponent == right.exponent && left.isNegative == right.isNegative
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(digits)
        hasher.combine(exponent)
        hasher.combine(isNegative)
    }
}

/// Recursive descent over bytes.
private struct Parser {
    let bytes: [UInt8]
    private var place = 0
    private var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> JSONForm? {
        guard let value = value() else { return nil }
        skipSpace()
        return place == bytes.count ? value : nil
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[place...].starts(with: text.utf8) else { return false }
        place += text.utf8.count
        return true
    }

    private mutating func value() -> JSONForm? {
        skipSpace()
        switch next {
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "\""): return string().map(JSONForm.string)
        case UInt8(ascii: "["): return nested { $0.array() }
        case UInt8(ascii: "{"): return nested { $0.object() }
        case nil: return nil
        case _: return number()
        }
    }

    private mutating func nested(_ body: (inout Parser) -> JSONForm?) -> JSONForm? {
        guard depth < JSONForm.depthLimit else { return nil }
        depth += 1
        defer { depth -= 1 }
        place += 1
        return body(&self)
    }

    private mutating func array() -> JSONForm? {
        var elements: [JSONForm] = []
        skipSpace()
        if take("]") { return .array([]) }
        while let element = value() {
            elements.append(element)
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { return nil }
        }
        return nil
    }

    private mutating func object() -> JSONForm? {
        var members: [String: JSONForm] = [:]
        skipSpace()
        if take("}") { return .object([:]) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\""), let key = string(), members[key] == nil else { return nil }
            skipSpace()
            guard take(":"), let value = value() else { return nil }
            members[key] = value
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { return nil }
        }
    }

    private mutating func digits() -> Int {
        let start = place
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        return place - start
    }

    private mutating func number() -> JSONForm? {
        let start = place
        _ = take("-")
        let startsWithZero = next == UInt8(ascii: "0")
        let count = digits()
        guard count > 0, !(startsWithZero && count > 1) else { return nil }
        if take("."), digits() == 0 { return nil }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if digits() == 0 { return nil }
        }
        return JSONNumber(bytes[start..<place]).map(JSONForm.number)
    }

    private mutating func string() -> String? {
        place += 1
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += Array(String(scalar).utf8)
            case _: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        case _: return nil
        }
        guard let high = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard take("\\u"), let low = hexadecimal(), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func hexadecimal() -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 + UInt32(digit)
        }
        place += 4
        return value
    }
}
