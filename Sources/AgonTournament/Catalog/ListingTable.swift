import AgonStore
import AgonTransformer

/// Listings as tables for a terminal or a pipe, every character from files made visible.
public enum ListingTable {
    /// Agents: name, kind, what answers, its size, versions made, description.
    public static func text(_ agents: [AgentListing], width: Int) -> String {
        let rows = agents.map { agent in
            [
                agent.name, agent.kind ?? "broken", source(agent),
                agent.parameterCount.map(ReportNumber.count) ?? ReportNumber.missing,
                ReportNumber.count(agent.versions.reduce(0) { $0 + $1.newestVersion }),
                agent.problem == nil ? agent.description : below,
            ]
        }
        return text(
            [
                .init(title: "agent", isNumber: false, expendability: 0),
                .init(title: "kind", isNumber: false, expendability: 3),
                .init(title: "answers by", isNumber: false, expendability: 2),
                .init(title: "parameters", isNumber: true, expendability: 1),
                .init(title: "versions", isNumber: true, expendability: 0),
                .init(title: "description", isNumber: false, expendability: 0),
            ], rows, agents.compactMap(\.problem), width)
    }

    /// What answers, with the format of its weights where it rounds them.
    private static func source(_ agent: AgentListing) -> String {
        let source = agent.source ?? ReportNumber.missing
        guard let weights = agent.weights, weights != WeightFormat.float32.rawValue else { return source }
        return "\(source) as \(weights)"
    }

    /// Arenas: name, contest, agents, judge, rounds, the latest run, description.
    public static func text(_ arenas: [ArenaListing], width: Int) -> String {
        let rows = arenas.map { arena in
            [
                arena.name, arena.contest ?? "broken", arena.agents.joined(separator: " "),
                arena.judge ?? ReportNumber.missing, arena.roundCount.map(String.init) ?? ReportNumber.missing,
                arena.runs.last.map { "\($0.closedRoundCount) rounds, seed \($0.seed)" } ?? ReportNumber.missing,
                arena.problem == nil ? arena.description : below,
            ]
        }
        return text(
            [
                .init(title: "arena", isNumber: false, expendability: 0),
                .init(title: "contest", isNumber: false, expendability: 2),
                .init(title: "agents", isNumber: false, expendability: 4),
                .init(title: "judge", isNumber: false, expendability: 3),
                .init(title: "rounds", isNumber: true, expendability: 0),
                .init(title: "last run", isNumber: false, expendability: 0),
                .init(title: "description", isNumber: false, expendability: 0),
            ], rows, arenas.compactMap(\.problem), width)
    }

    private static let below = "broken, see below"

    private static func text(_ columns: [TextTable.Column], _ rows: [[String]], _ problems: [String], _ width: Int) -> String {
        let visible = rows.map { $0.map { DisplayText.visible(DisplayText.truncated($0, limit: 2000)) } }
        let table = TextTable(columns: columns, rows: visible, flexibleColumn: columns.count - 1, comfort: 24)
        let sentences = problems.isEmpty ? [] : [""] + problems.map { DisplayText.visible($0) }
        return (table.lines(width: width) + sentences).joined(separator: "\n")
    }
}
