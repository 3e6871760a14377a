import AgonTransformer

/// A fault that stops a tournament: of its configuration, its files or its database.
public struct TournamentError: Error, Sendable, CustomStringConvertible {
    /// What kind of fault; more may come.
    public enum Code: String, Sendable {
        /// The arena, an agent or a judge is not usable as configured.
        case configuration
        /// What the database holds contradicts the configuration or a checkpoint's hash.
        case inconsistent
        /// The database has no run of the arena.
        case noRun
        /// More rooms were lost to voids or forfeits than a result can bear.
        case tooManyVoids
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
