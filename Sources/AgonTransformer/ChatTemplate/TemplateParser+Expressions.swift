extension TemplateParser {
    /// One expression, or several with commas between them.
    mutating func tuple(allowsConditional: Bool = true) throws(TransformerError) -> TemplateExpression {
        var items = [try allowsConditional ? expression() : disjunction()]
        var isTuple = false
        while take(symbol: ",") {
            isTuple = true
            if endsTuple { break }
            items.append(try allowsConditional ? expression() : disjunction())
        }
        return isTuple ? .tuple(items) : items[0]
    }

    private var endsTuple: Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"), .end: true
        default: false
        }
    }

    /// `then if test else otherwise`, the weakest of all operators.
    mutating func expression() throws(TransformerError) -> TemplateExpression {
        try nested { (parser) throws(TransformerError) in
            var value = try parser.disjunction()
            var count = 0
            while parser.take(name: "if") {
                let test = try parser.disjunction()
                let otherwise = parser.take(name: "else") ? try parser.expression() : nil
                value = .conditional(test: test, then: value, otherwise: otherwise)
                count += 1
                guard count < 8 else { throw parser.error("conditions follow one another without brackets") }
            }
            return value
        }
    }

    private mutating func disjunction() throws(TransformerError) -> TemplateExpression {
        var parts = [try conjunction()]
        while take(name: "or") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(TransformerError) -> TemplateExpression {
        var parts = [try negation()]
        while take(name: "and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func negation() throws(TransformerError) -> TemplateExpression {
        guard take(name: "not") else { return try comparison() }
        return .not(try nested { (parser) throws(TransformerError) in try parser.negation() })
    }

    private mutating func comparison() throws(TransformerError) -> TemplateExpression {
        let left = try sum()
        var parts: [(symbol: String, right: TemplateExpression)] = []
        while true {
            if case .symbol(let symbol) = current.kind, ["==", "!=", "<", "<=", ">", ">="].contains(symbol) {
                advance()
                parts.append((symbol, try sum()))
            } else if take(name: "in") {
                parts.append(("in", try sum()))
            } else if isName("not"), next.kind == .name("in") {
                advance()
                advance()
                parts.append(("not in", try sum()))
            } else {
                return parts.isEmpty ? left : .comparison(left, parts)
            }
        }
    }

    private mutating func chain(
        _ symbols: Set<String>, _ part: (inout TemplateParser) throws(TransformerError) -> TemplateExpression
    ) throws(TransformerError) -> TemplateExpression {
        let left = try part(&self)
        var parts: [(symbol: String, right: TemplateExpression)] = []
        while case .symbol(let symbol) = current.kind, symbols.contains(symbol) {
            advance()
            parts.append((symbol, try part(&self)))
        }
        return parts.isEmpty ? left : .arithmetic(left, parts)
    }

    private mutating func sum() throws(TransformerError) -> TemplateExpression {
        try chain(["+", "-"]) { (parser) throws(TransformerError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(TransformerError) -> TemplateExpression {
        var parts = [try product()]
        while take(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func product() throws(TransformerError) -> TemplateExpression {
        try chain(["*", "/", "//", "%"]) { (parser) throws(TransformerError) in
            try parser.chain(["**"]) { (parser) throws(TransformerError) in try parser.unary(withFilters: true) }
        }
    }

    private mutating func unary(withFilters: Bool) throws(TransformerError) -> TemplateExpression {
        let value: TemplateExpression
        if isSymbol("-") || isSymbol("+") {
            let isNegative = isSymbol("-")
            advance()
            let operand = try nested { (parser) throws(TransformerError) in try parser.unary(withFilters: false) }
            value = isNegative ? .negative(operand) : .positive(operand)
        } else {
            value = try primary()
        }
        return try postfix(value, withFilters: withFilters)
    }

    private mutating func primary() throws(TransformerError) -> TemplateExpression {
        let line = current.line
        switch current.kind {
        case .name(let word):
            advance()
            switch word {
            case "true", "True": return .bool(true)
            case "false", "False": return .bool(false)
            case "none", "None": return .none
            default: return .name(word, line: line)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text.append(more)
                advance()
            }
            return .text(text)
        case .integer(let value):
            advance()
            return .integer(value)
        case .decimal(let value):
            advance()
            return .decimal(value)
        case .symbol("("):
            advance()
            if take(symbol: ")") { return .tuple([]) }
            let value = try tuple()
            try expect(")")
            return value
        case .symbol("["):
            advance()
            return .list(try items(closedBy: "]") { (parser) throws(TransformerError) in try parser.expression() })
        case .symbol("{"):
            advance()
            return .dictionary(
                try items(closedBy: "}") { (parser) throws(TransformerError) in
                    let key = try parser.expression()
                    try parser.expect(":")
                    return (key, try parser.expression())
                })
        default: throw error("a value is expected before \(current.description)")
        }
    }

    private mutating func items<Item>(
        closedBy end: String, _ read: (inout TemplateParser) throws(TransformerError) -> Item
    ) throws(TransformerError) -> [Item] {
        var result: [Item] = []
        while !isSymbol(end) {
            if !result.isEmpty {
                try expect(",")
                if isSymbol(end) { break }
            }
            result.append(try read(&self))
        }
        try expect(end)
        return result
    }

    private mutating func postfix(
        _ value: TemplateExpression, withFilters: Bool
    ) throws(TransformerError) -> TemplateExpression {
        var parts: [TemplatePostfix] = []
        var takesFilters = false
        while true {
            let line = current.line
            if isSymbol("(") {
                parts.append(TemplatePostfix(kind: .call(try arguments()), line: line))
            } else if !takesFilters, take(symbol: ".") {
                parts.append(TemplatePostfix(kind: try member(), line: line))
            } else if !takesFilters, take(symbol: "[") {
                parts.append(TemplatePostfix(kind: try subscripting(), line: line))
            } else if withFilters, isSymbol("|") {
                takesFilters = true
                parts.append(try filter())
            } else if withFilters, take(name: "is") {
                takesFilters = true
                parts.append(TemplatePostfix(kind: try test(), line: line))
            } else {
                return parts.isEmpty ? value : .postfix(value, parts)
            }
        }
    }

    private mutating func member() throws(TransformerError) -> TemplatePostfix.Kind {
        if case .integer(let position) = current.kind {
            advance()
            return .item(.integer(position))
        }
        return .attribute(try expectName())
    }

    private mutating func subscripting() throws(TransformerError) -> TemplatePostfix.Kind {
        var parts: [TemplateExpression?] = [nil]
        while !isSymbol("]") {
            if take(symbol: ":") {
                parts.append(nil)
                guard parts.count <= 3 else { throw error("a slice has more than three parts") }
            } else {
                guard parts[parts.count - 1] == nil else { throw error("\"]\" is expected before \(current.description)") }
                parts[parts.count - 1] = try expression()
            }
        }
        try expect("]")
        if parts.count > 1 { return .slice(parts[0], parts[1], parts.count > 2 ? parts[2] : nil) }
        guard let item = parts[0] else { throw error("an index is missing") }
        return .item(item)
    }

    mutating func filter() throws(TransformerError) -> TemplatePostfix {
        let line = current.line
        try expect("|")
        let name = try expectName()
        return TemplatePostfix(kind: .filter(name, isSymbol("(") ? try arguments() : []), line: line)
    }

    private mutating func test() throws(TransformerError) -> TemplatePostfix.Kind {
        let isNegated = take(name: "not")
        let name = try expectName()
        if isSymbol("(") { return .test(name, try arguments(), isNegated: isNegated) }
        switch current.kind {
        case .name("else"), .name("or"), .name("and"): return .test(name, [], isNegated: isNegated)
        case .name("is"): throw error("tests cannot follow one another without brackets")
        case .name, .string, .integer, .decimal, .symbol("["), .symbol("{"):
            let argument = try nested { (parser) throws(TransformerError) in
                try parser.postfix(parser.primary(), withFilters: false)
            }
            return .test(name, [TemplateArgument(name: nil, value: argument)], isNegated: isNegated)
        default: return .test(name, [], isNegated: isNegated)
        }
    }

    private mutating func arguments() throws(TransformerError) -> [TemplateArgument] {
        try expect("(")
        return try items(closedBy: ")") { (parser) throws(TransformerError) in
            if parser.isSymbol("*") || parser.isSymbol("**") { throw parser.unsupported("an argument list in an argument") }
            if case .name(let name) = parser.current.kind, parser.next.kind == .symbol("=") {
                parser.advance()
                parser.advance()
                return TemplateArgument(name: name, value: try parser.expression())
            }
            return TemplateArgument(name: nil, value: try parser.expression())
        }
    }
}
