/// A program or a server that cannot be used. What it merely answered badly is a value, never this.
public struct ConnectionError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; new cases may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// A setting that cannot be: an address, a limit, the name of a variable that is not set.
        public static let badSetting = Code(description: "bad_setting")
        /// The server could not be reached, or stayed out of order through all retries.
        public static let unreachable = Code(description: "unreachable")
        /// The server refused the request for good: a wrong key, an unknown model.
        public static let refused = Code(description: "refused")
        /// The server refused one request for its own sake, though it may answer others: too long, for instance.
        public static let rejected = Code(description: "rejected")
        /// A program could not be started.
        public static let notStarted = Code(description: "not_started")
    }

    public let code: Code
    /// One sentence: what, where, and what to do.
    public let message: String
    public let underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }
}
