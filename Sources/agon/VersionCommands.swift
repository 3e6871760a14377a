import AgonTournament
import ArgumentParser

struct VersionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "List the versions that a run made of an agent, and how good each was.",
        discussion: """
            Of the newest run that the agent takes part in, unless --run names another. With --quiet the checkpoints' \
            folders only.

            Example: agon versions ada
            """)

    @Argument(help: "The agent's name.")
    var agent: String
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run"), help: ArgumentHelp("A run's id; `agon arenas --json` lists them.", valueName: "id"))
    var runID: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let listing = try VersionListing(agent: agent, database: database.path, run: runID)
        if output.json { return Terminal.raw(try JSONText.text(listing)) }
        if output.quiet {
            for version in listing.versions where !version.path.isEmpty { Terminal.write(DisplayText.visible(version.path)) }
            return
        }
        Terminal.write(listing.text(width: Terminal.listingWidth))
    }
}

struct PromoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Let an agent's folder start from a version that a run made of it.",
        discussion: """
            Copies the checkpoint into agents/NAME/promoted/ and points agent.yaml at it. The next run begins with it, as a \
            run of its own. `agon rollback` takes it back.

            Example: agon promote ada@v12
            """)

    @Argument(help: "The agent and the version, NAME@vN; without a version the one that plays on.")
    var version: String
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run"), help: ArgumentHelp("A run's id; the newest run of the agent where it is left out.", valueName: "id"))
    var runID: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (agent, number) = try VersionName.read(version)
        let listing = try VersionListing(agent: agent, database: database.path, run: runID)
        try show(Promotion(listing.version(number ?? listing.current), of: listing, in: Catalog()), output)
    }
}

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Take an agent's last promotion back.",
        discussion: """
            agent.yaml says again what it said before; the checkpoint stays in agents/NAME/promoted/.

            Example: agon rollback ada
            """)

    @Argument(help: "The agent: its folder or its name.")
    var agent: String
    @OptionGroup var output: OutputOptions

    func run() throws { try show(Promotion(rollingBack: agent, in: Catalog()), output) }
}

private func show(_ promotion: Promotion, _ output: OutputOptions) throws {
    if output.json { return Terminal.raw(try JSONText.text(promotion)) }
    if !output.quiet { Terminal.write(DisplayText.visible(promotion.sentence)) }
}
