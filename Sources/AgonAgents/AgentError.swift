import AgonTransformer

/// A fault in an agent's or judge's folder, or in a configuration file.
public struct AgentError: Error, Sendable, CustomStringConvertible {
    /// What kind of fault; more may come.
    public enum Code: String, Sendable {
        /// The file is not there or cannot be read.
        case unreadable
        /// The file is not YAML.
        case syntax
        /// A key that does not exist here.
        case unknownKey
        /// A key that must be there is not.
        case missingKey
        /// A value of the wrong type or outside its range.
        case badValue
        /// The model's folder is broken.
        case badModel
    }

    public var code: Code
    /// One sentence: what, where, and what to do.
    public var message: String
    public var underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = TransformerError.oneLine(message)
        self.underlying = underlying
    }

    public var description: String { message }
}
