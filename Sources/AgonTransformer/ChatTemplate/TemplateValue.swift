/// A value while a template is rendered, with the meaning that Python and Jinja give it.
enum TemplateValue {
    /// A variable, attribute or item that does not exist, by its name.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case decimal(Double)
    case string(TemplateText)
    case list(TemplateSequence)
    case tuple(TemplateSequence)
    case dictionary(TemplateDictionary)
    /// What filters such as `map` give: true whatever it holds, and gone once read.
    case generator(TemplateGenerator)
    case namespace(TemplateNamespace)
    case loop(TemplateLoop)
    case function(TemplateFunction)

    static func text(_ text: some StringProtocol) -> TemplateValue { .string(TemplateText(text)) }

    /// How many values lie within one another; limited, because values are taken apart by recursion.
    var depth: Int {
        switch self {
        case .list(let items), .tuple(let items): items.depth
        case .dictionary(let dictionary): dictionary.depth
        case .generator(let generator): generator.depth
        case .function(.method(let bound)): bound.receiver.depth + 1
        default: 0
        }
    }

    /// How much reading the whole value takes: its characters and items, each as often as it can be reached.
    var weight: Int {
        switch self {
        case .string(let text): text.count + 1
        case .list(let items), .tuple(let items): items.weight
        case .dictionary(let dictionary): dictionary.weight
        case .generator(let generator): generator.weight
        case .function(.method(let bound)): bound.receiver.weight
        default: 1
        }
    }

    /// What messages call it.
    var kind: String {
        switch self {
        case .undefined(let name): "undefined (\(name))"
        case .none: "none"
        case .bool: "a boolean"
        case .integer, .decimal: "a number"
        case .string: "a string"
        case .list, .tuple: "a list"
        case .dictionary: "a mapping"
        case .generator: "a generator"
        case .namespace: "a namespace"
        case .loop: "the loop"
        case .function: "a function"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let flag): flag
        case .integer(let value): value != 0
        case .decimal(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.items.isEmpty
        case .dictionary(let dictionary): !dictionary.members.isEmpty
        default: true
        }
    }

    /// Whether Python would take the value as a key: lists and mappings may change, so it does not.
    var isHashable: Bool {
        switch self {
        case .list, .dictionary: false
        case .tuple(let items): items.items.allSatisfy(\.isHashable)
        default: true
        }
    }

    /// The value as a number, where Python would count with it.
    var number: Double? {
        switch self {
        case .bool(let flag): flag ? 1 : 0
        case .integer(let value): Double(value)
        case .decimal(let value): value
        default: nil
        }
    }

    /// The value as an index, where Python would take it for one.
    var index: Int? {
        switch self {
        case .bool(let flag): flag ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }
}

extension TemplateValue: Hashable {
    static func == (left: TemplateValue, right: TemplateValue) -> Bool {
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let a), .string(let b)): a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a.items == b.items
        case (.dictionary(let a), .dictionary(let b)): a.isEqual(to: b)
        case (.namespace(let a), .namespace(let b)): a === b
        case (.integer(let a), .integer(let b)): a == b
        default: left.number.flatMap { a in right.number.map { a == $0 } } ?? false
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .string(let text): hasher.combine(text)
        case .tuple(let items): hasher.combine(items.items)
        default: hasher.combine(number)
        }
    }
}

/// The items of a list or tuple.
struct TemplateSequence {
    let items: [TemplateValue]
    /// One more than the deepest item's.
    let depth: Int
    let weight: Int

    init(_ items: [TemplateValue] = []) {
        self.items = items
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
        weight = items.reduce(1) { $0 + $1.weight }
    }
}

/// A mapping in the order in which its keys were first given.
struct TemplateDictionary {
    private(set) var members: [(key: TemplateValue, value: TemplateValue)] = []
    private var positions: [TemplateValue: Int] = [:]
    private(set) var depth = 1
    private(set) var weight = 1

    init(_ members: [(key: TemplateValue, value: TemplateValue)] = []) {
        for (key, value) in members { self[key] = value }
    }

    subscript(key: TemplateValue) -> TemplateValue? {
        get { positions[key].map { members[$0].value } }
        set {
            guard let newValue else { return }
            depth = max(depth, newValue.depth + 1, key.depth + 1)
            weight += key.weight + newValue.weight
            if let position = positions[key] {
                members[position].value = newValue
            } else {
                positions[key] = members.count
                members.append((key, newValue))
            }
        }
    }

    func isEqual(to other: TemplateDictionary) -> Bool {
        members.count == other.members.count && members.allSatisfy { other[$0.key] == $0.value }
    }
}

/// Values that can be read once.
final class TemplateGenerator {
    private var items: [TemplateValue]
    private var index = 0
    let depth: Int
    let weight: Int

    init(_ items: [TemplateValue]) {
        self.items = items
        let sequence = TemplateSequence(items)
        (depth, weight) = (sequence.depth, sequence.weight)
    }

    func takeAll() -> [TemplateValue] {
        defer { (items, index) = ([], 0) }
        return Array(items[index...])
    }

    func takeFirst() -> TemplateValue? {
        guard index < items.count else { return nil }
        defer { index += 1 }
        return items[index]
    }
}

/// What `namespace()` makes: attributes that loops may assign.
final class TemplateNamespace {
    var values: [String: TemplateValue] = [:]
}

/// The variable `loop`.
struct TemplateLoop {
    let index: Int
    let items: [TemplateValue]

    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .integer(items.count)
        // Only a recursive loop lies deeper, and those are not supported.
        case "depth": .integer(1)
        case "depth0": .integer(0)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        case "cycle": .function(.cycle(index))
        default: nil
        }
    }
}

/// What can be called.
enum TemplateFunction {
    /// A method of a value.
    struct Bound {
        let receiver: TemplateValue
        let name: String
    }

    case global(String)
    indirect case method(Bound)
    case macro(TemplateMacro)
    /// `loop.cycle` at an index.
    case cycle(Int)
}

/// A macro with the scope that it was defined in.
final class TemplateMacro {
    let syntax: TemplateMacroSyntax
    let scope: TemplateScope

    init(_ syntax: TemplateMacroSyntax, scope: TemplateScope) {
        self.syntax = syntax
        self.scope = scope
    }
}

/// The variables of a loop's turn, of a macro or of the template.
final class TemplateScope {
    var values: [String: TemplateValue] = [:]
    let parent: TemplateScope?

    init(parent: TemplateScope?) { self.parent = parent }

    func find(_ name: String) -> TemplateValue? {
        var scope: TemplateScope? = self
        while let current = scope {
            if let value = current.values[name] { return value }
            scope = current.parent
        }
        return nil
    }
}
