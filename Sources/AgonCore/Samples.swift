/// A round that was sent out to be played while earlier rounds were still being closed.
public struct DispatchRecord: Sendable, Hashable, Codable {
    public var round: Int
    /// The closed round whose versions play it and whose history made its schedule; 0: what the run began with.
    public var afterRound: Int
    /// How many updates a sample may be old when it is learned from.
    public var maxOffPolicySteps: Int
    /// The samples that each version of a learner makes in it, one for each seat.
    public var producedCounts: [PolicyID: Int]

    public init(round: Int, afterRound: Int, maxOffPolicySteps: Int, producedCounts: [PolicyID: Int]) {
        self.round = round
        self.afterRound = afterRound
        self.maxOffPolicySteps = maxOffPolicySteps
        self.producedCounts = producedCounts
    }
}

/// What became of one version's samples in a round that was played ahead, once that is closed.
public struct SampleRecord: Sendable, Hashable, Codable {
    public var policy: PolicyID
    /// How many updates of its learner lay between the version and the one that learned from the round.
    public var age: Int
    /// How many the learner's update read.
    public var trainedCount: Int
    /// How many were left out because they, or samples of their group, were too old.
    public var staleCount: Int
    /// How many the off-policy correction left out.
    public var maskedCount: Int
    /// How many taught nothing: ties, voids, rankings that made no pair.
    public var unusedCount: Int

    public init(policy: PolicyID, age: Int, trainedCount: Int = 0, staleCount: Int = 0, maskedCount: Int = 0, unusedCount: Int = 0) {
        self.policy = policy
        self.age = age
        self.trainedCount = trainedCount
        self.staleCount = staleCount
        self.maskedCount = maskedCount
        self.unusedCount = unusedCount
    }
}

/// Where all samples of one learner are: produced = trained + stale + masked + unused + pending, always.
public struct SampleLedger: Sendable, Hashable, Codable {
    public var agent: String
    public var produced: Int
    public var trained: Int
    public var stale: Int
    public var masked: Int
    public var unused: Int
    /// Of rounds that are sent out and not closed.
    public var pending: Int
    /// The greatest age among those that were trained on.
    public var oldestTrained: Int

    public init(
        agent: String, produced: Int, trained: Int, stale: Int, masked: Int, unused: Int, pending: Int, oldestTrained: Int
    ) {
        self.agent = agent
        self.produced = produced
        self.trained = trained
        self.stale = stale
        self.masked = masked
        self.unused = unused
        self.pending = pending
        self.oldestTrained = oldestTrained
    }

    /// Whether no sample is missing and none is there twice.
    public var isExact: Bool { produced == trained + stale + masked + unused + pending }
}
