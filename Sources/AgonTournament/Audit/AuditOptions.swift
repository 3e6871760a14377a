/// What of a run is audited. Nothing here changes what a check says of a rollout.
public struct AuditOptions: Sendable, Hashable {
    /// Rooms that are drawn from the rounds; nil for all.
    public var sample: Int?
    /// What they are drawn by. Whoever is audited must not know it beforehand.
    public var sampleSeed: UInt64
    /// Names of the agents whose rollouts are checked; empty for all.
    public var agents: Set<String>
    /// Rounds that are checked; nil for all that are closed.
    public var rounds: ClosedRange<Int>?
    public var threads: Int

    public init(
        sample: Int? = nil, sampleSeed: UInt64 = 0, agents: Set<String> = [], rounds: ClosedRange<Int>? = nil, threads: Int = 1
    ) {
        self.sample = sample
        self.sampleSeed = sampleSeed
        self.agents = agents
        self.rounds = rounds
        self.threads = threads
    }

    func includes(_ agent: String) -> Bool { agents.isEmpty || agents.contains(agent) }
}
