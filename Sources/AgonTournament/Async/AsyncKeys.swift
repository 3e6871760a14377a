import AgonAgents
import AgonGames
import AgonTraining

/// How far ahead rounds are played while earlier ones are still being closed.
public struct AsyncSettings: Sendable, Hashable {
    /// `max_off_policy_steps`: how many updates of its learner a sample may be old when it is learned from.
    public var maxOffPolicySteps: Int
    /// `async_level`: how many rounds are played ahead of the one that is being closed.
    public var level: Int
    /// What is done about samples of older versions.
    public var correction: OffPolicyCorrection

    public init(maxOffPolicySteps: Int = 8, level: Int = 1, correction: OffPolicyCorrection = .none) {
        self.maxOffPolicySteps = maxOffPolicySteps
        self.level = level
        self.correction = correction
    }

    /// Rounds ahead, none of which can be older than it may be: a round brings a learner at most one update.
    var lead: Int { min(level, maxOffPolicySteps) }

    /// The closed round whose versions play a round: always the same, whatever the machine's speed.
    func dispatchRound(of round: Int) -> Int { max(0, round - 1 - lead) }

    static let keys = [
        Key("sync_mode", .choice(["sequential", "async"], default: "sequential"), "`sequential`: a round is played by the versions that the round before it made. `async`: rounds are played ahead while earlier ones are judged and learned from, at the same time; each is played by the versions of `async_level` rounds before, so equal seeds still give equal runs."),
        Key("max_off_policy_steps", .integer(0...1000, default: 8), unit: "updates", "async: how many updates of its learner a sample may be old when it is learned from; older ones are left out and counted. No round is played further ahead than this; 0 plays none ahead."),
        Key("async_level", .integer(1...64, default: 1), unit: "rounds", "async: how many rounds are played ahead. 1 is enough where rooms and updates take about as long; more evens out the times of single rounds, and every sample is that much older."),
        Key("off_policy_correction", .choice(OffPolicyCorrection.allCases.map(\.rawValue), default: OffPolicyCorrection.none.rawValue), "async: what is done about samples of older versions. `importance`: a pair counts by how much likelier the learner's version finds its own sides than the version that drew them, per token, at most 2. `dppo_mask`: pairs are left out whose chosen own side became likelier already by more than 0.2 per token, or whose rejected own side became less likely by as much. `training.use_weighting` (WPO) can stand beside it."),
    ]

    /// Nil for a sequential arena.
    static func read(_ reader: ConfigurationReader) throws -> AsyncSettings? {
        guard try reader.text("sync_mode") == "async" else {
            try reader.refuse(
                ["max_off_policy_steps", "async_level", "off_policy_correction"], belongingTo: "`sync_mode: async`")
            return nil
        }
        return AsyncSettings(
            maxOffPolicySteps: try reader.integer("max_off_policy_steps"), level: try reader.integer("async_level"),
            correction: OffPolicyCorrection(rawValue: try reader.text("off_policy_correction")) ?? .none)
    }
}

extension ArenaConfiguration {
    /// What rounds that are played ahead cannot do.
    func checkAsync(_ reader: ConfigurationReader) throws {
        guard let ahead else { return }
        switch schedule {
        case .swiss, .knockout:
            throw reader.error("sync_mode", "a bracket or score group needs the results of the round before, so its rounds cannot be played ahead: use `sync_mode: sequential`.")
        default: break
        }
        if let stages, case .proposals = stages {
            throw reader.error("sync_mode", "how many answers a round with proposals has is known when it was played, so its samples cannot be accounted for beforehand: use `sync_mode: sequential`, or stages that begin with `answer`.")
        }
        guard share == nil else {
            throw reader.error("sync_mode", "`share` takes as many pairs as fit its mix, so what became of the others could not be said: remove it, or use `sync_mode: sequential`.")
        }
        switch training.method {
        case .grpo, .ppo:
            throw reader.error("sync_mode", "\(training.method.algorithm.rawValue) learns from rollouts of the newest version alone: use `sync_mode: sequential`, or an algorithm of pairs.")
        case .sft where ahead.correction != .none:
            throw reader.error("off_policy_correction", "sft has nothing to weigh: remove `off_policy_correction`.")
        case .dpo(let loss, _, _) where ahead.correction == .importance && loss.couplesBatch:
            throw reader.error("off_policy_correction", "aot losses have no loss per pair to weigh: use `dppo_mask` or `none`.")
        default: break
        }
    }
}
