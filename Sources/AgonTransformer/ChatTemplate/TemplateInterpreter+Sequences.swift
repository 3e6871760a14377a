extension TemplateInterpreter {
    /// The attribute at a path such as `function.name` or `0`.
    func member(_ path: TemplateValue, of value: TemplateValue) throws(TransformerError) -> TemplateValue {
        if path.index != nil { return try item(path, of: value) }
        guard case .string(let text) = path else { throw error("\(path.kind) names no attribute") }
        var result = value
        for part in text.split(TemplateText("."), limit: .max) {
            let name = part.string
            result = try item(Int(name).map(TemplateValue.integer) ?? .string(part), of: result)
        }
        return result
    }

    func sequenceFilter(
        _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        func bound(_ names: String...) throws(TransformerError) -> [TemplateValue?] {
            try bind(arguments, names, of: "the filter \"\(name)\"")
        }
        switch name {
        case "items":
            _ = try bound()
            if case .undefined = value { return try generator([]) }
            guard case .dictionary(let dictionary) = value else { throw error("\(value.kind) has no items") }
            return try generator(pairs(dictionary.members))
        case "reverse":
            _ = try bound()
            if case .string(let text) = value { return try string(text.reversed) }
            return try generator(items(of: value).reversed())
        case "dictsort":
            let given = try bound("case_sensitive", "by", "reverse")
            guard case .dictionary(let dictionary) = value else { throw error("\(value.kind) is no mapping to sort") }
            let place = if case .string(let by)? = given[1] { by.string } else { "key" }
            guard place == "key" || place == "value" else { throw error("dictsort sorts by \"key\" or \"value\", not \"\(place)\"") }
            return try list(
                sorted(
                    pairs(dictionary.members), by: .integer(place == "key" ? 0 : 1), ignoresCase: !(given[0]?.isTrue ?? false),
                    isReversed: given[2]?.isTrue ?? false))
        case "sort":
            let given = try bound("reverse", "case_sensitive", "attribute")
            return try list(
                sorted(
                    items(of: value), by: given[2], ignoresCase: !(given[1]?.isTrue ?? false),
                    isReversed: given[0]?.isTrue ?? false))
        case "unique":
            let given = try bound("case_sensitive", "attribute")
            return try generator(unique(items(of: value), by: given[1], ignoresCase: !(given[0]?.isTrue ?? false)))
        case "sum":
            let given = try bound("attribute", "start")
            var total = given[1] ?? .integer(0)
            for item in try items(of: value) { total = try arithmetic("+", total, key(item, given[0], ignoresCase: false)) }
            return total
        default:
            let given = try bound("case_sensitive", "attribute")
            let ordered = try sorted(
                items(of: value), by: given[1], ignoresCase: !(given[0]?.isTrue ?? false), isReversed: name == "max")
            return ordered.first ?? .undefined("the \(name) of nothing")
        }
    }

    /// Key and value of each member, as tuples.
    func pairs(
        _ members: [(key: TemplateValue, value: TemplateValue)]
    ) throws(TransformerError) -> [TemplateValue] {
        var result: [TemplateValue] = []
        for member in members { result.append(.tuple(try sequence([member.key, member.value]))) }
        return result
    }

    private func key(
        _ item: TemplateValue, _ path: TemplateValue?, ignoresCase: Bool
    ) throws(TransformerError) -> TemplateValue {
        var key = item
        if let path { key = try member(path, of: item) }
        try charge(key.weight)
        if ignoresCase, case .string(let text) = key { return .string(text.lowercased) }
        return key
    }

    /// Sorts stably; a merge sort, because a comparison may fail.
    private func sorted(
        _ items: [TemplateValue], by path: TemplateValue?, ignoresCase: Bool, isReversed: Bool
    ) throws(TransformerError) -> [TemplateValue] {
        var keyed: [(key: TemplateValue, value: TemplateValue)] = []
        for item in items { keyed.append((try key(item, path, ignoresCase: ignoresCase), item)) }
        var width = 1
        while width < keyed.count {
            var merged: [(key: TemplateValue, value: TemplateValue)] = []
            for start in stride(from: 0, to: keyed.count, by: 2 * width) {
                let (middle, end) = (min(start + width, keyed.count), min(start + 2 * width, keyed.count))
                var (left, right) = (start, middle)
                while left < middle || right < end {
                    var takesRight = left == middle
                    if left < middle, right < end {
                        let (a, b) = (keyed[left].key, keyed[right].key)
                        try charge(min(a.weight, b.weight))
                        takesRight = try isReversed ? precedes(a, b) : precedes(b, a)
                    }
                    merged.append(takesRight ? keyed[right] : keyed[left])
                    if takesRight { right += 1 } else { left += 1 }
                }
            }
            keyed = merged
            width *= 2
        }
        return keyed.map(\.value)
    }

    private func unique(
        _ items: [TemplateValue], by path: TemplateValue?, ignoresCase: Bool
    ) throws(TransformerError) -> [TemplateValue] {
        var seen: Set<TemplateValue> = []
        var result: [TemplateValue] = []
        for item in items {
            let key = try key(item, path, ignoresCase: ignoresCase)
            guard key.isHashable else { throw error("\(key.kind) cannot be a key, so it has no double") }
            if seen.insert(key).inserted { result.append(item) }
        }
        return result
    }

    /// `map`, and the filters that keep what passes a test.
    func choosingFilter(
        _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TransformerError) -> TemplateValue {
        var rest = arguments
        let items = value.isTrue ? try items(of: value) : []
        var result: [TemplateValue] = []
        if name == "map" {
            if let position = rest.named.firstIndex(where: { $0.name == "attribute" }) {
                let path = rest.named.remove(at: position).value
                let preset = try bind(rest, ["default"], of: "the filter \"map\"")[0]
                for item in items {
                    let found = try member(path, of: item)
                    if case .undefined = found { result.append(preset ?? found) } else { result.append(found) }
                }
                return try generator(result)
            }
            let filterName = try takeName(&rest, of: name)
            for item in items { result.append(try filter(filterName, item, rest)) }
            return try generator(result)
        }
        let path = name.hasSuffix("attr") ? rest.positional.first : nil
        if name.hasSuffix("attr") {
            guard path != nil else { throw error("the filter \"\(name)\" needs an attribute's name") }
            rest.positional.removeFirst()
        }
        let testName = rest.positional.isEmpty ? nil : try takeName(&rest, of: name)
        for item in items {
            let examined = try path.map { (path) throws(TransformerError) in try member(path, of: item) } ?? item
            let passes = try testName.map { (test) throws(TransformerError) in try self.test(test, examined, rest) } ?? examined.isTrue
            if passes != name.hasPrefix("reject") { result.append(item) }
        }
        return try generator(result)
    }

    private func takeName(_ arguments: inout TemplateArguments, of name: String) throws(TransformerError) -> String {
        guard case .string(let text)? = arguments.positional.first else {
            throw error("the filter \"\(name)\" needs the name of a filter or a test")
        }
        arguments.positional.removeFirst()
        return text.string
    }

    /// `value is name(arguments)`
    func test(
        _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TransformerError) -> Bool {
        let comparisons = [
            "eq": "==", "equalto": "==", "==": "==", "ne": "!=", "!=": "!=", "lt": "<", "lessthan": "<", "<": "<", "le": "<=",
            "<=": "<=", "gt": ">", "greaterthan": ">", ">": ">", "ge": ">=", ">=": ">=", "in": "in",
        ]
        func operand() throws(TransformerError) -> TemplateValue {
            guard let value = try bind(arguments, ["other"], of: "the test \"\(name)\"")[0] else {
                throw error("the test \"\(name)\" needs something to compare with")
            }
            return value
        }
        if let symbol = comparisons[name] { return try compare(symbol, value, operand()) }
        switch name {
        case "divisibleby": return try !arithmetic("%", value, operand()).isTrue
        case "sameas": return try isSame(value, operand())
        default: _ = try bind(arguments, [], of: "the test \"\(name)\"")
        }
        switch (name, value) {
        case ("defined", .undefined), ("undefined", .undefined): return name == "undefined"
        case ("defined", _), ("undefined", _): return name == "defined"
        case ("none", .none), ("boolean", .bool), ("integer", .integer), ("float", .decimal), ("string", .string),
            ("mapping", .dictionary), ("callable", .function):
            return true
        case ("number", _): return value.number != nil
        case ("true", .bool(let flag)): return flag
        case ("false", .bool(let flag)): return !flag
        case ("iterable", .undefined), ("iterable", .string), ("iterable", .list), ("iterable", .tuple),
            ("iterable", .dictionary), ("iterable", .generator):
            return true
        case ("sequence", .undefined), ("sequence", .string), ("sequence", .list), ("sequence", .tuple), ("sequence", .dictionary):
            return true
        case ("odd", _): return try arithmetic("%", value, .integer(2)) == .integer(1)
        case ("even", _): return try arithmetic("%", value, .integer(2)) == .integer(0)
        case ("lower", _), ("upper", _):
            let text = try text(value)
            let isCased = text.units.contains { TemplateText.scalar($0).properties.isCased }
            return isCased && text == (name == "lower" ? text.lowercased : text.uppercased)
        case ("none", _), ("boolean", _), ("integer", _), ("float", _), ("string", _), ("mapping", _), ("callable", _),
            ("true", _), ("false", _), ("iterable", _), ("sequence", _):
            return false
        default: throw unsupported("the test \"\(name)\"")
        }
    }

    /// Identity, where a template can tell it from equality.
    private func isSame(_ left: TemplateValue, _ right: TemplateValue) throws(TransformerError) -> Bool {
        switch (left, right) {
        case (.none, .none): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.none, _), (_, .none), (.bool, _), (_, .bool): return false
        default: throw unsupported("the test \"sameas\" for anything but true, false and none")
        }
    }
}
