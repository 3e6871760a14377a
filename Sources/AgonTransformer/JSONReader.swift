/// Typed access to one JSON document, with messages that name the file and the key.
///
/// A reader stands at one place of the document; `path` says which.
struct JSONReader: Sendable {
    let value: JSONValue
    /// The name that messages give.
    let file: String
    private let parent: String
    /// The place in an array; −1 outside.
    private let index: Int

    /// Where in the document the reader stands, such as `model.merges[3]`; empty at the top.
    var path: String { index < 0 ? parent : "\(parent)[\(index)]" }

    /// - Parameters:
    ///   - path: where the value stands, or its array.
    ///   - index: its place in that array. It is spelled when a message needs it: long arrays have many places.
    init(_ value: JSONValue, file: String, path: String = "", index: Int = -1) {
        self.value = value
        self.file = file
        parent = path
        self.index = index
    }

    /// Parses a whole file's bytes.
    init(bytes: [UInt8], file: String) throws(TransformerError) {
        self.init(try JSONParser.parse(bytes, file: file), file: file)
    }

    func mismatch(_ expected: String, remedy: String = "correct the file") -> TransformerError {
        let place = path.isEmpty ? "the document" : "\"\(path)\""
        return TransformerError(
            .invalidFile, "\(file): \(place) must be \(expected) but is \(value.kind); \(remedy).")
    }

    func at(_ key: String, _ value: JSONValue) -> JSONReader {
        JSONReader(value, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// The member of an object; nil where it is absent or null.
    func optional(_ key: String) throws(TransformerError) -> JSONReader? {
        let wanted = ByteString(key)
        guard let member = try members().first(where: { $0.key == wanted }), member.value != .null else { return nil }
        return at(key, member.value)
    }

    /// Whether an object has the member, be it null.
    func has(_ key: String) throws(TransformerError) -> Bool {
        let wanted = ByteString(key)
        return try members().contains { $0.key == wanted }
    }

    /// The member of an object.
    func required(_ key: String) throws(TransformerError) -> JSONReader {
        if let reader = try optional(key) { return reader }
        let name = path.isEmpty ? key : "\(path).\(key)"
        throw TransformerError(
            .invalidFile, "\(file): the key \"\(name)\" is missing; add it or export the model again.")
    }

    func members() throws(TransformerError) -> [JSONMember] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members
    }

    func elements() throws(TransformerError) -> [JSONReader] {
        guard case .array(let values) = value else { throw mismatch("an array") }
        let path = path
        return values.enumerated().map { JSONReader($0.element, file: file, path: path, index: $0.offset) }
    }

    func string() throws(TransformerError) -> ByteString {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    func text() throws(TransformerError) -> String {
        try string().text
    }

    func bool() throws(TransformerError) -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("true or false") }
        return flag
    }

    func integer() throws(TransformerError) -> Int {
        guard case .integer(let number) = value else { throw mismatch("an integer") }
        return number
    }

    func decimal() throws(TransformerError) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .decimal(let number): return number
        default: throw mismatch("a number")
        }
    }
}
