@testable import AgonTournament

/// A small reader of tags that says what is wrong with a page's nesting, or nil.
enum ReportMarkupChecker {
    static func fault(in html: String) -> String? {
        var open: [String] = []
        // The page's own script has no tags, but it compares.
        let html = html.replacing(PageScript.source, with: "")
        var rest = Substring(html)
        while let start = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: start)...]
            guard let end = rest.firstIndex(of: ">") else { return "a tag never ends: <\(rest.prefix(40))" }
            let tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!DOCTYPE") { continue }
            if tag.contains("<") { return "a tag within a tag: <\(tag)>" }
            if tag.filter({ $0 == "\"" }).count % 2 != 0 { return "an odd quote: <\(tag)>" }
            let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
            if name.isEmpty { return "a tag without a name: <\(tag.prefix(40))>" }
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { return "</\(name)> closes something else" }
            } else if name != "meta" {
                open.append(name)
            }
        }
        return open.isEmpty ? nil : "never closed: \(open)"
    }
}
