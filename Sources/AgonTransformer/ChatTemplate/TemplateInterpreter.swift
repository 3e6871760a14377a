/// Renders a template's statements.
///
/// The template is untrusted: the work, the depth of values and of calls, and every text have limits, and no text of a
/// template reaches anything but the values that were given to it.
final class TemplateInterpreter {
    /// Statements, expressions and characters that one rendering may work through.
    static let workLimit = 1 << 24
    /// What an item of a new list costs beside a character, by the memory that it takes.
    static let itemCost = 16
    /// Macros that call one another.
    static let callLimit = 16
    /// Values within one another.
    static let valueDepthLimit = 64
    /// As in Jinja's sandbox.
    static let rangeLimit = 100_000

    /// What the loop that holds a statement does next.
    enum Flow {
        case normal, breakLoop, continueLoop
    }

    let name: String
    let date: ChatDate?
    var line = 1
    private let workLimit: Int
    private var work = 0
    private var callDepth = 0
    /// The text so far: the whole rendering, and above it what macros and captures are making.
    private var outputs = [TemplateText()]
    /// Where the parts that `{% generation %}` marks begin and end, in code points.
    private(set) var generated: [Range<Int>] = []
    /// What may refer to itself, taken apart at the end.
    private var namespaces: [TemplateNamespace] = []
    private var macroScopes: [TemplateScope] = []

    /// - Parameters:
    ///   - name: what messages call the template.
    ///   - date: what `strftime_now` tells; nil leaves it undefined.
    init(name: String, date: ChatDate?, workLimit: Int = TemplateInterpreter.workLimit) {
        self.name = name
        self.workLimit = workLimit
        self.date = date
    }

    deinit {
        for namespace in namespaces { namespace.values = [:] }
        for scope in macroScopes { scope.values = [:] }
    }

    func render(
        _ statements: [TemplateStatement.Line], variables: [String: TemplateValue]
    ) throws(TransformerError) -> TemplateText {
        let scope = TemplateScope(parent: nil)
        scope.values = variables
        _ = try run(statements, scope)
        return outputs[0]
    }

    func error(_ reason: String) -> TransformerError { TransformerError.template(name, line, reason) }

    func unsupported(_ what: String) -> TransformerError {
        TransformerError.template(name, line, "\(what) is not supported", code: .unsupported)
    }

    /// Counts work; what is made of n characters or items costs n.
    func charge(_ units: Int) throws(TransformerError) {
        guard units <= workLimit - work else { throw error("it takes more than \(workLimit) steps") }
        work += max(units, 1)
    }

    private func write(_ text: TemplateText) throws(TransformerError) {
        try charge(text.count)
        outputs[outputs.count - 1].append(text)
    }

    func run(_ statements: [TemplateStatement.Line], _ scope: TemplateScope) throws(TransformerError) -> Flow {
        for statement in statements {
            line = statement.line
            try charge(1)
            let flow = try run(statement.statement, scope)
            guard case .normal = flow else { return flow }
        }
        return .normal
    }

    private func run(_ statement: TemplateStatement, _ scope: TemplateScope) throws(TransformerError) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try write(text(evaluate(expression, scope)))
        case .conditional(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test, scope).isTrue { return try run(branch.body, scope) }
            return try run(otherwise, scope)
        case .loop(let loop): return try run(loop, scope)
        case .set(let target, let expression): try assign(evaluate(expression, scope), to: target, scope)
        case .capture(let target, let filters, let body):
            let text = try captured { () throws(TransformerError) in
                _ = try run(body, TemplateScope(parent: scope))
            }
            try assign(apply(filters, to: .string(text), scope), to: target, scope)
        case .macro(let syntax):
            macroScopes.append(scope)
            scope.values[syntax.name] = .function(.macro(TemplateMacro(syntax, scope: scope)))
        case .generation(let body):
            let start = outputs[0].count
            _ = try run(body, TemplateScope(parent: scope))
            if outputs.count == 1 { generated.append(start..<outputs[0].count) }
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private func captured(_ body: () throws(TransformerError) -> Void) throws(TransformerError) -> TemplateText {
        outputs.append(TemplateText())
        do {
            try body()
        } catch {
            outputs.removeLast()
            throw error
        }
        return outputs.removeLast()
    }

    private func run(_ loop: TemplateLoopSyntax, _ scope: TemplateScope) throws(TransformerError) -> Flow {
        var items = try items(of: evaluate(loop.sequence, scope))
        if let filter = loop.filter {
            var kept: [TemplateValue] = []
            for item in items {
                let turn = TemplateScope(parent: scope)
                try assign(item, to: loop.target, turn)
                if try evaluate(filter, turn).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty { return try run(loop.otherwise, scope) }
        for (index, item) in items.enumerated() {
            let turn = TemplateScope(parent: scope)
            try assign(item, to: loop.target, turn)
            turn.values["loop"] = .loop(TemplateLoop(index: index, items: items))
            if case .breakLoop = try run(loop.body, turn) { break }
        }
        return .normal
    }

    private func assign(
        _ value: TemplateValue, to target: TemplateTarget, _ scope: TemplateScope
    ) throws(TransformerError) {
        switch target {
        case .name(let name): scope.values[name] = value
        case .attribute(let owner, let name):
            guard case .namespace(let namespace)? = scope.find(owner) else {
                throw error("\"\(owner).\(name)\" cannot be set: \(owner) is no namespace")
            }
            namespace.values[name] = value
        case .names(let names):
            let parts = try items(of: value)
            guard parts.count == names.count else {
                throw error("\(parts.count) values cannot be taken apart into \(names.count) names")
            }
            for (name, part) in zip(names, parts) { scope.values[name] = part }
        }
    }
}

extension TemplateInterpreter {
    /// What a loop over a value would give.
    func items(of value: TemplateValue) throws(TransformerError) -> [TemplateValue] {
        let result: [TemplateValue]
        switch value {
        case .undefined: result = []
        case .list(let items), .tuple(let items): result = items.items
        case .dictionary(let dictionary): result = dictionary.members.map(\.key)
        case .string(let text):
            try charge(text.count * Self.itemCost)
            result = text.characters.map(TemplateValue.string)
        case .generator(let generator): result = generator.takeAll()
        default: throw error("\(value.kind) cannot be looped over")
        }
        try charge(result.count)
        return result
    }

    /// The value as `{{ }}` writes it.
    func text(_ value: TemplateValue) throws(TransformerError) -> TemplateText {
        if case .string(let text) = value { return text }
        try charge(value.weight)
        guard let text = TemplateFormat.text(value) else { throw error("\(value.kind) cannot be written as text") }
        try charge(text.count)
        return text
    }

    func list(_ items: [TemplateValue]) throws(TransformerError) -> TemplateValue { .list(try sequence(items)) }

    func sequence(_ items: [TemplateValue]) throws(TransformerError) -> TemplateSequence {
        try charge(items.count * Self.itemCost)
        let sequence = TemplateSequence(items)
        try check(.list(sequence))
        return sequence
    }

    func generator(_ items: [TemplateValue]) throws(TransformerError) -> TemplateValue {
        try charge(items.count * Self.itemCost)
        let generator = TemplateGenerator(items)
        try check(.generator(generator))
        return .generator(generator)
    }

    func dictionary(
        _ members: [(key: TemplateValue, value: TemplateValue)]
    ) throws(TransformerError) -> TemplateValue {
        try charge(members.count * 2 * Self.itemCost)
        for member in members where !member.key.isHashable { throw error("\(member.key.kind) cannot be a key") }
        let dictionary = TemplateDictionary(members)
        try check(.dictionary(dictionary))
        return .dictionary(dictionary)
    }

    func string(_ text: TemplateText) throws(TransformerError) -> TemplateValue {
        try charge(text.count)
        return .string(text)
    }

    /// Keeps a value that holds another again and again from growing beyond what can be read.
    func check(_ value: TemplateValue) throws(TransformerError) {
        guard value.depth <= Self.valueDepthLimit, value.weight <= workLimit else {
            throw error("values lie deeper than \(Self.valueDepthLimit) within one another, or too many times")
        }
    }

    func namespace(_ values: [String: TemplateValue]) -> TemplateValue {
        let namespace = TemplateNamespace()
        namespace.values = values
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    /// Runs a macro; arguments beyond its parameters are an error, missing ones are undefined.
    func call(_ macro: TemplateMacro, _ arguments: TemplateArguments) throws(TransformerError) -> TemplateValue {
        callDepth += 1
        defer { callDepth -= 1 }
        guard callDepth <= Self.callLimit else { throw error("macros call one another more than \(Self.callLimit) deep") }
        let calledFrom = line
        let scope = TemplateScope(parent: macro.scope)
        let names = macro.syntax.parameters.map(\.name)
        let given = try bind(arguments, names, of: "the macro \"\(macro.syntax.name)\"")
        for (parameter, value) in zip(macro.syntax.parameters, given) {
            if let value {
                scope.values[parameter.name] = value
            } else if let preset = parameter.preset {
                scope.values[parameter.name] = try evaluate(preset, scope)
            } else {
                scope.values[parameter.name] = .undefined(parameter.name)
            }
        }
        let text = try captured { () throws(TransformerError) in _ = try run(macro.syntax.body, scope) }
        line = calledFrom
        return .string(text)
    }
}
