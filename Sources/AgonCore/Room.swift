/// One prompt, n seats, one seed: the unit of work.
public struct Room: Sendable, Hashable, Codable {
    /// The round it belongs to, from 1.
    public var round: Int
    /// Its place in the round, from 0. Ratings consume rooms in this order, never in order of arrival.
    public var index: Int
    /// Rooms that share an opening with sides changed have the same group. Their results are not independent.
    public var group: Int
    public var prompt: Prompt
    /// Who sits where.
    public var seats: [PolicyID]
    /// True where gold measures the judge.
    public var isCanary: Bool
    /// Which of a table's rooms it is; nil where a room is all that is played.
    public var stage: RoomStage?

    public init(
        round: Int, index: Int, group: Int, prompt: Prompt, seats: [PolicyID], isCanary: Bool = false,
        stage: RoomStage? = nil
    ) {
        self.round = round
        self.index = index
        self.group = group
        self.prompt = prompt
        self.seats = seats
        self.isCanary = isCanary
        self.stage = stage
    }

    /// Whether its ranking counts for ratings. Early stages teach only, so that a table is not counted twice.
    public var isRated: Bool { stage?.isRated ?? true }
}

/// What the seats are asked to do where a table is played in stages.
public enum StageKind: String, Sendable, Codable, CaseIterable {
    /// Answer the prompt.
    case answer
    /// Say which of the others' answers is the best.
    case critique
    /// Answer again, having seen what the others said.
    case final
    /// Make up a question, with its answer.
    case propose
    /// Answer a question that somebody made up.
    case solve
}

/// A room's place among those of one table, which follow from one another and have a ranking each.
public struct RoomStage: Sendable, Hashable, Codable {
    /// From 0. Rooms of proposals share a stage.
    public var index: Int
    public var kind: StageKind
    public var isRated: Bool

    public init(index: Int, kind: StageKind, isRated: Bool) {
        self.index = index
        self.kind = kind
        self.isRated = isRated
    }
}

/// Why a seat gave no valid rollout. A forfeit is a loss, decided before any judge sees the room.
public enum Forfeit: String, Sendable, Codable, CaseIterable {
    /// The answer had no text.
    case empty
    /// The token limit came before the end of the answer.
    case unfinished
    /// The move was not legal.
    case illegal
    /// The agent's program ended instead of answering, or did not start.
    case crashed
    /// No answer came within the time limit of the answer, or of the room.
    case timeout
    /// The program wrote more than it may.
    case flooded
    /// What came was not UTF-8, or not of the protocol.
    case garbled
    /// The answer was to another question, or for another seat.
    case misaddressed
    /// The agent's server gave no usable reply, however often it was asked.
    case unreachable
    /// The agent failed too often in a row and is asked no more.
    case disqualified
}

/// What one seat produced.
public struct Rollout: Sendable, Hashable, Codable {
    /// The answer; for a game the whole transcript.
    public var text: String
    /// The tokens with their own-marks; nil for policies without tokens, which never enter a preference pair.
    public var sequence: TokenSequence?
    /// log p of each own token in nats when it was drawn, under the version that drew it.
    public var logProbs: [Float]
    /// How the last answer ended.
    public var finish: FinishReason
    public var forfeit: Forfeit?
    /// What happened where an agent from outside forfeits; empty elsewhere.
    public var reason: String
    /// What its answers cost; nil where nothing was asked of anybody outside.
    public var usage: JudgeUsage?
    /// What gold says of it: 1 right, 0 wrong, a game's points; nil where there is no gold.
    public var gold: Double?

    public init(
        text: String, sequence: TokenSequence? = nil, logProbs: [Float] = [], finish: FinishReason = .stop,
        forfeit: Forfeit? = nil, reason: String = "", usage: JudgeUsage? = nil, gold: Double? = nil
    ) {
        self.text = text
        self.sequence = sequence
        self.logProbs = logProbs
        self.finish = finish
        self.forfeit = forfeit
        self.reason = reason
        self.usage = usage
        self.gold = gold
    }
}

/// A room that was played and judged: what the database keeps of it.
public struct RoomResult: Sendable, Hashable, Codable {
    public var room: Room
    /// One per seat.
    public var rollouts: [Rollout]
    /// Who compared.
    public var judge: JudgeID
    /// What the judge scored each seat, where it scores; nil entries for forfeits.
    public var scores: [Double?]
    public var verdicts: [PairVerdict]
    public var ranking: Ranking
    /// What each judge said, by seats; empty where the verdicts say it all.
    public var votes: [Vote]
    /// What the judging cost; nil where nothing was asked of anybody outside.
    public var usage: JudgeUsage?

    public init(
        room: Room, rollouts: [Rollout], judge: JudgeID, scores: [Double?], verdicts: [PairVerdict], ranking: Ranking,
        votes: [Vote] = [], usage: JudgeUsage? = nil
    ) {
        self.room = room
        self.rollouts = rollouts
        self.judge = judge
        self.scores = scores
        self.verdicts = verdicts
        self.ranking = ranking
        self.votes = votes
        self.usage = usage
    }
}
