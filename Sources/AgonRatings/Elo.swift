public import AgonCore

/// Online Elo: a running estimate that forgets, as is right for agents that learn.
///
/// A room moves all its seats at once, by their ratings before the room:
///
///     E = 1 / (1 + 10^((R_second − R_first) / scale))
///     R_first += k · weight · (score − E),   R_second −= the same
///
/// With the weight 1/(n−1) of a room with n seats, a room moves a rating as much as one game, whatever its
/// size. What one wins the other loses, so the mean never moves. The result depends on the order of rooms:
/// apply them by index, never by arrival.
///
/// - Source: Elo 1978, The Rating of Chessplayers; FIDE Handbook B.02 §8 for the update.
public struct Elo<ID: Hashable & Sendable>: Sendable {
    /// Rating of who has not played, the most that one game can move, and points per factor ten of odds.
    public struct Options: Sendable, Hashable, Codable {
        public var initial: Double
        public var k: Double
        public var scale: Double

        public init(initial: Double = 1000, k: Double = 16, scale: Double = 400) {
            self.initial = initial
            self.k = k
            self.scale = scale
        }
    }

    public let options: Options
    /// Ratings of everyone who has played or was seeded.
    public private(set) var ratings: [ID: Double]

    /// - Parameter ratings: where a run continues, the ratings that it had.
    public init(options: Options = Options(), ratings: [ID: Double] = [:]) {
        self.options = options
        self.ratings = ratings
    }

    /// The rating, `initial` for who has not played.
    public subscript(id: ID) -> Double { ratings[id] ?? options.initial }

    /// Gives a newcomer a rating of its own, as a new version inherits its parent's.
    public mutating func seed(_ id: ID, rating: Double) { ratings[id] = rating }

    /// Moves the ratings by the matches of one room. Matches of an id with itself move nothing.
    ///
    /// - Parameter matches: all the room's matches, in order.
    /// - Parameter key: what is rated: the policy's agent, or the policy itself.
    /// - Throws: `invalidMatch`; no rating has moved then.
    public mutating func apply(room matches: [Match], key: (PolicyID) -> ID) throws(RatingError) {
        try RatingError.check(matches)
        var moves: [ID: Double] = [:]
        for match in matches {
            let (first, second) = (key(match.first), key(match.second))
            guard first != second else { continue }
            let expected = EloScale.expectedScore(difference: self[first] - self[second], scale: options.scale)
            let move = options.k * match.weight * (match.score - expected)
            moves[first, default: 0] += move
            moves[second, default: 0] -= move
        }
        for (id, move) in moves { ratings[id] = self[id] + move }
    }
}

extension Elo<String> {
    /// Moves the ratings of agents, whatever their versions.
    /// - Throws: `invalidMatch`.
    public mutating func apply(room matches: [Match]) throws(RatingError) { try apply(room: matches) { $0.agent } }
}

extension Elo<PolicyID> {
    /// Moves the ratings of versions.
    /// - Throws: `invalidMatch`.
    public mutating func apply(room matches: [Match]) throws(RatingError) { try apply(room: matches) { $0 } }
}
