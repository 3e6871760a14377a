/// Why a key cannot be used.
public struct ProofError: Error, Sendable, CustomStringConvertible {
    /// What kind of fault; more may come.
    public enum Code: String, Sendable {
        /// A key's file cannot be read, written, or is none.
        case unusableKey
    }

    public var code: Code
    /// One sentence: what, where, and what to do.
    public var message: String
    public var underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }
}
