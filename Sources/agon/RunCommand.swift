import AgonTournament
import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Play an arena's rounds, or go on where an earlier start stopped.",
        discussion: """
            Prints the leaderboard and writes report.html, report.md, report.json and standings.csv into a folder \
            beside the database. Ctrl-C finishes the rooms in flight, commits them and ends with exit code 130; the \
            same command then goes on. So it does after a crash.

            Example: agon run arenas/quickstart.yaml --seed 8
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: "Overrules the arena's seed.", transform: seed(_:))
    var seed: UInt64?
    @OptionGroup var threads: ThreadsOption
    @Flag(help: "Say what would be done, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    mutating func run() async throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        if dryRun {
            let plan = try RunPlan(arena: arena, database: database.path, seed: seed)
            return output.json ? Terminal.raw(try JSONText.text(plan)) : Terminal.write(plan.text)
        }
        let tournament = try Tournament(
            arena: arena, database: database.path, seed: seed, options: TournamentOptions(threads: threads.count))
        try await play(tournament)
        let report = try tournament.report()
        try show(report, to: database.reportFolder(report.arena), output)
    }

    private func play(_ tournament: Tournament) async throws {
        let screen = output.quiet || output.json ? nil : RunScreen(entrants: tournament.arena.entrants)
        defer { screen?.clear() }
        let signal = InterruptSignal {
            let sentence = "Stopping: what is in flight is finished and committed. Ctrl-C again ends at once; committed work stays."
            if let screen { screen.announce(sentence) } else { Terminal.write(sentence, to: .standardError) }
        }
        try await tournament.play(shouldStop: { signal.isRaised }, onEvent: { screen?.show($0) })
    }
}

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write an arena's report from the database and print its leaderboard.",
        discussion: """
            Reads only, so it can be asked for while the run goes on in another terminal. With --at it is the report as it \
            was when that round was closed, in a folder of its own.

            Examples: agon report arenas/quickstart.yaml --json
                      agon report quickstart --at 5
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: "The run's seed, where it is not the arena's own.", transform: seed(_:))
    var seed: UInt64?
    @Option(parsing: .unconditional, help: ArgumentHelp("A closed round: the report as it was then. (default: the last)", valueName: "round"))
    var at: Int?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        let report = try Report(arena: arena, database: database.path, seed: seed, upToRound: at)
        try show(report, to: database.reportFolder(report.arena) + (at.map { "/at-\($0)" } ?? ""), output)
    }
}

/// Writes the report's files and prints the leaderboard, or the report as JSON.
private func show(_ report: Report, to folder: String, _ output: OutputOptions) throws {
    try ReportFolder.write(report, to: folder)
    guard !output.json else { return Terminal.raw(try ReportFolder.json(report)) }
    let terminal = TerminalReport(width: Terminal.size.columns, isColoured: Terminal.isColoured)
    Terminal.raw(output.quiet ? terminal.table(report) : terminal.text(report, path: folder + "/report.html"))
}
