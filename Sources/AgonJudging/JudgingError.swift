/// A judge, or what it returned, that cannot be used. What merely cannot be judged is a void verdict, never this.
public struct JudgingError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; new cases may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// A judge returned another number of answers than it was asked for.
        public static let countMismatch = Code(description: "count_mismatch")
        /// A judgement does not hold every pair of answers exactly once.
        public static let malformedJudgement = Code(description: "malformed_judgement")
        /// A member left its panel before, and says so again.
        public static let memberLost = Code(description: "member_lost")
        /// No member of a panel is left.
        public static let panelLost = Code(description: "panel_lost")
    }

    public let code: Code
    /// One sentence: what, where, and the value seen.
    public let message: String
    public let underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }
}
