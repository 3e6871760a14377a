/// What went wrong in the engine or in a model's files.
///
/// Only faults of the world arrive here: a file, a configuration, a request that does not fit the model.
/// A caller's programming mistake is a `precondition`.
public struct TransformerError: Error, CustomStringConvertible {
    /// The kind of fault, for code that branches on it. New kinds may be added: always have a default case.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, stable across versions.
        public let description: String

        /// Makes a kind; the module's own kinds are its static members.
        public init(_ description: String) { self.description = description }

        /// A model's sizes contradict one another or leave the supported range.
        public static let invalidConfig = Code("invalidConfig")
        /// A tensor is absent, superfluous or of the wrong shape or type.
        public static let invalidTensor = Code("invalidTensor")
        /// A file could not be read or written, or its content breaks its format.
        public static let invalidFile = Code("invalidFile")
        /// A tokenizer's definition cannot be used, or a text cannot be tokenised with it.
        public static let invalidTokenizer = Code("invalidTokenizer")
        /// A chat template breaks Jinja's grammar, or cannot be rendered with what it was given.
        public static let invalidTemplate = Code("invalidTemplate")
        /// The model or the file asks for something that this engine does not do.
        public static let unsupported = Code("unsupported")
        /// A token id, a length or a sampling option does not fit the model.
        public static let invalidRequest = Code("invalidRequest")
        /// The named kernel path is unknown, or this processor lacks it.
        public static let unknownKernels = Code("unknownKernels")
    }

    /// The kind of fault.
    public let code: Code
    /// One sentence: what is wrong, where, and the value that was seen. Names from untrusted files stand in it, so
    /// control characters are escaped and its length is bounded.
    public let message: String
    /// The error that caused this one, if another layer raised it first.
    public let underlying: (any Error)?

    /// - Parameter message: one sentence with what, where and the value seen.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = Self.oneLine(message)
        self.underlying = underlying
    }

    /// The most scalars of a message.
    private static let messageLimit = 1000

    /// A message on one line and of bounded length, whatever names stand in it; for other modules' errors as well.
    package static func oneLine(_ message: String) -> String {
        let isPlain = message.utf8.count <= messageLimit && message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        if isPlain { return message }
        var line = ""
        for scalar in message.unicodeScalars.prefix(messageLimit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return message.unicodeScalars.count > messageLimit ? line + " …" : line
    }

    /// The sentence, followed by that of the underlying error.
    public var description: String {
        guard let underlying else { return message }
        return "\(message) (\(underlying))"
    }
}
