/// Arguments of a call once they have values.
struct TemplateArguments {
    var positional: [TemplateValue] = []
    var named: [(name: String, value: TemplateValue)] = []
}

extension TemplateInterpreter {
    func evaluate(_ expression: TemplateExpression, _ scope: TemplateScope) throws(TransformerError) -> TemplateValue {
        try charge(1)
        switch expression {
        case .none: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let value): return .integer(value)
        case .decimal(let value): return .decimal(value)
        case .text(let text): return .string(text)
        case .name(let name, let line):
            self.line = line
            return scope.find(name) ?? global(name)
        case .list(let parts): return try list(evaluate(parts, scope))
        case .tuple(let parts): return .tuple(try sequence(evaluate(parts, scope)))
        case .dictionary(let members):
            var values: [(key: TemplateValue, value: TemplateValue)] = []
            for member in members { values.append((try evaluate(member.key, scope), try evaluate(member.value, scope))) }
            return try dictionary(values)
        case .postfix(let base, let parts): return try apply(parts, to: evaluate(base, scope), scope)
        case .negative(let operand): return try arithmetic("-", .integer(0), evaluate(operand, scope), isSign: true)
        case .positive(let operand): return try arithmetic("+", .integer(0), evaluate(operand, scope), isSign: true)
        case .not(let operand): return .bool(!(try evaluate(operand, scope).isTrue))
        default: return try evaluateChain(expression, scope)
        }
    }

    private func evaluate(
        _ parts: [TemplateExpression], _ scope: TemplateScope
    ) throws(TransformerError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        for part in parts { values.append(try evaluate(part, scope)) }
        return values
    }

    private func evaluateChain(
        _ expression: TemplateExpression, _ scope: TemplateScope
    ) throws(TransformerError) -> TemplateValue {
        switch expression {
        case .arithmetic(let first, let parts):
            var value = try evaluate(first, scope)
            for part in parts { value = try arithmetic(part.symbol, value, evaluate(part.right, scope)) }
            return value
        case .concatenation(let parts):
            var joined = TemplateText()
            for part in parts {
                joined.append(try text(evaluate(part, scope)))
            }
            return try string(joined)
        case .comparison(let first, let parts):
            var left = try evaluate(first, scope)
            for part in parts {
                let right = try evaluate(part.right, scope)
                guard try compare(part.symbol, left, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .and(let parts), .or(let parts):
            let stopsAt = if case .or = expression { true } else { false }
            var value = TemplateValue.none
            for part in parts {
                value = try evaluate(part, scope)
                if value.isTrue == stopsAt { return value }
            }
            return value
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
            return try otherwise.map { (otherwise) throws(TransformerError) in try evaluate(otherwise, scope) }
                ?? .undefined("a condition without else")
        default: preconditionFailure("evaluate handles every other expression")
        }
    }

    func apply(
        _ parts: [TemplatePostfix], to base: TemplateValue, _ scope: TemplateScope
    ) throws(TransformerError) -> TemplateValue {
        var value = base
        for part in parts {
            line = part.line
            try charge(1)
            switch part.kind {
            case .attribute(let name): value = try attribute(name, of: value)
            case .item(let key): value = try item(evaluate(key, scope), of: value)
            case .slice(let start, let end, let step):
                var bounds: [Int?] = []
                for bound in [start, end, step] {
                    bounds.append(
                        try bound.map { (bound) throws(TransformerError) in try evaluate(bound, scope) }.flatMap {
                            (bound) throws(TransformerError) in try sliceBound(bound)
                        })
                }
                value = try slice(value, bounds)
            case .call(let arguments): value = try call(value, evaluate(arguments, scope))
            case .filter(let name, let arguments): value = try filter(name, value, evaluate(arguments, scope))
            case .test(let name, let arguments, let isNegated):
                value = .bool(try test(name, value, evaluate(arguments, scope)) != isNegated)
            }
        }
        return value
    }

    private func sliceBound(_ value: TemplateValue) throws(TransformerError) -> Int? {
        if case .none = value { return nil }
        guard let index = value.index else { throw error("\(value.kind) cannot bound a slice") }
        return index
    }

    private func evaluate(
        _ arguments: [TemplateArgument], _ scope: TemplateScope
    ) throws(TransformerError) -> TemplateArguments {
        var result = TemplateArguments()
        for argument in arguments {
            let value = try evaluate(argument.value, scope)
            if let name = argument.name { result.named.append((name, value)) } else { result.positional.append(value) }
        }
        return result
    }

    /// The arguments in the order of a function's parameters; nil where one is not given.
    func bind(
        _ arguments: TemplateArguments, _ names: [String], of what: String
    ) throws(TransformerError) -> [TemplateValue?] {
        guard arguments.positional.count <= names.count else {
            throw error("\(what) takes at most \(names.count) arguments but is given \(arguments.positional.count)")
        }
        var result = arguments.positional.map(Optional.some)
        result += Array(repeating: nil, count: names.count - result.count)
        for (name, value) in arguments.named {
            guard let position = names.firstIndex(of: name), result[position] == nil else {
                throw error("\(what) does not take the argument \"\(name)\" here")
            }
            result[position] = value
        }
        return result
    }

    func attribute(_ name: String, of value: TemplateValue) throws(TransformerError) -> TemplateValue {
        switch value {
        case .undefined(let what): throw error("\(what) is undefined, so it has no attribute \"\(name)\"")
        case .dictionary(let dictionary):
            if Self.dictionaryMethods.contains(name) { break }
            return dictionary[.text(name)] ?? .undefined("\"\(name)\"")
        case .namespace(let namespace): return namespace.values[name] ?? .undefined("\"\(name)\"")
        case .loop(let loop): return loop.attribute(name) ?? .undefined("\"loop.\(name)\"")
        case .string where Self.stringMethods.contains(name): break
        case .list where Self.listMethods.contains(name), .tuple where Self.listMethods.contains(name): break
        default: return .undefined("\"\(name)\"")
        }
        try checkUnsafe(value, "a method")
        let method = TemplateValue.function(.method(TemplateFunction.Bound(receiver: value, name: name)))
        try check(method)
        return method
    }

    func item(_ key: TemplateValue, of value: TemplateValue) throws(TransformerError) -> TemplateValue {
        func place(_ count: Int) -> Int? {
            key.index.map { $0 < 0 ? $0 + count : $0 }.flatMap { (0..<count).contains($0) ? $0 : nil }
        }
        try charge(key.weight)
        switch value {
        case .undefined(let what): throw error("\(what) is undefined, so it has no items")
        case .dictionary(let dictionary):
            if let found = dictionary[key] { return found }
        case .list(let items), .tuple(let items):
            if let place = place(items.items.count) { return items.items[place] }
        case .string(let text):
            if let place = place(text.count) { return .string(text[place..<place + 1]) }
        default: break
        }
        if case .string(let name) = key { return try attribute(name.string, of: value) }
        return .undefined("an item")
    }

    /// Python's slicing.
    private func slice(_ value: TemplateValue, _ bounds: [Int?]) throws(TransformerError) -> TemplateValue {
        func indices(_ count: Int) throws(TransformerError) -> [Int] {
            let step = min(max(bounds[2] ?? 1, -count - 1), count + 1)
            guard step != 0 else { throw error("a slice cannot have the step 0") }
            func clamped(_ bound: Int?, _ preset: Int) -> Int {
                guard let bound else { return preset }
                let lowest = step > 0 ? 0 : -1
                return min(max(bound < 0 ? bound.addingReportingOverflow(count).partialValue : bound, lowest), count + lowest)
            }
            let start = clamped(bounds[0], step > 0 ? 0 : count - 1)
            return Array(stride(from: start, to: clamped(bounds[1], step > 0 ? count : -1), by: step))
        }
        switch value {
        case .string(let text): return try string(TemplateText(units: indices(text.count).map { text.units[$0] }))
        case .list(let items): return try list(indices(items.items.count).map { items.items[$0] })
        case .tuple(let items): return .tuple(try sequence(indices(items.items.count).map { items.items[$0] }))
        case .undefined(let what): throw error("\(what) is undefined, so it cannot be sliced")
        default: throw error("\(value.kind) cannot be sliced")
        }
    }
}
