/// A piece of HTML or SVG that is well formed and escaped by construction.
///
/// There is no way to make one from a string of tags: text is always escaped, elements always closed.
struct Markup: Sendable {
    /// The bytes as they go into the page.
    let html: String

    private init(html: String) { self.html = html }

    /// The elements that reports use.
    enum Tag: String, CaseIterable, Sendable {
        case html, head, meta, title, style, body, header, main, footer, section, article, figure, figcaption
        case h1, h2, h3, p, div, span, strong, small, pre, details, summary, dl, dt, dd, ul, li, a, nav
        case table, caption, thead, tbody, tr, th, td
        case svg, g, path, rect, desc
        case svgText = "text"

        /// Elements without an end tag.
        var isVoid: Bool { self == .meta }
    }

    /// Text, escaped, with invisible and controlling characters made visible. No line breaks before its ± signs.
    static func text(_ text: String, keepsLines: Bool = false) -> Markup {
        let visible = DisplayText.visible(text, keepsLines: keepsLines)
        return Markup(html: escaped(visible.replacing(" ± ", with: "\u{A0}±\u{A0}")))
    }

    /// A style sheet. Only for constants of this module: it is not escaped.
    static func style(_ css: StaticString) -> Markup { Markup(html: "<style>\n\(css)</style>\n") }

    /// A script. Only for constants of this module: it is not escaped.
    static func script(_ source: String) -> Markup {
        precondition(!source.contains("</") && !source.contains("<!--"), "a script must not end its own element")
        return Markup(html: "<script>\(source)</script>\n")
    }

    /// Pieces one after the other.
    static func joined(_ pieces: [Markup]) -> Markup { Markup(html: pieces.map(\.html).joined()) }

    /// An element with its attributes, in the order given, and its children.
    init(_ tag: Tag, _ attributes: KeyValuePairs<String, String> = [:], @MarkupBuilder _ children: () -> [Markup] = { [] }) {
        var html = "<\(tag.rawValue)"
        for (name, value) in attributes { html += " \(name)=\"\(Markup.escaped(DisplayText.visible(value)))\"" }
        html += ">"
        if !tag.isVoid {
            for child in children() { html += child.html }
            html += "</\(tag.rawValue)>"
        }
        if Markup.blocks.contains(tag) { html += "\n" }
        self.html = html
    }

    /// Elements after which a line ends, so that the page's source can be read.
    private static let blocks: Set<Tag> = [
        .head, .meta, .title, .header, .main, .footer, .section, .article, .figure, .h1, .h2, .h3, .p, .table, .tr,
        .details, .dl, .svg, .ul, .li, .caption, .thead, .tbody,
    ]

    private static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Children of an element written one under the other: elements, strings (escaped), lists, conditions and loops.
@resultBuilder
enum MarkupBuilder {
    static func buildExpression(_ markup: Markup) -> [Markup] { [markup] }
    static func buildExpression(_ markup: Markup?) -> [Markup] { markup.map { [$0] } ?? [] }
    static func buildExpression(_ text: String) -> [Markup] { [.text(text)] }
    static func buildExpression(_ list: [Markup]) -> [Markup] { list }
    static func buildBlock(_ parts: [Markup]...) -> [Markup] { parts.flatMap { $0 } }
    static func buildOptional(_ part: [Markup]?) -> [Markup] { part ?? [] }
    static func buildEither(first: [Markup]) -> [Markup] { first }
    static func buildEither(second: [Markup]) -> [Markup] { second }
    static func buildArray(_ parts: [[Markup]]) -> [Markup] { parts.flatMap { $0 } }
}
