/// One version of an agent: what answers prompts, plays rooms and is rated. Written `ada@v3`.
public struct PolicyID: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    /// The agent's name, its folder's name under `agents/`.
    public var agent: String
    /// 0 for the weights that the agent came with, one more after each promoted update.
    public var version: Int

    public init(agent: String, version: Int) {
        self.agent = agent
        self.version = version
    }

    public var description: String { "\(agent)@v\(version)" }

    public static func < (left: PolicyID, right: PolicyID) -> Bool {
        left.agent == right.agent ? left.version < right.version : left.agent < right.agent
    }
}

/// One version of a judge. Judges that learn are versioned like agents.
public struct JudgeID: Sendable, Hashable, Codable, CustomStringConvertible {
    public var name: String
    public var version: Int

    public init(name: String, version: Int = 0) {
        self.name = name
        self.version = version
    }

    public var description: String { "\(name)@v\(version)" }
}

/// What all seats of a room are asked; a game's opening position is its prompt.
public struct Prompt: Sendable, Hashable, Codable {
    /// Unique within an arena, stable over runs.
    public var id: String
    /// What the policies see; of a conversation all of it, with its roles marked.
    public var text: String
    /// The messages that the text stands for; nil where the text is all that is asked.
    public private(set) var conversation: Conversation?
    /// The gold answer where one is known. Policies never see it; judges only those that say they need it.
    public var reference: String?

    public init(id: String, text: String, reference: String? = nil) {
        self.id = id
        self.text = text
        self.reference = reference
    }

    /// A prompt of several messages; of one alone it is the prompt of its content.
    public init(id: String, conversation: Conversation, reference: String? = nil) {
        self.init(id: id, text: conversation.text, reference: reference)
        if conversation.messages.count > 1 { self.conversation = conversation }
    }

    /// A prompt that was kept as its text.
    public init(id: String, stored text: String, reference: String? = nil) {
        self.init(id: id, text: text, reference: reference)
        conversation = Conversation(text: text)
    }

    /// A number that stands for the id. Whatever was played on one prompt, in whichever round, shares its luck and so is
    /// one cluster of an interval.
    public var cluster: Int { Seed.number(of: id) }
}

/// What a prompt may be used for. A prompt has one side: a pure function of its text, so it never moves.
public enum PromptSide: Sendable, Hashable, CaseIterable {
    /// Rooms, and so ratings and training.
    case training
    /// The contests that decide whether a new version is promoted.
    case gate
    /// The measures that are reported. Nothing is decided on them, so choosing versions cannot flatter them.
    case heldOut

    /// The side of a prompt's text, by hash: one in `oneIn` is held out, one in `oneIn` of the rest is the gate's.
    public init(of text: String, oneIn: Int = 5) {
        let (rest, bucket) = Seed(run: 0x4845_4C44).child(.prompt, named: text).value
            .quotientAndRemainder(dividingBy: UInt64(oneIn))
        self = bucket == 0 ? .heldOut : rest % UInt64(oneIn) == 0 ? .gate : .training
    }
}

/// Where an arena's prompts come from, split so that no prompt is used for two purposes.
public protocol PromptSource: Sendable {
    /// `count` prompts of one side, distinct while there are enough, the same for the same seed; none where the side
    /// is empty.
    func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt]
}
