public import AgonCore

/// What was better than what, as token sequences: a prompt and its completion, or a whole game transcript.
public struct TrainingPair: Sendable, Hashable {
    public var chosen: TokenSequence
    public var rejected: TokenSequence
    /// How much the pair counts beside the others, at least 0. The loss is (1/B) Σ weight · pair loss.
    public var weight: Double
    /// How probable it is that the chosen side is the better one, 0 … 1: a vote, a judge's confidence, or ½ for a tie.
    /// Anything but 1 needs a loss that takes soft labels: `sigmoid` or `cdpo`.
    public var label: Double
    /// Pairs of one group are set aside together by `eval_share`: a number that stands for the prompt. Nil takes what
    /// both sides begin with, which is the prompt only where both were asked in the same words.
    public var group: Int?

    public init(
        chosen: TokenSequence, rejected: TokenSequence, weight: Double = 1, label: Double = 1, group: Int? = nil
    ) {
        self.chosen = chosen
        self.rejected = rejected
        self.weight = weight
        self.label = label
        self.group = group
    }
}

/// One answer that was called good or bad by itself.
public struct LabelledCompletion: Sendable, Hashable {
    public var sequence: TokenSequence
    public var isDesirable: Bool
    /// How much it counts beside the others, at least 0, on top of the loss's weight of its class.
    public var weight: Double

    public init(_ sequence: TokenSequence, isDesirable: Bool, weight: Double = 1) {
        self.sequence = sequence
        self.isDesirable = isDesirable
        self.weight = weight
    }
}

/// One rollout with what it earned.
public struct ScoredRollout: Sendable, Hashable {
    public var sequence: TokenSequence
    /// Any scale: a normalised rank, a game's points, a judge's score.
    public var reward: Double
    /// The role that it was played in, such as a game's side; rollouts of one role share a baseline.
    public var role: String

    public init(_ sequence: TokenSequence, reward: Double, role: String = "") {
        self.sequence = sequence
        self.reward = reward
        self.role = role
    }
}

/// The rollouts of one prompt, or of one opening and side: what is compared with one another.
public struct ScoredGroup: Sendable, Hashable {
    public var rollouts: [ScoredRollout]

    public init(_ rollouts: [ScoredRollout]) { self.rollouts = rollouts }
}

/// What an update learns from.
public enum TrainingData: Sendable, Hashable {
    /// For `dpo`, `cpo`, `simpo` and `orpo`.
    case pairs([TrainingPair])
    /// For `kto`.
    case labelled([LabelledCompletion])
    /// For `grpo` and `ppo`.
    case groups([ScoredGroup])
    /// For `sft`: texts whose own tokens are to be made likelier.
    case sequences([TokenSequence])

    /// Pairs, completions, rollouts or sequences.
    public var count: Int {
        switch self {
        case .pairs(let pairs): pairs.count
        case .labelled(let completions): completions.count
        case .groups(let groups): groups.reduce(0) { $0 + $1.rollouts.count }
        case .sequences(let sequences): sequences.count
        }
    }

    /// What the data is, in messages.
    var kind: String {
        switch self {
        case .pairs: "pairs"
        case .labelled: "labelled completions"
        case .groups: "scored groups"
        case .sequences: "sequences"
        }
    }
}
