public import AgonCore
import AgonStore

/// What is known of a run's judges beside their health: measures, lineage, alarms, and how people judge.
public struct JudgingRecords: Sendable, Hashable, Codable {
    /// By round, judge and measure.
    public var measures: [JudgeMeasureRecord]
    /// Of judges that are models, by name and version.
    public var versions: [VersionRecord]
    /// In the order in which they were raised.
    public var alarms: [AlarmRecord]
    /// Members that left a panel.
    public var losses: [JudgeLossRecord]
    /// Nil before the first vote.
    public var people: VoteAgreement?

    public init(
        measures: [JudgeMeasureRecord] = [], versions: [VersionRecord] = [], alarms: [AlarmRecord] = [],
        losses: [JudgeLossRecord] = [], people: VoteAgreement? = nil
    ) {
        self.measures = measures.sorted { ($0.round, $0.judge.name, $0.measure) < ($1.round, $1.judge.name, $1.measure) }
        self.versions = versions.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
        self.alarms = alarms
        self.losses = losses
        self.people = people
    }

    /// - Throws: `StoreError`.
    init(store: ArenaStore, run: String, upToRound last: Int) throws {
        let people = try VoteAgreement.of(store, run: run)
        self.init(
            measures: try store.judgeMeasures(run: run).filter { $0.round <= last },
            versions: try store.versions(run: run).filter { $0.isJudge && $0.round <= last },
            alarms: try store.alarms(run: run).filter { $0.round <= last },
            losses: try store.judgeLosses(run: run).filter { $0.round <= last }, people: people.people.isEmpty ? nil : people)
    }
}

extension JudgingRecords {
    /// The judges' names: the one that judged canaries, then others.
    var judges: [String] {
        let names = Set(measures.map(\.judge.name))
        let panel = measures.first { $0.measure == "krippendorff_alpha" }?.judge.name
        return names.sorted { ($0 != panel ? 1 : 0, $0) < ($1 != panel ? 1 : 0, $1) }
    }

    /// A measure over some rounds: the mean weighed by what it was measured on, whose interval takes rounds as
    /// independent, since each has prompts of its own. Nil where it was never measured.
    func mean(_ measure: String, where isMeant: (JudgeMeasureRecord) -> Bool) -> (estimate: Estimate, count: Int)? {
        let records = measures.filter { $0.measure == measure && $0.value.isFinite && $0.count > 0 && isMeant($0) }
        let count = records.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        func share(_ record: JudgeMeasureRecord) -> Double { Double(record.count) / Double(count) }
        let value = records.reduce(0) { $0 + share($1) * $1.value }
        let variance = records.reduce(0) { sum, record in
            let part = share(record) * (record.high - record.low) / 2
            return sum + part * part
        }
        let width = variance.squareRoot()
        return (Estimate(value: value, low: max(0, value - width), high: min(1, value + width)), count)
    }
}
