import AgonCore

/// Matches that cannot be rated.
public struct RatingError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; new cases may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// A score outside 0 … 1, a weight that is not positive, or a policy against itself.
        public static let invalidMatch = Code(description: "invalid_match")
        /// The fit's equations could not be solved.
        public static let notSolvable = Code(description: "not_solvable")
        /// An option outside its range.
        public static let invalidOptions = Code(description: "invalid_options")
        /// More players than the covariance has memory for.
        public static let tooManyPlayers = Code(description: "too_many_players")
        /// A battle log that cannot be read; the message names the line.
        public static let invalidLog = Code(description: "invalid_log")
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

    /// - Throws: `invalidMatch` for the first match that no rating can consume.
    static func check(list: MatchList) throws(RatingError) {
        for index in list.indices {
            let (score, weight) = (list.scores[index], list.weights[index])
            guard (0...1).contains(score), weight > 0, weight.isFinite, list.firsts[index] != list.seconds[index] else {
                return try check([list[index]])
            }
        }
    }

    /// - Throws: `invalidMatch` for the first match that no rating can consume.
    static func check(_ matches: [Match]) throws(RatingError) {
        for match in matches {
            guard (0...1).contains(match.score), match.weight > 0, match.weight.isFinite, match.first != match.second
            else {
                throw RatingError(
                    .invalidMatch,
                    "The match of \(match.first) and \(match.second) in round \(match.round), room \(match.room), has "
                        + "score \(match.score) and weight \(match.weight).")
            }
        }
    }
}
