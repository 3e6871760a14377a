import AgonAgents
public import AgonCore
import AgonStore

/// Everything that is known of one agent: its folder, its versions, and how it stands in its newest run.
public struct AgentDetails: Sendable, Codable {
    public var listing: AgentListing
    /// What `agent.yaml` says beside what answers: keys and values as a person reads them.
    public var settings: [String]
    /// The newest run in which it takes part; nil where there is none.
    public var run: String?
    /// Its standing at the end of that run's last closed round.
    public var rating: RatingRecord?

    /// - Throws: where there is no such agent, or the database cannot be read.
    public init(_ agent: String, in catalog: Catalog, database: String) throws {
        let path = try catalog.path(of: agent, among: [.agent])
        let name = AgentConfiguration.name(ofFolder: path)
        guard let listing = try catalog.agents(database: database, paths: [path]).first else {
            preconditionFailure("a path that was found has a listing")
        }
        self.listing = listing
        settings = listing.problem == nil ? AgentDetails.settings(try AgentConfiguration(folder: path)) : []
        guard let store = try Catalog.store(database) else { return }
        for run in try store.runs().reversed() {
            guard let last = try store.ratings(run: run.id).last(where: { $0.policy.agent == name }) else { continue }
            (self.run, rating) = (run.id, last)
            break
        }
    }

    private static func settings(_ agent: AgentConfiguration) -> [String] {
        var settings: [String] = []
        if case .transformer = agent.kind {
            let sampling = agent.sampling
            settings.append("temperature \(sampling.temperature)")
            if sampling.topK > 0 { settings.append("top_k \(sampling.topK)") }
            if sampling.topP < 1 { settings.append("top_p \(sampling.topP)") }
            if sampling.minP > 0 { settings.append("min_p \(sampling.minP)") }
            if sampling.typicalP < 1 { settings.append("typical_p \(sampling.typicalP)") }
            if sampling.repetitionPenalty != 1 { settings.append("repetition_penalty \(sampling.repetitionPenalty)") }
            if !agent.usesChatTemplate { settings.append("plain text") }
            if let adapter = agent.adapter { settings.append("adapter \(Catalog.standardized(adapter))") }
        }
        if !agent.system.isEmpty { settings.append("a system prompt of \(ReportNumber.count(agent.system.count)) characters") }
        if !agent.answersFile.isEmpty { settings.append("answers from \(Catalog.standardized(agent.answersFile))") }
        if !agent.tier.isEmpty { settings.append("tier \(agent.tier)") }
        if !agent.owner.isEmpty { settings.append("owner \(agent.owner)") }
        return settings
    }

    /// For a terminal.
    public func text(width: Int) -> String {
        var lines = [(listing.name, [listing.kind ?? "broken", listing.description].filter { !$0.isEmpty }.joined(separator: ": "))]
        if let problem = listing.problem { lines.append(("problem", problem)) }
        lines.append(("folder", listing.path))
        if let source = listing.source {
            let size = listing.parameterCount.map { " (\(ReportNumber.count($0)) parameters as \(listing.weights ?? "fp32"))" } ?? ""
            lines.append(("answers by", source + size))
        }
        if !settings.isEmpty { lines.append(("settings", settings.joined(separator: ", "))) }
        for made in listing.versions { lines.append(("versions", "up to v\(made.newestVersion) in run \(made.run)")) }
        if let rating, let run {
            let matches = rating.wins + rating.draws + rating.losses
            lines.append((
                "rating",
                "\(ReportNumber.rating(rating.rating)) [\(ReportNumber.rating(rating.low)), \(ReportNumber.rating(rating.high))] as v\(rating.policy.version) after \(ReportNumber.count(matches)) games (\(rating.wins)/\(rating.draws)/\(rating.losses), \(rating.forfeits) forfeits), round \(rating.round) of run \(run)"
            ))
        } else {
            lines.append(("rating", "none yet: no run of the database has closed a round with it"))
        }
        let margin = (lines.map(\.0.count).max() ?? 0) + 2
        return lines.flatMap { title, said in
            DisplayText.wrapped(DisplayText.visible(said), columns: max(20, width - margin), indent: "").enumerated().map { index, line in
                (index == 0 ? DisplayText.visible(title).padding(to: margin) : String(repeating: " ", count: margin)) + line
            }
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
