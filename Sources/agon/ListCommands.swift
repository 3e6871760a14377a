import AgonTournament
import ArgumentParser

struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents", abstract: "List the agents, and how many versions runs have made of them.",
        discussion: """
            Agents are the folders under agents/. With --quiet their names only, one a line.

            Example: agon agents --json
            """)

    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let agents = try Catalog().agents(database: database.path)
        try list(agents, names: agents.map(\.name), "agents/ holds no agent: `agon new agent NAME --kind scripted` makes one.", output) {
            ListingTable.text(agents, width: $0)
        }
    }
}

struct ArenasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arenas", abstract: "List the arenas, and how far their runs are.",
        discussion: """
            Arenas are the YAML files under arenas/. With --quiet their names only, one a line.

            Example: agon arenas --db leaderboard/arena.sqlite
            """)

    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let arenas = try Catalog().arenas(database: database.path)
        try list(arenas, names: arenas.map(\.name), "arenas/ holds no arena: `agon new arena NAME` makes one.", output) {
            ListingTable.text(arenas, width: $0)
        }
    }
}

/// Prints a listing in the form that was asked for.
private func list(
    _ things: [some Encodable], names: [String], _ nothing: String, _ output: OutputOptions, table: (Int) -> String
) throws {
    if output.json {
        Terminal.raw(try JSONText.text(things))
    } else if output.quiet {
        for name in names { Terminal.write(DisplayText.visible(name)) }
    } else {
        Terminal.write(things.isEmpty ? nothing : table(Terminal.listingWidth))
    }
}
