/// An agent as the scheduler sees it.
public struct Entrant: Sendable, Hashable {
    /// What kind of part it takes.
    public enum Role: String, Sendable, Codable {
        /// Its policy is updated.
        case learner
        /// A policy with tokens that never changes.
        case anchor
        /// A rule that answers: random, perfect.
        case scripted
    }

    public var name: String
    public var role: Role
    /// What it paid to enter. A ladder never pairs two tiers.
    public var tier: String
    /// Whose it is; empty where nobody else owns another. A ladder never pairs two of one owner.
    public var owner: String

    public init(name: String, role: Role, tier: String = "", owner: String = "") {
        self.name = name
        self.role = role
        self.tier = tier
        self.owner = owner
    }
}

/// Who meets in one room, before prompt and seed are drawn.
public struct Pairing: Sendable, Hashable {
    /// Agents by name, one per seat. An agent may hold several seats.
    public var seats: [String]
    /// Pairings of one group get the same prompt: a game and its return game.
    public var group: Int
    /// Which version of its agent sits in each seat, nil for the newest; empty where all seats have the newest.
    public var versions: [Int?]

    public init(seats: [String], group: Int, versions: [Int?] = []) {
        self.seats = seats
        self.group = group
        self.versions = versions
    }
}

/// The pairwise result that a rating consumes. A room of n seats gives up to n·(n−1)/2.
public struct Match: Sendable, Hashable, Codable {
    public var round: Int
    /// The room's index within its round.
    public var room: Int
    /// Matches of one cluster are not independent: those of one prompt, in all rooms and rounds that play it.
    public var cluster: Int
    public var first: PolicyID
    public var second: PolicyID
    /// Points of `first`: 1 win, ½ draw, 0 loss.
    public var score: Double
    /// How much it counts, so that a room weighs the same whatever its size: 1/(n−1) with n seats.
    public var weight: Double

    public init(
        round: Int, room: Int, cluster: Int, first: PolicyID, second: PolicyID, score: Double, weight: Double = 1
    ) {
        self.round = round
        self.room = room
        self.cluster = cluster
        self.first = first
        self.second = second
        self.score = score
        self.weight = weight
    }
}

/// Where one side of a preference pair came from.
public struct RolloutAddress: Sendable, Hashable, Codable {
    public var room: Int
    public var seat: Int
    public var policy: PolicyID

    public init(room: Int, seat: Int, policy: PolicyID) {
        self.room = room
        self.seat = seat
        self.policy = policy
    }
}

/// What was better than what, and who said so.
public struct PreferencePair: Sendable, Hashable, Codable {
    public var round: Int
    public var promptID: String
    public var chosen: RolloutAddress
    public var rejected: RolloutAddress
    public var judge: JudgeID
    /// How probable it is that the chosen side is the better one, ½ … 1; 1 where the verdict is taken at its word.
    public var label: Double

    public init(
        round: Int, promptID: String, chosen: RolloutAddress, rejected: RolloutAddress, judge: JudgeID,
        label: Double = 1
    ) {
        self.round = round
        self.promptID = promptID
        self.chosen = chosen
        self.rejected = rejected
        self.judge = judge
        self.label = label
    }
}
