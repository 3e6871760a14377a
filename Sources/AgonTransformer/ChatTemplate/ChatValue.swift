/// A value that a chat template reads: what JSON can say, with the members of objects in order.
public enum ChatValue: Sendable, Hashable {
    /// One `key: value` of an object.
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: ChatValue

        public init(_ key: String, _ value: ChatValue) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([ChatValue])
    case object([Member])

    /// Reads JSON, such as the schema of a tool.
    ///
    /// - Parameter name: what messages call the text.
    /// - Throws: `invalidFile`, naming the line.
    public init(json text: String, name: String = "The JSON text") throws(TransformerError) {
        self.init(try JSONParser.parse(Array(text.utf8), file: name))
    }

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .integer(number)
        case .decimal(let number): self = .number(number)
        case .string(let text): self = .string(text.text)
        case .array(let values): self = .array(values.map(ChatValue.init))
        case .object(let members): self = .object(members.map { Member($0.key.text, ChatValue($0.value)) })
        }
    }
}

extension ChatValue {
    /// The value as JSON on one line, members in their order. Numbers that JSON cannot say are null.
    package var json: String { String(decoding: JSONWriter.compact(jsonValue), as: UTF8.self) }

    private var jsonValue: JSONValue {
        switch self {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .number(let number): number.isFinite ? .decimal(number) : .null
        case .string(let text): .string(ByteString(text))
        case .array(let values): .array(values.map(\.jsonValue))
        case .object(let members): .object(members.map { JSONMember($0.key, $0.value.jsonValue) })
        }
    }

    /// A member of an object; nil where there is none or it is null.
    package subscript(key: String) -> ChatValue? {
        guard case .object(let members) = self, let value = members.first(where: { $0.key == key })?.value, value != .null
        else { return nil }
        return value
    }
}

extension ChatValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(arrayLiteral elements: ChatValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, ChatValue)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
}

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// `role`, `content` and whatever else the template reads, such as `tool_calls`.
    public var fields: [ChatValue.Member]

    /// - Parameters:
    ///   - role: such as `system`, `user` or `assistant`.
    ///   - content: what was said. The spelling of a special token in it stays text.
    public init(role: String, content: String) {
        fields = [ChatValue.Member("role", .string(role)), ChatValue.Member("content", .string(content))]
    }

    public init(fields: [ChatValue.Member]) { self.fields = fields }
}

/// The time that a template's `strftime_now` tells.
public struct ChatDate: Sendable, Hashable {
    public var year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int

    /// A date of the Gregorian calendar; fields out of range are brought into it.
    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = min(max(year, 1), 9999)
        self.month = min(max(month, 1), 12)
        self.day = min(max(day, 1), 31)
        self.hour = min(max(hour, 0), 23)
        self.minute = min(max(minute, 0), 59)
        self.second = min(max(second, 0), 59)
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Days since 1 March of year 0, counted so that a leap day ends a year.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (y, m) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1
    }

    /// The text of one directive of C's `strftime` in the C locale; nil for one that is not supported.
    func text(_ directive: Character) -> String? {
        func digits(_ value: Int, _ count: Int = 2, pad: String = "0") -> String {
            let text = String(value)
            return String(repeating: pad, count: max(0, count - text.count)) + text
        }
        let number = Self.dayNumber(year, month, day)
        let weekday = (number + 3) % 7
        switch directive {
        case "Y": return String(year)
        case "y": return digits(year % 100)
        case "m": return digits(month)
        case "d": return digits(day)
        case "e": return digits(day, pad: " ")
        case "B": return Self.months[month - 1]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "A": return Self.days[weekday]
        case "a": return String(Self.days[weekday].prefix(3))
        case "w": return String(weekday)
        case "u": return String((weekday + 6) % 7 + 1)
        case "j": return digits(number - Self.dayNumber(year, 1, 1) + 1, 3)
        case "H": return digits(hour)
        case "I": return digits((hour + 11) % 12 + 1)
        case "M": return digits(minute)
        case "S": return digits(second)
        case "p": return hour < 12 ? "AM" : "PM"
        case "F": return "\(year)-\(digits(month))-\(digits(day))"
        case "T": return "\(digits(hour)):\(digits(minute)):\(digits(second))"
        case "D": return "\(digits(month))/\(digits(day))/\(digits(year % 100))"
        case "%": return "%"
        default: return nil
        }
    }
}
