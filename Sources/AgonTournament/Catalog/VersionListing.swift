import AgonCore
import AgonStore
import AgonTransformer
import Foundation

/// The versions that a run made of an agent: who came from whom, when, and how good each was.
public struct VersionListing: Sendable, Hashable, Codable {
    /// One version.
    public struct Version: Sendable, Hashable, Codable {
        public var version: Int
        /// The round whose end made it; 0 for what the agent came with.
        public var round: Int
        /// The version that it was trained from; nil for version 0.
        public var parent: Int?
        /// SHA-256 of the weights file; empty for agents that are rules.
        public var hash: String
        /// Its folder, as it is found from here; empty for version 0.
        public var path: String
        /// Its last rating, with the interval, on the anchored scale; nil where it has not played.
        public var rating: Estimate?
        /// The share of right answers on held-out prompts, or the score against the anchor, as last measured.
        public var measure: Estimate?
        /// Why it was promoted; empty for version 0.
        public var decision: String
    }

    public var agent: String
    /// The run's id.
    public var run: String
    public var arena: String
    public var closedRoundCount: Int
    /// The version that plays the next round.
    public var current: Int
    /// What `Version.measure` is, such as `gold_greedy`; nil where nothing was measured.
    public var measureName: String?
    public var versions: [Version]
    /// Other runs in the database that the agent takes part in, the newest first.
    public var otherRuns: [String]

    /// Reads the versions of an agent in the newest run that it takes part in, or in a run that is named.
    /// - Throws: `noRun` where there is none; `StoreError`.
    public init(agent: String, database: String, run id: String? = nil) throws {
        guard FileManager.default.fileExists(atPath: database) else {
            throw TournamentError(.noRun, "there is no database \(database): `agon run ARENA` makes it.")
        }
        let store = try ArenaStore.readOnly(path: database)
        let overviews = try store.overviews()
        if let id, !overviews.contains(where: { $0.run.id == id }) {
            throw TournamentError(.noRun, "\(database) has no run \(id): it has \(overviews.map(\.run.id).joined(separator: ", ")).")
        }
        let runs = try overviews.filter { overview in
            try store.entrants(run: overview.run.id).contains { $0.name == agent }
        }
        guard let overview = id.map({ id in runs.last { $0.run.id == id } }) ?? runs.last else {
            throw TournamentError(.noRun, "\(agent) takes part in no run of \(database)\(id.map { " that is called \($0)" } ?? ""): `agon agents` lists who does.")
        }
        let run = overview.run.id
        let records = try store.versions(run: run).filter { !$0.isJudge && $0.name == agent }.sorted { $0.version < $1.version }
        let updates = try store.updates(run: run).filter { $0.agent == agent }
        let ratings = try store.ratings(run: run).filter { $0.policy.agent == agent }
        let evaluations = try store.evaluations(run: run).filter { $0.policy.agent == agent }
        let measureName = ["gold_greedy", "gold_sampled", "score_vs_anchor"].first { name in evaluations.contains { $0.measure == name } }
        let folder = database.parentFolder
        (self.agent, self.run, arena, closedRoundCount) = (agent, run, overview.run.arena, overview.closedRoundCount)
        self.measureName = measureName
        current = updates.last { $0.toVersion != nil }?.toVersion ?? 0
        otherRuns = runs.map(\.run.id).filter { $0 != run }.reversed()
        versions = records.map { record in
            Version(
                version: record.version, round: record.round,
                parent: record.parent.flatMap { parent in records.last { $0.hash == parent && $0.version < record.version }?.version },
                hash: record.hash, path: record.path.isEmpty || folder.isEmpty ? record.path : folder + "/" + record.path,
                rating: ratings.last { $0.policy.version == record.version }.map { Estimate(value: $0.rating, low: $0.low, high: $0.high) },
                measure: evaluations.last { $0.policy.version == record.version && $0.measure == measureName }.map(Estimate.init),
                decision: updates.first { $0.toVersion == record.version && $0.round == record.round }?.decision ?? "")
        }
    }

    /// The version of that number.
    /// - Throws: `configuration` where the run has none.
    public func version(_ number: Int) throws(TournamentError) -> Version {
        if let found = versions.first(where: { $0.version == number }) { return found }
        let last = versions.last?.version ?? 0
        throw TournamentError(.configuration, "run \(run) has no \(agent)@v\(number): it has v0 to v\(last).")
    }

    /// A table for people, the version that plays on marked.
    public func text(width: Int) -> String {
        let title = measureName.map { $0.replacingOccurrences(of: "_", with: " ") } ?? "measured"
        let rows = versions.map { version in
            [
                "v\(version.version)" + (version.version == current ? " *" : ""), ReportNumber.count(version.round),
                version.parent.map { "v\($0)" } ?? ReportNumber.missing,
                version.rating.map(ReportNumber.rating) ?? ReportNumber.missing,
                version.measure.map { ReportNumber.percent($0.value) } ?? ReportNumber.missing, String(version.hash.prefix(8)),
                version.decision,
            ]
        }
        let table = TextTable(
            columns: [
                .init(title: "version", isNumber: false, expendability: 0), .init(title: "round", isNumber: true, expendability: 0),
                .init(title: "from", isNumber: false, expendability: 0), .init(title: "rating", isNumber: true, expendability: 0),
                .init(title: title, isNumber: true, expendability: 0), .init(title: "weights", isNumber: false, expendability: 2),
                .init(title: "why", isNumber: false, expendability: 1),
            ],
            rows: rows.map { $0.map { DisplayText.visible($0) } }, flexibleColumn: 6)
        let rounds = closedRoundCount == 1 ? "1 round" : "\(closedRoundCount) rounds"
        let others = otherRuns.isEmpty
            ? [] : ["", "Other runs of it, for --run: \(otherRuns.prefix(6).joined(separator: ", "))\(otherRuns.count > 6 ? " …" : "")."]
        return DisplayText.visible(
            (["\(agent) in run \(run), \(rounds). * plays on.", ""] + table.lines(width: width) + others).joined(separator: "\n"),
            keepsLines: true)
    }
}
