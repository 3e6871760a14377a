extension TemplateInterpreter {
    /// The methods of Python's `str` that templates use.
    func callMethod(
        _ name: String, of text: TemplateText, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        func bound(_ names: String...) throws(TransformerError) -> [TemplateValue?] {
            try bind(arguments, names, of: "the method \"\(name)\"")
        }
        try charge(text.count + arguments.positional.reduce(0) { $0 + $1.weight })
        switch name {
        case "startswith", "endswith":
            guard let part = try bound("prefix")[0] else { throw error("\"\(name)\" needs a text") }
            return .bool(try parts(part, name).contains { name == "endswith" ? text.ends(with: $0) : text.starts(with: $0, at: 0) })
        case "strip", "lstrip", "rstrip":
            let characters = try string(bound("chars")[0], name)
            return .string(text.stripped(characters, left: name != "rstrip", right: name != "lstrip"))
        case "split", "rsplit":
            let given = try bound("sep", "maxsplit")
            let separator = try string(given[0], name)
            if separator?.isEmpty ?? false { throw error("a separator is empty") }
            let limit = given[1]?.index ?? -1
            // Each part is a text of its own, and there may be one for each character.
            try charge(separator.map { text.indices(of: $0).count * Self.itemCost } ?? text.count * Self.itemCost / 2)
            return try list(text.split(separator, limit: limit < 0 ? .max : limit, fromEnd: name == "rsplit").map(TemplateValue.string))
        case "splitlines":
            if try bound("keepends")[0]?.isTrue ?? false { throw unsupported("splitlines with line ends") }
            try charge(text.lineEndCount * Self.itemCost)
            return try list(text.lines.map(TemplateValue.string))
        case "replace":
            let given = try bound("old", "new", "count")
            _ = (try string(given[0], name), try string(given[1], name))
            return try replace(text, given)
        case "removeprefix", "removesuffix", "find", "rfind", "index", "rindex", "count", "partition", "rpartition":
            guard let part = try string(bound("sub")[0], name) else { throw error("\"\(name)\" needs a text") }
            return try search(name, part, in: text)
        case "join":
            guard let value = try bound("iterable")[0] else { throw error("\"join\" needs a list") }
            return try joinStrings(value, separator: text)
        case "zfill":
            guard let width = try bound("width")[0]?.index else { throw error("\"zfill\" needs a width") }
            try charge(max(width, 0))
            let signed = text.count > 0 && (text.scalar(0) == "-" || text.scalar(0) == "+") ? 1 : 0
            let zeros = TemplateText(String(repeating: "0", count: max(0, width - text.count)))
            return .string(text[0..<signed] + zeros + text[signed..<text.count])
        default:
            let value = try plainMethod(name, text)
            _ = try bound()
            return value
        }
    }

    /// Methods without arguments.
    private func plainMethod(_ name: String, _ text: TemplateText) throws(TransformerError) -> TemplateValue {
        func all(_ test: (Unicode.Scalar.Properties) -> Bool) -> TemplateValue {
            .bool(!text.isEmpty && text.units.allSatisfy { test(TemplateText.scalar($0).properties) })
        }
        switch name {
        case "upper": return .string(text.uppercased)
        case "lower": return .string(text.lowercased)
        case "capitalize": return .string(text.capitalized)
        case "title": return .string(text.titled)
        case "isspace": return .bool(!text.isEmpty && text.units.allSatisfy { TemplateText.isSpace(TemplateText.scalar($0)) })
        case "isdigit": return all { $0.numericType == .decimal || $0.numericType == .digit }
        case "isdecimal": return all { $0.numericType == .decimal }
        case "isnumeric": return all { $0.numericType != nil }
        case "isalpha": return all { Self.letters.contains($0.generalCategory) }
        case "isalnum": return all { Self.letters.contains($0.generalCategory) || $0.numericType != nil }
        case "isascii": return .bool(text.units.allSatisfy { TemplateText.scalar($0).isASCII })
        case "islower", "isupper": return .bool(try test(name == "islower" ? "lower" : "upper", .string(text), TemplateArguments()))
        default: throw unsupported("the method \"\(name)\"")
        }
    }

    private static let letters: Set<Unicode.GeneralCategory> = [
        .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
    ]

    /// The argument of a method that takes text or nothing.
    private func string(_ value: TemplateValue?, _ method: String) throws(TransformerError) -> TemplateText? {
        switch value {
        case nil, .some(.none): return nil
        case .string(let text)?: return text
        case let value?: throw error("\"\(method)\" takes a text, not \(value.kind)")
        }
    }

    /// One text or several, as `startswith` takes them.
    private func parts(_ value: TemplateValue, _ method: String) throws(TransformerError) -> [TemplateText] {
        guard case .tuple(let items) = value else {
            guard let text = try string(value, method) else { throw error("\"\(method)\" needs a text") }
            return [text]
        }
        var result: [TemplateText] = []
        for item in items.items { try string(item, method).map { result.append($0) } }
        return result
    }

    private func search(_ name: String, _ part: TemplateText, in text: TemplateText) throws(TransformerError) -> TemplateValue {
        switch name {
        case "removeprefix": return .string(text.starts(with: part, at: 0) ? text[part.count..<text.count] : text)
        case "removesuffix": return .string(text.ends(with: part) ? text[0..<text.count - part.count] : text)
        case "count": return .integer(text.indices(of: part).count)
        default: break
        }
        let isFromEnd = name.hasPrefix("r")
        let place = isFromEnd ? text.lastIndex(of: part) : text.firstIndex(of: part)
        switch name {
        case "find", "rfind": return .integer(place ?? -1)
        case "index", "rindex":
            guard let place else { throw error("the text is not found") }
            return .integer(place)
        default:
            guard !part.isEmpty else { throw error("a separator is empty") }
            guard let place else {
                let whole = TemplateValue.string(text)
                return .tuple(try sequence(isFromEnd ? [.text(""), .text(""), whole] : [whole, .text(""), .text("")]))
            }
            return .tuple(
                try sequence([.string(text[0..<place]), .string(part), .string(text[place + part.count..<text.count])]))
        }
    }

    private func joinStrings(_ value: TemplateValue, separator: TemplateText) throws(TransformerError) -> TemplateValue {
        var parts: [TemplateText] = []
        for item in try items(of: value) {
            guard case .string(let part) = item else { throw error("\"join\" takes texts, not \(item.kind)") }
            parts.append(part)
            try charge(part.count + separator.count)
        }
        return .string(TemplateText(joining: parts, separator: separator))
    }
}
