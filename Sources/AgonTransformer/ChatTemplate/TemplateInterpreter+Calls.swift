extension TemplateInterpreter {
    static let dictionaryMethods: Set<String> = [
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
    ]
    static let listMethods: Set<String> = [
        "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
    ]
    static let stringMethods: Set<String> = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable",
        "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ]

    /// The functions that every template has.
    func global(_ name: String) -> TemplateValue {
        switch name {
        case "raise_exception", "namespace", "range", "dict", "cycler", "joiner", "lipsum": .function(.global(name))
        case "strftime_now" where date != nil: .function(.global(name))
        default: .undefined("\"\(name)\"")
        }
    }

    func call(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TransformerError) -> TemplateValue {
        guard case .function(let function) = value else { throw error("\(value.kind) cannot be called") }
        switch function {
        case .macro(let macro): return try call(macro, arguments)
        case .cycle(let index):
            guard !arguments.positional.isEmpty else { throw error("loop.cycle needs something to cycle through") }
            return arguments.positional[index % arguments.positional.count]
        case .global(let name): return try callGlobal(name, arguments)
        case .method(let bound):
            switch bound.receiver {
            case .string(let text): return try callMethod(bound.name, of: text, arguments)
            case .dictionary(let dictionary): return try callMethod(bound.name, of: dictionary, arguments)
            default: return try callListMethod(bound.name, of: items(of: bound.receiver), arguments)
            }
        }
    }

    private func callGlobal(_ name: String, _ arguments: TemplateArguments) throws(TransformerError) -> TemplateValue {
        switch name {
        case "raise_exception":
            let reason = try bind(arguments, ["message"], of: "\"\(name)\"")[0] ?? .text("")
            let words = String(try text(reason).string.unicodeScalars.prefix(300).map { $0.value < 0x20 ? " " : Character($0) })
            throw TransformerError(
                .invalidRequest, "\(self.name) line \(line) refuses the conversation: \(words); change the messages.")
        case "namespace", "dict":
            var values: [(key: TemplateValue, value: TemplateValue)] = []
            guard arguments.positional.count <= 1 else { throw error("\"\(name)\" takes one mapping") }
            for value in arguments.positional {
                guard case .dictionary(let dictionary) = value else { throw error("\"\(name)\" takes a mapping, not \(value.kind)") }
                values += dictionary.members
            }
            values += arguments.named.map { (.text($0.name), $0.value) }
            if name == "dict" { return try dictionary(values) }
            var attributes: [String: TemplateValue] = [:]
            for case (.string(let key), let value) in values { attributes[key.string] = value }
            try charge(values.count)
            return namespace(attributes)
        case "range":
            let bounds = arguments.positional.compactMap(\.index)
            guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count), arguments.named.isEmpty else {
                throw error("\"range\" takes one to three whole numbers")
            }
            let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
            let step = bounds.count > 2 ? bounds[2] : 1
            guard step != 0 else { throw error("\"range\" cannot have the step 0") }
            let span = step > 0 ? end.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(end)
            let count = span.overflow ? Int.max : span.partialValue <= 0 ? 0 : 1 + (span.partialValue - 1) / Int(clamping: step.magnitude)
            guard count <= Self.rangeLimit else { throw error("a range has more than \(Self.rangeLimit) numbers") }
            return try list((0..<count).map { .integer(start + $0 * step) })
        case "strftime_now":
            guard case .string(let format)? = try bind(arguments, ["format"], of: "\"\(name)\"")[0], let date else {
                throw error("\"strftime_now\" takes a format")
            }
            return try string(self.format(date, format.string))
        default: throw unsupported("the function \"\(name)\"")
        }
    }

    private func format(_ date: ChatDate, _ format: String) throws(TransformerError) -> TemplateText {
        var (result, characters) = ("", Array(format)[...])
        while let character = characters.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            guard let directive = characters.popFirst(), let text = date.text(directive) else {
                throw unsupported("the date format \"\(format)\"")
            }
            result += text
        }
        return TemplateText(result)
    }

    private func callMethod(
        _ name: String, of dictionary: TemplateDictionary, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        func bound(_ names: String...) throws(TransformerError) -> [TemplateValue?] {
            try bind(arguments, names, of: "the method \"\(name)\"")
        }
        if name == "get" {
            let given = try bound("key", "default")
            guard let key = given[0] else { throw error("\"get\" needs a key") }
            try charge(key.weight)
            return dictionary[key] ?? given[1] ?? .none
        }
        _ = try bound()
        switch name {
        case "items": return try list(pairs(dictionary.members))
        case "keys": return try list(dictionary.members.map(\.key))
        case "values": return try list(dictionary.members.map(\.value))
        case "copy": return .dictionary(dictionary)
        default: throw error("a template may not change a mapping by \"\(name)\"")
        }
    }

    private func callListMethod(
        _ name: String, of items: [TemplateValue], _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        if name == "copy" { return try list(items) }
        guard name == "count" || name == "index" else { throw error("a template may not change a list by \"\(name)\"") }
        guard let wanted = try bind(arguments, ["value"], of: "the method \"\(name)\"")[0] else { throw error("\"\(name)\" needs a value") }
        try charge(TemplateSequence(items).weight)
        if name == "count" { return .integer(items.count { $0 == wanted }) }
        guard let index = items.firstIndex(of: wanted) else { throw error("the value is not in the list") }
        return .integer(index)
    }
}
