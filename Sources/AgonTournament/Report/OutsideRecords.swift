public import AgonCore
import AgonStore

/// What is known of a run's agents from outside: what their answers cost, and who was asked no more.
public struct OutsideRecords: Sendable, Hashable, Codable {
    /// Why each disqualified agent was, by its name.
    public var disqualifications: [String: String]
    /// What each agent's answers have cost so far, by its name.
    public var usage: [String: JudgeUsage]

    public init(disqualifications: [String: String] = [:], usage: [String: JudgeUsage] = [:]) {
        self.disqualifications = disqualifications
        self.usage = usage
    }

    /// - Throws: `StoreError`.
    init(store: ArenaStore, run: String, upToRound last: Int) throws {
        self.init(
            disqualifications: try store.disqualifications(run: run, upToRound: last),
            usage: try store.agentUsage(run: run, upToRound: last))
    }

    /// Who was disqualified, one sentence each.
    var lossLines: [String] {
        disqualifications.sorted { $0.key < $1.key }.map { agent, reason in
            "\(DisplayText.name(agent)) is disqualified: it \(DisplayText.visible(reason))"
        }
    }

    /// What was paid, one sentence for each agent.
    var costLines: [String] {
        usage.sorted { $0.key < $1.key }.map { agent, usage in
            let tokens = ReportNumber.count(usage.promptTokenCount + usage.completionTokenCount)
            let cost = usage.cost > 0 ? ", cost \(ReportNumber.metric(usage.cost))" : ""
            return "\(DisplayText.name(agent)): \(ReportNumber.count(usage.requestCount)) requests, "
                + "\(ReportNumber.count(usage.cachedCount)) from the cache, \(tokens) tokens\(cost)"
        }
    }
}
