/// One key of a configuration file: what the reader accepts and what the documentation says, in one place.
public struct Key: Sendable {
    /// What a value may be, with its default; a key without default must be given.
    public enum Kind: Sendable {
        case integer(ClosedRange<Int>, default: Int?)
        case number(ClosedRange<Double>, default: Double?)
        case boolean(default: Bool)
        case text(default: String?)
        case choice([String], default: String?)
        case list(default: [String]?)
        case numbers(default: [Double]?)
        /// A section with keys of its own.
        case section(Section)
    }

    public var name: String
    public var kind: Kind
    /// The value's unit, empty for plain names and counts.
    public var unit: String
    /// What holds where the key is left out although it has no default, such as "none"; nil where it must be given.
    public var absent: String?
    /// What it does, a sentence or two.
    public var meaning: String

    public init(_ name: String, _ kind: Kind, unit: String = "", absent: String? = nil, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.absent = absent
        self.meaning = meaning
    }

    /// The accepted values, as the documentation prints them.
    public var range: String {
        switch kind {
        case .integer(let range, _): Key.bounds("\(range.lowerBound)", "\(range.upperBound)", range.upperBound == .max)
        case .number(let range, _):
            Key.bounds(
                Key.print(range.lowerBound), Key.print(range.upperBound),
                range.upperBound == .infinity || range.upperBound == .greatestFiniteMagnitude)
        case .boolean: "true or false"
        case .text: "text"
        case .choice(let values, _): values.filter { !$0.isEmpty }.joined(separator: ", ")
        case .list: "list of text"
        case .numbers: "list of numbers"
        case .section: "section"
        }
    }

    /// The default, as the documentation prints it; "required" where the key must be given.
    public var defaultText: String {
        if let absent { return absent }
        return switch kind {
        case .integer(_, let value): value.map(String.init) ?? "required"
        case .number(_, let value): value.map(Key.print) ?? "required"
        case .boolean(let value): "\(value)"
        case .text(let value), .choice(_, let value): value.map { $0.isEmpty ? "none" : $0 } ?? "required"
        case .list(let value): value.map { $0.isEmpty ? "none" : "[\($0.joined(separator: ", "))]" } ?? "required"
        case .numbers(let value): value.map { "[\($0.map(Key.print).joined(separator: ", "))]" } ?? "none"
        case .section: ""
        }
    }

    private static func bounds(_ low: String, _ high: String, _ open: Bool) -> String {
        open ? "\(low) or more" : "\(low) to \(high)"
    }

    private static func print(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
    }
}

/// The keys that may stand together in one place of a file.
public struct Section: Sendable {
    /// The section's path in the file, such as `training`; empty at the top.
    public var name: String
    public var keys: [Key]

    public init(_ name: String, _ keys: [Key]) {
        self.name = name
        self.keys = keys
    }

    func key(_ name: String) -> Key? { keys.first { $0.name == name } }
}
