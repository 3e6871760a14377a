/// An expression of a template. Chains are flat lists, so that no source text nests deeper than its brackets.
indirect enum TemplateExpression: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case decimal(Double)
    case text(TemplateText)
    case name(String, line: Int)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case dictionary([(key: TemplateExpression, value: TemplateExpression)])
    /// Attributes, items, calls, filters and tests, from left to right.
    case postfix(TemplateExpression, [TemplatePostfix])
    case negative(TemplateExpression)
    case positive(TemplateExpression)
    case not(TemplateExpression)
    /// Operators of one precedence, from left to right.
    case arithmetic(TemplateExpression, [(symbol: String, right: TemplateExpression)])
    case concatenation([TemplateExpression])
    case comparison(TemplateExpression, [(symbol: String, right: TemplateExpression)])
    case and([TemplateExpression])
    case or([TemplateExpression])
    case conditional(test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
}

/// What follows a value.
struct TemplatePostfix: Sendable {
    enum Kind: Sendable {
        case attribute(String)
        case item(TemplateExpression)
        case slice(TemplateExpression?, TemplateExpression?, TemplateExpression?)
        case call([TemplateArgument])
        case filter(String, [TemplateArgument])
        case test(String, [TemplateArgument], isNegated: Bool)
    }

    let kind: Kind
    let line: Int
}

/// An argument of a call, by position or by name.
struct TemplateArgument: Sendable {
    let name: String?
    let value: TemplateExpression
}

/// What an assignment or a loop writes to.
enum TemplateTarget: Sendable {
    case name(String)
    /// `{% set namespace.attribute = … %}`
    case attribute(of: String, String)
    case names([String])
}

/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    case text(TemplateText)
    case output(TemplateExpression)
    case conditional([(test: TemplateExpression, body: [Line])], otherwise: [Line])
    case loop(TemplateLoopSyntax)
    case set(TemplateTarget, TemplateExpression)
    /// `{% set name %}…{% endset %}`, with the filters that the body passes.
    case capture(TemplateTarget, filters: [TemplatePostfix], body: [Line])
    case macro(TemplateMacroSyntax)
    case generation([Line])
    case breakLoop
    case continueLoop

    /// A statement with the line it begins on.
    struct Line: Sendable {
        let statement: TemplateStatement
        let line: Int
    }
}

/// `{% for target in sequence if filter %}body{% else %}otherwise{% endfor %}`
struct TemplateLoopSyntax: Sendable {
    let target: TemplateTarget
    let sequence: TemplateExpression
    let filter: TemplateExpression?
    let body: [TemplateStatement.Line]
    let otherwise: [TemplateStatement.Line]
}

/// `{% macro name(parameters) %}body{% endmacro %}`
struct TemplateMacroSyntax: Sendable {
    let name: String
    let parameters: [(name: String, preset: TemplateExpression?)]
    let body: [TemplateStatement.Line]
}

extension TransformerError {
    /// The sentence for a template that is wrong or that cannot be rendered.
    static func template(_ name: String, _ line: Int, _ reason: String, code: Code = .invalidTemplate) -> TransformerError {
        TransformerError(code, "\(name) line \(line): \(reason); correct the template or leave it out.")
    }
}
