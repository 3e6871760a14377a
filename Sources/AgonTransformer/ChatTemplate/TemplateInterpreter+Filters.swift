extension TemplateInterpreter {
    /// `value | name(arguments)`
    func filter(
        _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        func bound(_ names: String...) throws(TransformerError) -> [TemplateValue?] {
            try bind(arguments, names, of: "the filter \"\(name)\"")
        }
        switch name {
        case "default", "d":
            let given = try bound("default_value", "boolean")
            let isMissing = if case .undefined = value { true } else { (given[1]?.isTrue ?? false) && !value.isTrue }
            return isMissing ? given[0] ?? .text("") : value
        case "length", "count":
            _ = try bound()
            return .integer(try length(value))
        case "string", "safe", "trim", "upper", "lower", "capitalize", "title", "replace", "indent", "join", "tojson":
            return try textFilter(name, value, arguments)
        case "list":
            _ = try bound()
            return try list(items(of: value))
        case "first", "last":
            _ = try bound()
            return try end(of: value, isFirst: name == "first")
        case "int", "float": return try numberFilter(name, value, bound("default", "base"))
        case "abs":
            _ = try bound()
            guard let number = value.number else { throw error("\(value.kind) has no absolute value") }
            return try arithmetic(number < 0 ? "-" : "+", .integer(0), value, isSign: true)
        case "sum", "min", "max", "sort", "unique", "reverse", "dictsort", "items":
            return try sequenceFilter(name, value, arguments)
        case "map", "select", "reject", "selectattr", "rejectattr": return try choosingFilter(name, value, arguments)
        default: throw unsupported("the filter \"\(name)\"")
        }
    }

    private func length(_ value: TemplateValue) throws(TransformerError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text): return text.count
        case .list(let items), .tuple(let items): return items.items.count
        case .dictionary(let dictionary): return dictionary.members.count
        default: throw error("\(value.kind) has no length")
        }
    }

    private func end(of value: TemplateValue, isFirst: Bool) throws(TransformerError) -> TemplateValue {
        if isFirst, case .generator(let generator) = value { return generator.takeFirst() ?? .undefined("the first item") }
        if !isFirst, case .generator = value { throw error("a generator has no last item") }
        let items = try items(of: value)
        return (isFirst ? items.first : items.last) ?? .undefined("the \(isFirst ? "first" : "last") item")
    }

    private func textFilter(
        _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        func bound(_ names: String...) throws(TransformerError) -> [TemplateValue?] {
            try bind(arguments, names, of: "the filter \"\(name)\"")
        }
        if name == "join" { return try join(value, bound("d", "attribute")) }
        if name == "tojson" { return try json(value, bound("ensure_ascii", "indent", "separators", "sort_keys")) }
        var text = try text(value)
        try charge(text.count)
        switch name {
        case "safe":
            _ = try bound()
            text.isSafe = true
            return .string(text)
        case "trim":
            let characters = try bound("chars")[0].map { (value) throws(TransformerError) in try self.text(value) }
            let isSafe = text.isSafe
            text = text.stripped(characters)
            text.isSafe = isSafe
            return .string(text)
        case "replace":
            return try replace(text, bound("old", "new", "count"))
        case "indent":
            guard case .string = value else { throw error("\(value.kind) has no lines to indent") }
            return try indent(text, bound("width", "first", "blank"))
        default:
            _ = try bound()
            let isSafe = text.isSafe
            switch name {
            case "upper": text = text.uppercased
            case "lower": text = text.lowercased
            case "capitalize": text = text.capitalized
            case "title":
                try charge(text.count * Self.itemCost)
                return .string(titled(text))
            default: break
            }
            text.isSafe = isSafe
            return .string(text)
        }
    }

    /// Jinja's title case: the first character of each word upper, the rest lower.
    private func titled(_ text: TemplateText) -> TemplateText {
        let breaks: Set<Unicode.Scalar> = ["-", "(", "{", "[", "<"]
        var result = TemplateText()
        var begins = true
        for (index, character) in text.characters.enumerated() {
            result.append(begins ? character.uppercased : character.lowercased)
            let scalar = text.scalar(index)
            begins = breaks.contains(scalar) || TemplateText.isSpace(scalar)
        }
        return result
    }

    /// `str.replace`, by position `old, new, count`.
    func replace(_ text: TemplateText, _ given: [TemplateValue?]) throws(TransformerError) -> TemplateValue {
        guard let old = given[0], let new = given[1] else { throw error("\"replace\" needs what to replace and by what") }
        let (oldText, newText) = (try self.text(old), try self.text(new))
        let limit = given[2].flatMap(\.index).map { $0 < 0 ? Int.max : $0 } ?? Int.max
        try charge(text.count + oldText.count)
        let count = oldText.isEmpty ? min(text.count + 1, limit) : text.indices(of: oldText, limit: limit).count
        let growth = count.multipliedReportingOverflow(by: newText.count)
        try charge(growth.overflow ? Int.max : growth.partialValue)
        return try string(text.replacing(oldText, by: newText, limit: limit))
    }

    private func indent(_ text: TemplateText, _ given: [TemplateValue?]) throws(TransformerError) -> TemplateValue {
        var margin = TemplateText(String(repeating: " ", count: min(max(given[0]?.index ?? 4, 0), 1024)))
        if case .string(let text)? = given[0] { margin = text }
        try charge(text.lineEndCount * Self.itemCost)
        var lines = text.lines
        if text.isEmpty || text.scalar(text.count - 1) == "\n" { lines.append(TemplateText()) }
        try charge(lines.count * (margin.count + 1))
        let isBlank = given[2]?.isTrue ?? false
        let indented = lines.enumerated().map { index, line in
            (index == 0 ? given[1]?.isTrue ?? false : isBlank || !line.isEmpty) ? margin + line : line
        }
        return try string(TemplateText(joining: indented, separator: TemplateText("\n")))
    }

    private func join(_ value: TemplateValue, _ given: [TemplateValue?]) throws(TransformerError) -> TemplateValue {
        let separator = try given[0].map { (value) throws(TransformerError) in try text(value) } ?? TemplateText()
        var parts: [TemplateText] = []
        for item in try items(of: value) {
            let part = try given[1].map { (path) throws(TransformerError) in try member(path, of: item) } ?? item
            parts.append(try text(part))
            try charge(separator.count + (parts.last?.count ?? 0))
        }
        return .string(TemplateText(joining: parts, separator: separator))
    }

    private func json(_ value: TemplateValue, _ given: [TemplateValue?]) throws(TransformerError) -> TemplateValue {
        var style = TemplateFormat.JSONStyle()
        style.isASCII = given[0]?.isTrue ?? false
        style.sortsKeys = given[3]?.isTrue ?? false
        switch given[1] {
        case .string(let margin)?: style.indent = margin
        case let width? where width.index != nil:
            style.indent = TemplateText(String(repeating: " ", count: min(max(width.index ?? 0, 0), 64)))
        default: break
        }
        if style.indent != nil { style.itemSeparator = TemplateText(",") }
        if case .tuple(let pair)? = given[2], pair.items.count == 2 {
            (style.itemSeparator, style.keySeparator) = (try text(pair.items[0]), try text(pair.items[1]))
        } else if case .list(let pair)? = given[2], pair.items.count == 2 {
            (style.itemSeparator, style.keySeparator) = (try text(pair.items[0]), try text(pair.items[1]))
        }
        let margin = (style.indent?.count ?? 0) * Self.valueDepthLimit + style.itemSeparator.count + style.keySeparator.count
        try charge(value.weight.multipliedReportingOverflow(by: 1 + margin / 16).overflow ? Int.max : value.weight * (1 + margin / 16))
        guard let text = TemplateFormat.json(value, style) else { throw error("\(value.kind) has no form in JSON") }
        return try string(text)
    }

    private func numberFilter(
        _ name: String, _ value: TemplateValue, _ given: [TemplateValue?]
    ) throws(TransformerError) -> TemplateValue {
        if let base = given[1], base.index != 10 { throw unsupported("a base other than 10") }
        let isInteger = name == "int"
        let preset = given[0] ?? (isInteger ? .integer(0) : .decimal(0))
        switch value {
        case .bool, .integer:
            guard let number = value.index else { return preset }
            return isInteger ? .integer(number) : .decimal(Double(number))
        case .decimal(let number):
            if !isInteger { return value }
            return Int(exactly: number.rounded(.towardZero)).map(TemplateValue.integer) ?? preset
        case .string(let text):
            let word = text.stripped(nil).string.replacing("_", with: "")
            if isInteger, let number = Int(word) { return .integer(number) }
            guard let number = Double(word), !word.hasPrefix("0x"), !word.hasPrefix("0X") else { return preset }
            return isInteger ? Int(exactly: number.rounded(.towardZero)).map(TemplateValue.integer) ?? preset : .decimal(number)
        case .undefined(let what): throw error("\(what) is undefined, so it is no number")
        default: return preset
        }
    }
}
