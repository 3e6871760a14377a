public import AgonCore

/// What an audit asks of a stored rollout. Larger numbers of a check never mean better: a rollout holds or is rejected.
public enum AuditCheck: String, Sendable, Codable, CaseIterable {
    /// Schedule and seed make this room: its number, its prompt, who sits where.
    case room
    /// The weights on disk are those that the database recorded for the version.
    case checkpoint
    /// What the seat saw is what its prompt and the turns since tokenise to, and its own tokens are marked as such.
    case context
    /// The noise of the seat's address picks each own token from the version's logits.
    case draw
    /// log p of each own token is the version's.
    case logProb = "log_prob"
    /// Each answer ends with an end token, or at its limit.
    case ending
    /// Text, finish, forfeit and gold follow from the tokens.
    case outcome
    /// Nobody else said the same against all odds.
    case copy
    /// The judge says of the room what it said then.
    case verdict
}

/// What is wrong, without its place.
public struct Complaint: Sendable, Hashable {
    public var check: AuditCheck
    public var expected: String
    public var seen: String

    public init(_ check: AuditCheck, expected: String, seen: String) {
        self.check = check
        self.expected = expected
        self.seen = seen
    }
}

/// A complaint with its place.
public struct Rejection: Sendable, Hashable, Codable {
    public var round: Int
    public var room: Int
    /// Nil where the whole room is meant.
    public var seat: Int?
    /// Who sits there; nil where the whole room is meant.
    public var policy: PolicyID?
    public var check: AuditCheck
    public var expected: String
    public var seen: String

    public init(round: Int, room: Int, seat: Int?, policy: PolicyID?, _ complaint: Complaint) {
        (self.round, self.room, self.seat, self.policy) = (round, room, seat, policy)
        (check, expected, seen) = (complaint.check, complaint.expected, complaint.seen)
    }
}
