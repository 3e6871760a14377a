/// What went wrong in a training run.
///
/// The caller's weights are untouched whenever one of these arrives: an update works on a copy, so keeping the old
/// version is doing nothing.
public struct TrainingError: Error, CustomStringConvertible {
    /// The kind of fault, for code that branches on it. New kinds may be added: always have a default case.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, stable across versions.
        public let description: String

        /// Makes a kind; the module's own kinds are its static members.
        public init(_ description: String) { self.description = description }

        /// A setting is out of range or contradicts another.
        public static let invalidConfiguration = Code("invalidConfiguration")
        /// A pair or sequence does not fit the model or has nothing to learn from.
        public static let invalidData = Code("invalidData")
        /// A loss or gradient is NaN or infinite.
        public static let nonFiniteLoss = Code("nonFiniteLoss")
        /// A checkpoint could not be written.
        public static let checkpointFailed = Code("checkpointFailed")
    }

    /// The kind of fault.
    public let code: Code
    /// One sentence: what is wrong, where, and the value that was seen.
    public let message: String
    /// The error that caused this one, if another layer raised it first.
    public let underlying: (any Error)?

    /// - Parameter message: one sentence with what, where and the value seen.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The sentence, followed by that of the underlying error.
    public var description: String {
        guard let underlying else { return message }
        return "\(message) (\(underlying))"
    }
}
