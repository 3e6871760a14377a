/// Reads a template's tokens into statements, by Jinja's grammar.
///
/// Depth is limited, so that a hostile template cannot exhaust the stack here or when it is rendered.
struct TemplateParser {
    /// Deeper nesting of tags and brackets than any real template has.
    static let depthLimit = 64

    let name: String
    private let tokens: [TemplateToken]
    private var index = 0
    private var depth = 0
    /// How many loops the parser is in, within the innermost macro.
    private var loopCount = 0

    /// - Parameter name: what messages call the template.
    static func statements(_ text: String, name: String) throws(TransformerError) -> [TemplateStatement.Line] {
        var parser = TemplateParser(name: name, tokens: try TemplateLexer.tokens(text, name: name))
        return try parser.body(until: []).statements
    }

    private init(name: String, tokens: [TemplateToken]) {
        self.name = name
        self.tokens = tokens
    }

    var current: TemplateToken { tokens[index] }
    var next: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func error(_ reason: String, line: Int? = nil) -> TransformerError {
        TransformerError.template(name, line ?? current.line, reason)
    }

    func unsupported(_ what: String, line: Int? = nil) -> TransformerError {
        TransformerError.template(name, line ?? current.line, "\(what) is not supported", code: .unsupported)
    }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

    func isName(_ word: String) -> Bool { current.kind == .name(word) }

    mutating func take(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func take(name word: String) -> Bool {
        guard isName(word) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(TransformerError) {
        guard take(symbol: symbol) else { throw error("\"\(symbol)\" is expected before \(current.description)") }
    }

    mutating func expect(_ kind: TemplateToken.Kind, _ what: String) throws(TransformerError) {
        guard current.kind == kind else { throw error("\(what) is expected before \(current.description)") }
        advance()
    }

    mutating func expectName() throws(TransformerError) -> String {
        guard case .name(let word) = current.kind else { throw error("a name is expected before \(current.description)") }
        advance()
        return word
    }

    /// Runs a part of the grammar one level deeper.
    mutating func nested<Result>(
        _ read: (inout TemplateParser) throws(TransformerError) -> Result
    ) throws(TransformerError) -> Result {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("it is nested deeper than \(Self.depthLimit) levels") }
        defer { depth -= 1 }
        return try read(&self)
    }

    /// Statements up to a tag with one of the given names, which stays current; up to the end where none are given.
    private mutating func body(
        until ends: [String]
    ) throws(TransformerError) -> (statements: [TemplateStatement.Line], end: String) {
        let opening = current.line
        var statements: [TemplateStatement.Line] = []
        while true {
            let line = current.line
            switch current.kind {
            case .end:
                guard ends.isEmpty else { throw error("{% \(ends[ends.count - 1]) %} is missing", line: opening) }
                return (statements, "")
            case .data(let text):
                advance()
                statements.append(TemplateStatement.Line(statement: .text(text), line: line))
            case .variableBegin:
                advance()
                let value = try nested { (parser) throws(TransformerError) in try parser.tuple() }
                try expect(.variableEnd, "\"}}\"")
                statements.append(TemplateStatement.Line(statement: .output(value), line: line))
            default:
                advance()
                if case .name(let word) = current.kind, ends.contains(word) {
                    advance()
                    return (statements, word)
                }
                let statement = try nested { (parser) throws(TransformerError) in try parser.statement() }
                try expect(.blockEnd, "\"%}\"")
                statements.append(TemplateStatement.Line(statement: statement, line: line))
            }
        }
    }

    /// The body of a tag, whose end has no more than its name.
    private mutating func body(closedBy end: String) throws(TransformerError) -> [TemplateStatement.Line] {
        try expect(.blockEnd, "\"%}\"")
        return try body(until: [end]).statements
    }

    private mutating func statement() throws(TransformerError) -> TemplateStatement {
        let line = current.line
        let word = try expectName()
        switch word {
        case "if": return try conditional()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro": return try macro()
        case "generation": return .generation(try body(closedBy: "endgeneration"))
        case "break", "continue":
            guard loopCount > 0 else { throw error("{% \(word) %} stands outside of a loop", line: line) }
            return word == "break" ? .breakLoop : .continueLoop
        case "block", "call", "extends", "filter", "import", "from", "include", "with", "autoescape", "do", "trans":
            throw unsupported("the tag {% \(word) %}", line: line)
        default: throw error("{% \(word) %} is no tag that may stand here", line: line)
        }
    }

    private mutating func conditional() throws(TransformerError) -> TemplateStatement {
        var branches: [(test: TemplateExpression, body: [TemplateStatement.Line])] = []
        while true {
            let test = try tuple(allowsConditional: false)
            try expect(.blockEnd, "\"%}\"")
            let (statements, end) = try body(until: ["elif", "else", "endif"])
            branches.append((test, statements))
            if end == "endif" { return .conditional(branches, otherwise: []) }
            if end == "else" { return .conditional(branches, otherwise: try body(closedBy: "endif")) }
        }
    }

    private mutating func loop() throws(TransformerError) -> TemplateStatement {
        let target = try target(allowsAttribute: false)
        guard take(name: "in") else { throw error("\"in\" is expected before \(current.description)") }
        let sequence = try tuple(allowsConditional: false)
        let filter = take(name: "if") ? try expression() : nil
        if isName("recursive") { throw unsupported("a recursive loop") }
        try expect(.blockEnd, "\"%}\"")
        loopCount += 1
        let (statements, end) = try body(until: ["else", "endfor"])
        loopCount -= 1
        let otherwise = end == "else" ? try body(closedBy: "endfor") : []
        return .loop(
            TemplateLoopSyntax(target: target, sequence: sequence, filter: filter, body: statements, otherwise: otherwise))
    }

    private mutating func target(allowsAttribute: Bool) throws(TransformerError) -> TemplateTarget {
        let isWrapped = take(symbol: "(")
        var names = [try expectName()]
        if allowsAttribute, !isWrapped, take(symbol: ".") { return .attribute(of: names[0], try expectName()) }
        var isTuple = false
        while take(symbol: ",") {
            isTuple = true
            guard case .name(let word) = current.kind, word != "in" else { break }
            names.append(try expectName())
        }
        if isWrapped { try expect(")") }
        let reserved: Set = ["true", "false", "none", "True", "False", "None"]
        if let word = names.first(where: reserved.contains) { throw error("\"\(word)\" cannot be assigned to") }
        return isTuple ? .names(names) : .name(names[0])
    }

    private mutating func assignment() throws(TransformerError) -> TemplateStatement {
        let target = try target(allowsAttribute: true)
        if take(symbol: "=") { return .set(target, try tuple()) }
        var filters: [TemplatePostfix] = []
        while isSymbol("|") { filters.append(try filter()) }
        return .capture(target, filters: filters, body: try body(closedBy: "endset"))
    }

    private mutating func macro() throws(TransformerError) -> TemplateStatement {
        let macroName = try expectName()
        try expect("(")
        var parameters: [(name: String, preset: TemplateExpression?)] = []
        while !isSymbol(")") {
            if !parameters.isEmpty { try expect(",") }
            let parameter = try expectName()
            let preset = take(symbol: "=") ? try expression() : nil
            guard preset != nil || parameters.allSatisfy({ $0.preset == nil }) else {
                throw error("the parameter \"\(parameter)\" without a default follows one that has a default")
            }
            parameters.append((parameter, preset))
        }
        try expect(")")
        let outerLoops = loopCount
        loopCount = 0
        let statements = try body(closedBy: "endmacro")
        loopCount = outerLoops
        return .macro(TemplateMacroSyntax(name: macroName, parameters: parameters, body: statements))
    }
}
