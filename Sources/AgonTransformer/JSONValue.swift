/// A JSON document as it was written: members in order, keys as bytes, integers apart from decimals.
///
/// Foundation's reader merges keys that are canonically equivalent and keeps the last of two equal ones. Here
/// equal keys are an error, because a tensor or token that is defined twice has no right reading.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number with a fraction or exponent, or one too large for `Int`.
    case decimal(Double)
    case string(ByteString)
    case array([JSONValue])
    case object([JSONMember])

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .decimal: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// One `"key": value` of an object.
struct JSONMember: Sendable, Equatable {
    let key: ByteString
    let value: JSONValue

    init(_ key: String, _ value: JSONValue) {
        self.init(key: ByteString(key), value: value)
    }

    init(key: ByteString, value: JSONValue) {
        self.key = key
        self.value = value
    }
}
