/// Why the store could not do what it was asked.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public enum Code: String, Sendable {
        /// The path cannot be opened: no such file, a directory, no permission.
        case cannotOpen
        /// The file is not an SQLite database, or its pages or records are damaged.
        case damaged
        /// The file is a database of some other program.
        case foreignDatabase
        /// The file was written by a newer version of Agon.
        case newerSchema
        /// The file was written by an older version of Agon and was opened for reading only.
        case olderSchema
        /// The file or its folder cannot be written.
        case readOnly
        /// Another run holds the database, or another program kept it busy for too long.
        case locked
        /// No run of that id is in the database.
        case unknownRun
        /// The run is there under another configuration, seed, roster or weights.
        case runChanged
        /// A record names a version or a room that the run does not have.
        case unknownReference
        /// The round is closed already.
        case roundClosed
        /// The round is not the next one.
        case roundOutOfOrder
        /// A record contradicts itself or what is stored.
        case invalidRecord
        /// A query that SQLite cannot answer, or that would write.
        case invalidQuery
        /// The disk is full, or the file system failed.
        case storageFailed
    }

    public let code: Code
    /// One sentence: what, where, and the value seen.
    public let message: String
    /// What the database or the system said.
    public let underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }
}
