/// Values as text: Python's `str` and `repr`, and JSON as Python's `json.dumps` writes it.
enum TemplateFormat {
    /// Python's `str(value)`; nil for a value whose text would be an address.
    static func text(_ value: TemplateValue) -> TemplateText? {
        switch value {
        case .undefined: TemplateText()
        case .string(let text): text
        default: literal(value)
        }
    }

    /// Python's `repr(value)`.
    private static func literal(_ value: TemplateValue) -> TemplateText? {
        switch value {
        case .none: TemplateText("None")
        case .undefined: TemplateText("Undefined")
        case .bool(let flag): TemplateText(flag ? "True" : "False")
        case .integer(let number): TemplateText(String(number))
        case .decimal(let number): TemplateText(text(number))
        case .string(let text): quoted(text)
        case .list(let items): joined(items.items.map(literal), "[", "]")
        case .tuple(let items): joined(items.items.map(literal), "(", items.items.count == 1 ? ",)" : ")")
        case .dictionary(let dictionary):
            joined(
                dictionary.members.map { member in
                    literal(member.key).flatMap { key in literal(member.value).map { key + TemplateText(": ") + $0 } }
                }, "{", "}")
        default: nil
        }
    }

    private static func joined(_ parts: [TemplateText?], _ open: String, _ close: String) -> TemplateText? {
        let texts = parts.compactMap(\.self)
        guard texts.count == parts.count else { return nil }
        return TemplateText(open) + TemplateText(joining: texts, separator: TemplateText(", ")) + TemplateText(close)
    }

    /// A number as Python writes it: the shortest digits that read back, an exponent below 1e−4 and from 1e16 on.
    static func text(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
        let shortest = number.magnitude.description.split(separator: "e")
        let parts = shortest[0].split(separator: ".")
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let all = parts[0] + fraction
        let digits = all.drop { $0 == "0" }
        guard !digits.isEmpty else { return number.sign == .minus ? "-0.0" : "0.0" }
        // The number is 0.digits · 10^point.
        let point = parts[0].count - (all.count - digits.count) + (shortest.count > 1 ? Int(shortest[1]) ?? 0 : 0)
        var kept = String(digits)
        while kept.count > 1, kept.hasSuffix("0") { kept.removeLast() }
        let sign = number < 0 ? "-" : ""
        if point > 16 || point < -3 {
            let exponent = String((point - 1).magnitude)
            let mantissa = kept.count > 1 ? "\(kept.prefix(1)).\(kept.dropFirst())" : kept
            return "\(sign)\(mantissa)e\(point < 1 ? "-" : "+")\(exponent.count < 2 ? "0" : "")\(exponent)"
        }
        if point <= 0 { return "\(sign)0.\(String(repeating: "0", count: -point))\(kept)" }
        if kept.count <= point { return "\(sign)\(kept)\(String(repeating: "0", count: point - kept.count)).0" }
        return "\(sign)\(kept.prefix(point)).\(kept.dropFirst(point))"
    }

    private static func hexadecimal(_ value: UInt32, _ count: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    private static func quoted(_ text: TemplateText) -> TemplateText {
        let single = TemplateText("'")
        let quote = text.firstIndex(of: single) != nil && text.firstIndex(of: TemplateText("\"")) == nil ? TemplateText("\"") : single
        let body = text.mapping { _, scalar in
            let unprintable: [Unicode.GeneralCategory] = [
                .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator,
            ]
            switch scalar {
            case "\\": return "\\\\".unicodeScalars
            case "\n": return "\\n".unicodeScalars
            case "\r": return "\\r".unicodeScalars
            case "\t": return "\\t".unicodeScalars
            case quote.scalar(0): return "\\\(scalar)".unicodeScalars
            case " ": return String(scalar).unicodeScalars
            default: break
            }
            guard unprintable.contains(scalar.properties.generalCategory) else { return String(scalar).unicodeScalars }
            let value = scalar.value
            let escape = value < 0x100 ? "\\x" + hexadecimal(value, 2) : value < 0x10000 ? "\\u" + hexadecimal(value, 4) : "\\U" + hexadecimal(value, 8)
            return escape.unicodeScalars
        }
        return quote + body + quote
    }
}

extension TemplateFormat {
    /// How `tojson` lays JSON out.
    struct JSONStyle {
        var isASCII = false
        /// What each level is indented by; nil writes one line.
        var indent: TemplateText?
        var itemSeparator = TemplateText(", ")
        var keySeparator = TemplateText(": ")
        var sortsKeys = false
    }

    /// Python's `json.dumps(value)`; nil for a value that JSON does not have.
    static func json(_ value: TemplateValue, _ style: JSONStyle, level: Int = 0) -> TemplateText? {
        switch value {
        case .none: return TemplateText("null")
        case .bool(let flag): return TemplateText(flag ? "true" : "false")
        case .integer(let number): return TemplateText(String(number))
        case .decimal(let number): return TemplateText(jsonNumber(number))
        case .string(let text): return jsonString(text, style)
        case .list(let items), .tuple(let items):
            return jsonList(items.items.map { json($0, style, level: level + 1) }, "[", "]", style, level)
        case .dictionary(let dictionary):
            var members = dictionary.members.map { (key: jsonKey($0.key), value: $0.value) }
            if style.sortsKeys {
                members.sort { left, right in
                    guard let left = left.key, let right = right.key else { return false }
                    return left.precedes(right)
                }
            }
            let parts = members.map { member -> TemplateText? in
                guard let key = member.key, let value = json(member.value, style, level: level + 1) else { return nil }
                return jsonString(key, style) + style.keySeparator + value
            }
            return jsonList(parts, "{", "}", style, level)
        default: return nil
        }
    }

    private static func jsonNumber(_ number: Double) -> String {
        number.isFinite ? text(number) : number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    }

    private static func jsonKey(_ key: TemplateValue) -> TemplateText? {
        switch key {
        case .string(let text): text
        case .bool, .integer, .decimal, .none: json(key, JSONStyle())
        default: nil
        }
    }

    private static func jsonList(
        _ parts: [TemplateText?], _ open: String, _ close: String, _ style: JSONStyle, _ level: Int
    ) -> TemplateText? {
        let texts = parts.compactMap(\.self)
        guard texts.count == parts.count else { return nil }
        guard let indent = style.indent, !texts.isEmpty else {
            return TemplateText(open) + TemplateText(joining: texts, separator: style.itemSeparator) + TemplateText(close)
        }
        func line(_ level: Int) -> TemplateText {
            TemplateText("\n") + TemplateText(joining: Array(repeating: indent, count: level))
        }
        let body = TemplateText(joining: texts, separator: style.itemSeparator + line(level + 1))
        return TemplateText(open) + line(level + 1) + body + line(level) + TemplateText(close)
    }

    private static func jsonString(_ text: TemplateText, _ style: JSONStyle) -> TemplateText {
        let quote = TemplateText("\"")
        let body = text.mapping { _, scalar in
            switch scalar {
            case "\"": return "\\\"".unicodeScalars
            case "\\": return "\\\\".unicodeScalars
            case "\n": return "\\n".unicodeScalars
            case "\r": return "\\r".unicodeScalars
            case "\t": return "\\t".unicodeScalars
            case "\u{8}": return "\\b".unicodeScalars
            case "\u{C}": return "\\f".unicodeScalars
            default: break
            }
            if scalar.value < 0x20 { return ("\\u" + hexadecimal(scalar.value, 4)).unicodeScalars }
            guard style.isASCII, !scalar.isASCII else { return String(scalar).unicodeScalars }
            return String(scalar).utf16.reduce(into: "") { $0 += "\\u" + hexadecimal(UInt32($1), 4) }.unicodeScalars
        }
        return quote + body + quote
    }
}
