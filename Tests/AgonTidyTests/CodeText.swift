/// Swift or C source whose comments and strings are blanked, so that what is left is code. Lines stay where they are.
struct CodeText {
    let lines: [[Character]]

    /// What the reader is inside of.
    private enum Inside {
        case code, lineComment, blockComment(depth: Int)
        /// A string's closing delimiter, such as `"`, `"""` or `"#`.
        case string(end: [Character])
    }

    init(_ text: String) {
        var lines: [[Character]] = [[]]
        var inside: [Inside] = [.code]
        // Open parentheses of each interpolation that the reader is in.
        var depths: [Int] = []
        let characters = Array(text.replacing("\r\n", with: "\n"))
        var index = 0
        func starts(_ text: [Character]) -> Bool { characters[index...].starts(with: text) }
        func blank(_ count: Int) {
            for _ in 0..<count where index < characters.count {
                if characters[index] == "\n" { lines.append([]) } else { lines[lines.count - 1].append(" ") }
                index += 1
            }
        }
        while index < characters.count {
            switch inside[inside.count - 1] {
            case .lineComment:
                if characters[index] == "\n" { inside.removeLast() }
                blank(1)
            case .blockComment(let depth):
                if starts(["/", "*"]) {
                    inside[inside.count - 1] = .blockComment(depth: depth + 1)
                    blank(2)
                } else if starts(["*", "/"]) {
                    if depth == 1 { inside.removeLast() } else { inside[inside.count - 1] = .blockComment(depth: depth - 1) }
                    blank(2)
                } else {
                    blank(1)
                }
            case .string(let end):
                let escape: [Character] = ["\\"] + end.filter { $0 == "#" }
                if starts(end) {
                    inside.removeLast()
                    blank(end.count)
                } else if starts(escape + ["("]) {
                    inside.append(.code)
                    depths.append(0)
                    blank(escape.count + 1)
                } else {
                    blank(starts(escape) ? escape.count + 1 : 1)
                }
            case .code:
                if let opening = Self.opening(characters[index...]) {
                    inside.append(opening.inside)
                    blank(opening.length)
                } else if characters[index] == ")", depths.last == 0 {
                    inside.removeLast()
                    depths.removeLast()
                    blank(1)
                } else {
                    if let last = depths.indices.last {
                        if characters[index] == "(" { depths[last] += 1 }
                        if characters[index] == ")" { depths[last] -= 1 }
                    }
                    if characters[index] == "\n" { lines.append([]) } else { lines[lines.count - 1].append(characters[index]) }
                    index += 1
                }
            }
        }
        self.lines = lines
    }

    /// A comment or string that begins here.
    private static func opening(_ rest: ArraySlice<Character>) -> (inside: Inside, length: Int)? {
        if rest.starts(with: ["/", "/"]) { return (.lineComment, 2) }
        if rest.starts(with: ["/", "*"]) { return (.blockComment(depth: 1), 2) }
        let hashes = Array(rest.prefix { $0 == "#" })
        let quotes = rest.dropFirst(hashes.count)
        if quotes.starts(with: ["\"", "\"", "\""]) {
            return (.string(end: ["\"", "\"", "\""] + hashes), hashes.count + 3)
        }
        if quotes.first == "\"" { return (.string(end: ["\""] + hashes), hashes.count + 1) }
        return nil
    }

    /// A function or another body of code, by its first and last line, from 1.
    struct Body: Equatable {
        let name: String
        let first: Int
        let last: Int
        var lineCount: Int { last - first + 1 }
    }

    /// The bodies of functions, initialisers, subscripts and computed properties, nested ones included.
    var swiftBodies: [Body] {
        let keywords: Set<String> = ["func", "init", "deinit", "subscript", "var"]
        return lines.enumerated().compactMap { index, line -> Body? in
            let words = String(line).split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            let modifiers = words.prefix { !keywords.contains($0) }
            guard let keyword = words.dropFirst(modifiers.count).first,
                modifiers.allSatisfy(Self.modifiers.contains), let open = bodyStart(from: index, of: keyword)
            else { return nil }
            guard let last = blockEnd(from: open) else { return nil }
            let name = words.dropFirst(modifiers.count + 1).first ?? keyword
            return Body(name: keyword == "func" || keyword == "var" ? name : keyword, first: index + 1, last: last + 1)
        }
    }

    private static let modifiers: Set<String> = [
        "public", "package", "internal", "private", "fileprivate", "static", "class", "final", "mutating", "nonmutating",
        "override", "convenience", "required", "set", "lazy", "inline", "__always", "discardableResult", "Sendable",
        "Test", "nonisolated", "unsafe", "indirect", "prefix", "postfix", "borrowing", "consuming", "isolated",
    ]

    /// The bodies of C functions: blocks at the left margin that follow a parenthesis.
    var blocksAtMargin: [Body] {
        lines.indices.compactMap { index -> Body? in
            guard let column = lines[index].lastIndex(of: "{"), lines[index][..<column].contains(")"),
                let first = lines[index].first, first.isLetter || first == "_",
                let last = blockEnd(from: (index, column))
            else { return nil }
            return Body(name: String(lines[index].prefix(60)), first: index + 1, last: last + 1)
        }
    }

    /// The brace that opens a declaration's body; nil where it has none, as in a protocol.
    private func bodyStart(from line: Int, of keyword: String) -> (line: Int, column: Int)? {
        var depth = 0
        var last: Character = " "
        for index in line..<min(line + 40, lines.count) {
            for (column, character) in lines[index].enumerated() {
                switch character {
                case "(", "[": depth += 1
                case ")", "]": depth -= 1
                case "{" where depth == 0: return (index, column)
                case "}" where depth <= 0: return nil
                case "=" where depth == 0 && keyword == "var" && last != "=" && last != "!": return nil
                default: break
                }
                if !character.isWhitespace { last = character }
            }
            let next = index + 1 < lines.count ? String(lines[index + 1]).split(separator: " ").first ?? "" : ""
            let goesOn = ["->", "where", "async", "throws", "rethrows", "{", ")"].contains { next.hasPrefix($0) }
            if depth <= 0, !goesOn { return nil }
        }
        return nil
    }

    /// The line of the brace that closes the block.
    private func blockEnd(from open: (line: Int, column: Int)) -> Int? {
        var depth = 0
        for index in open.line..<lines.count {
            for (column, character) in lines[index].enumerated() where index > open.line || column >= open.column {
                if character == "{" { depth += 1 }
                if character == "}" { depth -= 1 }
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
