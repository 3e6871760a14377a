/// A token of a template.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        /// Text outside of tags.
        case data(TemplateText)
        case blockBegin, blockEnd, variableBegin, variableEnd
        case name(String)
        case string(TemplateText)
        case integer(Int)
        case decimal(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let line: Int

    /// What messages call it.
    var description: String {
        switch kind {
        case .data: "text"
        case .blockBegin: "\"{%\""
        case .blockEnd: "\"%}\""
        case .variableBegin: "\"{{\""
        case .variableEnd: "\"}}\""
        case .name(let name): "\"\(name)\""
        case .string: "a string"
        case .integer, .decimal: "a number"
        case .symbol(let symbol): "\"\(symbol)\""
        case .end: "the end of the template"
        }
    }
}

/// Cuts a template into tokens, with Jinja's `trim_blocks` and `lstrip_blocks` on.
struct TemplateLexer {
    private let source: TemplateText
    private let name: String
    private var index = 0
    private var line = 1
    private var countedTo = 0
    private var tokens: [TemplateToken] = []
    /// Whether the last tag ended with a newline.
    private var isAtLineStart = true

    /// - Parameters:
    ///   - name: what messages call the template.
    static func tokens(_ text: String, name: String) throws(TransformerError) -> [TemplateToken] {
        var lexer = TemplateLexer(text, name: name)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ text: String, name: String) {
        var lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }.map {
            $0.last == "\r" ? $0.dropLast() : $0
        }
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        source = TemplateText(lines.map { $0.split(separator: "\r", omittingEmptySubsequences: false).map { String($0) }.joined(separator: "\n") }.joined(separator: "\n"))
        self.name = name
    }

    private func error(_ reason: String) -> TransformerError { TransformerError.template(name, line, reason) }

    private mutating func add(_ kind: TemplateToken.Kind, at place: Int) {
        while countedTo < place {
            if source.scalar(countedTo) == "\n" { line += 1 }
            countedTo += 1
        }
        tokens.append(TemplateToken(kind: kind, line: line))
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar {
        index + offset < source.count ? source.scalar(index + offset) : "\0"
    }

    private func starts(_ text: StaticString, at place: Int) -> Bool {
        guard place + text.utf8CodeUnitCount <= source.count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where source.scalar(place + offset).value != UInt32(text.utf8Start[offset]) {
            return false
        }
        return true
    }

    private mutating func run() throws(TransformerError) {
        while index < source.count {
            let start = index
            while index < source.count, !(peek() == "{" && (peek(1) == "{" || peek(1) == "%" || peek(1) == "#")) { index += 1 }
            let tag = index
            let sign = tag + 2 < source.count ? source.scalar(tag + 2) : "\0"
            addData(start..<tag, sign: tag < source.count ? sign : "\0", isVariable: peek(1) == "{")
            guard tag < source.count else { break }
            let kind = peek(1)
            index += 2 + (sign == "-" || sign == "+" ? 1 : 0)
            switch kind {
            case "#": try skipComment(from: tag)
            case "%": if try !takeRaw(from: tag) { try takeTag(.blockBegin, from: tag) }
            default: try takeTag(.variableBegin, from: tag)
            }
        }
        add(.end, at: source.count)
    }

    private mutating func addData(_ range: Range<Int>, sign: Unicode.Scalar, isVariable: Bool) {
        var text = source[range]
        if sign == "-" {
            text = text.stripped(nil, left: false)
        } else if sign != "+", !isVariable {
            let lineStart = text.lastIndex(of: TemplateText("\n")).map { $0 + 1 } ?? 0
            if lineStart > 0 || isAtLineStart, text[lineStart..<text.count].stripped(nil).isEmpty { text = text[0..<lineStart] }
        }
        if !text.isEmpty { add(.data(text), at: range.lowerBound) }
    }

    /// Moves past what follows a tag: all space after `-`, one newline where blocks are trimmed.
    private mutating func finishTag(sign: Unicode.Scalar, trims: Bool) {
        if sign == "-" {
            while index < source.count, TemplateText.isSpace(peek()) { index += 1 }
        } else if sign != "+", trims, peek() == "\n" {
            index += 1
        }
        isAtLineStart = source.scalar(index - 1) == "\n"
    }

    private mutating func skipComment(from tag: Int) throws(TransformerError) {
        while index < source.count, !starts("#}", at: index) { index += 1 }
        guard index < source.count else {
            add(.end, at: tag)
            throw error("a comment is not closed")
        }
        let sign = index > tag + 2 ? source.scalar(index - 1) : "\0"
        index += 2
        finishTag(sign: sign, trims: true)
    }

    /// The place after a tag `{% name %}` that begins at `place`, and the sign before its end; nil for another tag.
    private func simpleTag(_ name: StaticString, at place: Int) -> (end: Int, sign: Unicode.Scalar)? {
        guard starts("{%", at: place) else { return nil }
        var end = place + 2
        func skipSpace() { while end < source.count, TemplateText.isSpace(source.scalar(end)) { end += 1 } }
        if end < source.count, source.scalar(end) == "-" || source.scalar(end) == "+" { end += 1 }
        skipSpace()
        guard starts(name, at: end) else { return nil }
        end += name.utf8CodeUnitCount
        skipSpace()
        let sign = end < source.count ? source.scalar(end) : "\0"
        if sign == "-" || sign == "+" { end += 1 }
        return starts("%}", at: end) ? (end + 2, sign) : nil
    }

    private mutating func takeRaw(from tag: Int) throws(TransformerError) -> Bool {
        guard let opening = simpleTag("raw", at: tag), opening.sign != "+" else { return false }
        index = opening.end
        finishTag(sign: opening.sign, trims: false)
        let start = index
        while index < source.count {
            if let closing = simpleTag("endraw", at: index) {
                addData(start..<index, sign: source.scalar(index + 2), isVariable: false)
                index = closing.end
                finishTag(sign: closing.sign, trims: true)
                return true
            }
            index += 1
        }
        add(.end, at: tag)
        throw error("{% raw %} is not closed")
    }

    private mutating func takeTag(_ begin: TemplateToken.Kind, from tag: Int) throws(TransformerError) {
        add(begin, at: tag)
        let isBlock = begin == .blockBegin
        var brackets: [Unicode.Scalar] = []
        while index < source.count {
            if TemplateText.isSpace(peek()) {
                index += 1
                continue
            }
            if brackets.isEmpty, let sign = tagEnd(isBlock: isBlock) {
                add(isBlock ? .blockEnd : .variableEnd, at: index)
                index += sign == "\0" ? 2 : 3
                finishTag(sign: sign, trims: isBlock)
                return
            }
            try takeExpressionToken(&brackets)
        }
        throw error("a tag is not closed")
    }

    /// The sign of a tag's end at this place, NUL for none; nil where no tag ends.
    private func tagEnd(isBlock: Bool) -> Unicode.Scalar? {
        let end: StaticString = isBlock ? "%}" : "}}"
        if starts(end, at: index) { return "\0" }
        let sign = peek()
        return (sign == "-" || sign == "+" && isBlock) && starts(end, at: index + 1) ? sign : nil
    }
}

extension TemplateLexer {
    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || (scalar.isASCII ? scalar.properties.isAlphabetic : scalar.properties.isXIDStart)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private mutating func takeExpressionToken(_ brackets: inout [Unicode.Scalar]) throws(TransformerError) {
        let start = index
        let first = peek()
        if Self.isDigit(first) { return try takeNumber() }
        if first == "'" || first == "\"" { return try takeString() }
        if Self.isNameStart(first) {
            while index < source.count, Self.isNameStart(peek()) || peek().properties.isXIDContinue { index += 1 }
            return add(.name(source[start..<index].string), at: start)
        }
        let symbols: [StaticString] = [
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":",
            "|", ",", ";",
        ]
        guard let symbol = symbols.first(where: { starts($0, at: start) }) else {
            add(.end, at: start)
            throw error("the character \"\(String(first).debugDescription.dropFirst().dropLast())\" begins no word of an expression")
        }
        index += symbol.utf8CodeUnitCount
        add(.symbol(symbol.description), at: start)
        let closing: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]
        if let close = closing[first] {
            brackets.append(close)
        } else if first == ")" || first == "]" || first == "}" {
            guard brackets.popLast() == first else { throw error("\"\(first)\" closes nothing") }
        }
    }

    private mutating func takeNumber() throws(TransformerError) {
        let start = index
        let afterDot = start > 0 && source.scalar(start - 1) == "."
        func digits() -> Int {
            var end = index
            while end < source.count, Self.isDigit(source.scalar(end)) || (source.scalar(end) == "_" && end > index) { end += 1 }
            return end
        }
        index = digits()
        var isDecimal = false
        if !afterDot {
            if peek() == ".", Self.isDigit(peek(1)) {
                isDecimal = true
                index += 1
                index = digits()
            }
            let signed = peek(1) == "+" || peek(1) == "-"
            if peek() == "e" || peek() == "E", Self.isDigit(peek(signed ? 2 : 1)) {
                isDecimal = true
                index += signed ? 2 : 1
                index = digits()
            }
        }
        let text = source[start..<index].string.filter { $0 != "_" }
        if isDecimal, let value = Double(text) { return add(.decimal(value), at: start) }
        let isOctalLike = text.count > 1 && text.hasPrefix("0") && text.contains { $0 != "0" }
        let isOther = text == "0" && "xXoObB".unicodeScalars.contains(peek())
        guard let value = Int(text), !isOctalLike, !isOther else {
            add(.end, at: start)
            throw error("the number \(text.prefix(20)) is not supported; write a decimal number below 2⁶³")
        }
        add(.integer(value), at: start)
    }

    private mutating func takeString() throws(TransformerError) {
        let start = index
        let quote = peek()
        index += 1
        var text = TemplateText()
        while index < source.count, peek() != quote {
            if peek() == "\\" {
                try takeEscape(into: &text)
            } else {
                text.append(source[index..<index + 1])
                index += 1
            }
        }
        guard index < source.count else {
            add(.end, at: start)
            throw error("a string is not closed")
        }
        index += 1
        add(.string(text), at: start)
    }

    /// An escape as Python's string literals have it; an unknown one stands for itself.
    private mutating func takeEscape(into text: inout TemplateText) throws(TransformerError) {
        let simple: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}",
            "v": "\u{B}",
        ]
        let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        let kind = peek(1)
        if let scalar = simple[kind] {
            text.append(TemplateText(String(scalar)))
            index += 2
        } else if kind == "\n" {
            index += 2
        } else if let length = lengths[kind] {
            let digits = source[min(index + 2, source.count)..<min(index + 2 + length, source.count)].string
            guard digits.unicodeScalars.count == length, let value = UInt32(digits, radix: 16), digits.first != "+",
                let scalar = Unicode.Scalar(value)
            else {
                add(.end, at: index)
                throw error("the escape \\\(kind) is incomplete")
            }
            text.append(TemplateText(String(scalar)))
            index += 2 + length
        } else if Self.isDigit(kind) || kind == "N" {
            add(.end, at: index)
            throw error("the escape \\\(kind) is not supported; write \\x, \\u or the character itself")
        } else {
            text.append(TemplateText("\\"))
            index += 1
        }
    }
}
