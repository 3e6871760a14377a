import AgonTournament
import ArgumentParser

struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents", abstract: "List, show, check and make agents.",
        discussion: """
            Agents are the folders under agents/. Without a further word they are listed.

            Example: agon agents show ada
            """,
        subcommands: [ListAgentsCommand.self, ShowAgentCommand.self, CheckAgentsCommand.self, MakeAgentCommand.self],
        defaultSubcommand: ListAgentsCommand.self)
}

struct ListAgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the agents, and how many versions runs have made of them.",
        discussion: """
            With --quiet their names only, one a line.

            Example: agon agents list --json
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

struct ShowAgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what an agent is, its versions and how it stands.",
        discussion: """
            The rating is that of the newest run in which it takes part. `agon versions NAME` has every version.

            Example: agon agents show ada
            """)

    @Argument(help: "The agent: its folder or its name.")
    var agent: String
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let details = try AgentDetails(agent, in: Catalog(), database: database.path)
        if output.json { return Terminal.raw(try JSONText.text(details)) }
        Terminal.write(output.quiet ? DisplayText.visible(details.listing.path) : details.text(width: Terminal.listingWidth))
    }
}

struct CheckAgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check agents without running them.",
        discussion: """
            Loads each with everything that it names, weights included. Without a name all of agents/. Ends with exit \
            code 2 where anything is not usable.

            Example: agon agents check ada
            """)

    @Argument(help: "Agents: their folders or names.")
    var agents: [String] = []
    @OptionGroup var output: OutputOptions

    func run() throws {
        let catalog = Catalog()
        let paths = agents.isEmpty ? catalog.paths(.agent) : try agents.map { try catalog.path(of: $0, among: [.agent]) }
        guard !paths.isEmpty else {
            throw ValidationError("agents/ holds no agent: `agon agents new NAME --kind scripted` makes one.")
        }
        try show(paths.map { catalog.check($0, as: .agent) }, output)
    }
}

struct MakeAgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write agents/NAME/agent.yaml, as `agon new agent` does.",
        discussion: NewAgentCommand.configuration.discussion)

    @OptionGroup var agent: NewAgentCommand

    func run() throws { try agent.run() }
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
