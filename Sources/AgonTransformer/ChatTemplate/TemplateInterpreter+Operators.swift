import Foundation

extension TemplateInterpreter {
    /// Text that `safe` has marked makes Jinja escape the other side as HTML: nothing a chat template can mean.
    func checkUnsafe(_ value: TemplateValue, _ operation: String) throws(TransformerError) {
        if case .string(let text) = value, text.isSafe { throw unsupported("\(operation) with text that is marked safe") }
    }

    /// - Parameter isSign: whether the operator is a sign before the right side; strings and lists have none.
    func arithmetic(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue, isSign: Bool = false
    ) throws(TransformerError) -> TemplateValue {
        for side in [left, right] {
            if case .undefined(let what) = side { throw error("\(what) is undefined, so \"\(symbol)\" cannot use it") }
        }
        if let a = left.index, let b = right.index { return try integers(symbol, a, b) }
        if let a = left.number, let b = right.number { return try decimals(symbol, a, b, isSign: isSign) }
        switch (symbol, left, right) {
        case ("+", .string(let a), .string(let b)):
            try checkUnsafe(left, "+")
            try checkUnsafe(right, "+")
            return try string(a + b)
        case ("+", .list(let a), .list(let b)): return try list(a.items + b.items)
        case ("+", .tuple(let a), .tuple(let b)): return .tuple(try sequence(a.items + b.items))
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = right.index ?? left.index else { break }
            let times = max(count, 0)
            try charge(text.count.multipliedReportingOverflow(by: times).overflow ? .max / 2 : text.count * times)
            return .string(TemplateText(joining: Array(repeating: text, count: text.isEmpty ? 0 : times)))
        case ("*", .list(let items), _), ("*", _, .list(let items)):
            guard let count = right.index ?? left.index else { break }
            let times = max(count, 0)
            let length = items.items.count.multipliedReportingOverflow(by: times)
            guard !length.overflow, length.partialValue <= Self.workLimit / Self.itemCost else {
                throw error("a list of too many items takes more steps than there are")
            }
            return try list(Array(repeatElement(items.items, count: items.items.isEmpty ? 0 : times).joined()))
        case ("%", .string, _): throw unsupported("formatting by \"%\"")
        default: break
        }
        throw error("\"\(symbol)\" cannot join \(left.kind) and \(right.kind)")
    }

    private func integers(_ symbol: String, _ a: Int, _ b: Int) throws(TransformerError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        case "//", "%":
            guard b != 0 else { throw error("a division by zero") }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else { throw error("a whole number beyond 2⁶³") }
            let rest = a - quotient &* b
            let isBelow = rest != 0 && (rest < 0) != (b < 0)
            return .integer(symbol == "%" ? rest + (isBelow ? b : 0) : quotient - (isBelow ? 1 : 0))
        case "**" where b >= 0:
            var (power, overflow) = (1, false)
            for _ in 0..<min(b, 64) where !overflow { (power, overflow) = power.multipliedReportingOverflow(by: a) }
            // ±1 and 0 stay what they are, however great the exponent.
            if b > 64, a.magnitude <= 1 { return .integer(a == -1 && b % 2 == 0 ? 1 : a) }
            result = (power, overflow || b > 64)
        default: return try decimals(symbol, Double(a), Double(b), isSign: false)
        }
        guard !result.overflow else { throw error("a whole number beyond 2⁶³") }
        return .integer(result.partialValue)
    }

    private func decimals(
        _ symbol: String, _ a: Double, _ b: Double, isSign: Bool
    ) throws(TransformerError) -> TemplateValue {
        if b == 0, ["/", "//", "%"].contains(symbol) { throw error("a division by zero") }
        switch symbol {
        case "+": return .decimal(isSign ? b : a + b)
        case "-": return .decimal(isSign ? -b : a - b)
        case "*": return .decimal(a * b)
        case "/": return .decimal(a / b)
        case "//": return .decimal((a / b).rounded(.down))
        case "%":
            let rest = a.truncatingRemainder(dividingBy: b)
            return .decimal(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
        default:
            let power = pow(a, b)
            guard !power.isNaN else { throw error("a power that is no real number") }
            return .decimal(power)
        }
    }

    func compare(_ symbol: String, _ left: TemplateValue, _ right: TemplateValue) throws(TransformerError) -> Bool {
        try charge(min(left.weight, right.weight))
        switch symbol {
        case "==": return left == right
        case "!=": return left != right
        case "in": return try contains(left, in: right)
        case "not in": return !(try contains(left, in: right))
        case "<": return try precedes(left, right)
        case ">": return try precedes(right, left)
        case "<=": return left == right ? true : try precedes(left, right)
        default: return left == right ? true : try precedes(right, left)
        }
    }

    func precedes(_ left: TemplateValue, _ right: TemplateValue) throws(TransformerError) -> Bool {
        if let a = left.index, let b = right.index { return a < b }
        if let a = left.number, let b = right.number { return a < b }
        switch (left, right) {
        case (.string(let a), .string(let b)): return a.precedes(b)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.items, b.items) where x != y { return try precedes(x, y) }
            return a.items.count < b.items.count
        default: throw error("\(left.kind) and \(right.kind) have no order")
        }
    }

    private func contains(_ needle: TemplateValue, in value: TemplateValue) throws(TransformerError) -> Bool {
        switch value {
        case .undefined: return false
        case .string(let text):
            guard case .string(let part) = needle else { throw error("\(needle.kind) cannot be looked for in a string") }
            try charge(text.count + part.count)
            return text.firstIndex(of: part) != nil
        case .dictionary(let dictionary):
            guard needle.isHashable else { throw error("\(needle.kind) cannot be a key") }
            return dictionary[needle] != nil
        case .list, .tuple, .generator:
            try charge(value.weight)
            return try items(of: value).contains(needle)
        default: throw error("nothing can be looked for in \(value.kind)")
        }
    }
}
